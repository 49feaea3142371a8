//! Traces as clients of version 2 know them: begun, ended, without spans of their own.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::app::App;
use super::super::experiments::experiment_id;
use super::super::route::Route;
use super::super::shape::{Pair, pairs};
use super::super::wire::{Answer, Fields, Problem};
use super::info::state_of;
use super::search::found;
use super::{cut_pair, info_of, trace_id};
use uaic_study::store::Id;
use uaic_study::store::tracking::{ExperimentId, TraceInfo, TraceState};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/traces", begin),
    Route::read("GET", "/2.0/mlflow/traces", search),
    Route::write("PATCH", "/2.0/mlflow/traces/{trace_id}", end),
    Route::read("GET", "/2.0/mlflow/traces/{trace_id}", get),
    Route::read("GET", "/2.0/mlflow/traces/{trace_id}/info", get),
];

#[derive(Serialize)]
struct Info<'a> {
    request_id: &'a str,
    experiment_id: String,
    timestamp_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_time_ms: Option<i64>,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    request_metadata: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    trace_info: Info<'a>,
}

#[derive(Serialize)]
struct Many<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traces: Vec<Info<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

impl<'a> Info<'a> {
    fn of(info: &'a TraceInfo) -> Self {
        let status = match info.state {
            TraceState::Unspecified => "TRACE_STATUS_UNSPECIFIED",
            state => state.name(),
        };
        Self {
            request_id: &info.id,
            experiment_id: info.experiment.to_string(),
            timestamp_ms: info.time_ms,
            execution_time_ms: info.duration_ms,
            status,
            request_metadata: pairs(&info.metadata),
            tags: pairs(&info.tags),
        }
    }
}

fn one(info: &TraceInfo) -> Result<Answer, Problem> {
    Answer::of(&One { trace_info: Info::of(info) })
}

/// Keys and values in a list of objects.
fn listed(fields: &Fields<'_>, name: &str) -> Result<BTreeMap<String, String>, Problem> {
    let pair = |own: &Fields<'_>| Ok(cut_pair(own.needed_text("key")?, own.text_or_empty("value")?));
    fields.objects(name)?.iter().map(pair).collect()
}

fn begin(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let info = TraceInfo {
        id: format!("tr-{}", Id::random()),
        experiment: experiment_id(fields)?.0,
        time_ms: fields.needed_integer("timestamp_ms")?,
        state: TraceState::InProgress,
        metadata: listed(fields, "request_metadata")?,
        tags: listed(fields, "tags")?,
        ..TraceInfo::default()
    };
    one(&app.store.put_trace(&info)?)
}

fn end(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let known = info_of(app, trace_id(fields)?)?;
    let ended_ms = fields.needed_integer("timestamp_ms")?;
    let state = state_of(fields, "status")?.ok_or_else(|| fields.missing("status"))?;
    let info = TraceInfo {
        duration_ms: Some(ended_ms.saturating_sub(known.time_ms)),
        state,
        metadata: listed(fields, "request_metadata")?,
        tags: listed(fields, "tags")?,
        assessments: Vec::new(),
        ..known
    };
    one(&app.store.put_trace(&info)?)
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    one(&info_of(app, trace_id(fields)?)?)
}

fn search(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let texts = fields.texts("experiment_ids")?;
    let experiments = texts.into_iter().filter_map(ExperimentId::parse).collect();
    let (found, next_page_token) = found(app, fields, experiments)?;
    Answer::of(&Many { traces: found.iter().map(Info::of).collect(), next_page_token })
}
