//! A study as a run, for those who see runs alone: of its id, with its state, hidden to all others.

use rusqlite::{Connection, OptionalExtension, params};

use super::Fault;
use super::rows::{intern, process_row};
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::{Id, StudyState};

/// How a run is hidden that is a study.
pub(super) const OF_A_STUDY: i64 = 4;

/// Makes the run of a study that nobody works on yet.
pub(super) fn insert(
    connection: &Connection,
    study: Id,
    experiment: i64,
    environment: i64,
    created_ms: i64,
) -> Result<(), Fault> {
    let process = process_row(connection, &ProcessIdentity::outside(), created_ms)?;
    let config = intern(connection, "{}")?;
    connection
        .prepare_cached(
            "INSERT INTO runs (uuid, experiment, kind, attempt, state, process, config, environment, started_ms,
                 hidden)
             VALUES (?, ?, 'study', 1, 'INTERRUPTED', ?, ?, ?, ?, ?)",
        )?
        .execute(params![study.0, experiment, process, config, environment, created_ms, OF_A_STUDY])?;
    Ok(())
}

/// The row of the run of a study.
pub(super) fn row(connection: &Connection, study: Id) -> Result<Option<i64>, Fault> {
    Ok(connection
        .prepare_cached("SELECT id FROM runs WHERE uuid = ? AND kind = 'study'")?
        .query_row([study.0], |row| row.get(0))
        .optional()?)
}

/// Writes down that a process works on a study.
pub(super) fn begin(connection: &Connection, study: i64, process: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE runs SET state = 'RUNNING', process = ?, ended_ms = NULL
             WHERE uuid = (SELECT uuid FROM studies WHERE id = ?) AND kind = 'study'",
        )?
        .execute([process, study])?;
    Ok(())
}

/// Takes over the state that a study has now.
pub(super) fn follow(connection: &Connection, study: i64, now_ms: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE runs SET state = studies.state, process = ifnull(studies.owner, runs.process),
                 ended_ms = iif(studies.state = 'RUNNING', NULL, ?)
             FROM studies WHERE studies.id = ? AND runs.uuid = studies.uuid AND runs.kind = 'study'",
        )?
        .execute([now_ms, study])?;
    Ok(())
}

/// Makes the runs of the studies of a store of format 4.
pub(super) fn show_studies(connection: &Connection) -> rusqlite::Result<()> {
    let made = || -> Result<(), Fault> {
        let mut statement = connection.prepare(
            "SELECT studies.id, studies.uuid, experiments.id, environment, studies.created_ms, state,
                 (SELECT max(ended_ms) FROM runs WHERE study = studies.id)
             FROM studies JOIN experiments ON experiments.name = experiment ORDER BY studies.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let created_ms: i64 = row.get(4)?;
            insert(connection, Id(row.get(1)?), row.get(2)?, row.get(3)?, created_ms)?;
            if row.get::<_, String>(5)? != StudyState::Interrupted.name() {
                let ended_ms: Option<i64> = row.get(6)?;
                follow(connection, row.get(0)?, ended_ms.unwrap_or(created_ms))?;
            }
        }
        Ok(())
    };
    made().map_err(|fault| match fault {
        Fault::Sqlite(error) => error,
        Fault::Refused(error) => rusqlite::Error::ToSqlConversionFailure(error.into()),
    })
}
