//! Studies: propose, evaluate in parallel, record, resume.

pub mod event;
pub mod objective;
pub mod sampler;

pub use event::{Event, Observer};
pub use objective::{Objective, ObjectiveError, Trial};
