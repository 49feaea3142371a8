//! Trials, as they are written.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::Fault;
use super::super::codec::to_json;
use super::codec::{Held, pack_floats, pack_params, unpack_floats, unpack_params};
use super::run::{self, Turn};
use super::study;
use uaic_study::store::{
    Id, NewOptunaTrial, OptunaAttribute, OptunaChange, OptunaDistribution, OptunaParam, OptunaState,
    StoreError,
};

/// A trial before it is written to.
struct Head {
    id: i64,
    /// The number of its study.
    study: i64,
    /// The row of its study.
    row: i64,
    run: i64,
    state: OptunaState,
}

pub(super) fn no_trial(what: i64) -> Fault {
    StoreError::NotFound { what: "trial", id: what.to_string() }.into()
}

pub(super) fn state_of(number: i64) -> Result<OptunaState, Fault> {
    OptunaState::from_number(number)
        .ok_or_else(|| StoreError::Malformed { what: "trial", detail: format!("state {number}") }.into())
}

/// A trial that may be written to.
fn open(connection: &Connection, trial: i64) -> Result<Head, Fault> {
    let found: Option<(i64, i64, i64, i64, Id)> = connection
        .prepare_cached(
            "SELECT optuna_trials.study, optuna_studies.study, run, optuna_trials.state, uuid
             FROM optuna_trials JOIN optuna_studies ON optuna_studies.id = optuna_trials.study
                 JOIN runs ON runs.id = run
             WHERE optuna_trials.id = ?",
        )?
        .query_row([trial], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, Id(row.get(4)?))))
        .optional()?;
    let (study, row, run, state, id) = found.ok_or_else(|| no_trial(trial))?;
    let state = state_of(state)?;
    if state.is_final() {
        return Err(StoreError::Ended { run: id.short(), state: state.run_state() }.into());
    }
    Ok(Head { id: trial, study, row, run, state })
}

pub(super) fn create(
    connection: &Connection,
    id: Id,
    study: i64,
    new: &NewOptunaTrial,
    now_ms: i64,
) -> Result<i64, Fault> {
    let row = study::row(connection, study)?;
    let number: i64 = connection
        // Of the runs, so that no number is used twice that somebody else has given.
        .prepare_cached("SELECT ifnull(number, -1) + 1 FROM runs WHERE study = ? AND kind = 'trial' ORDER BY ifnull(number, -1) DESC LIMIT 1")?
        .query_row([row], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let started_ms = new.started.as_ref().or(new.ended.as_ref()).map_or(now_ms, |time| time.ms);
    let run = run::insert(connection, id, row, number, new.state, started_ms)?;
    connection
        .prepare_cached(
            "INSERT INTO optuna_trials (study, number, run, state, started, ended, outcome, params)
             VALUES (?, ?, ?, ?, ?, ?, ?, x'')",
        )?
        .execute(params![
            study,
            number,
            run,
            new.state as i64,
            new.started.as_ref().map(|time| &time.text),
            new.ended.as_ref().map(|time| &time.text),
            pack_floats(&new.values)
        ])?;
    let head = Head { id: connection.last_insert_rowid(), study, row, run, state: new.state };
    fill(connection, &head, new, started_ms)?;
    Ok(head.id)
}

/// Writes what a new trial has.
fn fill(connection: &Connection, head: &Head, new: &NewOptunaTrial, started_ms: i64) -> Result<(), Fault> {
    let mut held = Vec::with_capacity(new.params.len());
    for param in &new.params {
        let row = distribution_row(connection, head.study, &param.name, &param.distribution)?;
        held.push((row, param.internal));
        run::set_param(connection, head.run, param)?;
    }
    if !held.is_empty() {
        put_params(connection, head.id, &held)?;
    }
    for attribute in &new.attributes {
        put_attribute(connection, head, attribute)?;
    }
    if !new.reports.is_empty() {
        run::report(connection, (head.row, head.run), &new.reports, started_ms)?;
    }
    if !new.state.is_final() {
        return Ok(());
    }
    let ended_ms = new.ended.as_ref().map(|time| time.ms);
    run::follow(
        connection,
        &Turn {
            run: head.run,
            state: new.state,
            values: &new.values,
            params: &held,
            violation: missed(connection, head.id)?,
            started_ms: None,
            ended_ms: ended_ms.or(Some(started_ms)),
        },
    )
}

/// The row of what a parameter of a study is drawn from.
fn distribution_row(
    connection: &Connection,
    study: i64,
    name: &str,
    distribution: &OptunaDistribution,
) -> Result<i64, Fault> {
    let known: Option<i64> = connection
        .prepare_cached("SELECT id FROM optuna_distributions WHERE study = ? AND name = ? AND json = ?")?
        .query_row(params![study, name, distribution.json], |row| row.get(0))
        .optional()?;
    if let Some(row) = known {
        return Ok(row);
    }
    let ours = distribution.ours.as_ref().map(|ours| to_json("distribution", ours)).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO optuna_distributions (study, name, json, kind, ours) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![study, name, distribution.json, distribution.kind, ours])?;
    Ok(connection.last_insert_rowid())
}

