//! The spans of traces.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::super::super::Fault;
use super::edit::{check_experiment, link, put_location, put_pair};
use uaic_study::store::tracking::{ExperimentId, SPANS_TAG, SpanRecord, TRACE_NAME_TAG, TraceState};

/// Nanoseconds of a millisecond.
const MILLISECOND: u64 = 1_000_000;

pub(super) fn put(
    connection: &Connection,
    experiment: ExperimentId,
    run: Option<&str>,
    spans: &[SpanRecord],
) -> Result<(), Fault> {
    let mut traces: BTreeMap<&str, Vec<&SpanRecord>> = BTreeMap::new();
    for span in spans {
        traces.entry(&span.trace).or_default().push(span);
    }
    for (trace, spans) in traces {
        let row = trace_row(connection, experiment, trace, &spans)?;
        for span in &spans {
            put_one(connection, row, span)?;
        }
        for span in &spans {
            tell(connection, row, span)?;
        }
        put_pair(connection, "trace_tags", row, SPANS_TAG.0, SPANS_TAG.1)?;
        if let Some(run) = run {
            link(connection, trace, run)?;
        }
    }
    Ok(())
}

fn milliseconds(ns: u64) -> i64 {
    (ns / MILLISECOND) as i64
}

/// The row of a trace, made where there is none; of one of which the client has not told, with its time as
/// the spans say.
fn trace_row(
    connection: &Connection,
    experiment: ExperimentId,
    trace: &str,
    spans: &[&SpanRecord],
) -> Result<i64, Fault> {
    let known = connection.prepare_cached("SELECT 1 FROM traces WHERE trace = ?")?.exists([trace])?;
    if !known {
        check_experiment(connection, experiment)?;
    }
    let start = milliseconds(spans.iter().map(|span| span.start_ns).min().unwrap_or(0));
    let end = spans.iter().filter_map(|span| span.end_ns).max().map(milliseconds);
    let state = spans.iter().find(|span| span.parent.is_none()).map_or(TraceState::InProgress, |root| {
        if root.status == "ERROR" { TraceState::Error } else { TraceState::Ok }
    });
    let row: i64 = connection
        .prepare_cached(
            "INSERT INTO traces (trace, experiment, time_ms, duration_ms, state, told)
             VALUES (?1, ?2, ?3, max(?4 - ?3, 0), ?5, 0)
             ON CONFLICT (trace) DO UPDATE SET
                 time_ms = iif(told, time_ms, min(time_ms, ?3)),
                 duration_ms = iif(told, duration_ms,
                     max(ifnull(time_ms + duration_ms, ?3), ifnull(?4, ?3)) - min(time_ms, ?3)),
                 state = iif(state IN ('IN_PROGRESS', 'STATE_UNSPECIFIED'), ?5, state)
             RETURNING id",
        )?
        .query_row(params![trace, experiment.0, start, end, state.name()], |row| row.get(0))?;
    if !known {
        put_location(connection, row)?;
    }
    Ok(row)
}

fn put_one(connection: &Connection, row: i64, span: &SpanRecord) -> Result<(), Fault> {
    let ns = |ns: u64| i64::try_from(ns).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT INTO spans (trace, span, parent, name, kind, status, start_ns, end_ns, content)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (trace, span) DO UPDATE SET parent = excluded.parent, name = excluded.name,
                 kind = excluded.kind, status = excluded.status, start_ns = excluded.start_ns,
                 end_ns = excluded.end_ns, content = excluded.content",
        )?
        .execute(params![
            row,
            span.id,
            span.parent,
            span.name,
            span.kind,
            span.status,
            ns(span.start_ns),
            span.end_ns.map(ns),
            span.content
        ])?;
    Ok(())
}

/// What a span says of its trace.
fn tell(connection: &Connection, row: i64, span: &SpanRecord) -> Result<(), Fault> {
    for (key, value) in &span.tags {
        put_pair(connection, "trace_tags", row, key, value)?;
    }
    for (key, value) in &span.metadata {
        connection
            .prepare_cached("INSERT OR IGNORE INTO trace_metadata (trace, key, value) VALUES (?, ?, ?)")?
            .execute(params![row, key, value])?;
    }
    if span.parent.is_none() {
        connection
            .prepare_cached(
                "UPDATE traces SET request = ifnull(request, ?), response = ifnull(response, ?) WHERE id = ?",
            )?
            .execute(params![span.request, span.response, row])?;
        connection
            .prepare_cached("INSERT OR IGNORE INTO trace_tags (trace, key, value) VALUES (?, ?, ?)")?
            .execute(params![row, TRACE_NAME_TAG, span.name])?;
    }
    Ok(())
}

/// The spans of a trace as readers get them.
pub(super) fn contents(connection: &Connection, row: i64) -> Result<Vec<String>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT content FROM spans WHERE trace = ? ORDER BY start_ns, id")?;
    let rows = statement.query_map([row], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
