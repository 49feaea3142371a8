//! Traces, made and changed.

use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::super::super::Fault;
use super::super::experiment::{is_deleted, refused};
use super::assessment;
use super::row::row;
use uaic_study::store::TrackingError;
use uaic_study::store::tracking::{ExperimentId, TraceDeletion, TraceInfo};

/// The tag that says where a trace's files are.
const LOCATION_TAG: &str = "mlflow.artifactLocation";
/// The metadata that says that a client has told what it knows.
const FINALIZED: &str = "mlflow.trace.infoFinalized";

/// That an experiment takes traces.
pub(super) fn check_experiment(connection: &Connection, id: ExperimentId) -> Result<(), Fault> {
    if is_deleted(connection, id)? { Err(refused(TrackingError::ExperimentDeleted(id))) } else { Ok(()) }
}

/// Writes down what a client says of a trace.
pub(super) fn put(connection: &Connection, info: &TraceInfo) -> Result<i64, Fault> {
    check_experiment(connection, ExperimentId(info.experiment))?;
    let row: i64 = connection
        .prepare_cached(
            "INSERT INTO traces (trace, experiment, time_ms, duration_ms, state, client_request, request,
                 response, told)
             VALUES (:trace, :experiment, :time, :duration, :state, :client, :request, :response, 1)
             ON CONFLICT (trace) DO UPDATE SET experiment = excluded.experiment, time_ms = excluded.time_ms,
                 duration_ms = ifnull(excluded.duration_ms, duration_ms), state = excluded.state,
                 client_request = ifnull(excluded.client_request, client_request),
                 request = ifnull(excluded.request, request), response = ifnull(excluded.response, response),
                 told = 1
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":trace": info.id,
                ":experiment": info.experiment,
                ":time": info.time_ms,
                ":duration": info.duration_ms,
                ":state": info.state.name(),
                ":client": info.client_request,
                ":request": info.request,
                ":response": info.response,
            },
            |row| row.get(0),
        )?;
    for (key, value) in &info.tags {
        put_pair(connection, "trace_tags", row, key, value)?;
    }
    for (key, value) in &info.metadata {
        put_pair(connection, "trace_metadata", row, key, value)?;
    }
    put_pair(connection, "trace_metadata", row, FINALIZED, "true")?;
    put_location(connection, row)?;
    for said in &info.assessments {
        assessment::put(connection, row, said)?;
    }
    Ok(row)
}

/// Says where a trace's files are, unless that is said.
pub(super) fn put_location(connection: &Connection, row: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO trace_tags (trace, key, value)
             SELECT traces.id, ?2, ifnull(experiments.location, 'mlflow-artifacts:/' || experiments.id)
                 || '/traces/' || traces.trace || '/artifacts'
             FROM traces JOIN experiments ON experiments.id = traces.experiment WHERE traces.id = ?1",
        )?
        .execute(params![row, LOCATION_TAG])?;
    Ok(())
}

pub(super) fn put_pair(
    connection: &Connection,
    table: &str,
    row: i64,
    key: &str,
    value: &str,
) -> Result<(), Fault> {
    connection
        .prepare_cached(&format!("INSERT OR REPLACE INTO {table} (trace, key, value) VALUES (?, ?, ?)"))?
        .execute(params![row, key, value])?;
    Ok(())
}

pub(super) fn set_tag(
    connection: &Connection,
    id: &str,
    key: &str,
    value: Option<&str>,
) -> Result<(), Fault> {
    let row = row(connection, id)?;
    if let Some(value) = value {
        put_pair(connection, "trace_tags", row, key, value)
    } else {
        let removed = connection
            .prepare_cached("DELETE FROM trace_tags WHERE trace = ? AND key = ?")?
            .execute(params![row, key])?;
        if removed > 0 { Ok(()) } else { Err(refused(TrackingError::NoTag { key: key.to_owned() })) }
    }
}

pub(super) fn link(connection: &Connection, id: &str, run: &str) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO trace_runs (trace, run) VALUES (?, ?)")?
        .execute(params![id, run])?;
    Ok(())
}

pub(super) fn delete(
    connection: &Connection,
    experiment: ExperimentId,
    which: &TraceDeletion,
) -> Result<u64, Fault> {
    let rows: Vec<(i64, String)> = match which {
        TraceDeletion::Named(ids) => {
            let list = serde_json::Value::from(ids.as_slice()).to_string();
            let mut statement = connection.prepare_cached(
                "SELECT id, trace FROM traces WHERE experiment = ? AND trace IN (SELECT value FROM json_each(?))",
            )?;
            let rows =
                statement.query_map(params![experiment.0, list], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<_>>()?
        }
        TraceDeletion::Until { time_ms, most } => {
            let mut statement = connection.prepare_cached(
                "SELECT id, trace FROM traces WHERE experiment = ? AND time_ms <= ?
                 ORDER BY time_ms, trace LIMIT ?",
            )?;
            let most = most.map_or(-1, i64::from);
            let rows = statement
                .query_map(params![experiment.0, time_ms, most], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<_>>()?
        }
    };
    for (row, id) in &rows {
        remove(connection, *row, id)?;
    }
    Ok(rows.len() as u64)
}

/// Removes a trace with all that belongs to it.
fn remove(connection: &Connection, row: i64, id: &str) -> Result<(), Fault> {
    let location: Option<String> = connection
        .prepare_cached("SELECT value FROM trace_tags WHERE trace = ? AND key = ?")?
        .query_row(params![row, LOCATION_TAG], |row| row.get(0))
        .optional()?;
    let folder = location.as_deref().and_then(|address| address.strip_prefix("mlflow-artifacts:/"));
    // What a client says of its location is not enough to remove what is there.
    let end = format!("/traces/{id}/artifacts");
    if let Some(folder) = folder.filter(|folder| folder.ends_with(&end)) {
        connection
            .prepare_cached("DELETE FROM files WHERE path >= ? || '/' AND path < ? || '0'")?
            .execute([folder, folder])?;
    }
    for table in ["trace_tags", "trace_metadata", "spans", "assessments"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE trace = ?"))?.execute([row])?;
    }
    connection.prepare_cached("DELETE FROM trace_runs WHERE trace = ?")?.execute([id])?;
    connection.prepare_cached("DELETE FROM traces WHERE id = ?")?.execute([row])?;
    Ok(())
}