/// That trials of the study have drawn a parameter from the like before, or not at all.
fn check_kind(connection: &Connection, study: i64, param: &OptunaParam) -> Result<(), Fault> {
    let known: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT kind, json FROM optuna_distributions WHERE study = ? AND name = ? ORDER BY id LIMIT 1",
        )?
        .query_row(params![study, param.name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match known {
        Some((kind, json)) if kind != param.distribution.kind => Err(StoreError::OtherDistribution {
            name: param.name.clone(),
            known: json,
            new: param.distribution.json.clone(),
        }
        .into()),
        _ => Ok(()),
    }
}

fn params_of(connection: &Connection, trial: i64) -> Result<Vec<Held>, Fault> {
    connection
        .prepare_cached("SELECT params FROM optuna_trials WHERE id = ?")?
        .query_row([trial], |row| Ok(unpack_params(row.get_ref(0)?.as_blob().unwrap_or_default())))?
}

fn put_params(connection: &Connection, trial: i64, held: &[Held]) -> Result<(), Fault> {
    connection
        .prepare_cached("UPDATE optuna_trials SET params = ? WHERE id = ?")?
        .execute(params![pack_params(held), trial])?;
    Ok(())
}

pub(super) fn set_param(connection: &Connection, trial: i64, param: &OptunaParam) -> Result<(), Fault> {
    let head = open(connection, trial)?;
    check_kind(connection, head.study, param)?;
    let row = distribution_row(connection, head.study, &param.name, &param.distribution)?;
    let mut held = params_of(connection, trial)?;
    let mut same =
        connection.prepare_cached("SELECT 1 FROM optuna_distributions WHERE id = ? AND name = ?")?;
    let mut place = None;
    for (at, (other, _)) in held.iter().enumerate() {
        if *other == row || same.exists(params![other, param.name])? {
            place = Some(at);
        }
    }
    match place.and_then(|at| held.get_mut(at)) {
        Some(pair) => *pair = (row, param.internal),
        None => held.push((row, param.internal)),
    }
    put_params(connection, trial, &held)?;
    run::set_param(connection, head.run, param)
}

pub(super) fn report(
    connection: &Connection,
    trial: i64,
    step: i64,
    value: f64,
    now_ms: i64,
) -> Result<(), Fault> {
    let head = open(connection, trial)?;
    run::report(connection, (head.row, head.run), &[(step, value)], now_ms)
}

pub(super) fn set_state(connection: &Connection, trial: i64, change: &OptunaChange) -> Result<bool, Fault> {
    let head = open(connection, trial)?;
    let begins = change.state == OptunaState::Running;
    if begins && head.state != OptunaState::Waiting {
        return Ok(false);
    }
    let ends = change.state.is_final();
    let (outcome, params): (Vec<u8>, Vec<u8>) = connection
        .prepare_cached(
            "UPDATE optuna_trials SET state = ?, outcome = CASE WHEN ?2 = x'' THEN outcome ELSE ?2 END,
                 started = ifnull(?, started), ended = ifnull(?, ended)
             WHERE id = ? RETURNING outcome, params",
        )?
        .query_row(
            params![
                change.state as i64,
                pack_floats(&change.values),
                begins.then_some(&change.now.text),
                ends.then_some(&change.now.text),
                trial
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    run::follow(
        connection,
        &Turn {
            run: head.run,
            state: change.state,
            values: &unpack_floats(&outcome)?,
            params: &unpack_params(&params)?,
            violation: missed(connection, trial)?,
            // One that nobody ever executed began when it ended.
            started_ms: (head.state == OptunaState::Waiting).then_some(change.now.ms),
            ended_ms: ends.then_some(change.now.ms),
        },
    )?;
    Ok(true)
}

/// By how much constraints of a trial are missed.
fn missed(connection: &Connection, trial: i64) -> Result<f64, Fault> {
    Ok(connection
        .prepare_cached("SELECT ifnull(sum(missed), 0.0) FROM optuna_trial_attributes WHERE trial = ?")?
        .query_row([trial], |row| row.get(0))?)
}

pub(super) fn set_attribute(
    connection: &Connection,
    trial: i64,
    attribute: &OptunaAttribute,
) -> Result<(), Fault> {
    put_attribute(connection, &open(connection, trial)?, attribute)
}

fn put_attribute(connection: &Connection, head: &Head, attribute: &OptunaAttribute) -> Result<(), Fault> {
    let OptunaAttribute { scope, key, json, meaning } = attribute;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO optuna_trial_attributes (trial, scope, key, json, missed)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![head.id, *scope as i64, key, json, meaning.missed])?;
    run::note(connection, head.run, meaning)
}
