//! The statements that make studies and runs what a copy of another store says.

use rusqlite::{Connection, named_params, params};

use super::Fault;
use super::attach::put_tag;
use super::codec::to_json;
use super::outside::{check_slot, counts, place_of, there};
use super::rows::{event, intern, run_row, study_row};
use super::series::tidy;
use super::study_run;
use super::write::{clear, first_value, insert_params, insert_study, put_more_values};
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::{EventRecord, Id, Known, RunCopy, StoreError, StudyCopy};

pub(super) fn put_study(connection: &Connection, copy: &StudyCopy) -> Result<(), Fault> {
    let id = copy.record.id;
    let study = match study_row(connection, id) {
        Ok(row) => row,
        Err(Fault::Refused(StoreError::NotFound { .. })) => {
            insert_study(connection, copy.record.id, &copy.record.plan, 0, copy.record.created_ms)?
        }
        Err(other) => return Err(other),
    };
    update_study(connection, study, copy)?;
    connection.prepare_cached("DELETE FROM study_changes WHERE study = ?")?.execute([study])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO study_changes (study, from_trial, time_ms, change) VALUES (?, ?, ?, ?)",
    )?;
    for change in &copy.changes {
        let text = to_json("change", &change.change)?;
        insert.execute(params![study, change.from_trial, change.time_ms, text])?;
    }
    connection.prepare_cached("DELETE FROM events WHERE study = ? AND run IS NULL")?.execute([study])?;
    for own in &copy.events {
        event(connection, own.time_ms, Some(study), None, &own.kind, &own.detail)?;
    }
    Ok(())
}

/// What changes of a study as it goes on.
fn update_study(connection: &Connection, study: i64, copy: &StudyCopy) -> Result<(), Fault> {
    let record = &copy.record;
    let owner = record.owner.as_ref().map(|owner| known_process(connection, owner)).transpose()?;
    connection
        .prepare_cached("UPDATE studies SET trials = ?, state = ?, owner = ? WHERE id = ?")?
        .execute(params![record.plan.trials, record.state.name(), owner, study])?;
    study_run::follow(connection, study, record.created_ms)
}

/// The row of a process of which nothing was heard here: one of another machine counts as dead.
fn known_process(connection: &Connection, process: &ProcessIdentity) -> Result<i64, Fault> {
    let identity = to_json("process", process)?;
    connection
        .prepare_cached("INSERT OR IGNORE INTO processes (identity, heartbeat_ms) VALUES (?, 0)")?
        .execute([&identity])?;
    Ok(connection
        .prepare_cached("SELECT id FROM processes WHERE identity = ?")?
        .query_row([&identity], |row| row.get(0))?)
}

pub(super) fn begin(connection: &Connection, copy: &RunCopy, now_ms: i64) -> Result<Known, Fault> {
    let record = &copy.record;
    let place = place_of(connection, &record.start.home, now_ms)?;
    check_slot(connection, record.id, record.start.kind, record.start.number, place)?;
    if let Some(parent) = record.parent {
        run_row(connection, parent)?;
    }
    let Some((run, _, is_whole)) = there(connection, record.id)? else {
        let run = insert(connection, copy, now_ms)?;
        event(connection, now_ms, place.study, Some(run), "begun", "")?;
        return Ok(Known::default());
    };
    let is_same = connection
        .prepare_cached("SELECT 1 FROM runs WHERE id = ? AND attempt = ? AND started_ms = ?")?
        .exists(params![run, record.attempts, record.started_ms])?;
    if is_same {
        return Ok(Known { is_whole, points: counts(connection, run)? });
    }
    clear(connection, run)?;
    // The times of points are kept from the start.
    connection
        .prepare_cached("UPDATE runs SET attempt = ?, started_ms = ?, hidden = hidden % 2 + 2 WHERE id = ?")?
        .execute(params![record.attempts, record.started_ms, run])?;
    event(connection, now_ms, place.study, Some(run), "begun", "")?;
    Ok(Known::default())
}

fn insert(connection: &Connection, copy: &RunCopy, now_ms: i64) -> Result<i64, Fault> {
    let (record, start) = (&copy.record, &copy.record.start);
    let place = place_of(connection, &start.home, now_ms)?;
    connection
        .prepare_cached(
            "INSERT INTO runs (uuid, experiment, study, kind, number, attempt, state, process, config,
                 environment, started_ms, hidden)
             VALUES (?, ?, ?, ?, ?, ?, 'RUNNING', ?, ?, ?, ?, 2)",
        )?
        .execute(params![
            record.id.0,
            place.experiment,
            place.study,
            start.kind.name(),
            start.number,
            record.attempts.max(1),
            known_process(connection, &start.process)?,
            intern(connection, &start.config.to_string())?,
            intern(connection, &to_json("environment", &start.environment)?)?,
            record.started_ms,
        ])?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn end(connection: &Connection, copy: &RunCopy, now_ms: i64) -> Result<(), Fault> {
    let record = &copy.record;
    let place = place_of(connection, &record.start.home, now_ms)?;
    check_slot(connection, record.id, record.start.kind, record.start.number, place)?;
    let run = run_row(connection, record.id)?;
    update(connection, run, copy)?;
    for table in ["params", "more_values", "tags", "events"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE run = ?"))?.execute([run])?;
    }
    insert_params(connection, run, &record.start.params)?;
    put_more_values(connection, run, &record.values)?;
    for (key, value) in &copy.tags {
        put_tag(connection, run, key, value)?;
    }
    for own in &copy.events {
        event(connection, own.time_ms, place.study, Some(run), &own.kind, &own.detail)?;
    }
    tidy(connection, run)
}

/// The columns of a run.
fn update(connection: &Connection, run: i64, copy: &RunCopy) -> Result<(), Fault> {
    let (record, start) = (&copy.record, &copy.record.start);
    let (value, kind) = first_value(&record.values);
    let parent: Option<i64> = match record.parent {
        Some(parent) => Some(run_row(connection, parent)?),
        None => None,
    };
    connection
        .prepare_cached(
            "UPDATE runs SET parent = :parent, name = :name, note = :note, attempt = :attempt, state = :state,
                 value = :value, value_kind = :value_kind, violation = :violation, excluded = :excluded,
                 reason = :reason, process = :process, config = :config, environment = :environment,
                 ended_ms = :ended_ms, hidden = :hidden
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":parent": parent,
            ":name": record.name,
            ":note": record.note,
            ":attempt": record.attempts.max(1),
            ":state": record.state.name(),
            ":value": value,
            ":value_kind": kind,
            ":violation": record.violation,
            ":excluded": record.excluded,
            ":reason": record.reason,
            ":process": known_process(connection, &start.process)?,
            ":config": intern(connection, &start.config.to_string())?,
            ":environment": intern(connection, &to_json("environment", &start.environment)?)?,
            ":ended_ms": record.ended_ms,
            ":hidden": record.hidden,
            ":id": run,
        })?;
    Ok(())
}

/// What happened to a study itself.
pub(super) fn study_events(connection: &Connection, id: Id) -> Result<Vec<EventRecord>, Fault> {
    let study = study_row(connection, id)?;
    let mut statement = connection.prepare_cached(
        "SELECT time_ms, kind, detail FROM events WHERE study = ? AND run IS NULL ORDER BY id",
    )?;
    let events = statement.query_map([study], |row| {
        Ok(EventRecord { time_ms: row.get(0)?, kind: row.get(1)?, detail: row.get(2)? })
    })?;
    Ok(events.collect::<rusqlite::Result<_>>()?)
}
