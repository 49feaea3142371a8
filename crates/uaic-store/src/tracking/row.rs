//! Rows of runs, by id.

use rusqlite::{Connection, OptionalExtension};

use super::super::Fault;
use super::experiment::refused;
use uaic_study::store::{Id, TrackingError};

/// The error of a run that is not there.
pub(super) fn unknown(id: Id) -> Fault {
    refused(TrackingError::NoRun(id))
}

/// The row of a run, deleted or not.
pub(super) fn find(connection: &Connection, id: Id) -> Result<i64, Fault> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT id FROM runs WHERE uuid = ? AND hidden & 2 = 0")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| unknown(id))
}

/// The row of a run that takes changes, and when it started.
pub(super) fn active(connection: &Connection, id: Id) -> Result<(i64, i64), Fault> {
    let found: Option<(i64, i64, i64)> = connection
        .prepare_cached("SELECT id, started_ms, hidden FROM runs WHERE uuid = ? AND hidden & 2 = 0")?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match found {
        None => Err(unknown(id)),
        Some((_, _, hidden)) if hidden & 1 == 1 => Err(refused(TrackingError::RunDeleted(id))),
        Some((row, started_ms, _)) => Ok((row, started_ms)),
    }
}
