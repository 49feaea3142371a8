//! The statements of runs that are brought in from elsewhere, edited by hand, or removed for good.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::Fault;
use super::attach::put_tag;
use super::codec::{from_json, named, to_json};
use super::optuna::forget;
use super::rows::{
    event, experiment_row, intern, known_name, name_row, process_row, run_row, running_row, study_row,
};
use super::series::{append, tidy};
use super::study_run;
use super::write::{
    Place, clear, experiment_of, first_value, insert_params, put_more_values, start_run, started,
};
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::rules::{
    check_outside, check_parent, check_removable, id_taken, is_alive, kept_violation, number_taken,
};
use uaic_study::store::{Attempt, Environment, Home, Id, Known, NewRun, OutsideRun, Point, RunEdit, RunKind};
use uaic_study::trial::RunState;

/// Starts a run of no study under an id that is known.
pub(super) fn start_as(connection: &Connection, id: Id, new: &NewRun, now_ms: i64) -> Result<Attempt, Fault> {
    let there = connection.prepare_cached("SELECT 1 FROM runs WHERE uuid = ?")?.exists([id.0])?;
    if there {
        return Err(id_taken(id).into());
    }
    start_run(connection, id, new, None, now_ms)
}

/// Adds to what is known of the surroundings of a run.
pub(super) fn add_facts(connection: &Connection, attempt: Attempt, facts: Environment) -> Result<(), Fault> {
    let run = running_row(connection, attempt)?;
    let known: String = connection
        .prepare_cached("SELECT content FROM texts JOIN runs ON texts.id = environment WHERE runs.id = ?")?
        .query_row([run], |row| row.get(0))?;
    let mut all: Environment = from_json("environment", &known)?;
    all.extend(facts);
    let text = intern(connection, &to_json("environment", &all)?)?;
    connection.prepare_cached("UPDATE runs SET environment = ? WHERE id = ?")?.execute([text, run])?;
    Ok(())
}

pub(super) fn edit_run(connection: &Connection, id: Id, edit: &RunEdit, now_ms: i64) -> Result<(), Fault> {
    let run = run_row(connection, id)?;
    let kind = match edit {
        RunEdit::Name(name) => {
            connection
                .prepare_cached("UPDATE runs SET name = ? WHERE id = ?")?
                .execute(params![name, run])?;
            "renamed"
        }
        RunEdit::Note(note) => {
            connection
                .prepare_cached("UPDATE runs SET note = ? WHERE id = ?")?
                .execute(params![note, run])?;
            "noted"
        }
        RunEdit::Parent(parent) => {
            let row = parent.map(|parent| nest(connection, id, parent)).transpose()?;
            connection
                .prepare_cached("UPDATE runs SET parent = ? WHERE id = ?")?
                .execute(params![row, run])?;
            "moved"
        }
        RunEdit::RemoveTag(key) => {
            let name = known_name(connection, key)?;
            connection
                .prepare_cached("DELETE FROM tags WHERE run = ? AND name = ?")?
                .execute(params![run, name])?;
            return Ok(());
        }
    };
    let detail = match edit {
        RunEdit::Name(Some(name)) => name.clone(),
        RunEdit::Parent(Some(parent)) => parent.short(),
        _ => String::new(),
    };
    let study: Option<i64> = connection
        .prepare_cached("SELECT study FROM runs WHERE id = ?")?
        .query_row([run], |row| row.get(0))?;
    event(connection, now_ms, study, Some(run), kind, &detail)
}

/// The row of a parent that a run may have.
pub(super) fn nest(connection: &Connection, id: Id, parent: Id) -> Result<i64, Fault> {
    let row = run_row(connection, parent)?;
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE above (id) AS (
             SELECT parent FROM runs WHERE id = ?
             UNION SELECT parent FROM runs JOIN above ON runs.id = above.id WHERE parent IS NOT NULL)
         SELECT uuid FROM runs JOIN above ON runs.id = above.id",
    )?;
    let above =
        statement.query_map([row], |row| Ok(Id(row.get(0)?)))?.collect::<rusqlite::Result<Vec<Id>>>()?;
    check_parent(id, parent, &above)?;
    Ok(row)
}

pub(super) fn delete_run(connection: &Connection, id: Id, now_ms: i64) -> Result<(), Fault> {
    let run = run_row(connection, id)?;
    let (kind, state) = kind_and_state(connection, run, now_ms)?;
    let is_registered =
        connection.prepare_cached("SELECT 1 FROM model_versions WHERE run = ?")?.exists([run])?;
    check_removable(id, kind, state, is_registered)?;
    remove(connection, run)
}

