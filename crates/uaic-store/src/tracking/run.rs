//! The statements of runs that others log.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::super::Fault;
use super::super::codec::{from_json, named};
use super::super::rows::{intern, process_row};
use super::super::series::tidy;
use super::super::{study_run, write};
use super::clause::LOCATION;
use super::experiment::{is_deleted, refused};
use super::record::put_tag;
use super::row::{active, find, unknown};
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::rules::is_alive;
use uaic_study::store::tracking::{
    ExperimentId, NAME_TAG, NOTE_TAG, NewTracked, PARENT_TAG, RunStatus, TrackedUpdate,
};
use uaic_study::store::{Id, TrackingError};
use uaic_study::trial::RunState;

pub(super) fn create(connection: &Connection, new: &NewTracked, now_ms: i64) -> Result<(), Fault> {
    if is_deleted(connection, new.experiment)? {
        return Err(refused(TrackingError::ExperimentDeleted(new.experiment)));
    }
    let nothing = intern(connection, "{}")?;
    connection
        .prepare_cached(
            "INSERT INTO runs (uuid, experiment, kind, name, attempt, state, process, config, environment,
                 started_ms, user)
             VALUES (:uuid, :experiment, 'free', :name, 1, 'RUNNING', :process, :nothing, :nothing,
                 :started_ms, :user)",
        )?
        .execute(named_params! {
            ":uuid": new.id.0,
            ":experiment": new.experiment.0,
            ":name": new.name,
            ":process": process_row(connection, &ProcessIdentity::outside(), now_ms)?,
            ":nothing": nothing,
            ":started_ms": new.started_ms,
            ":user": new.user,
        })?;
    let row = connection.last_insert_rowid();
    for (key, value) in &new.tags {
        put_tag(connection, row, new.id, key, value)?;
    }
    Ok(())
}

/// The run that was made by the same request before the store was opened, if nothing has been added to it.
pub(super) fn asked_before(
    connection: &Connection,
    new: &NewTracked,
    found: i64,
) -> Result<Option<Id>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, uuid FROM runs WHERE experiment = ? AND started_ms = ? AND id <= ? AND user = ?
             AND (name = ? OR ?) AND kind = 'free' AND hidden = 0 AND state = 'RUNNING' AND ended_ms IS NULL
             AND NOT EXISTS (SELECT 1 FROM metrics WHERE run = runs.id)
             AND NOT EXISTS (SELECT 1 FROM params WHERE run = runs.id)
             AND NOT EXISTS (SELECT 1 FROM inputs WHERE run = runs.id)
             AND NOT EXISTS (SELECT 1 FROM artifacts WHERE run = runs.id)",
    )?;
    let experiment = new.experiment.0;
    let mut rows =
        statement.query(params![experiment, new.started_ms, found, new.user, new.name, !new.is_named])?;
    while let Some(row) = rows.next()? {
        if has_tags(connection, row.get(0)?, &new.tags)? {
            return Ok(Some(Id(row.get(1)?)));
        }
    }
    Ok(None)
}

/// Whether a run has some tags and no others, as far as tags are kept as such.
fn has_tags(connection: &Connection, run: i64, tags: &[(String, String)]) -> Result<bool, Fault> {
    let is_kept = |key: &str| ![NAME_TAG, NOTE_TAG, PARENT_TAG].contains(&key);
    let asked: BTreeMap<&str, &str> = tags
        .iter()
        .filter(|(key, _)| is_kept(key))
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let mut statement = connection.prepare_cached(
        "SELECT names.name, value FROM tags JOIN names ON names.id = tags.name WHERE run = ?",
    )?;
    let mut rows = statement.query([run])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (key, value): (String, String) = (row.get(0)?, row.get(1)?);
        if is_kept(&key) && asked.get(key.as_str()) != Some(&value.as_str()) {
            return Ok(false);
        }
        count += usize::from(is_kept(&key));
    }
    Ok(count == asked.len())
}

