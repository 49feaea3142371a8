//! Traces by search.

use regex::{Regex, RegexBuilder};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::super::super::Fault;
use super::super::super::sql::Sql;
use super::super::clause::{keyed, number, text};
use super::super::experiment::refused;
use uaic_study::store::TrackingError;
use uaic_study::store::query::Comparison;
use uaic_study::store::tracking::{Clause, SpanField, Test, TraceClause, TraceField, TraceSearch};

const TAG: &str = "(SELECT value FROM trace_tags AS own WHERE own.trace = traces.id AND own.key = ?)";
const METADATA: &str =
    "(SELECT value FROM trace_metadata AS own WHERE own.trace = traces.id AND own.key = ?)";
const END: &str = "(traces.time_ms + traces.duration_ms)";
/// The runs that a trace belongs to.
const RUNS: &str =
    "(SELECT value AS run FROM trace_metadata WHERE trace = traces.id AND key = 'mlflow.sourceRun'
    UNION ALL SELECT run FROM trace_runs WHERE trace_runs.trace = traces.trace) AS own";
/// The text of the value `one` of an attribute.
const ATTRIBUTE: &str =
    "(CASE one.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(one.value AS TEXT) END)";
/// The text of the value of the assessment `own`.
const SAID: &str = "(CASE json_type(own.value) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
    ELSE CAST(own.value ->> '$' AS TEXT) END)";
/// The same, as a number.
const SAID_NUMBER: &str =
    "(CASE WHEN json_type(own.value) IN ('integer', 'real') THEN own.value ->> '$' END)";
/// Bytes of a compiled regular expression.
const COMPILED: usize = 1 << 20;

/// Where a field of several values is, and which text of it.
struct Many {
    from: String,
    column: &'static str,
    values: Vec<Value>,
}

