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

pub use batches::plan;
pub use fit::{EpochReport, Fitted, Flow, Task, TrainError, Watch, fit, label_numbers};
pub use scores::{Scores, scores};
