//! The run of a trial: what everybody but Optuna programs sees.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::super::Fault;
use super::super::attach::put_tag;
use super::super::codec::{from_json, param_columns, param_value, to_json};
use super::super::rows::{intern, known_name, name_row, process_row};
use super::super::series::{append, tidy};
use super::super::write::{Place, experiment_of, first_value, put_more_values, started};
use super::codec::Held;
use uaic_platform::process::ProcessIdentity;
use uaic_study::drawn_config;
use uaic_study::space::Distribution;
use uaic_study::store::rules::kept_violation;
use uaic_study::store::{Id, OptunaMeaning, OptunaParam, OptunaState, Point, RunKind};
use uaic_study::trial::Params;

/// Added to `hidden` of a run that nobody is to see yet.
const UNSEEN: i64 = 2;

/// Writes the row of a run that begins, without anything else, and says which it is.
pub(super) fn insert(
    connection: &Connection,
    id: Id,
    study: i64,
    number: i64,
    state: OptunaState,
    started_ms: i64,
) -> Result<i64, Fault> {
    let place = Place { experiment: experiment_of(connection, study)?, study: Some(study) };
    let process = outside_row(connection, started_ms)?;
    let config = intern(connection, &drawn_config(&Params::new(), &BTreeMap::new()).to_string())?;
    connection
        .prepare_cached(
            "INSERT INTO runs (uuid, experiment, study, kind, number, name, attempt, state, process, config,
                 environment, started_ms, hidden)
             VALUES (?, ?, ?, ?, ?, ?, 1, 'RUNNING', ?, ?, (SELECT environment FROM studies WHERE id = ?3), ?, ?)",
        )?
        .execute(params![
            id.0,
            place.experiment,
            study,
            RunKind::Trial.name(),
            number,
            format!("trial {number}"),
            process,
            config,
            started_ms,
            unseen(state)
        ])?;
    Ok(connection.last_insert_rowid())
}

/// The row of whoever executes trials: looked for, not written, for nobody asks whether it lives.
fn outside_row(connection: &Connection, now_ms: i64) -> Result<i64, Fault> {
    let outside = ProcessIdentity::outside();
    let known = connection
        .prepare_cached("SELECT id FROM processes WHERE identity = ?")?
        .query_row([to_json("process", &outside)?], |row| row.get(0))
        .optional()?;
    known.map_or_else(|| process_row(connection, &outside, now_ms), Ok)
}

fn unseen(state: OptunaState) -> i64 {
    if state == OptunaState::Waiting { UNSEEN } else { 0 }
}

/// Sets a parameter; one that ours cannot say is not among them.
pub(super) fn set_param(connection: &Connection, run: i64, param: &OptunaParam) -> Result<(), Fault> {
    let name = name_row(connection, &param.name)?;
    let Some(ours) = &param.ours else {
        connection.prepare_cached("DELETE FROM params WHERE run = ? AND name = ?")?.execute([run, name])?;
        return Ok(());
    };
    let (value, kind, text) = param_columns(ours);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO params (run, name, value, kind, text) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![run, name, value, kind, text])?;
    Ok(())
}

/// Notes what an attribute is to us.
pub(super) fn note(connection: &Connection, run: i64, meaning: &OptunaMeaning) -> Result<(), Fault> {
    if let Some(reason) = &meaning.reason {
        connection
            .prepare_cached("UPDATE runs SET reason = ? WHERE id = ?")?
            .execute(params![reason, run])?;
    }
    meaning.tag.as_ref().map_or(Ok(()), |(name, value)| put_tag(connection, run, name, value))
}

/// The metric that a study reports: its first.
fn reported(connection: &Connection, study: i64) -> Result<String, Fault> {
    Ok(connection
        .prepare_cached("SELECT metric FROM studies WHERE id = ?")?
        .query_row([study], |row| row.get(0))?)
}

/// The series that the reports of a study are in, where anything was ever called so.
pub(super) fn report_series(connection: &Connection, study: i64) -> Result<Option<i64>, Fault> {
    known_name(connection, &reported(connection, study)?)
}

/// Appends reports: all are kept, also those that later ones of their step replace.
pub(super) fn report(
    connection: &Connection,
    (study, run): (i64, i64),
    reports: &[(i64, f64)],
    now_ms: i64,
) -> Result<(), Fault> {
    let point = |&(step, value): &(i64, f64)| Point { step, time_ms: now_ms, value };
    let points = reports.iter().map(point).collect();
    let name = name_row(connection, &reported(connection, study)?)?;
    append(connection, run, started(connection, run)?, name, points)
}

/// What a run becomes with its trial.
pub(super) struct Turn<'a> {
    pub(super) run: i64,
    pub(super) state: OptunaState,
    pub(super) values: &'a [f64],
    pub(super) params: &'a [Held],
    pub(super) violation: f64,
    /// When it begins, where it does.
    pub(super) started_ms: Option<i64>,
    /// When it ends, where it does.
    pub(super) ended_ms: Option<i64>,
}

/// Lets the run follow its trial into a state.
pub(super) fn follow(connection: &Connection, turn: &Turn<'_>) -> Result<(), Fault> {
    let complete = turn.state == OptunaState::Complete;
    let values = if complete { turn.values } else { &[] };
    let (value, kind) = first_value(values);
    connection
        .prepare_cached(
            "UPDATE runs SET state = ?, value = ?, value_kind = ?, violation = ?, ended_ms = ?,
                 started_ms = ifnull(?, started_ms), hidden = hidden % 2 + ?
             WHERE id = ?",
        )?
        .execute(params![
            turn.state.run_state().name(),
            value,
            kind,
            kept_violation(turn.violation),
            turn.ended_ms,
            turn.started_ms,
            unseen(turn.state),
            turn.run
        ])?;
    put_more_values(connection, turn.run, values)?;
    if turn.state.is_final() {
        put_config(connection, turn.run, turn.params)?;
        tidy(connection, turn.run)?;
    }
    Ok(())
}

/// The configuration of a trial that has ended: its parameters, and what they were drawn from.
fn put_config(connection: &Connection, run: i64, held: &[Held]) -> Result<(), Fault> {
    let mut drawn = BTreeMap::new();
    let mut statement =
        connection.prepare_cached("SELECT name, ours FROM optuna_distributions WHERE id = ?")?;
    for (row, _) in held {
        let (name, ours): (String, Option<String>) =
            statement.query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if let Some(ours) = ours {
            drawn.insert(name, from_json::<Distribution>("distribution", &ours)?);
        }
    }
    let config = intern(connection, &drawn_config(&params(connection, run)?, &drawn).to_string())?;
    connection.prepare_cached("UPDATE runs SET config = ? WHERE id = ?")?.execute([config, run])?;
    Ok(())
}

fn params(connection: &Connection, run: i64) -> Result<Params, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT names.name, value, kind, text FROM params JOIN names ON names.id = params.name WHERE run = ?",
    )?;
    let mut rows = statement.query([run])?;
    let mut params = Params::new();
    while let Some(row) = rows.next()? {
        params.insert(row.get(0)?, param_value(row.get(1)?, row.get(2)?, row.get(3)?)?);
    }
    Ok(params)
}
