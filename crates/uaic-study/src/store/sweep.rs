//! What is removed for good because nobody wants it any more.

use serde::{Deserialize, Serialize};

use super::Id;

/// What is to be removed: runs of no study that have been hidden for long, studies of which every run has,
/// runs that were brought in by half, and what nothing names then.
///
/// Versions of registered models stay, as does whatever still runs, and a study that somebody works on. A
/// run was hidden when it was last hidden here; one that came hidden, when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// Runs and studies that have been hidden since before this time, milliseconds since 1970 UTC.
    pub hidden_before_ms: i64,
    /// Runs that somebody began to bring in before this time, and never ended.
    pub begun_before_ms: i64,
    /// Whether it is done.
    pub mode: SweepMode,
}

/// Whether what could be removed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SweepMode {
    /// Nothing is changed.
    Look,
    /// It is removed, for good.
    Remove,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Runs, those of the studies included.
    pub runs: Vec<Id>,
    /// How many of the runs were brought in by half and never seen.
    pub unfinished: u64,
    /// Whole studies.
    pub studies: Vec<Id>,
    /// Points of the runs' series.
    pub points: u64,
    /// Artifacts of the runs.
    pub artifacts: u64,
    /// Contents of artifacts that nothing names any more.
    pub blobs: u64,
    /// Bytes of these contents.
    pub blob_bytes: u64,
    /// Bytes that the database gives back; before it is done, about how many.
    pub database_bytes: u64,
    /// What could not be removed, and why; all else was.
    pub faults: Vec<String>,
}
