//! The statements of experiments.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};

use super::super::Fault;
use super::super::sql::Sql;
use super::clause::{keyed, number, text};
use uaic_study::store::tracking::{
    Clause, ExperimentEdit, ExperimentField, ExperimentId, ExperimentRecord, ExperimentSearch, Lifecycle,
    NewExperiment,
};
use uaic_study::store::{StoreError, TrackingError};

/// The error of an experiment that is not there.
pub(super) fn unknown(id: ExperimentId) -> Fault {
    refused(TrackingError::NoExperiment(id))
}

pub(super) fn refused(error: TrackingError) -> Fault {
    StoreError::from(error).into()
}

pub(super) fn create(
    connection: &Connection,
    new: &NewExperiment,
    now_ms: i64,
) -> Result<ExperimentId, Fault> {
    check_free(connection, &new.name, None)?;
    connection
        .prepare_cached("INSERT INTO experiments (name, created_ms, location) VALUES (?, ?, ?)")?
        .execute(params![new.name, now_ms, new.location])?;
    let id = connection.last_insert_rowid();
    for (key, value) in &new.tags {
        put_tag(connection, id, key, value)?;
    }
    Ok(ExperimentId(id))
}

/// That no other experiment has a name.
fn check_free(connection: &Connection, name: &str, own: Option<ExperimentId>) -> Result<(), Fault> {
    let other: Option<(i64, bool)> = connection
        .prepare_cached("SELECT id, deleted FROM experiments WHERE name = ?")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match other {
        Some((id, is_deleted)) if own != Some(ExperimentId(id)) => {
            Err(refused(TrackingError::ExperimentExists { name: name.to_owned(), is_deleted }))
        }
        _ => Ok(()),
    }
}

fn put_tag(connection: &Connection, id: i64, key: &str, value: &str) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO experiment_tags (experiment, key, value) VALUES (?, ?, ?)")?
        .execute(params![id, key, value])?;
    Ok(())
}

/// Whether an experiment is deleted.
pub(super) fn is_deleted(connection: &Connection, id: ExperimentId) -> Result<bool, Fault> {
    let found: Option<bool> = connection
        .prepare_cached("SELECT deleted FROM experiments WHERE id = ?")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| unknown(id))
}

pub(super) fn edit(
    connection: &Connection,
    id: ExperimentId,
    edit: &ExperimentEdit,
    now_ms: i64,
) -> Result<(), Fault> {
    let is_deleted = is_deleted(connection, id)?;
    let deleted = || refused(TrackingError::ExperimentDeleted(id));
    match edit {
        ExperimentEdit::Restore if !is_deleted => return Err(refused(TrackingError::ExperimentActive(id))),
        ExperimentEdit::Restore => set_deleted(connection, id, false, now_ms)?,
        _ if is_deleted => return Err(deleted()),
        ExperimentEdit::Delete => set_deleted(connection, id, true, now_ms)?,
        ExperimentEdit::Rename(name) => rename(connection, id, name)?,
        ExperimentEdit::SetTag { key, value } => put_tag(connection, id.0, key, value)?,
        ExperimentEdit::RemoveTag(key) => {
            let removed = connection
                .prepare_cached("DELETE FROM experiment_tags WHERE experiment = ? AND key = ?")?
                .execute(params![id.0, key])?;
            if removed == 0 {
                return Err(refused(TrackingError::NoTag { key: key.clone() }));
            }
        }
    }
    connection
        .prepare_cached("UPDATE experiments SET updated_ms = max(?, created_ms) WHERE id = ?")?
        .execute([now_ms, id.0])?;
    Ok(())
}

/// Deletes an experiment with its runs, or restores it with all of them.
fn set_deleted(connection: &Connection, id: ExperimentId, deleted: bool, now_ms: i64) -> Result<(), Fault> {
    // Since when a run has been hidden decides when it may be removed for good.
    if deleted {
        connection
            .prepare_cached(
                "INSERT INTO events (time_ms, study, run, kind, detail)
                 SELECT ?, study, id, 'hidden', 'with its experiment' FROM runs
                 WHERE experiment = ? AND hidden = 0",
            )?
            .execute([now_ms, id.0])?;
    }
    connection
        .prepare_cached("UPDATE experiments SET deleted = ? WHERE id = ?")?
        .execute(params![deleted, id.0])?;
    let hidden = if deleted { "hidden | 1" } else { "hidden & ~1" };
    connection
        .prepare_cached(&format!(
            "UPDATE runs SET hidden = {hidden} WHERE experiment = ? AND hidden <> {hidden}"
        ))?
        .execute([id.0])?;
    Ok(())
}

