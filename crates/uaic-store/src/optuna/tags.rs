//! What users have noted of a study, as facts about it.

use rusqlite::Connection;

use super::super::Fault;
use uaic_study::store::Environment;

/// The most that is told of a study.
const MOST: i64 = 10_000;

/// Adds what users have noted of a study to what is known of it.
pub(in super::super) fn add(
    connection: &Connection,
    study: i64,
    known: &mut Environment,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT tag, text FROM optuna_studies JOIN optuna_study_attributes AS own ON own.study = id
         WHERE optuna_studies.study = ? AND tag IS NOT NULL LIMIT ?",
    )?;
    let mut rows = statement.query([study, MOST])?;
    while let Some(row) = rows.next()? {
        known.insert(format!("tag.{}", row.get::<_, String>(0)?), row.get(1)?);
    }
    Ok(())
}
