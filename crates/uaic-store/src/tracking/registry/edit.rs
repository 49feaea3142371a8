//! Registered models and versions, made and changed.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use super::super::super::Fault;
use super::super::super::registry::{event, model_row};
use super::super::experiment::refused;
use uaic_study::store::rules::alias_detail;
use uaic_study::store::tracking::{ModelId, NewRegistered, NewVersion, RegisteredEdit, VersionEdit};
use uaic_study::store::{Id, TrackingError};

/// The tag by which a logged model knows its versions.
const VERSIONS_TAG: &str = "mlflow.modelVersions";

/// The row of a registered model.
pub(super) fn row(connection: &Connection, name: &str) -> Result<i64, Fault> {
    model_row(connection, name)?.ok_or_else(|| refused(TrackingError::NoModel(name.to_owned())))
}

pub(super) fn create(connection: &Connection, new: &NewRegistered, now_ms: i64) -> Result<i64, Fault> {
    check_free(connection, &new.name)?;
    connection
        .prepare_cached(
            "INSERT INTO models (name, last, description, created_ms, updated_ms) VALUES (?1, 0, ?2, ?3, ?3)",
        )?
        .execute(params![new.name, new.description, now_ms])?;
    let model = connection.last_insert_rowid();
    for (key, value) in &new.tags {
        put_tag(connection, model, key, value)?;
    }
    Ok(model)
}

fn check_free(connection: &Connection, name: &str) -> Result<(), Fault> {
    match model_row(connection, name)? {
        Some(_) => Err(refused(TrackingError::ModelExists(name.to_owned()))),
        None => Ok(()),
    }
}

fn put_tag(connection: &Connection, model: i64, key: &str, value: &str) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO model_tags (model, key, value) VALUES (?, ?, ?)")?
        .execute(params![model, key, value])?;
    Ok(())
}

/// That a model has just been changed.
fn touch(connection: &Connection, model: i64, now_ms: i64) -> Result<(), Fault> {
    connection.prepare_cached("UPDATE models SET updated_ms = ? WHERE id = ?")?.execute([now_ms, model])?;
    Ok(())
}

pub(super) fn edit(
    connection: &Connection,
    name: &str,
    edit: &RegisteredEdit,
    now_ms: i64,
) -> Result<(), Fault> {
    let model = row(connection, name)?;
    match edit {
        RegisteredEdit::Rename(new) => {
            if new != name {
                check_free(connection, new)?;
            }
            connection
                .prepare_cached("UPDATE models SET name = ? WHERE id = ?")?
                .execute(params![new, model])?;
            event(connection, now_ms, model, "renamed", &format!("from {name} to {new}"))?;
            touch(connection, model, now_ms)
        }
        RegisteredEdit::Describe(text) => {
            connection
                .prepare_cached("UPDATE models SET description = ? WHERE id = ?")?
                .execute(params![text, model])?;
            touch(connection, model, now_ms)
        }
        RegisteredEdit::Delete => delete(connection, model),
        RegisteredEdit::SetTag { key, value } => put_tag(connection, model, key, value),
        RegisteredEdit::RemoveTag(key) => {
            connection
                .prepare_cached("DELETE FROM model_tags WHERE model = ? AND key = ?")?
                .execute(params![model, key])?;
            Ok(())
        }
        RegisteredEdit::SetAlias { alias, version } => {
            let model = version_row(connection, name, *version)?;
            set_alias(connection, model, alias, Some(*version), now_ms)
        }
        RegisteredEdit::RemoveAlias(alias) => set_alias(connection, model, alias, None, now_ms),
    }
}

fn delete(connection: &Connection, model: i64) -> Result<(), Fault> {
    for table in ["model_aliases", "version_tags", "model_versions", "model_tags", "model_events"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE model = ?"))?.execute([model])?;
    }
    connection.prepare_cached("DELETE FROM models WHERE id = ?")?.execute([model])?;
    Ok(())
}

fn set_alias(
    connection: &Connection,
    model: i64,
    alias: &str,
    version: Option<u32>,
    now_ms: i64,
) -> Result<(), Fault> {
    let before: Option<u32> = connection
        .prepare_cached("SELECT version FROM model_aliases WHERE model = ? AND alias = ?")?
        .query_row(params![model, alias], |row| row.get(0))
        .optional()?;
    if before == version {
        return Ok(());
    }
    match version {
        Some(version) => connection
            .prepare_cached("INSERT OR REPLACE INTO model_aliases (model, alias, version) VALUES (?, ?, ?)")?
            .execute(params![model, alias, version])?,
        None => connection
            .prepare_cached("DELETE FROM model_aliases WHERE model = ? AND alias = ?")?
            .execute(params![model, alias])?,
    };
    event(connection, now_ms, model, "alias", &alias_detail(alias, before, version, ""))
}

/// The row of the model of a version that is there.
fn version_row(connection: &Connection, name: &str, version: u32) -> Result<i64, Fault> {
    let found = connection
        .prepare_cached(
            "SELECT model FROM model_versions JOIN models ON models.id = model WHERE name = ? AND version = ?",
        )?
        .query_row(params![name, version], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| no_version(name, version))
}

