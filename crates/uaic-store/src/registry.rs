//! The statements of the registry of models.

use rusqlite::{Connection, OptionalExtension, params};

use super::Fault;
use super::rows::run_row;
use uaic_study::store::rules::{alias_detail, no_alias, no_model, no_version};
use uaic_study::store::{EventRecord, Id, ModelVersion};

pub(super) fn register(
    connection: &Connection,
    name: &str,
    run: Id,
    note: &str,
    now_ms: i64,
) -> Result<(), Fault> {
    let row = run_row(connection, run)?;
    let known = connection
        .prepare_cached(
            "SELECT 1 FROM model_versions JOIN models ON models.id = model WHERE name = ? AND run = ?",
        )?
        .exists(params![name, row])?;
    if known {
        return Ok(());
    }
    let (model, version): (i64, u32) = connection
        .prepare_cached(
            "INSERT INTO models (name, last, created_ms, updated_ms) VALUES (?1, 1, ?2, ?2)
             ON CONFLICT (name) DO UPDATE SET last = last + 1, updated_ms = ?2 RETURNING id, last",
        )?
        .query_row(params![name, now_ms], |row| Ok((row.get(0)?, row.get(1)?)))?;
    connection
        .prepare_cached(
            "INSERT INTO model_versions (model, version, run, note, created_ms, updated_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        )?
        .execute(params![model, version, row, note, now_ms])?;
    event(connection, now_ms, model, "registered", &format!("version {version}, run {}", run.short()))
}

pub(super) fn set_alias(
    connection: &Connection,
    name: &str,
    alias: &str,
    version: Option<u32>,
    why: &str,
    now_ms: i64,
) -> Result<(), Fault> {
    let model = model_row(connection, name)?.ok_or_else(|| no_model(name))?;
    let before: Option<u32> = connection
        .prepare_cached("SELECT version FROM model_aliases WHERE model = ? AND alias = ?")?
        .query_row(params![model, alias], |row| row.get(0))
        .optional()?;
    if let Some(version) = version {
        let is_there = connection
            .prepare_cached("SELECT 1 FROM model_versions WHERE model = ? AND version = ?")?
            .exists(params![model, version])?;
        if !is_there {
            return Err(no_version(name, version).into());
        }
        connection
            .prepare_cached(
                "INSERT INTO model_aliases (model, alias, version) VALUES (?, ?, ?)
                 ON CONFLICT (model, alias) DO UPDATE SET version = excluded.version",
            )?
            .execute(params![model, alias, version])?;
    } else if before.is_none() {
        return Err(no_alias(name, alias).into());
    } else {
        connection
            .prepare_cached("DELETE FROM model_aliases WHERE model = ? AND alias = ?")?
            .execute(params![model, alias])?;
    }
    event(connection, now_ms, model, "alias", &alias_detail(alias, before, version, why))
}

pub(super) fn versions(connection: &Connection, name: Option<&str>) -> Result<Vec<ModelVersion>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT models.name AS name, version, runs.uuid AS run,
             ifnull(location, source) AS source, model_versions.note AS note,
             model_versions.created_ms AS created_ms,
             (SELECT json_group_array(alias ORDER BY alias) FROM model_aliases
              WHERE model_aliases.model = models.id AND model_aliases.version = model_versions.version)
                 AS aliases
         FROM model_versions JOIN models ON models.id = model LEFT JOIN runs ON runs.id = run
         WHERE ?1 IS NULL OR models.name = ?1
         ORDER BY models.name, version",
    )?;
    let mut rows = statement.query([name])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        versions.push(ModelVersion {
            name: row.get("name")?,
            version: row.get("version")?,
            run: row.get::<_, Option<[u8; 16]>>("run")?.map(Id),
            source: row.get("source")?,
            note: row.get("note")?,
            created_ms: row.get("created_ms")?,
            aliases: super::codec::from_json("list of aliases", &row.get::<_, String>("aliases")?)?,
        });
    }
    Ok(versions)
}

pub(super) fn events(connection: &Connection, name: &str) -> Result<Vec<EventRecord>, Fault> {
    let model = model_row(connection, name)?.ok_or_else(|| no_model(name))?;
    let mut statement = connection
        .prepare_cached("SELECT time_ms, kind, detail FROM model_events WHERE model = ? ORDER BY id")?;
    let events = statement.query_map([model], |row| {
        Ok(EventRecord { time_ms: row.get(0)?, kind: row.get(1)?, detail: row.get(2)? })
    })?;
    Ok(events.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn model_row(connection: &Connection, name: &str) -> Result<Option<i64>, Fault> {
    Ok(connection
        .prepare_cached("SELECT id FROM models WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn event(
    connection: &Connection,
    now_ms: i64,
    model: i64,
    kind: &str,
    detail: &str,
) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT INTO model_events (time_ms, model, kind, detail) VALUES (?, ?, ?, ?)")?
        .execute(params![now_ms, model, kind, detail])?;
    Ok(())
}
