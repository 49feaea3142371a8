//! Studies.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::Fault;
use super::super::codec::{from_json, goals_column, goals_value, id_at, named as read_named, to_json};
use super::super::outside::remove_study;
use super::super::rows::{event, intern, name_row};
use super::super::study_run;
use super::super::write::insert_study;
use super::{forget, seen};
use uaic_study::store::{
    Environment, Id, NewStudy, OptunaAttribute, OptunaScope, OptunaStudy, StoreError, StudyState,
};
use uaic_study::trial::{Direction, Goal, Goals};

fn no_study(what: &str) -> Fault {
    StoreError::NotFound { what: "study", id: what.to_owned() }.into()
}

pub(super) fn create(
    connection: &Connection,
    id: Id,
    name: &str,
    plan: &NewStudy,
    now_ms: i64,
) -> Result<i64, Fault> {
    if connection.prepare_cached("SELECT 1 FROM optuna_studies WHERE name = ?")?.exists([name])? {
        return Err(StoreError::NameTaken { what: "study", name: name.to_owned() }.into());
    }
    let study = insert_study(connection, id, plan, 0, now_ms)?;
    event(connection, now_ms, Some(study), None, "created", &plan.experiment)?;
    complete(connection, study, now_ms)?;
    connection
        .prepare_cached("INSERT INTO optuna_studies (study, name) VALUES (?, ?)")?
        .execute(params![study, name])?;
    Ok(connection.last_insert_rowid())
}

/// Nobody here works on it.
fn complete(connection: &Connection, study: i64, now_ms: i64) -> Result<(), Fault> {
    connection
        .prepare_cached("UPDATE studies SET state = ? WHERE id = ?")?
        .execute(params![StudyState::Complete.name(), study])?;
    study_run::follow(connection, study, now_ms)
}

/// The row of the study that a number stands for.
pub(super) fn row(connection: &Connection, number: i64) -> Result<i64, Fault> {
    connection
        .prepare_cached("SELECT study FROM optuna_studies WHERE id = ?")?
        .query_row([number], |row| row.get(0))
        .optional()?
        .ok_or_else(|| no_study(&number.to_string()))
}

pub(super) fn named(connection: &Connection, name: &str) -> Result<i64, Fault> {
    connection
        .prepare_cached("SELECT id FROM optuna_studies WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?
        .ok_or_else(|| no_study(name))
}

pub(super) fn read(connection: &Connection, number: i64) -> Result<OptunaStudy, Fault> {
    list(connection, number, number)?.pop().ok_or_else(|| no_study(&number.to_string()))
}

pub(super) fn all(connection: &Connection) -> Result<Vec<OptunaStudy>, Fault> {
    let mut studies = list(connection, 0, i64::MAX)?;
    for study in &mut studies {
        study.user = attributes(connection, study.number, OptunaScope::User)?;
        study.system = attributes(connection, study.number, OptunaScope::System)?;
    }
    Ok(studies)
}

/// Studies by number, without their attributes.
fn list(connection: &Connection, first: i64, last: i64) -> Result<Vec<OptunaStudy>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT optuna_studies.id AS number, uuid, name, metric, direction, more_objectives
         FROM optuna_studies JOIN studies ON studies.id = study
         WHERE optuna_studies.id BETWEEN ? AND ? ORDER BY optuna_studies.id",
    )?;
    let mut rows = statement.query([first, last])?;
    let mut studies = Vec::new();
    while let Some(row) = rows.next()? {
        let direction = read_named("direction", &row.get::<_, String>("direction")?, Direction::from_name)?;
        let first = Goals::from(Goal::new(row.get::<_, String>("metric")?, direction));
        let more = goals_value(&row.get::<_, String>("more_objectives")?)?;
        studies.push(OptunaStudy {
            number: row.get("number")?,
            id: id_at(row, "uuid")?,
            name: row.get("name")?,
            goals: more.into_iter().fold(first, Goals::and),
            user: vec![],
            system: vec![],
        });
    }
    Ok(studies)
}

