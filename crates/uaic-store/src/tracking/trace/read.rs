//! What is known of traces, read a page at a time.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row};

use super::super::super::Fault;
use super::assessment;
use super::row::unknown;
use uaic_study::store::tracking::{TraceInfo, TraceState};

/// The rows of traces by their ids, in this order.
pub(super) fn rows(connection: &Connection, ids: &[String]) -> Result<Vec<i64>, Fault> {
    let list = serde_json::Value::from(ids).to_string();
    let mut statement = connection.prepare_cached(
        "SELECT traces.id FROM json_each(?) AS list CROSS JOIN traces ON traces.trace = list.value",
    )?;
    let rows = statement.query_map([list], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn one(connection: &Connection, row: i64, id: &str) -> Result<TraceInfo, Fault> {
    infos(connection, &[row])?.into_iter().next().ok_or_else(|| unknown(id))
}

/// The traces of some rows, in their order.
pub(super) fn infos(connection: &Connection, rows: &[i64]) -> Result<Vec<TraceInfo>, Fault> {
    let list: Vec<String> = rows.iter().map(i64::to_string).collect();
    let list = format!("[{}]", list.join(","));
    let (mut infos, places) = heads(connection, &list)?;
    let mut each = |sql: &str, take: fn(&mut TraceInfo, &Row<'_>) -> Result<(), Fault>| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([&list])?;
        while let Some(row) = rows.next()? {
            let place = places.get(&row.get::<_, i64>("trace")?);
            if let Some(info) = place.and_then(|place| infos.get_mut(*place)) {
                take(info, row)?;
            }
        }
        Ok::<(), Fault>(())
    };
    let tags = "SELECT own.key, own.value, own.trace AS trace
                FROM json_each(?) AS list CROSS JOIN trace_tags AS own ON own.trace = list.value";
    each(tags, |info, row| {
        info.tags.insert(row.get(0)?, row.get(1)?);
        Ok(())
    })?;
    let metadata = "SELECT own.key, own.value, own.trace AS trace
                    FROM json_each(?) AS list CROSS JOIN trace_metadata AS own ON own.trace = list.value";
    each(metadata, |info, row| {
        info.metadata.insert(row.get(0)?, row.get(1)?);
        Ok(())
    })?;
    let assessments = "SELECT own.* FROM json_each(?) AS list
                       CROSS JOIN assessments AS own ON own.trace = list.value ORDER BY own.trace, own.id";
    each(assessments, |info, row| {
        info.assessments.push(assessment::at(row)?);
        Ok(())
    })?;
    Ok(infos)
}

type Heads = (Vec<TraceInfo>, HashMap<i64, usize>);

fn heads(connection: &Connection, list: &str) -> Result<Heads, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT traces.* FROM json_each(?) AS list CROSS JOIN traces ON traces.id = list.value",
    )?;
    let mut rows = statement.query([list])?;
    let (mut infos, mut places) = (Vec::new(), HashMap::new());
    while let Some(row) = rows.next()? {
        places.insert(row.get("id")?, infos.len());
        let state: String = row.get("state")?;
        infos.push(TraceInfo {
            id: row.get("trace")?,
            experiment: row.get("experiment")?,
            client_request: row.get("client_request")?,
            request: row.get("request")?,
            response: row.get("response")?,
            time_ms: row.get("time_ms")?,
            duration_ms: row.get("duration_ms")?,
            state: TraceState::parse(&state).unwrap_or_default(),
            metadata: BTreeMap::new(),
            tags: BTreeMap::new(),
            assessments: Vec::new(),
        });
    }
    Ok((infos, places))
}
