//! What is said of traces.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, named_params, params};
use serde_json::Value;

use super::super::super::Fault;
use super::super::super::codec::{from_json, to_json};
use super::super::experiment::refused;
use super::row::row;
use uaic_study::store::TrackingError;
use uaic_study::store::tracking::{Assessment, AssessmentEdit};

fn unknown(trace: &str, id: &str) -> Fault {
    refused(TrackingError::NoAssessment { trace: trace.to_owned(), id: id.to_owned() })
}

pub(super) fn add(connection: &Connection, trace: &str, new: &Assessment) -> Result<(), Fault> {
    let row = row(connection, trace)?;
    if let Some(earlier) = &new.overrides
        && set_valid(connection, row, earlier, false)? == 0
    {
        return Err(unknown(trace, earlier));
    }
    put(connection, row, new)
}

fn set_valid(connection: &Connection, trace: i64, id: &str, valid: bool) -> Result<usize, Fault> {
    Ok(connection
        .prepare_cached("UPDATE assessments SET valid = ? WHERE trace = ? AND assessment = ?")?
        .execute(params![valid, trace, id])?)
}

/// Writes an assessment down, unless the very same is there.
pub(super) fn put(connection: &Connection, trace: i64, new: &Assessment) -> Result<(), Fault> {
    let error = new.error.as_ref().map(Value::to_string);
    connection
        .prepare_cached(
            "INSERT INTO assessments (trace, assessment, name, span, is_expectation, value, error, source_kind,
                 source, created_ms, updated_ms, rationale, metadata, overrides, valid)
             SELECT :trace, :id, :name, :span, :is_expectation, :value, :error, :kind, :source, :created,
                 :updated, :rationale, :metadata, :overrides, :valid
             WHERE NOT EXISTS (SELECT 1 FROM assessments WHERE trace = :trace AND name = :name
                 AND created_ms = :created AND value = :value AND source_kind = :kind AND source = :source
                 AND span IS :span AND is_expectation = :is_expectation AND overrides IS :overrides)
             ON CONFLICT (assessment) DO NOTHING",
        )?
        .execute(named_params! {
            ":trace": trace,
            ":id": new.id,
            ":name": new.name,
            ":span": new.span,
            ":is_expectation": new.is_expectation,
            ":value": new.value.to_string(),
            ":error": error,
            ":kind": new.source.0,
            ":source": new.source.1,
            ":created": new.created_ms,
            ":updated": new.updated_ms,
            ":rationale": new.rationale,
            ":metadata": to_json("metadata of an assessment", &new.metadata)?,
            ":overrides": new.overrides,
            ":valid": new.is_valid,
        })?;
    Ok(())
}

/// The assessment of a row.
pub(super) fn at(row: &Row<'_>) -> Result<Assessment, Fault> {
    let error: Option<String> = row.get("error")?;
    let metadata: BTreeMap<String, String> =
        from_json("metadata of an assessment", &row.get::<_, String>("metadata")?)?;
    Ok(Assessment {
        id: row.get("assessment")?,
        name: row.get("name")?,
        span: row.get("span")?,
        is_expectation: row.get("is_expectation")?,
        value: from_json("value of an assessment", &row.get::<_, String>("value")?)?,
        error: error.map(|error| from_json("error of an assessment", &error)).transpose()?,
        source: (row.get("source_kind")?, row.get("source")?),
        created_ms: row.get("created_ms")?,
        updated_ms: row.get("updated_ms")?,
        rationale: row.get("rationale")?,
        metadata,
        overrides: row.get("overrides")?,
        is_valid: row.get("valid")?,
    })
}

/// An assessment and its row.
pub(super) fn find(connection: &Connection, trace: &str, id: &str) -> Result<(i64, Assessment), Fault> {
    let trace_row = row(connection, trace)?;
    let mut statement =
        connection.prepare_cached("SELECT * FROM assessments WHERE trace = ? AND assessment = ?")?;
    let mut rows = statement.query(params![trace_row, id])?;
    let row = rows.next()?.ok_or_else(|| unknown(trace, id))?;
    Ok((row.get("id")?, at(row)?))
}

pub(super) fn edit(
    connection: &Connection,
    trace: &str,
    id: &str,
    edit: &AssessmentEdit,
    now_ms: i64,
) -> Result<Assessment, Fault> {
    let (row, mut own) = find(connection, trace, id)?;
    if let Some((is_expectation, value, error)) = &edit.value {
        if *is_expectation != own.is_expectation {
            let is_expectation = own.is_expectation;
            return Err(refused(TrackingError::OtherAssessment { id: id.to_owned(), is_expectation }));
        }
        own.value.clone_from(value);
        own.error.clone_from(error);
    }
    own.name = edit.name.clone().unwrap_or(own.name);
    own.rationale = edit.rationale.clone().or(own.rationale);
    own.metadata.extend(edit.metadata.clone().unwrap_or_default());
    own.is_valid = edit.is_valid.unwrap_or(own.is_valid);
    own.updated_ms = now_ms;
    connection
        .prepare_cached(
            "UPDATE assessments SET name = ?, value = ?, error = ?, rationale = ?, metadata = ?, valid = ?,
                 updated_ms = ? WHERE id = ?",
        )?
        .execute(params![
            own.name,
            own.value.to_string(),
            own.error.as_ref().map(Value::to_string),
            own.rationale,
            to_json("metadata of an assessment", &own.metadata)?,
            own.is_valid,
            now_ms,
            row
        ])?;
    Ok(own)
}

/// Removes an assessment, which may be gone already; what it replaced counts again.
pub(super) fn remove(connection: &Connection, trace: &str, id: &str) -> Result<(), Fault> {
    let trace_row = row(connection, trace)?;
    let earlier: Vec<Option<String>> = connection
        .prepare_cached("DELETE FROM assessments WHERE trace = ? AND assessment = ? RETURNING overrides")?
        .query_map(params![trace_row, id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for earlier in earlier.into_iter().flatten() {
        set_valid(connection, trace_row, &earlier, true)?;
    }
    Ok(())
}
