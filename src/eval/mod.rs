//! Evaluation: slices of gold and predicted labels in, numbers with their n and interval out.

mod classification;
mod interval;
mod predictions;
pub mod projection;
mod ranking;
pub mod significance;

pub use classification::{Average, Confusion, is_any_gold, log_loss};
pub use interval::{Estimate, bootstrap, wilson};
pub use predictions::{OUT_OF_SCOPE, Predictions};
pub use ranking::auroc;