/// What a run is, and its state with the death of its process accounted for.
fn kind_and_state(connection: &Connection, run: i64, now_ms: i64) -> Result<(RunKind, RunState), Fault> {
    let (kind, state, identity, heartbeat_ms): (String, String, String, i64) = connection
        .prepare_cached(
            "SELECT kind, state, identity, heartbeat_ms FROM runs JOIN processes ON processes.id = process
             WHERE runs.id = ?",
        )?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let process: ProcessIdentity = from_json("process", &identity)?;
    let mut state = named("run state", &state, RunState::from_name)?;
    // What is said to run elsewhere can be removed here: it would come back with the next import.
    if state == RunState::Running && (process.is_outside() || !is_alive(&process, heartbeat_ms, now_ms)) {
        state = RunState::Crashed;
    }
    Ok((named("kind of run", &kind, RunKind::from_name)?, state))
}

/// Removes the rows of a run.
pub(super) fn remove(connection: &Connection, run: i64) -> Result<(), Fault> {
    clear(connection, run)?;
    forget::trial(connection, run)?;
    for statement in [
        "UPDATE runs SET parent = (SELECT parent FROM runs AS gone WHERE gone.id = ?1) WHERE parent = ?1",
        "DELETE FROM tags WHERE run = ?1",
        "DELETE FROM inputs WHERE run = ?1",
        "DELETE FROM run_models WHERE run = ?1",
        "DELETE FROM logged_model_metrics WHERE run = ?1",
        "DELETE FROM events WHERE run = ?1",
        "DELETE FROM runs WHERE id = ?1",
    ] {
        connection.prepare_cached(statement)?.execute([run])?;
    }
    Ok(())
}

/// Removes the rows of a study, once its runs are gone.
pub(super) fn remove_study(connection: &Connection, study: i64, id: Id) -> Result<(), Fault> {
    forget::study(connection, study)?;
    if let Some(own) = study_run::row(connection, id)? {
        remove(connection, own)?;
    }
    for statement in [
        "DELETE FROM study_changes WHERE study = ?",
        "DELETE FROM study_workers WHERE study = ?",
        "DELETE FROM events WHERE study = ?",
        "DELETE FROM studies WHERE id = ?",
    ] {
        connection.prepare_cached(statement)?.execute([study])?;
    }
    Ok(())
}

pub(super) fn begin(connection: &Connection, new: &OutsideRun, now_ms: i64) -> Result<Known, Fault> {
    let place = place_of(connection, &new.home, now_ms)?;
    let parent = new.parent.map(|parent| run_row(connection, parent)).transpose()?;
    check_slot(connection, new.id, new.kind, new.number, place)?;
    let (run, is_whole) = if let Some((run, process, is_whole)) = there(connection, new.id)? {
        check_outside(new.id, &process)?;
        update(connection, run, new, place, parent, now_ms)?;
        (run, is_whole)
    } else {
        let run = insert(connection, new, place, parent, now_ms)?;
        event(connection, now_ms, place.study, Some(run), "begun", "")?;
        if new.hidden {
            event(connection, now_ms, place.study, Some(run), "hidden", "brought in")?;
        }
        (run, false)
    };
    insert_params(connection, run, &new.params)?;
    put_more_values(connection, run, &new.end.values)?;
    for (key, value) in &new.tags {
        put_tag(connection, run, key, value)?;
    }
    Ok(Known { is_whole, points: counts(connection, run)? })
}

/// Rows of what a run belongs to.
pub(super) fn place_of(connection: &Connection, home: &Home, now_ms: i64) -> Result<Place, Fault> {
    Ok(match home {
        Home::Experiment(name) => {
            Place { experiment: experiment_row(connection, name, now_ms)?, study: None }
        }
        Home::Study(id) => {
            let study = study_row(connection, *id)?;
            Place { experiment: experiment_of(connection, study)?, study: Some(study) }
        }
    })
}

/// That no run but `id` has this number in its study.
pub(super) fn check_slot(
    connection: &Connection,
    id: Id,
    kind: RunKind,
    number: Option<u32>,
    place: Place,
) -> Result<(), Fault> {
    let Some(study) = place.study else { return Ok(()) };
    let other: Option<[u8; 16]> = connection
        .prepare_cached(
            "SELECT uuid FROM runs WHERE study = ? AND kind = ? AND ifnull(number, -1) = ? AND uuid <> ?",
        )?
        .query_row(params![study, kind.name(), number.map_or(-1, i64::from), id.0], |row| row.get(0))
        .optional()?;
    other.map_or(Ok(()), |other| Err(number_taken(id, Id(other)).into()))
}

