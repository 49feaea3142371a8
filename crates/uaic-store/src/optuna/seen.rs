//! What the trials and the attributes of a study say about the study: nobody writes it down with each of
//! them.

use rusqlite::{Connection, OptionalExtension};

use super::super::Fault;
use uaic_study::store::Environment;

/// The most attributes that are told of a study.
const MOST: i64 = 10_000;

/// What trials say about their study.
pub(in super::super) struct Seen {
    /// Whether one of them runs.
    pub(in super::super) is_running: bool,
    /// How many numbers they take up.
    pub(in super::super) trials: u32,
}

/// Looks at the trials of a study, and adds to what is known of it what users have noted; `None` of one that
/// Optuna programs know nothing of.
pub(in super::super) fn look(
    connection: &Connection,
    study: i64,
    known: &mut Environment,
) -> Result<Option<Seen>, Fault> {
    let number: Option<i64> = connection
        .prepare_cached("SELECT id FROM optuna_studies WHERE study = ?")?
        .query_row([study], |row| row.get(0))
        .optional()?;
    let Some(number) = number else { return Ok(None) };
    let is_running = connection
        .prepare_cached("SELECT 1 FROM optuna_trials WHERE study = ? AND state = 0 LIMIT 1")?
        .exists([number])?;
    let trials: Option<u32> = connection
        .prepare_cached("SELECT number + 1 FROM optuna_trials WHERE study = ? ORDER BY number DESC LIMIT 1")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    let mut statement = connection.prepare_cached(
        "SELECT tag, text FROM optuna_study_attributes WHERE study = ? AND tag IS NOT NULL LIMIT ?",
    )?;
    let mut rows = statement.query([number, MOST])?;
    while let Some(row) = rows.next()? {
        known.insert(format!("tag.{}", row.get::<_, String>(0)?), row.get(1)?);
    }
    Ok(Some(Seen { is_running, trials: trials.unwrap_or_default() }))
}
