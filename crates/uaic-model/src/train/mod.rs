//! Training of one model: batches, loss, optimizer, schedule, early stopping.
//!
//! Every epoch draws from streams of its own, so that what an epoch does depends on nothing but
//! the weights, the optimizer's state and its number.

mod batches;
mod early_stop;
mod error;
mod fit;
mod loss;
mod optimizer;
mod schedule;
mod scores;
mod spec;
mod task;
#[cfg(test)]
mod tests;
mod training;

pub use batches::plan;
pub use error::{FitError, TrainError};
pub use fit::fit;
pub use scores::{Scores, scores};
pub use spec::{ClassWeights, Optimizer, Schedule, TrainSpec};
pub use task::{EpochReport, Fitted, Flow, Task};
pub use training::label_numbers;

/// One labelled text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Example {
    /// The text, as in the file.
    pub text: String,
    /// Its label; several intents are joined by `+`.
    pub label: String,
}
