//! The statements that change a store. Each runs inside the writer's transaction.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::Fault;
use super::codec::{float_columns, from_json, goals_column, id_at, named, param_columns, to_json};
use super::rows::{
    attempt_row, event, experiment_row, held_row, intern, name_row, process_row, run_row, running_row,
    study_row,
};
use super::series::{append, tidy};
use super::study_run;
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::rules::{
    EarlierRun, check_end, check_up_to_date, is_alive, kept_violation, next_attempt,
};
use uaic_study::store::{Attempt, Home, Id, MetricPoint, NewRun, NewStudy, Point, RunEnd, StudyState};
use uaic_study::trial::{Params, RunState};

pub(super) fn create_study(
    connection: &Connection,
    id: Id,
    new: &NewStudy,
    now_ms: i64,
) -> Result<(), Fault> {
    let study = insert_study(connection, id, new, new.trials, now_ms)?;
    event(connection, now_ms, Some(study), None, "created", &new.experiment)
}

/// Writes the row of a study that nobody works on yet.
pub(super) fn insert_study(
    connection: &Connection,
    id: Id,
    plan: &NewStudy,
    trials: u32,
    created_ms: i64,
) -> Result<i64, Fault> {
    let spec = intern(connection, &plan.spec_text)?;
    let environment = intern(connection, &to_json("environment", &plan.environment)?)?;
    let experiment = experiment_row(connection, &plan.experiment, created_ms)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO studies (uuid, experiment, spec, spec_path, overrides, fingerprint, seed, metric,
             direction, more_objectives, trials, environment, created_ms, state)
         VALUES (:uuid, :experiment, :spec, :spec_path, :overrides, :fingerprint, :seed, :metric,
             :direction, :more_objectives, :trials, :environment, :created_ms, 'INTERRUPTED')",
    )?;
    statement.execute(named_params! {
        ":uuid": id.0,
        ":experiment": plan.experiment,
        ":spec": spec,
        ":spec_path": plan.spec_path,
        ":overrides": to_json("list of overrides", &plan.overrides)?,
        ":fingerprint": plan.fingerprint,
        ":seed": plan.seed as i64,
        ":metric": plan.goals.metric(),
        ":direction": plan.goals.direction().to_string(),
        ":more_objectives": goals_column(plan.goals.more())?,
        ":trials": trials,
        ":environment": environment,
        ":created_ms": created_ms,
    })?;
    let study = connection.last_insert_rowid();
    study_run::insert(connection, id, experiment, environment, created_ms)?;
    Ok(study)
}

pub(super) fn acquire_study(
    connection: &Connection,
    id: Id,
    owner: &ProcessIdentity,
    now_ms: i64,
) -> Result<(), Fault> {
    let study = study_row(connection, id)?;
    dismiss_dead(connection, study, now_ms)?;
    let process = process_row(connection, owner, now_ms)?;
    connection
        .prepare_cached("INSERT OR IGNORE INTO study_workers (study, process) VALUES (?, ?)")?
        .execute([study, process])?;
    connection
        .prepare_cached("UPDATE studies SET state = 'RUNNING', owner = ? WHERE id = ?")?
        .execute([process, study])?;
    study_run::begin(connection, study, process)?;
    let detail = format!("by process {} on {}", owner.pid, owner.host);
    event(connection, now_ms, Some(study), None, "acquired", &detail)
}

/// Forgets workers that have died.
fn dismiss_dead(connection: &Connection, study: i64, now_ms: i64) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT process, identity, heartbeat_ms FROM study_workers
         JOIN processes ON processes.id = process WHERE study = ?",
    )?;
    let workers = statement
        .query_map([study], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(i64, String, i64)>>>()?;
    for (process, identity, heartbeat_ms) in workers {
        if !is_alive(&from_json("process", &identity)?, heartbeat_ms, now_ms) {
            connection
                .prepare_cached("DELETE FROM study_workers WHERE study = ? AND process = ?")?
                .execute([study, process])?;
        }
    }
    Ok(())
}