/// The error of a version that is not there.
pub(super) fn no_version(name: &str, version: u32) -> Fault {
    refused(TrackingError::NoVersion { name: name.to_owned(), version })
}

pub(super) fn create_version(connection: &Connection, new: &NewVersion, now_ms: i64) -> Result<u32, Fault> {
    let model = row(connection, &new.name)?;
    let version: u32 = connection
        .prepare_cached("UPDATE models SET last = last + 1, updated_ms = ? WHERE id = ? RETURNING last")?
        .query_row([now_ms, model], |row| row.get(0))?;
    let run = new.run.as_deref().map(|run| run_row(connection, run)).transpose()?.flatten();
    let elsewhere = new.run.as_deref().filter(|_| run.is_none());
    let NewVersion { source, location, run_link, model: logged, description, .. } = new;
    connection
        .prepare_cached(
            "INSERT INTO model_versions (model, version, run, note, created_ms, updated_ms, source, location,
                 run_elsewhere, run_link, logged_model)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            model,
            version,
            run,
            description,
            now_ms,
            source,
            location,
            elsewhere,
            run_link,
            logged
        ])?;
    for (key, value) in &new.tags {
        put_version_tag(connection, model, version, key, value)?;
    }
    if let Some(logged) = new.model.as_deref().and_then(ModelId::parse) {
        tell_logged(connection, logged, &new.name, version)?;
    }
    event(connection, now_ms, model, "registered", &format!("version {version}, from {source}"))?;
    Ok(version)
}

/// The row of a run of this store.
fn run_row(connection: &Connection, run: &str) -> Result<Option<i64>, Fault> {
    let Some(id) = Id::parse(run).filter(|id| id.to_string() == run) else { return Ok(None) };
    Ok(connection
        .prepare_cached("SELECT id FROM runs WHERE uuid = ? AND hidden & 6 = 0")?
        .query_row([id.0], |row| row.get(0))
        .optional()?)
}

/// Notes with a logged model which version it is.
fn tell_logged(connection: &Connection, logged: ModelId, name: &str, version: u32) -> Result<(), Fault> {
    let known: Option<(i64, Option<String>)> = connection
        .prepare_cached(
            "SELECT id, (SELECT value FROM logged_model_tags WHERE model = logged_models.id AND key = ?)
             FROM logged_models WHERE uuid = ?",
        )?
        .query_row(params![VERSIONS_TAG, logged.0.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((row, tag)) = known else { return Ok(()) };
    let mut versions: Vec<Value> = tag.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    versions.push(json!({ "name": name, "version": version.to_string() }));
    connection
        .prepare_cached("INSERT OR REPLACE INTO logged_model_tags (model, key, value) VALUES (?, ?, ?)")?
        .execute(params![row, VERSIONS_TAG, Value::Array(versions).to_string()])?;
    Ok(())
}

fn put_version_tag(
    connection: &Connection,
    model: i64,
    version: u32,
    key: &str,
    value: &str,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO version_tags (model, version, key, value) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![model, version, key, value])?;
    Ok(())
}

pub(super) fn edit_version(
    connection: &Connection,
    name: &str,
    version: u32,
    edit: &VersionEdit,
    now_ms: i64,
) -> Result<(), Fault> {
    let model = version_row(connection, name, version)?;
    match edit {
        VersionEdit::Describe(text) => {
            connection
                .prepare_cached(
                    "UPDATE model_versions SET note = ?, updated_ms = ? WHERE model = ? AND version = ?",
                )?
                .execute(params![text, now_ms, model, version])?;
        }
        VersionEdit::Stage { stage, archive_others } => {
            if *archive_others {
                connection
                    .prepare_cached(
                        "UPDATE model_versions SET stage = 'Archived', updated_ms = ?
                         WHERE model = ? AND stage = ? AND version <> ?",
                    )?
                    .execute(params![now_ms, model, stage.name(), version])?;
            }
            connection
                .prepare_cached(
                    "UPDATE model_versions SET stage = ?, updated_ms = ? WHERE model = ? AND version = ?",
                )?
                .execute(params![stage.name(), now_ms, model, version])?;
            event(connection, now_ms, model, "stage", &format!("version {version} is in stage {stage}"))?;
            touch(connection, model, now_ms)?;
        }
        VersionEdit::Delete => {
            for table in ["model_aliases", "version_tags", "model_versions"] {
                connection
                    .prepare_cached(&format!("DELETE FROM {table} WHERE model = ? AND version = ?"))?
                    .execute(params![model, version])?;
            }
            event(connection, now_ms, model, "deleted", &format!("version {version}"))?;
            touch(connection, model, now_ms)?;
        }
        VersionEdit::SetTag { key, value } => put_version_tag(connection, model, version, key, value)?,
        VersionEdit::RemoveTag(key) => {
            connection
                .prepare_cached("DELETE FROM version_tags WHERE model = ? AND version = ? AND key = ?")?
                .execute(params![model, version, key])?;
        }
    }
    Ok(())
}
