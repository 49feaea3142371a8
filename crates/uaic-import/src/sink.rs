//! Where what is read goes.

use std::path::Path;

use crate::record::{Skipped, SourcePoint, SourceRun, SourceStudy};

/// Takes what a source says, in its order: a study before its trials, and of a run first itself, then its
/// points and artifacts, then its end. Series of a run may alternate; the points of each come in an order
/// that stays the same while the source grows.
pub trait Sink {
    /// A study.
    ///
    /// # Errors
    /// It cannot be taken; the reading ends.
    fn study(&mut self, study: SourceStudy) -> Result<(), SinkError>;

    /// The begin of a run, to which the calls up to [`end_run`](Self::end_run) belong.
    ///
    /// # Errors
    /// It cannot be taken; the reading ends.
    fn run(&mut self, run: SourceRun) -> Result<(), SinkError>;

    /// The next points of a series of the run.
    ///
    /// # Errors
    /// They cannot be taken; the reading ends.
    fn points(&mut self, key: &str, points: &[SourcePoint]) -> Result<(), SinkError>;

    /// A file that belongs to the run, under a relative name whose parts are joined with `/`.
    ///
    /// # Errors
    /// It cannot be taken; the reading ends.
    fn artifact(&mut self, name: &str, file: &Path) -> Result<(), SinkError>;

    /// The end of the run.
    ///
    /// # Errors
    /// It cannot be taken; the reading ends.
    fn end_run(&mut self) -> Result<(), SinkError>;

    /// Something that does not come in. What belongs to a run comes within it.
    ///
    /// # Errors
    /// The reading is to end.
    fn skipped(&mut self, skipped: Skipped) -> Result<(), SinkError>;

    /// Something that comes in, but of which the source leaves a doubt.
    ///
    /// # Errors
    /// The reading is to end.
    fn warning(&mut self, text: &str) -> Result<(), SinkError>;

    /// How far the reading of this source is, in a unit of its own: bytes, runs.
    ///
    /// # Errors
    /// The reading is to end.
    fn progress(&mut self, done: u64, total: u64) -> Result<(), SinkError>;
}

/// Why a sink takes no more.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SinkError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

impl SinkError {
    /// Wraps the sink's own error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}
