//! Evaluation: slices of gold and predicted labels in, numbers with their n and interval out.

mod classification;
mod interval;
mod predictions;
mod predictions_file;
mod ranking;

pub use classification::{Average, Confusion, is_any_gold, log_loss};
pub use interval::{Estimate, bootstrap, wilson};
pub use predictions::{OUT_OF_SCOPE, Predictions};
pub use predictions_file::PredictionsError;
pub use ranking::auroc;
