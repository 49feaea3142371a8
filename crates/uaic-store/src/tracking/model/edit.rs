//! Logged models, made and changed.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::super::Fault;
use super::super::experiment::{is_deleted, refused};
use uaic_study::store::TrackingError;
use uaic_study::store::tracking::{Batch, ModelEdit, ModelId, ModelStatus, NewModel};

/// The error of a model that is not there.
pub(super) fn unknown(id: ModelId) -> Fault {
    refused(TrackingError::NoLoggedModel(id))
}

/// The row of a model; of a deleted one only if that is asked for.
pub(super) fn row(connection: &Connection, id: ModelId, deleted: bool) -> Result<i64, Fault> {
    let found = connection
        .prepare_cached("SELECT id FROM logged_models WHERE uuid = ? AND deleted <= ?")?
        .query_row(params![id.0.0, deleted], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| unknown(id))
}

pub(super) fn create(connection: &Connection, new: &NewModel, now_ms: i64) -> Result<(), Fault> {
    if is_deleted(connection, new.experiment)? {
        return Err(refused(TrackingError::ExperimentDeleted(new.experiment)));
    }
    connection
        .prepare_cached(
            "INSERT INTO logged_models (uuid, experiment, name, kind, run, status, created_ms, updated_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        )?
        .execute(params![
            new.id.0.0,
            new.experiment.0,
            new.name,
            new.kind,
            new.run,
            ModelStatus::Pending.name(),
            now_ms
        ])?;
    let model = connection.last_insert_rowid();
    put_params(connection, model, new.id, &new.params)?;
    put_tags(connection, model, &new.tags)
}

fn put_params(
    connection: &Connection,
    model: i64,
    id: ModelId,
    params: &[(String, String)],
) -> Result<(), Fault> {
    for (key, value) in params {
        let inserted = connection
            .prepare_cached(
                "INSERT INTO logged_model_params (model, key, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            )?
            .execute(params![model, key, value])?;
        if inserted > 0 {
            continue;
        }
        let old: String = connection
            .prepare_cached("SELECT value FROM logged_model_params WHERE model = ? AND key = ?")?
            .query_row(params![model, key], |row| row.get(0))?;
        if old != *value {
            let (key, new) = (key.clone(), value.clone());
            return Err(refused(TrackingError::ModelParamChanged { model: id, key, old, new }));
        }
    }
    Ok(())
}

fn put_tags(connection: &Connection, model: i64, tags: &[(String, String)]) -> Result<(), Fault> {
    for (key, value) in tags {
        connection
            .prepare_cached("INSERT OR REPLACE INTO logged_model_tags (model, key, value) VALUES (?, ?, ?)")?
            .execute(params![model, key, value])?;
    }
    Ok(())
}

pub(super) fn edit(connection: &Connection, id: ModelId, edit: &ModelEdit, now_ms: i64) -> Result<(), Fault> {
    let model = row(connection, id, false)?;
    match edit {
        ModelEdit::Status(status) => {
            connection
                .prepare_cached("UPDATE logged_models SET status = ? WHERE id = ?")?
                .execute(params![status.name(), model])?;
        }
        ModelEdit::Params(params) => put_params(connection, model, id, params)?,
        ModelEdit::Tags(tags) => put_tags(connection, model, tags)?,
        ModelEdit::RemoveTag(key) => {
            let removed = connection
                .prepare_cached("DELETE FROM logged_model_tags WHERE model = ? AND key = ?")?
                .execute(params![model, key])?;
            if removed == 0 {
                return Err(refused(TrackingError::NoTag { key: key.clone() }));
            }
        }
        ModelEdit::Delete => {
            connection
                .prepare_cached("UPDATE logged_models SET deleted = 1 WHERE id = ?")?
                .execute([model])?;
        }
    }
    connection
        .prepare_cached("UPDATE logged_models SET updated_ms = max(?, created_ms) WHERE id = ?")?
        .execute([now_ms, model])?;
    Ok(())
}

/// Adds the points of a batch that are of models, too.
pub(in super::super) fn put_metrics(connection: &Connection, run: i64, batch: &Batch) -> Result<(), Fault> {
    for own in &batch.of_models {
        let Some(point) = batch.points.get(own.place) else { continue };
        let model = row(connection, own.model, false)?;
        let (dataset, digest) = match &own.dataset {
            Some(dataset) => (Some(&dataset.name), Some(&dataset.digest)),
            None => (None, None),
        };
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO logged_model_metrics (model, key, run, step, time_ms, value, dataset, digest)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                model, point.key, run, point.step, point.time_ms, point.value, dataset, digest
            ])?;
    }
    Ok(())
}
