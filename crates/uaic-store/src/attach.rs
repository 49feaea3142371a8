//! The statements that attach tags and artifacts to runs.

use rusqlite::{Connection, params};

use super::Fault;
use super::rows::{name_row, run_row, running_row};
use uaic_study::store::{ArtifactRecord, Attempt, Id};

pub(super) fn set_tag(connection: &Connection, run: Id, key: &str, value: &str) -> Result<(), Fault> {
    put_tag(connection, run_row(connection, run)?, key, value)
}

pub(super) fn put_tag(connection: &Connection, run: i64, key: &str, value: &str) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO tags (run, name, value) VALUES (?, ?, ?)
             ON CONFLICT (run, name) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![run, name_row(connection, key)?, value])?;
    Ok(())
}

pub(super) fn artifact(
    connection: &Connection,
    attempt: Attempt,
    hash: &blake3::Hash,
    record: &ArtifactRecord,
) -> Result<(), Fault> {
    put_artifact(connection, running_row(connection, attempt)?, hash, record)
}

pub(super) fn put_artifact(
    connection: &Connection,
    run: i64,
    hash: &blake3::Hash,
    record: &ArtifactRecord,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO artifacts (run, name, hash, size) VALUES (?, ?, ?, ?)
             ON CONFLICT (run, name) DO UPDATE SET hash = excluded.hash, size = excluded.size",
        )?
        .execute(params![run, record.name, hash.as_bytes(), record.size as i64])?;
    Ok(())
}
