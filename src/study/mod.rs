//! Studies: propose, evaluate in parallel, record, resume.
//!
//! [`run`] takes a [`StudyPlan`], an [`Objective`] and the [`Surroundings`]; the plan and the
//! objective alone decide what comes out. A [`sampler`] proposes the points.

pub mod bench;
pub mod event;
pub mod importance;
pub mod objective;
mod outcome;
mod panics;
pub mod pareto;
pub mod pruner;
mod runner;
pub mod sampler;
mod schedule;
#[cfg(test)]
pub(crate) mod testing;

pub use event::{Event, Observer};
pub use objective::{Evaluation, Objective, ObjectiveError, Trial};
pub use outcome::{StudyError, StudyOutcome, TrialResult};
pub use panics::caught;
pub use runner::{StudyPlan, Surroundings, run};
