//! Runs as other programs read them: MLflow's database, and tables.

mod error;
mod mlflow;
mod parquet;
mod tables;

pub use error::ExportError;
pub use mlflow::to_mlflow;
pub use tables::{TableFormat, to_tables};

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Runs.
    pub runs: u64,
    /// Points of their series.
    pub points: u64,
    /// Artifacts.
    pub artifacts: u64,
    /// Points that the format cannot tell from others, and has only once.
    pub doubled: u64,
}
