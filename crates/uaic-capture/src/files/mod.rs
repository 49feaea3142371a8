//! Files that a program writes: those with metrics are read while they grow, those to be kept at the end.

mod artifacts;
mod search;
mod tail;

use std::path::Path;
use std::sync::Arc;

use crate::recorder::Failure;

pub(crate) use artifacts::collect;
pub(crate) use tail::{Watch, watch};

/// What a file with metrics is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Events of TensorBoard.
    Events,
    /// A table with a column for the step and columns for metrics.
    Csv,
}

/// A value that a file has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilePoint {
    /// The x of the series, if the file says it.
    pub step: Option<i64>,
    /// When, in milliseconds since 1970 UTC, if the file says it.
    pub time_ms: Option<i64>,
    /// The value.
    pub value: f64,
}

/// A file with metrics that may grow.
pub trait SeriesFile {
    /// Gives what has come since the last look; half a record waits until it is whole.
    ///
    /// # Errors
    /// The file cannot be read.
    fn read_new(&mut self, each: &mut dyn FnMut(&str, FilePoint)) -> Result<(), Failure>;
}

/// Opens files with metrics; `None` for one that has none, after all.
pub type FileOpener = Arc<dyn Fn(&Path, FileKind) -> Option<Box<dyn SeriesFile>> + Send + Sync>;

#[cfg(test)]
mod tests;
