//! The language of searches: a filter of clauses that all have to hold, and an order.
//!
//! ```text
//! filter = clause { AND clause }
//! clause = name op value | name [NOT] IN ( 'text', … ) | name IS [NOT] NULL
//! name   = [ entity "." ] key        key and entity may be `quoted` or "quoted"
//! value  = number | 'text' | "text"
//! order  = name [ ASC | DESC ]
//! ```

mod experiments;
mod parse;
mod runs;
mod token;
mod typed;

pub(super) use experiments::{experiment_clauses, experiment_order};
pub(super) use runs::{run_clauses, run_order};