/// Row and process of the run of an id, and whether it has been brought in whole.
pub(super) fn there(connection: &Connection, id: Id) -> Result<Option<(i64, ProcessIdentity, bool)>, Fault> {
    let found: Option<(i64, String, i64)> = connection
        .prepare_cached(
            "SELECT runs.id, identity, hidden FROM runs JOIN processes ON processes.id = process WHERE uuid = ?",
        )?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((run, identity, hidden)) = found else { return Ok(None) };
    Ok(Some((run, from_json("process", &identity)?, hidden < 2)))
}

/// Rows of the process, the configuration and the environment.
fn references(connection: &Connection, new: &OutsideRun, now_ms: i64) -> Result<[i64; 3], Fault> {
    Ok([
        process_row(connection, &ProcessIdentity::outside(), now_ms)?,
        intern(connection, &new.config.to_string())?,
        intern(connection, &to_json("environment", &new.environment)?)?,
    ])
}

fn insert(
    connection: &Connection,
    new: &OutsideRun,
    place: Place,
    parent: Option<i64>,
    now_ms: i64,
) -> Result<i64, Fault> {
    let [process, config, environment] = references(connection, new, now_ms)?;
    let (value, kind) = first_value(&new.end.values);
    connection
        .prepare_cached(
            "INSERT INTO runs (uuid, experiment, study, parent, kind, number, name, note, attempt, state, value,
                 value_kind, violation, excluded, reason, process, config, environment, started_ms, ended_ms,
                 hidden)
             VALUES (:uuid, :experiment, :study, :parent, :kind, :number, :name, :note, :attempt, :state,
                 :value, :value_kind, :violation, :excluded, :reason, :process, :config, :environment,
                 :started_ms, :ended_ms, 2 + :hidden)",
        )?
        .execute(named_params! {
            ":uuid": new.id.0,
            ":experiment": place.experiment,
            ":study": place.study,
            ":parent": parent,
            ":kind": new.kind.name(),
            ":number": new.number,
            ":name": new.name,
            ":note": new.note,
            ":attempt": new.attempts.max(1),
            ":state": new.end.state.name(),
            ":value": value,
            ":value_kind": kind,
            ":violation": kept_violation(new.end.violation),
            ":excluded": new.excluded,
            ":reason": new.end.reason,
            ":process": process,
            ":config": config,
            ":environment": environment,
            ":started_ms": new.started_ms,
            ":ended_ms": new.ended_ms,
            ":hidden": new.hidden,
        })?;
    Ok(connection.last_insert_rowid())
}

/// What its source says now. Its points stay: their times are kept from its start, which is what it was.
fn update(
    connection: &Connection,
    run: i64,
    new: &OutsideRun,
    place: Place,
    parent: Option<i64>,
    now_ms: i64,
) -> Result<(), Fault> {
    let [_, config, environment] = references(connection, new, now_ms)?;
    let (value, kind) = first_value(&new.end.values);
    for table in ["params", "more_values"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE run = ?"))?.execute([run])?;
    }
    let state = new.end.state.name();
    connection
        .prepare_cached(
            "UPDATE runs SET experiment = ?, study = ?, parent = ?, name = ?, note = ?, attempt = ?, state = ?,
                 value = ?, value_kind = ?, violation = ?, excluded = ?, reason = ?, config = ?,
                 environment = ?, ended_ms = ?,
                 hidden = CASE WHEN hidden < 2 THEN max(hidden, ?) ELSE hidden END
             WHERE id = ?",
        )?
        .execute(params![
            place.experiment,
            place.study,
            parent,
            new.name,
            new.note,
            new.attempts.max(1),
            state,
            value,
            kind,
            kept_violation(new.end.violation),
            new.excluded,
            new.end.reason,
            config,
            environment,
            new.ended_ms,
            i64::from(new.hidden),
            run
        ])?;
    Ok(())
}

/// How many points each series of a run has.
pub(super) fn counts(connection: &Connection, run: i64) -> Result<BTreeMap<String, u64>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT names.name, count FROM metrics JOIN names ON names.id = metrics.name WHERE run = ?",
    )?;
    let counts = statement.query_map([run], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
    Ok(counts.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn add_points(
    connection: &Connection,
    id: Id,
    series: BTreeMap<String, Vec<Point>>,
) -> Result<(), Fault> {
    let run = run_row(connection, id)?;
    let started_ms = started(connection, run)?;
    for (key, points) in series {
        append(connection, run, started_ms, name_row(connection, &key)?, points)?;
    }
    Ok(())
}

pub(super) fn end(connection: &Connection, id: Id) -> Result<(), Fault> {
    let run = run_row(connection, id)?;
    tidy(connection, run)?;
    connection.prepare_cached("DELETE FROM events WHERE run = ? AND kind = 'begun'")?.execute([run])?;
    connection
        .prepare_cached("UPDATE runs SET hidden = hidden - 2 WHERE id = ? AND hidden >= 2")?
        .execute([run])?;
    Ok(())
}
