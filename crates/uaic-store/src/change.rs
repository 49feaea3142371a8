//! The statements of trials that find out on their way what they are, and of changes of a study.

use rusqlite::{Connection, OptionalExtension, params};

use super::Fault;
use super::codec::{from_json, named, to_json};
use super::rows::{intern, running_row, study_row};
use super::write::{first_value, insert_params, put_more_values};
use uaic_study::store::rules::{check_ended, first_trial_of};
use uaic_study::store::{Attempt, Change, Id, StoreError, StudyChange};
use uaic_study::trial::{Params, RunState};

pub(super) fn set_params(
    connection: &Connection,
    attempt: Attempt,
    values: &Params,
    config: &serde_json::Value,
) -> Result<(), Fault> {
    let run = running_row(connection, attempt)?;
    let config = intern(connection, &config.to_string())?;
    connection.prepare_cached("DELETE FROM params WHERE run = ?")?.execute([run])?;
    connection.prepare_cached("UPDATE runs SET config = ? WHERE id = ?")?.execute([config, run])?;
    insert_params(connection, run, values)
}

pub(super) fn change_study(
    connection: &Connection,
    id: Id,
    change: &Change,
    now_ms: i64,
) -> Result<StudyChange, Fault> {
    let study = study_row(connection, id)?;
    apply(connection, study, change)?;
    let (last_started, last_enqueued) = last_trials(connection, study)?;
    let from_trial = first_trial_of(change, last_started, last_enqueued);
    let change = StudyChange { from_trial, time_ms: now_ms, change: change.clone() };
    insert(connection, study, &change)?;
    Ok(change)
}

pub(super) fn copy_change(connection: &Connection, id: Id, change: &StudyChange) -> Result<(), Fault> {
    let study = study_row(connection, id)?;
    apply(connection, study, &change.change)?;
    insert(connection, study, change)
}

fn insert(connection: &Connection, study: i64, change: &StudyChange) -> Result<(), Fault> {
    let StudyChange { from_trial, time_ms, change } = change;
    connection
        .prepare_cached("INSERT INTO study_changes (study, from_trial, time_ms, change) VALUES (?, ?, ?, ?)")?
        .execute(params![study, from_trial, time_ms, to_json("change", change)?])?;
    Ok(())
}

/// The highest number of a trial that has been started, and of one that something is enqueued for.
fn last_trials(connection: &Connection, study: i64) -> Result<(Option<u32>, Option<u32>), Fault> {
    let started = connection
        .prepare_cached("SELECT max(number) FROM runs WHERE study = ? AND kind = 'trial'")?
        .query_row([study], |row| row.get(0))?;
    let enqueued = connection
        .prepare_cached(
            "SELECT max(from_trial) FROM study_changes WHERE study = ? AND change ->> 'kind' = 'enqueue'",
        )?
        .query_row([study], |row| row.get(0))?;
    Ok((started, enqueued))
}

/// Does to the trials themselves what a change says.
fn apply(connection: &Connection, study: i64, change: &Change) -> Result<(), Fault> {
    let Some(number) = change.trial() else { return Ok(()) };
    let run = ended_row(connection, study, number)?;
    match change {
        Change::Exclude { .. } | Change::Include { .. } => {
            let excluded = matches!(change, Change::Exclude { .. });
            connection
                .prepare_cached("UPDATE runs SET excluded = ? WHERE id = ?")?
                .execute(params![excluded, run])?;
        }
        Change::Correct { new, .. } => {
            let (value, kind) = first_value(new);
            // A failed or pruned trial whose value is known after all is complete.
            connection
                .prepare_cached("UPDATE runs SET value = ?, value_kind = ?, state = 'COMPLETE' WHERE id = ?")?
                .execute(params![value, kind, run])?;
            connection.prepare_cached("DELETE FROM more_values WHERE run = ?")?.execute([run])?;
            put_more_values(connection, run, new)?;
        }
        Change::Enqueue { .. } | Change::Space { .. } => {}
    }
    Ok(())
}

fn ended_row(connection: &Connection, study: i64, number: u32) -> Result<i64, Fault> {
    let found: Option<(i64, String)> = connection
        .prepare_cached("SELECT id, state FROM runs WHERE study = ? AND kind = 'trial' AND number = ?")?
        .query_row(params![study, number], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((run, state)) = found else {
        return Err(StoreError::NotFound { what: "trial", id: number.to_string() }.into());
    };
    check_ended(number, named("run state", &state, RunState::from_name)?)?;
    Ok(run)
}

pub(super) fn changes(connection: &Connection, id: Id) -> Result<Vec<StudyChange>, Fault> {
    let study = study_row(connection, id)?;
    let mut statement = connection.prepare_cached(
        "SELECT from_trial, time_ms, change FROM study_changes WHERE study = ? ORDER BY id",
    )?;
    let mut rows = statement.query([study])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let change = from_json("change", &row.get::<_, String>(2)?)?;
        changes.push(StudyChange { from_trial: row.get(0)?, time_ms: row.get(1)?, change });
    }
    Ok(changes)
}
