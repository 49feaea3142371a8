//! Traces: told, read, searched, deleted.

mod assessments;
mod info;
mod old;
mod search;
mod shape;
mod tags;
mod time;

use super::app::App;
use super::route::Route;
use super::wire::{Answer, Code, Fields, Problem};
use shape::{Info, answer_info, whole};
use uaic_study::store::tracking::{SIZE_STATS, SPANS_TAG, Trace, TraceInfo};

pub(super) use info::{cut_pair, preview};

/// Of what is said of traces.
pub(super) const ASSESSMENTS: &[Route] = assessments::ROUTES;
/// Of tags and links.
pub(super) const TAGS: &[Route] = tags::ROUTES;
/// As older clients know traces.
pub(super) const OLD: &[Route] = old::ROUTES;

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/3.0/mlflow/traces", tell),
    Route::read("GET", "/3.0/mlflow/traces/get", get),
    Route::read("GET", "/3.0/mlflow/traces/batchGet", get_several),
    Route::read("POST", "/3.0/mlflow/traces/batchGetInfos", get_infos),
    Route::read("POST", "/3.0/mlflow/traces/search", search::search),
    Route::read("GET", "/3.0/mlflow/traces/{trace_id}", get_info),
    Route::write("POST", "/2.0/mlflow/traces/delete-traces", search::delete),
    Route::write("POST", "/3.0/mlflow/traces/delete-traces", search::delete),
];

/// Traces with spans of one answer.
const WHOLE: usize = 100;
/// Traces without spans of one answer.
const INFOS: usize = 1000;
/// Bytes of the spans of one answer.
const BYTES: usize = 256 << 20;
/// How long spans are waited for that are still on their way.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
/// How long a look takes to be worth another.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(25);

/// The trace of a request.
///
/// # Errors
/// There is none.
fn trace_id<'a>(fields: &Fields<'a>) -> Result<&'a str, Problem> {
    match fields.text("trace_id")?.filter(|id| !id.is_empty()) {
        Some(id) => Ok(id),
        None => {
            fields.text("request_id")?.filter(|id| !id.is_empty()).ok_or_else(|| fields.missing("trace_id"))
        }
    }
}

/// The error of a trace that is not there.
fn no_trace(id: &str) -> Problem {
    Problem::missing(format!("Trace with ID '{id}' not found."))
}

/// What is known of one trace.
fn info_of(app: &App, id: &str) -> Result<TraceInfo, Problem> {
    app.store.trace_infos(&[id.to_owned()])?.pop().ok_or_else(|| no_trace(id))
}

fn tell(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let trace = fields.needed_object("trace")?;
    let info = info::read(&trace.needed_object("trace_info")?)?;
    answer_info(&app.store.put_trace(&info)?)
}

fn get_info(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    answer_info(&info_of(app, trace_id(fields)?)?)
}

/// Whether all of its spans have come.
fn is_whole(trace: &Trace) -> bool {
    let stats = trace.info.metadata.get(SIZE_STATS);
    let stats = stats.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let expected = stats.and_then(|stats| stats.get("num_spans")?.as_u64());
    let is_here = trace.info.tags.get(SPANS_TAG.0).is_some_and(|place| place == SPANS_TAG.1);
    is_here && expected.is_none_or(|expected| trace.spans.len() as u64 >= expected)
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let id = trace_id(fields)?;
    let allow_partial = fields.boolean("allow_partial")?.unwrap_or(false);
    let start = std::time::Instant::now();
    loop {
        let trace = app.store.traces(&[id.to_owned()])?.pop().ok_or_else(|| no_trace(id))?;
        if allow_partial || is_whole(&trace) {
            let mut body = b"{\"trace\":".to_vec();
            whole(&trace, &mut body)?;
            body.push(b'}');
            return Ok(Answer::Json(body));
        }
        if start.elapsed() >= PATIENCE {
            let message = format!("Trace with ID {id} is not fully exported yet, please try again later.");
            return Err(Problem::missing(message));
        }
        std::thread::sleep(PAUSE);
    }
}

/// The ids of a request.
fn ids(fields: &Fields<'_>, most: usize) -> Result<Vec<String>, Problem> {
    let ids = fields.texts("trace_ids")?;
    match ids.len() {
        0 => Err(fields.missing("trace_ids")),
        count if count > most => {
            Err(Problem::invalid(format!("'trace_ids' can have at most {most} traces, and has {count}")))
        }
        _ => Ok(ids.into_iter().map(str::to_owned).collect()),
    }
}

fn get_several(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let mut body = b"{\"traces\":[".to_vec();
    for id in &ids(fields, WHOLE)? {
        // One after the other: each may be large.
        let Some(trace) = app.store.traces(std::slice::from_ref(id))?.pop() else { continue };
        if !body.ends_with(b"[") {
            body.push(b',');
        }
        whole(&trace, &mut body)?;
        if body.len() > BYTES {
            return Err(Problem::new(
                Code::BadRequest,
                "these traces are too large for one answer; ask for fewer",
            ));
        }
    }
    body.extend_from_slice(b"]}");
    Ok(Answer::Json(body))
}

fn get_infos(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let found = app.store.trace_infos(&ids(fields, INFOS)?)?;
    Answer::of(&serde_json::json!({ "trace_infos": found.iter().map(Info::of).collect::<Vec<_>>() }))
}