pub(super) fn update(
    connection: &Connection,
    id: Id,
    update: &TrackedUpdate,
    now_ms: i64,
) -> Result<(), Fault> {
    let (row, _) = active(connection, id)?;
    if let Some(name) = update.name.as_ref().filter(|name| !name.is_empty()) {
        connection.prepare_cached("UPDATE runs SET name = ? WHERE id = ?")?.execute(params![name, row])?;
    }
    if update.status.is_none() && update.ended_ms.is_none() {
        return Ok(());
    }
    if is_elsewhere(connection, id, row, update.status, now_ms)? {
        set_status(connection, row, update)?;
    }
    Ok(())
}

/// Whether those who log to a run say how it ends. It becomes theirs when its process has died.
fn is_elsewhere(
    connection: &Connection,
    id: Id,
    row: i64,
    status: Option<RunStatus>,
    now_ms: i64,
) -> Result<bool, Fault> {
    let (kind, state, reason, identity, heartbeat_ms) = connection
        .prepare_cached(
            "SELECT kind, state, reason, identity, heartbeat_ms
             FROM runs JOIN processes ON processes.id = process WHERE runs.id = ?",
        )?
        .query_row([row], |row| {
            let kind: String = row.get(0)?;
            let (state, reason): (String, Option<String>) = (row.get(1)?, row.get(2)?);
            Ok((kind, state, reason, row.get::<_, String>(3)?, row.get::<_, i64>(4)?))
        })?;
    let process: ProcessIdentity = from_json("process", &identity)?;
    let state = named("run state", &state, RunState::from_name)?;
    let is_executed = || state == RunState::Running && is_alive(&process, heartbeat_ms, now_ms);
    // Who executes it says how it ends.
    if !process.is_outside() && is_executed() {
        return Ok(false);
    }
    if kind != "free" {
        if status == Some(RunStatus::of(state, reason.as_deref())) {
            return Ok(false);
        }
        let why = "is of a study, which says how it ends";
        return Err(refused(TrackingError::NotTracked { run: id, why }));
    }
    if process.is_outside() {
        return Ok(true);
    }
    let outside = process_row(connection, &ProcessIdentity::outside(), now_ms)?;
    connection.prepare_cached("UPDATE runs SET process = ? WHERE id = ?")?.execute([outside, row])?;
    Ok(true)
}

fn set_status(connection: &Connection, row: i64, update: &TrackedUpdate) -> Result<(), Fault> {
    if let Some(ended_ms) = update.ended_ms {
        connection.prepare_cached("UPDATE runs SET ended_ms = ? WHERE id = ?")?.execute([ended_ms, row])?;
    }
    let Some(status) = update.status else { return Ok(()) };
    let (state, reason) = status.state();
    connection.prepare_cached("UPDATE runs SET state = ?, reason = ? WHERE id = ?")?.execute(params![
        state.name(),
        reason,
        row
    ])?;
    if state == RunState::Running { Ok(()) } else { tidy(connection, row) }
}

pub(super) fn set_deleted(connection: &Connection, id: Id, deleted: bool, now_ms: i64) -> Result<(), Fault> {
    let row = find(connection, id)?;
    if study_run::row(connection, id)? == Some(row) {
        let hidden = if deleted { "hidden | 1" } else { "hidden & ~1" };
        let sql = format!("UPDATE runs SET hidden = {hidden} WHERE id = ?");
        connection.prepare_cached(&sql)?.execute([row])?;
        return Ok(());
    }
    write::set_hidden(connection, id, deleted, now_ms)
}

/// The experiment of a run.
pub(super) fn experiment(connection: &Connection, id: Id) -> Result<ExperimentId, Fault> {
    let sql = "SELECT experiment FROM runs WHERE uuid = ? AND hidden & 2 = 0";
    let found = connection.prepare_cached(sql)?.query_row([id.0], |row| row.get(0)).optional()?;
    found.map(ExperimentId).ok_or_else(|| unknown(id))
}

/// The address below which a run's artifacts are.
pub(super) fn location(connection: &Connection, id: Id) -> Result<String, Fault> {
    let sql = format!("SELECT {LOCATION} FROM runs WHERE uuid = ? AND hidden & 2 = 0");
    let found = connection.prepare_cached(&sql)?.query_row([id.0], |row| row.get(0)).optional()?;
    found.ok_or_else(|| unknown(id))
}
