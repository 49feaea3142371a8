//! Rows of traces, by id.

use rusqlite::{Connection, OptionalExtension};

use super::super::super::Fault;
use super::super::experiment::refused;
use uaic_study::store::TrackingError;

/// The error of a trace that is not there.
pub(super) fn unknown(id: &str) -> Fault {
    refused(TrackingError::NoTrace(id.to_owned()))
}

/// The row of a trace.
pub(super) fn row(connection: &Connection, id: &str) -> Result<i64, Fault> {
    let found = connection
        .prepare_cached("SELECT id FROM traces WHERE trace = ?")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| unknown(id))
}