pub(super) fn release_study(
    connection: &Connection,
    id: Id,
    owner: &ProcessIdentity,
    state: StudyState,
    now_ms: i64,
) -> Result<(), Fault> {
    let (study, process) = held_row(connection, id, owner)?;
    connection
        .prepare_cached("DELETE FROM study_workers WHERE study = ? AND process = ?")?
        .execute([study, process])?;
    dismiss_dead(connection, study, now_ms)?;
    connection
        .prepare_cached(
            "UPDATE studies SET state = ?1
             WHERE id = ?2 AND NOT EXISTS (SELECT 1 FROM study_workers WHERE study = ?2)",
        )?
        .execute(params![state.name(), study])?;
    study_run::follow(connection, study, now_ms)?;
    event(connection, now_ms, Some(study), None, "released", state.name())
}

pub(super) fn extend_study(connection: &Connection, id: Id, trials: u32, now_ms: i64) -> Result<(), Fault> {
    let study = study_row(connection, id)?;
    let raised = connection
        .prepare_cached("UPDATE studies SET trials = ?1 WHERE id = ?2 AND trials < ?1")?
        .execute(params![trials, study])?;
    if raised == 0 {
        return Ok(());
    }
    event(connection, now_ms, Some(study), None, "extended", &format!("to {trials} trials"))
}

/// `changes` is how many changes of the study the caller knows; `None` when it need not know any.
pub(super) fn start_run(
    connection: &Connection,
    fresh: Id,
    new: &NewRun,
    changes: Option<usize>,
    now_ms: i64,
) -> Result<Attempt, Fault> {
    let id = match &new.home {
        Home::Study(id) => *id,
        Home::Experiment(name) => {
            let experiment = experiment_row(connection, name, now_ms)?;
            let row = insert_run(connection, fresh, Place { experiment, study: None }, new, now_ms)?;
            insert_params(connection, row, &new.params)?;
            return Ok(Attempt { run: fresh, number: 1 });
        }
    };
    let (study, _) = held_row(connection, id, &new.process)?;
    if changes.is_some() {
        let there: i64 = connection
            .prepare_cached("SELECT count(*) FROM study_changes WHERE study = ?")?
            .query_row([study], |row| row.get(0))?;
        check_up_to_date(id, changes, there as usize)?;
    }
    let earlier = earlier_start(connection, study, new, now_ms)?;
    let (row, attempt, detail) = if let Some((row, attempt, state)) = earlier {
        clear(connection, row)?;
        restart(connection, row, new, now_ms)?;
        (row, attempt, format!("attempt {}, after {state}", attempt.number))
    } else {
        let place = Place { experiment: experiment_of(connection, study)?, study: Some(study) };
        let row = insert_run(connection, fresh, place, new, now_ms)?;
        (row, Attempt { run: fresh, number: 1 }, "attempt 1".to_owned())
    };
    insert_params(connection, row, &new.params)?;
    event(connection, now_ms, Some(study), Some(row), "started", &detail)?;
    Ok(attempt)
}

/// Rows of what a run belongs to.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) experiment: i64,
    pub(super) study: Option<i64>,
}

/// The row of the experiment of a study.
pub(super) fn experiment_of(connection: &Connection, study: i64) -> Result<i64, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT experiments.id FROM studies JOIN experiments ON experiments.name = experiment
             WHERE studies.id = ?",
        )?
        .query_row([study], |row| row.get(0))?)
}

