//! What a reader has to be told.

use crate::zone::Zone;

/// What a source does not say of itself.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The zone of times that are written without one. When absent: UTC where the tool writes UTC, else the
    /// zone of this machine.
    pub zone: Option<Zone>,
    /// Stands for the path in origins, so that a source that was moved or copied is the same one. It is of
    /// one source: two under the same name could not be told apart.
    pub identity: Option<String>,
    /// What the rows of a table are; by its columns when absent.
    pub rows: Option<TableRows>,
}

/// What the rows of a CSV or JSONL file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableRows {
    /// Each a run.
    Runs,
    /// Each a step of one run.
    Steps,
}