pub(super) fn attributes(
    connection: &Connection,
    number: i64,
    scope: OptunaScope,
) -> Result<Vec<(String, String)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT key, json FROM optuna_study_attributes WHERE study = ? AND scope = ? ORDER BY key",
    )?;
    let rows = statement.query_map([number, scope as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn set_attribute(
    connection: &Connection,
    number: i64,
    attribute: &OptunaAttribute,
    goals: Option<&Goals>,
) -> Result<(), Fault> {
    let study = row(connection, number)?;
    let (tag, text) = attribute.meaning.tag.clone().unzip();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO optuna_study_attributes (study, scope, key, json, tag, text)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![number, attribute.scope as i64, attribute.key, attribute.json, tag, text])?;
    goals.map_or(Ok(()), |goals| set_goals(connection, study, goals))
}

/// Calls what a study optimises by other names; what was reported before goes along.
fn set_goals(connection: &Connection, study: i64, goals: &Goals) -> Result<(), Fault> {
    let before: String = connection
        .prepare_cached("SELECT metric FROM studies WHERE id = ?")?
        .query_row([study], |row| row.get(0))?;
    connection
        .prepare_cached("UPDATE studies SET metric = ?, direction = ?, more_objectives = ? WHERE id = ?")?
        .execute(params![
            goals.metric(),
            goals.direction().to_string(),
            goals_column(goals.more())?,
            study
        ])?;
    if before == goals.metric() {
        return Ok(());
    }
    let (from, to) = (name_row(connection, &before)?, name_row(connection, goals.metric())?);
    for table in ["metrics", "pieces"] {
        // A series of the new name is not of Optuna's making, and stays.
        connection
            .prepare_cached(&format!(
                "UPDATE OR IGNORE {table} SET name = ?1 WHERE name = ?2
                     AND run IN (SELECT id FROM runs WHERE study = ?3)"
            ))?
            .execute([to, from, study])?;
    }
    Ok(())
}

pub(super) fn delete(connection: &Connection, number: i64, now_ms: i64) -> Result<(), Fault> {
    let (study, id) = (row(connection, number)?, read(connection, number)?.id);
    keep_seen(connection, study)?;
    forget::study(connection, study)?;
    let is_empty = !connection.prepare_cached("SELECT 1 FROM runs WHERE study = ?")?.exists([study])?;
    if is_empty {
        // Nothing of it could be brought back.
        return remove_study(connection, study, id);
    }
    hide(connection, study, now_ms)
}

/// Writes down what [`seen::look`] sees.
fn keep_seen(connection: &Connection, study: i64) -> Result<(), Fault> {
    let text: String = connection
        .prepare_cached(
            "SELECT content FROM texts JOIN studies ON studies.environment = texts.id WHERE studies.id = ?",
        )?
        .query_row([study], |row| row.get(0))?;
    let mut environment: Environment = from_json("environment", &text)?;
    seen::look(connection, study, &mut environment)?;
    let trials: i64 = connection
        .prepare_cached("SELECT ifnull(max(number), -1) + 1 FROM runs WHERE study = ? AND kind = 'trial'")?
        .query_row([study], |row| row.get(0))?;
    let text = intern(connection, &to_json("environment", &environment)?)?;
    connection
        .prepare_cached("UPDATE studies SET environment = ?, trials = ? WHERE id = ?")?
        .execute([text, trials, study])?;
    Ok(())
}

/// Hides the runs of a study; those that run are interrupted, and those that nobody sees yet shown as
/// such.
fn hide(connection: &Connection, study: i64, now_ms: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO events (time_ms, study, run, kind, detail)
             SELECT ?, study, id, 'hidden', '' FROM runs WHERE study = ? AND hidden <> 1",
        )?
        .execute([now_ms, study])?;
    connection
        .prepare_cached(
            "UPDATE runs SET state = 'INTERRUPTED', ended_ms = ?, reason = ifnull(reason, 'its study was deleted')
             WHERE study = ? AND state = 'RUNNING'",
        )?
        .execute([now_ms, study])?;
    connection
        .prepare_cached("UPDATE runs SET hidden = 1 WHERE study = ? AND hidden <> 1")?
        .execute([study])?;
    Ok(())
}
