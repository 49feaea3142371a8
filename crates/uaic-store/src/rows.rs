//! Rows by what they stand for: found, or made where there is none.

use rusqlite::{Connection, OptionalExtension, params};

use super::Fault;
use super::codec::{named, to_json};
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::rules::{check_newest, check_running, not_held};
use uaic_study::store::{Attempt, Id, StoreError};
use uaic_study::trial::RunState;
pub(super) fn event(
    connection: &Connection,
    now_ms: i64,
    study: Option<i64>,
    run: Option<i64>,
    kind: &str,
    detail: &str,
) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT INTO events (time_ms, study, run, kind, detail) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![now_ms, study, run, kind, detail])?;
    Ok(())
}

/// The row of a text, stored once however often it is used.
pub(super) fn intern(connection: &Connection, content: &str) -> Result<i64, Fault> {
    let hash = blake3::hash(content.as_bytes());
    let known: Option<i64> = connection
        .prepare_cached("SELECT id FROM texts WHERE hash = ?")?
        .query_row([hash.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(row) = known {
        return Ok(row);
    }
    connection
        .prepare_cached("INSERT INTO texts (hash, content) VALUES (?, ?)")?
        .execute(params![hash.as_bytes(), content])?;
    Ok(connection.last_insert_rowid())
}

/// The row of a process, which is taken to live now.
pub(super) fn process_row(
    connection: &Connection,
    process: &ProcessIdentity,
    now_ms: i64,
) -> Result<i64, Fault> {
    Ok(connection
        .prepare_cached(
            "INSERT INTO processes (identity, heartbeat_ms) VALUES (?, ?)
             ON CONFLICT (identity) DO UPDATE SET heartbeat_ms = excluded.heartbeat_ms
             RETURNING id",
        )?
        .query_row(params![to_json("process", process)?, now_ms], |row| row.get(0))?)
}

/// The row of a name of a parameter, a metric or a tag.
pub(super) fn name_row(connection: &Connection, name: &str) -> Result<i64, Fault> {
    if let Some(row) = known_name(connection, name)? {
        return Ok(row);
    }
    connection.prepare_cached("INSERT INTO names (name) VALUES (?)")?.execute([name])?;
    Ok(connection.last_insert_rowid())
}

/// The same, if there is one.
pub(super) fn known_name(connection: &Connection, name: &str) -> Result<Option<i64>, Fault> {
    Ok(connection
        .prepare_cached("SELECT id FROM names WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn experiment_row(connection: &Connection, name: &str, now_ms: i64) -> Result<i64, Fault> {
    let known: Option<(i64, bool)> = connection
        .prepare_cached("SELECT id, deleted FROM experiments WHERE name = ?")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((row, is_deleted)) = known {
        // What is used again is not deleted any more.
        if is_deleted {
            connection.prepare_cached("UPDATE experiments SET deleted = 0 WHERE id = ?")?.execute([row])?;
        }
        return Ok(row);
    }
    connection
        .prepare_cached("INSERT INTO experiments (name, created_ms) VALUES (?, ?)")?
        .execute(params![name, now_ms])?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn study_row(connection: &Connection, id: Id) -> Result<i64, Fault> {
    connection
        .prepare_cached("SELECT id FROM studies WHERE uuid = ?")?
        .query_row([id.0], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::NotFound { what: "study", id: id.short() }.into())
}

/// The rows of a study and of a process that works on it.
pub(super) fn held_row(
    connection: &Connection,
    id: Id,
    process: &ProcessIdentity,
) -> Result<(i64, i64), Fault> {
    let study = study_row(connection, id)?;
    let worker: Option<i64> = connection
        .prepare_cached(
            "SELECT process FROM study_workers JOIN processes ON processes.id = process
             WHERE study = ? AND identity = ?",
        )?
        .query_row(params![study, to_json("process", process)?], |row| row.get(0))
        .optional()?;
    Ok((study, worker.ok_or_else(|| not_held(id, process))?))
}

/// The error of a run that is not there.
pub(super) fn no_run(id: Id) -> Fault {
    StoreError::NotFound { what: "run", id: id.short() }.into()
}

pub(super) fn run_row(connection: &Connection, id: Id) -> Result<i64, Fault> {
    connection
        .prepare_cached("SELECT id FROM runs WHERE uuid = ?")?
        .query_row([id.0], |row| row.get(0))
        .optional()?
        .ok_or_else(|| no_run(id))
}

/// Row and stored state of the run of an attempt that is still the newest.
pub(super) fn attempt_row(connection: &Connection, attempt: Attempt) -> Result<(i64, RunState), Fault> {
    let found: Option<(i64, u32, String)> = connection
        .prepare_cached("SELECT id, attempt, state FROM runs WHERE uuid = ?")?
        .query_row([attempt.run.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((row, newest, state)) = found else {
        return Err(no_run(attempt.run));
    };
    check_newest(attempt, newest)?;
    Ok((row, named("run state", &state, RunState::from_name)?))
}

/// As [`attempt_row`], for writes that only a running run takes.
pub(super) fn running_row(connection: &Connection, attempt: Attempt) -> Result<i64, Fault> {
    let (row, state) = attempt_row(connection, attempt)?;
    check_running(attempt, state)?;
    Ok(row)
}
