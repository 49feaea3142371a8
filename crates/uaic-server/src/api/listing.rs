//! Runs, listed by query with columns, page by page.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use uaic_study::store::query::{Attribute, Comparison, Condition, Field, Literal, Relation};
use uaic_study::store::query::{QueryError, parse_condition, parse_field, parse_order};
use uaic_study::store::remote::RunDetails;
use uaic_study::store::rules::now_ms;
use uaic_study::store::{Id, RunKind, RunQuery, RunRecord};
use uaic_study::trial::RunState;
use utoipa::ToSchema;

use super::app::Api;
use super::cursor::Cursor;
use super::problem::{ApiProblem, Unanswered};
use super::query::Parameters;
use super::shape::{Float, Param, Run, Whole, param};

/// Runs of a page, without a wish; at most.
const PAGE: (u32, u32) = (100, 1000);
/// Columns of a listing.
const COLUMNS: usize = 100;

type Answer<T> = Result<Json<T>, ApiProblem>;

/// Some runs.
#[derive(Serialize, ToSchema)]
#[allow(clippy::struct_field_names, reason = "it is what the answer has")]
pub(super) struct Runs {
    /// In the order that was asked for; without one, the newest first.
    runs: Vec<Run>,
    /// The columns that were asked for.
    columns: Vec<Column>,
    /// How many there are in all, where that was asked for.
    count: Option<u64>,
    /// What the next page is asked for with; null behind the last.
    cursor: Option<String>,
}

/// A field of all runs of a page.
#[derive(Serialize, ToSchema)]
pub(super) struct Column {
    /// As it was asked for.
    name: String,
    /// A value for each run; null where it has none.
    values: Vec<Option<Cell>>,
}

/// A value in a column.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Cell {
    /// Of a parameter.
    Param(Param),
    /// A number.
    Number(Float),
    /// A time.
    Time(Whole),
    /// A text.
    Text(String),
    /// Whether something is so.
    Flag(bool),
}

/// Lists runs.
#[utoipa::path(
    get, path = "/api/v1/runs", tag = "runs",
    params(
        ("where" = Option<String>, Query, description = "A condition, as `uaic ls --where` takes it: `metrics.val/accuracy > 0.9 and params.opt = \"adam\"`", max_length = 4000),
        ("order" = Option<String>, Query, description = "An order: `metrics.loss, started desc`; without it, the newest first", max_length = 1000),
        ("column" = Option<Vec<String>>, Query, description = "A field to be listed: `metrics.loss`, `tags.team`, `duration`"),
        ("experiment" = Option<String>, Query, description = "Only of this experiment"),
        ("study" = Option<String>, Query, description = "Only of this study", pattern = "^[0-9a-fA-F]{32}$"),
        ("parent" = Option<String>, Query, description = "Only parts of this run", pattern = "^[0-9a-fA-F]{32}$"),
        ("kind" = Option<RunKindName>, Query, description = "Only of this kind"),
        ("state" = Option<RunStateName>, Query, description = "Only in this state"),
        ("hidden" = Option<bool>, Query, description = "Also hidden ones"),
        ("count" = Option<bool>, Query, description = "Say how many there are in all"),
        ("limit" = Option<u32>, Query, description = "At most so many; 100 without it", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "Where the last page ended; all else has to be as it was"),
    ),
    responses((status = 200, body = Runs, description = "Some runs"), Unanswered)
)]
pub(super) async fn list(State(app): State<Arc<Api>>, uri: Uri) -> Answer<Runs> {
    let mut given = Parameters::of(uri.query())?;
    let cursor = given.text("cursor")?;
    // `-7d` counts from the same moment on all pages.
    let now_ms = cursor.as_deref().and_then(Cursor::time_in).unwrap_or_else(now_ms);
    let mut asked = Asked::read(&mut given, now_ms)?;
    let (limit, counts) = (given.count("limit", PAGE.0, PAGE.1)?, given.flag("count")?);
    given.end()?;
    let is_first = cursor.is_none();
    let mut cursor = Cursor::read(cursor.as_deref(), &asked.digest, now_ms)?;
    let answer = app.work(move |app| -> Result<Runs, ApiProblem> {
        if is_first {
            // Clocks elsewhere may be ahead.
            let newest = RunQuery { limit: Some(1), include_hidden: true, ..RunQuery::default() };
            let newest = app.store.runs(&newest)?.first().map_or(now_ms, |run| run.started_ms);
            cursor.time_ms = cursor.time_ms.max(newest);
        }
        asked.pin(cursor.time_ms);
        let query = RunQuery { limit: Some(limit + 1), offset: cursor.offset, ..asked.query };
        let mut found = app.store.runs(&query)?;
        let has_more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let columns = columns(app, &found, &asked.columns)?;
        let count = counts.then(|| app.store.count_runs(&query)).transpose()?;
        let cursor = has_more.then(|| cursor.behind(limit).written(&asked.digest));
        Ok(Runs { runs: found.into_iter().map(Run::from).collect(), columns, count, cursor })
    });
    Ok(Json(answer.await??))
}

/// Kinds of runs.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "it is documentation")]
pub(super) enum RunKindName {
    Trial,
    Final,
    Imported,
    Free,
}

