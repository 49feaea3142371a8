//! The language of searches: a filter of clauses that all have to hold, and an order.
//!
//! ```text
//! filter = clause { AND clause }
//! clause = name op value | name RLIKE value | name [NOT] IN ( 'text', … ) | name IS [NOT] NULL
//! name   = [ entity "." ] key        key and entity may be `quoted` or "quoted"
//! value  = number | 'text' | "text"
//! order  = name [ ASC | DESC ]
//! ```

mod experiments;
mod logged_models;
mod parse;
mod registry;
mod runs;
mod token;
mod traces;
mod typed;

pub(super) use experiments::{experiment_clauses, experiment_order};
pub(super) use logged_models::{model_clauses, model_field};
pub(super) use registry::{registered_clauses, registered_order, version_clauses, version_order};
pub(super) use runs::{run_clauses, run_order};
pub(super) use traces::{trace_clauses, trace_order};
