//! Which parameters a study's metric depends on.

mod fanova;
mod forest;

pub use fanova::{ImportanceError, LEAST_TRIALS, importance};