/// States of runs.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[allow(dead_code, reason = "it is documentation")]
pub(super) enum RunStateName {
    Running,
    Complete,
    Pruned,
    Failed,
    Interrupted,
    Crashed,
}

/// Which runs are asked for.
struct Asked {
    query: RunQuery,
    columns: Vec<(String, Field)>,
    /// What all pages have in common.
    digest: String,
}

impl Asked {
    fn read(given: &mut Parameters, now_ms: i64) -> Result<Self, ApiProblem> {
        let condition = given.short("where", 4000)?;
        let order = given.short("order", 1000)?;
        let experiment = given.text("experiment")?;
        let columns = given.all("column");
        let wrong =
            |place: &'static str| move |error: QueryError| ApiProblem::invalid(place, error.to_string());
        let query = RunQuery {
            experiment: experiment.clone(),
            study: given.id("study")?,
            parent: given.id("parent")?,
            kind: given.read("kind", "`trial`, `final`, `imported` or `free`", RunKind::from_name)?,
            state: given.read("state", "a state such as `COMPLETE`", RunState::from_name)?,
            include_hidden: given.flag("hidden")?,
            condition: condition
                .as_deref()
                .map(|text| parse_condition(text, now_ms))
                .transpose()
                .map_err(wrong("where"))?,
            order: order.as_deref().map(parse_order).transpose().map_err(wrong("order"))?.unwrap_or_default(),
            ..RunQuery::default()
        };
        if columns.len() > COLUMNS {
            return Err(ApiProblem::invalid("column", format!("there are more than {COLUMNS} columns")));
        }
        let digest = format!(
            "{condition:?}{order:?}{experiment:?}{:?}{:?}{:?}{:?}{}",
            query.study, query.parent, query.kind, query.state, query.include_hidden
        );
        let columns = columns
            .into_iter()
            .map(|name| parse_field(&name).map(|field| (name, field)))
            .collect::<Result<_, _>>()
            .map_err(wrong("column"))?;
        Ok(Self { query, columns, digest })
    }

    /// Leaves out what starts after the first page was asked for: the others would be moved by it.
    fn pin(&mut self, time_ms: i64) {
        let started = Field::Attribute(Attribute::Started);
        let before = Relation::Compare(Comparison::AtMost, Literal::Number(time_ms as f64));
        let before = Condition::Test(started, before);
        self.query.condition = Some(match self.query.condition.take() {
            Some(condition) => Condition::All(vec![condition, before]),
            None => before,
        });
    }
}

/// The columns of some runs.
fn columns(app: &Api, runs: &[RunRecord], fields: &[(String, Field)]) -> Result<Vec<Column>, ApiProblem> {
    let needs_details = fields.iter().any(|(_, field)| matches!(field, Field::Metric(_) | Field::Tag(_)));
    let ids: Vec<Id> = runs.iter().map(|run| run.id).filter(|_| needs_details).collect();
    let details = if ids.is_empty() { Vec::new() } else { app.store.details(&ids)? };
    let none = RunDetails::default();
    let column = |(name, field): &(String, Field)| {
        let values = runs.iter().enumerate();
        let values = values.map(|(at, run)| cell(run, details.get(at).unwrap_or(&none), field));
        Column { name: name.clone(), values: values.collect() }
    };
    Ok(fields.iter().map(column).collect())
}

fn cell(run: &RunRecord, details: &RunDetails, field: &Field) -> Option<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    match field {
        Field::Metric(name) => {
            let metric = details.metrics.iter().find(|metric| metric.key == *name)?;
            Some(Cell::Number(Float(metric.value)))
        }
        Field::Tag(name) => details.tags.iter().find(|(key, _)| key == name).map(|(_, value)| text(value)),
        Field::Param(name) => run.start.params.get(name).cloned().map(|value| Cell::Param(param(value))),
        Field::Attribute(attribute) => attribute_of(run, *attribute),
    }
}

fn attribute_of(run: &RunRecord, attribute: Attribute) -> Option<Cell> {
    let number = |value: f64| Cell::Number(Float(value));
    match attribute {
        Attribute::Id => Some(Cell::Text(run.id.to_string())),
        Attribute::Name => run.name.clone().map(Cell::Text),
        Attribute::Experiment => Some(Cell::Text(run.experiment.clone())),
        Attribute::Study => run.start.home.study().map(|study| Cell::Text(study.to_string())),
        Attribute::Parent => run.parent.map(|parent| Cell::Text(parent.to_string())),
        Attribute::Kind => Some(Cell::Text(run.start.kind.name().to_owned())),
        Attribute::State => Some(Cell::Text(run.state.name().to_owned())),
        Attribute::Number => run.start.number.map(|value| number(value.into())),
        Attribute::Value => run.value().map(number),
        Attribute::Started => Some(Cell::Time(Whole(run.started_ms))),
        Attribute::Ended => run.ended_ms.map(|time| Cell::Time(Whole(time))),
        Attribute::Duration => {
            run.ended_ms.map(|ended| number(ended.saturating_sub(run.started_ms) as f64 / 1000.0))
        }
        Attribute::Attempts => Some(number(run.attempts.into())),
        Attribute::Reason => run.reason.clone().map(Cell::Text),
        Attribute::Note => run.note.clone().map(Cell::Text),
        Attribute::Hidden => Some(Cell::Flag(run.hidden)),
    }
}