/// A text, or several.
enum Place {
    /// A column, with the value that it asks for.
    One(&'static str, Option<String>),
    Many(Many),
}

fn place(field: &TraceField) -> Place {
    let many = |from: &str, column, values| Place::Many(Many { from: from.to_owned(), column, values });
    match field {
        TraceField::Id => Place::One("traces.trace", None),
        TraceField::Experiment => Place::One("traces.experiment", None),
        TraceField::ClientRequest => Place::One("traces.client_request", None),
        TraceField::State => Place::One("traces.state", None),
        TraceField::Time => Place::One("traces.time_ms", None),
        TraceField::Duration => Place::One("traces.duration_ms", None),
        TraceField::End => Place::One(END, None),
        TraceField::Tag(key) => Place::One(TAG, Some(key.clone())),
        TraceField::Metadata(key) => Place::One(METADATA, Some(key.clone())),
        TraceField::Run => many(&format!("{RUNS} WHERE TRUE"), "own.run", Vec::new()),
        TraceField::Span(SpanField::Attribute(key)) => many(
            "spans AS own, json_each(own.content, '$.attributes') AS attribute,
             json_each(attribute.value, '$.value') AS one
             WHERE own.trace = traces.id AND attribute.value ->> '$.key' = ?",
            ATTRIBUTE,
            vec![Value::Text(key.clone())],
        ),
        TraceField::Span(field) => {
            let column = match field {
                SpanField::Kind => "own.kind",
                SpanField::Status => "own.status",
                SpanField::Content => "own.content",
                _ => "own.name",
            };
            many("spans AS own WHERE own.trace = traces.id", column, Vec::new())
        }
        TraceField::Assessment { is_expectation, name } => many(
            "assessments AS own WHERE own.trace = traces.id AND own.is_expectation = ? AND own.name = ?",
            SAID,
            vec![Value::Integer((*is_expectation).into()), Value::Text(name.clone())],
        ),
    }
}

/// The rows of the traces that are searched, in order.
pub(super) fn rows(connection: &Connection, search: &TraceSearch) -> Result<Vec<i64>, Fault> {
    if search.experiments.is_empty() || search.limit == 0 {
        return Ok(Vec::new());
    }
    let experiments: Vec<String> = search.experiments.iter().map(ToString::to_string).collect();
    let mut filter = Sql::new(format!("traces.experiment IN ({})", experiments.join(", ")), Vec::new());
    let mut texts = Sql::default();
    let mut patterns = Vec::new();
    for clause in &search.clauses {
        match clause {
            TraceClause::Test(clause) => {
                let own = condition(clause);
                filter.text.push_str(" AND ");
                filter.text.push_str(&own.text);
                filter.values.extend(own.values);
            }
            TraceClause::Match { field, pattern } => {
                let own = all_texts(field);
                texts.text.push_str(", ");
                texts.text.push_str(&own.text);
                texts.values.extend(own.values);
                patterns.push(compile(pattern)?);
            }
        }
    }
    let order = order(search);
    let sql =
        format!("SELECT traces.id{} FROM traces WHERE {} ORDER BY {}", texts.text, filter.text, order.text);
    let values = texts.values.into_iter().chain(filter.values).chain(order.values);
    if patterns.is_empty() {
        let sql = format!("{sql} LIMIT {} OFFSET {}", search.limit, search.offset);
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        return Ok(rows.collect::<rusqlite::Result<_>>()?);
    }
    matched(connection, &sql, values, &patterns, search)
}

fn compile(pattern: &str) -> Result<Regex, Fault> {
    RegexBuilder::new(pattern).size_limit(COMPILED).build().map_err(|error| {
        refused(TrackingError::BadPattern { pattern: pattern.to_owned(), why: error.to_string() })
    })
}

/// The rows whose texts are matched, each by its pattern: SQLite has no regular expressions.
fn matched(
    connection: &Connection,
    sql: &str,
    values: impl Iterator<Item = Value>,
    patterns: &[Regex],
    search: &TraceSearch,
) -> Result<Vec<i64>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut left = search.offset;
    let mut found = Vec::new();
    while found.len() < search.limit as usize {
        let Some(row) = rows.next()? else { break };
        if !is_match(row, patterns)? {
            continue;
        }
        if left > 0 {
            left -= 1;
        } else {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

fn is_match(row: &Row<'_>, patterns: &[Regex]) -> Result<bool, Fault> {
    for (at, pattern) in (1..).zip(patterns) {
        let texts: String = row.get(at)?;
        let texts: Vec<Option<String>> = serde_json::from_str(&texts).unwrap_or_default();
        if !texts.iter().flatten().any(|text| pattern.is_match(text)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// All texts of a field, as JSON.
fn all_texts(field: &TraceField) -> Sql {
    match place(field) {
        Place::One(column, key) => Sql::new(
            format!("json_array(CAST({column} AS TEXT))"),
            key.map(Value::Text).into_iter().collect(),
        ),
        Place::Many(Many { from, column, values }) => {
            Sql::new(format!("(SELECT json_group_array({column}) FROM {from})"), values)
        }
    }
}

fn condition(clause: &Clause<TraceField>) -> Sql {
    let test = &clause.test;
    if let (TraceField::Run, Test::Text(Comparison::Equal, run)) = (&clause.field, test) {
        let run = Value::Text(run.clone());
        return Sql::new(
            "(traces.id IN (SELECT trace FROM trace_metadata WHERE key = 'mlflow.sourceRun' AND value = ?)
              OR traces.trace IN (SELECT trace FROM trace_runs WHERE run = ?))",
            vec![run.clone(), run],
        );
    }
    match place(&clause.field) {
        Place::One(column, Some(key)) => keyed(column, &key, test),
        Place::One(column, None) => match clause.field {
            TraceField::Time | TraceField::Duration | TraceField::End => number(column, test),
            _ => text(column, test),
        },
        Place::Many(many) => any(&clause.field, many, test),
    }
}

/// That one of several values is as it should be, or that there is none.
fn any(field: &TraceField, many: Many, test: &Test) -> Sql {
    let Many { from, column, mut values } = many;
    let own = match (field, test) {
        (_, Test::Absent) => return Sql::new(format!("NOT EXISTS (SELECT 1 FROM {from})"), values),
        (_, Test::Present) => return Sql::new(format!("EXISTS (SELECT 1 FROM {from})"), values),
        (TraceField::Assessment { .. }, Test::Number(..)) => number(SAID_NUMBER, test),
        _ => text(column, test),
    };
    values.extend(own.values);
    Sql::new(format!("EXISTS (SELECT 1 FROM {from} AND {})", own.text), values)
}

fn order(search: &TraceSearch) -> Sql {
    let mut whole = Sql::default();
    for key in &search.order {
        let own = match place(&key.field) {
            Place::One(column, key) => Sql::new(column, key.map(Value::Text).into_iter().collect()),
            Place::Many(Many { from, column, values }) => {
                Sql::new(format!("(SELECT min({column}) FROM {from})"), values)
            }
        };
        let direction = if key.descending { "DESC" } else { "ASC" };
        whole.text.extend([own.text.as_str(), " ", direction, " NULLS LAST, "]);
        whole.values.extend(own.values);
    }
    whole.text.push_str("traces.time_ms DESC, traces.trace");
    whole
}