/// Row and state of the run of the same kind and number, if it has been started, and the attempt that is
/// its next.
fn earlier_start(
    connection: &Connection,
    study: i64,
    new: &NewRun,
    now_ms: i64,
) -> Result<Option<(i64, Attempt, RunState)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT runs.id, uuid, attempt, state, identity, heartbeat_ms
         FROM runs JOIN processes ON processes.id = process
         WHERE study = ? AND kind = ? AND ifnull(number, -1) = ?",
    )?;
    let number = new.number.map_or(-1, i64::from);
    let mut rows = statement.query(params![study, new.kind.name(), number])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut state = named("run state", &row.get::<_, String>("state")?, RunState::from_name)?;
    let process: ProcessIdentity = from_json("process", &row.get::<_, String>("identity")?)?;
    if state == RunState::Running && !is_alive(&process, row.get("heartbeat_ms")?, now_ms) {
        state = RunState::Crashed;
    }
    let (id, attempts) = (id_at(row, "uuid")?, row.get("attempt")?);
    let attempt = next_attempt(&EarlierRun { id, attempts, state, process: &process }, &new.process)?;
    Ok(Some((row.get("id")?, attempt, state)))
}

fn insert_run(
    connection: &Connection,
    id: Id,
    place: Place,
    new: &NewRun,
    now_ms: i64,
) -> Result<i64, Fault> {
    let (process, config, environment) = references(connection, new, now_ms)?;
    let Place { experiment, study } = place;
    let kind = new.kind.name();
    connection
        .prepare_cached(
            "INSERT INTO runs (uuid, experiment, study, kind, number, attempt, state, process, config,
                 environment, started_ms)
             VALUES (?, ?, ?, ?, ?, 1, 'RUNNING', ?, ?, ?, ?)",
        )?
        .execute(params![id.0, experiment, study, kind, new.number, process, config, environment, now_ms])?;
    Ok(connection.last_insert_rowid())
}

fn restart(connection: &Connection, row: i64, new: &NewRun, now_ms: i64) -> Result<(), Fault> {
    let (process, config, environment) = references(connection, new, now_ms)?;
    connection
        .prepare_cached(
            "UPDATE runs SET attempt = attempt + 1, state = 'RUNNING', process = ?, config = ?,
                 environment = ?, started_ms = ?, ended_ms = NULL, value = NULL, value_kind = NULL,
                 reason = NULL, violation = 0
             WHERE id = ?",
        )?
        .execute(params![process, config, environment, now_ms, row])?;
    Ok(())
}

/// Rows of the process, the configuration and the environment of a run.
fn references(connection: &Connection, new: &NewRun, now_ms: i64) -> Result<(i64, i64, i64), Fault> {
    Ok((
        process_row(connection, &new.process, now_ms)?,
        intern(connection, &new.config.to_string())?,
        intern(connection, &to_json("environment", &new.environment)?)?,
    ))
}

/// Takes away what an earlier attempt recorded.
pub(super) fn clear(connection: &Connection, row: i64) -> Result<(), Fault> {
    for statement in [
        "DELETE FROM pieces WHERE run = ?",
        "DELETE FROM metrics WHERE run = ?",
        "DELETE FROM artifacts WHERE run = ?",
        "DELETE FROM params WHERE run = ?",
        "DELETE FROM more_values WHERE run = ?",
    ] {
        connection.prepare_cached(statement)?.execute([row])?;
    }
    Ok(())
}

pub(super) fn insert_params(connection: &Connection, row: i64, values: &Params) -> Result<(), Fault> {
    let mut statement = connection
        .prepare_cached("INSERT INTO params (run, name, value, kind, text) VALUES (?, ?, ?, ?, ?)")?;
    for (name, value) in values {
        let (value, kind, text) = param_columns(value);
        statement.execute(params![row, name_row(connection, name)?, value, kind, text])?;
    }
    Ok(())
}

pub(super) fn points(connection: &Connection, attempt: Attempt, points: &[MetricPoint]) -> Result<(), Fault> {
    let mut parts: HashMap<&str, Vec<Point>> = HashMap::new();
    for point in points {
        parts.entry(point.key.as_str()).or_default().push(point.into());
    }
    series(connection, attempt, parts.into_iter().collect())
}

