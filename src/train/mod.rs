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

pub use early_stop::{EarlyStop, Verdict};
pub use fit::{EpochReport, Fitted, Flow, Task, TrainError, Watch, fit, labels_of};
pub use optimizer::Adam;
pub use schedule::learning_rate;
pub use scores::{Scores, scores};
