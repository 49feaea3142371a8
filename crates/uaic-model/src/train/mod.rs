//! Training of one model: batches, loss, optimizer, schedule, early stopping.
//!
//! Every epoch draws from streams of its own, so that what an epoch does depends on nothing but
//! the weights, the optimizer's state and its number.

mod batches;
mod early_stop;
mod fit;
mod loss;
mod optimizer;
mod schedule;
mod scores;
mod spec;

pub use batches::plan;
pub use fit::{EpochReport, Fitted, Flow, Task, TrainError, Watch, fit, label_numbers};
pub use scores::{Scores, scores};
pub use spec::{ClassWeights, Optimizer, Schedule, TrainSpec};

/// One labelled text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Example {
    /// The text, as in the file.
    pub text: String,
    /// Its label; several intents are joined by `+`.
    pub label: String,
}