/// Appends points of a run that runs, by metric.
pub(super) fn series<Key: AsRef<str>>(
    connection: &Connection,
    attempt: Attempt,
    mut series: Vec<(Key, Vec<Point>)>,
) -> Result<(), Fault> {
    let run = running_row(connection, attempt)?;
    let started_ms = started(connection, run)?;
    // Not in the order of a table of hashes: files with the same content are the same.
    series.sort_by(|(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
    for (key, points) in series {
        append(connection, run, started_ms, name_row(connection, key.as_ref())?, points)?;
    }
    Ok(())
}

/// When a run started.
pub(super) fn started(connection: &Connection, run: i64) -> Result<i64, Fault> {
    Ok(connection
        .prepare_cached("SELECT started_ms FROM runs WHERE id = ?")?
        .query_row([run], |row| row.get(0))?)
}

pub(super) fn finish_run(
    connection: &Connection,
    attempt: Attempt,
    end: &RunEnd,
    now_ms: i64,
) -> Result<(), Fault> {
    let (run, state) = attempt_row(connection, attempt)?;
    check_end(attempt, state, end.state)?;
    let (value, kind) = first_value(&end.values);
    let violation = kept_violation(end.violation);
    connection
        .prepare_cached(
            "UPDATE runs SET state = ?, value = ?, value_kind = ?, violation = ?, reason = ?, ended_ms = ?
             WHERE id = ?",
        )?
        .execute(params![end.state.name(), value, kind, violation, end.reason, now_ms, run])?;
    put_more_values(connection, run, &end.values)?;
    tidy(connection, run)?;
    let study: Option<i64> = connection
        .prepare_cached("SELECT study FROM runs WHERE id = ?")?
        .query_row([run], |row| row.get(0))?;
    // The row of a run of no study says it all.
    match study {
        Some(_) => event(connection, now_ms, study, Some(run), "ended", end.state.name()),
        None => Ok(()),
    }
}

/// The columns of the first of a run's values, which is in its row.
pub(super) fn first_value(values: &[f64]) -> (Option<f64>, Option<i64>) {
    let (value, kind) = values.first().map(|value| float_columns(*value)).unzip();
    (value.flatten(), kind)
}

/// Writes the values of a run behind the first: they are in a table of their own, because most runs have
/// none.
pub(super) fn put_more_values(connection: &Connection, run: i64, values: &[f64]) -> Result<(), Fault> {
    if values.len() < 2 {
        return Ok(());
    }
    let mut statement =
        connection.prepare_cached("INSERT INTO more_values (run, place, value, kind) VALUES (?, ?, ?, ?)")?;
    for (place, &value) in (0_i64..).zip(values).skip(1) {
        let (value, kind) = float_columns(value);
        statement.execute(params![run, place, value, kind])?;
    }
    Ok(())
}

pub(super) fn set_hidden(connection: &Connection, id: Id, hidden: bool, now_ms: i64) -> Result<(), Fault> {
    let run = run_row(connection, id)?;
    let study: Option<Option<i64>> = connection
        .prepare_cached("UPDATE runs SET hidden = ?1 WHERE id = ?2 AND hidden = 1 - ?1 RETURNING study")?
        .query_row(params![hidden, run], |row| row.get(0))
        .optional()?;
    match study {
        Some(study) => {
            event(connection, now_ms, study, Some(run), if hidden { "hidden" } else { "shown" }, "")
        }
        None => Ok(()),
    }
}

/// Says that this process lives, where it owns or executes anything.
pub(super) fn heartbeat(
    connection: &Connection,
    process: &ProcessIdentity,
    now_ms: i64,
) -> Result<(), Fault> {
    connection
        .prepare_cached("UPDATE processes SET heartbeat_ms = ? WHERE identity = ?")?
        .execute(params![now_ms, to_json("process", process)?])?;
    Ok(())
}