/// Studies know their experiment by its name.
fn rename(connection: &Connection, id: ExperimentId, name: &str) -> Result<(), Fault> {
    check_free(connection, name, Some(id))?;
    connection
        .prepare_cached(
            "UPDATE studies SET experiment = ? WHERE experiment = (SELECT name FROM experiments WHERE id = ?)",
        )?
        .execute(params![name, id.0])?;
    connection
        .prepare_cached("UPDATE experiments SET name = ? WHERE id = ?")?
        .execute(params![name, id.0])?;
    Ok(())
}

const COLUMNS: &str = "id, name, location, deleted, created_ms, ifnull(updated_ms, created_ms)";

fn record(row: &Row<'_>) -> rusqlite::Result<ExperimentRecord> {
    let id = ExperimentId(row.get(0)?);
    Ok(ExperimentRecord {
        id,
        name: row.get(1)?,
        location: row.get::<_, Option<String>>(2)?.unwrap_or_else(|| id.location()),
        is_deleted: row.get(3)?,
        created_ms: row.get(4)?,
        updated_ms: row.get(5)?,
        tags: BTreeMap::new(),
    })
}

/// The experiment of which a condition with one value holds.
pub(super) fn find(
    connection: &Connection,
    condition: &str,
    value: impl ToSql,
) -> Result<Option<ExperimentRecord>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM experiments WHERE {condition}");
    let found = connection.prepare_cached(&sql)?.query_row([value], record).optional()?;
    let Some(mut found) = found else { return Ok(None) };
    add_tags(connection, std::slice::from_mut(&mut found))?;
    Ok(Some(found))
}

fn add_tags(connection: &Connection, experiments: &mut [ExperimentRecord]) -> Result<(), Fault> {
    let ids: Vec<String> = experiments.iter().map(|one| one.id.to_string()).collect();
    let places: BTreeMap<i64, usize> =
        experiments.iter().enumerate().map(|(place, one)| (one.id.0, place)).collect();
    let mut statement = connection.prepare_cached(
        "SELECT own.experiment, own.key, own.value FROM json_each(?) AS list
         CROSS JOIN experiment_tags AS own ON own.experiment = list.value",
    )?;
    let mut rows = statement.query([format!("[{}]", ids.join(","))])?;
    while let Some(row) = rows.next()? {
        if let Some(one) = places.get(&row.get(0)?).and_then(|place| experiments.get_mut(*place)) {
            one.tags.insert(row.get(1)?, row.get(2)?);
        }
    }
    Ok(())
}

pub(super) fn search(
    connection: &Connection,
    search: &ExperimentSearch,
) -> Result<Vec<ExperimentRecord>, Fault> {
    let mut filter = Sql::new(
        match search.lifecycle {
            Lifecycle::Active => "deleted = 0",
            Lifecycle::Deleted => "deleted = 1",
            Lifecycle::All => "TRUE",
        },
        Vec::new(),
    );
    for clause in &search.clauses {
        let clause = condition(clause);
        filter.text.push_str(" AND ");
        filter.text.push_str(&clause.text);
        filter.values.extend(clause.values);
    }
    let order = order(search);
    let sql = format!(
        "SELECT {COLUMNS} FROM experiments WHERE {} ORDER BY {} LIMIT {} OFFSET {}",
        filter.text, order.text, search.limit, search.offset
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let values = filter.values.into_iter().chain(order.values);
    let mut found =
        statement.query_map(params_from_iter(values), record)?.collect::<rusqlite::Result<Vec<_>>>()?;
    add_tags(connection, &mut found)?;
    Ok(found)
}

fn condition(clause: &Clause<ExperimentField>) -> Sql {
    match &clause.field {
        ExperimentField::Name => text("name", &clause.test),
        ExperimentField::Id => text("CAST(id AS TEXT)", &clause.test),
        ExperimentField::Created => number("created_ms", &clause.test),
        ExperimentField::Updated => number("ifnull(updated_ms, created_ms)", &clause.test),
        ExperimentField::Tag(key) => keyed(TAG, key, &clause.test),
    }
}

/// The value of a tag.
const TAG: &str =
    "(SELECT value FROM experiment_tags AS own WHERE own.experiment = experiments.id AND own.key = ?)";

fn order(search: &ExperimentSearch) -> Sql {
    if search.order.is_empty() {
        return Sql::new("created_ms DESC, id", Vec::new());
    }
    let mut whole = Sql::default();
    for key in &search.order {
        let column = match &key.field {
            ExperimentField::Name => "name",
            ExperimentField::Id => "id",
            ExperimentField::Created => "created_ms",
            ExperimentField::Updated => "ifnull(updated_ms, created_ms)",
            ExperimentField::Tag(key) => {
                whole.values.push(Value::Text(key.clone()));
                TAG
            }
        };
        let direction = if key.descending { "DESC" } else { "ASC" };
        whole.push(&[column, " ", direction, " NULLS LAST, "]);
    }
    whole.text.push_str("id DESC");
    whole
}
