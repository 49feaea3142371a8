//! What is added to runs: parameters, points and tags.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::super::Fault;
use super::super::codec::{param_columns, param_value};
use super::super::outside::nest;
use super::super::rows::{known_name, name_row};
use super::super::write::started;
use super::super::{attach, once, series};
use super::experiment::refused;
use super::model::put_metrics;
use super::row::active;
use uaic_study::store::tracking::{Batch, NAME_TAG, NOTE_TAG, PARENT_TAG};
use uaic_study::store::{Id, Point, TrackingError};
use uaic_study::trial::ParamValue;

pub(super) fn record(connection: &Connection, id: Id, batch: &Batch) -> Result<(), Fault> {
    let (run, started_ms) = active(connection, id)?;
    for (key, value) in &batch.params {
        put_param(connection, run, id, key, value)?;
    }
    let mut points: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
    for point in &batch.points {
        points.entry(point.key.as_str()).or_default().push(point.into());
    }
    for (key, points) in points {
        once::append(connection, run, started_ms, name_row(connection, key)?, points)?;
    }
    put_metrics(connection, run, batch)?;
    for (key, value) in &batch.tags {
        put_tag(connection, run, id, key, value)?;
    }
    Ok(())
}

fn put_param(connection: &Connection, run: i64, id: Id, key: &str, value: &str) -> Result<(), Fault> {
    let name = name_row(connection, key)?;
    let new = ParamValue::Text(value.to_owned());
    let (column, kind, text) = param_columns(&new);
    let inserted = connection
        .prepare_cached(
            "INSERT INTO params (run, name, value, kind, text) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )?
        .execute(params![run, name, column, kind, text])?;
    if inserted > 0 {
        return Ok(());
    }
    let (column, kind, text) = connection
        .prepare_cached("SELECT value, kind, text FROM params WHERE run = ? AND name = ?")?
        .query_row([run, name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let old = param_value(column, kind, text)?.to_string();
    if old == value {
        return Ok(());
    }
    let (key, new) = (key.to_owned(), value.to_owned());
    Err(refused(TrackingError::ParamChanged { run: id, key, old, new }))
}

/// Sets a tag, or what it stands for.
pub(super) fn put_tag(
    connection: &Connection,
    run: i64,
    id: Id,
    key: &str,
    value: &str,
) -> Result<(), Fault> {
    match key {
        NAME_TAG if value.is_empty() => Ok(()),
        NAME_TAG => set(connection, run, "name", value),
        NOTE_TAG => set(connection, run, "note", value),
        PARENT_TAG => put_parent(connection, run, id, value),
        _ => attach::put_tag(connection, run, key, value),
    }
}

fn set(connection: &Connection, run: i64, column: &str, value: &str) -> Result<(), Fault> {
    connection
        .prepare_cached(&format!("UPDATE runs SET {column} = ? WHERE id = ?"))?
        .execute(params![value, run])?;
    Ok(())
}

/// Makes a run part of another. What is no run here, or would be part of itself, is a tag like others.
fn put_parent(connection: &Connection, run: i64, id: Id, value: &str) -> Result<(), Fault> {
    let parent = Id::parse(value).filter(|parent| parent.to_string() == value);
    let is_run = match parent {
        Some(parent) => connection
            .prepare_cached("SELECT 1 FROM runs WHERE uuid = ? AND hidden < 2")?
            .exists([parent.0])?,
        None => false,
    };
    let above = match parent.filter(|_| is_run).map(|parent| nest(connection, id, parent)) {
        Some(Ok(row)) => Some(row),
        Some(Err(Fault::Sqlite(error))) => return Err(error.into()),
        Some(Err(Fault::Refused(_))) | None => None,
    };
    connection.prepare_cached("UPDATE runs SET parent = ? WHERE id = ?")?.execute(params![above, run])?;
    if above.is_none() {
        return attach::put_tag(connection, run, PARENT_TAG, value);
    }
    delete(connection, run, PARENT_TAG).map(|_| ())
}

fn delete(connection: &Connection, run: i64, key: &str) -> Result<usize, Fault> {
    let name = known_name(connection, key)?;
    Ok(connection
        .prepare_cached("DELETE FROM tags WHERE run = ? AND name = ?")?
        .execute(params![run, name])?)
}

pub(super) fn remove_tag(connection: &Connection, id: Id, key: &str) -> Result<(), Fault> {
    let (run, _) = active(connection, id)?;
    let column = match key {
        NAME_TAG => Some("name"),
        NOTE_TAG => Some("note"),
        PARENT_TAG => Some("parent"),
        _ => None,
    };
    let mut removed = delete(connection, run, key)?;
    if let Some(column) = column {
        let sql = format!("UPDATE runs SET {column} = NULL WHERE id = ? AND {column} IS NOT NULL");
        removed += connection.prepare_cached(&sql)?.execute([run])?;
    }
    if removed > 0 { Ok(()) } else { Err(refused(TrackingError::NoTag { key: key.to_owned() })) }
}

pub(super) fn histories(
    connection: &Connection,
    runs: &[Id],
    key: &str,
) -> Result<BTreeMap<Id, Vec<Point>>, Fault> {
    let Some(name) = known_name(connection, key)? else { return Ok(BTreeMap::new()) };
    let mut histories = BTreeMap::new();
    for id in runs {
        let run: Option<i64> = connection
            .prepare_cached("SELECT id FROM runs WHERE uuid = ? AND hidden & 2 = 0")?
            .query_row([id.0], |row| row.get(0))
            .optional()?;
        let Some(run) = run else { continue };
        let mut points = series::points(connection, run, started(connection, run)?, name)?;
        points.sort_by(by_time);
        if !points.is_empty() {
            histories.insert(*id, points);
        }
    }
    Ok(histories)
}

/// The order of a history: by time, step and value.
fn by_time(a: &Point, b: &Point) -> Ordering {
    (a.time_ms, a.step).cmp(&(b.time_ms, b.step)).then(a.value.total_cmp(&b.value))
}
