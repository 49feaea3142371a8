//! Where spans come in.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};

use super::super::app::App;
use super::super::wire::{Code, Problem, of_body};
use super::inflate::inflate;
use super::span::Group;
use super::{binary, textual};
use uaic_study::store::tracking::ExperimentId;

/// Bytes of a body as it comes.
const BODY: usize = 32 << 20;

/// What says to which experiment, and to which run, spans belong.
const EXPERIMENT: &str = "x-mlflow-experiment-id";
const RUN: &str = "x-mlflow-run-id";

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// How spans are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Protobuf,
    Json,
}

/// Takes spans: all of them, or none.
pub(super) fn take(app: Arc<App>, request: Request) -> Answering {
    Box::pin(async move {
        let (head, body) = request.into_parts();
        let body = match Limited::new(body, BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return malformed(&format!("the body did not come whole: {error}")).into_response(),
        };
        let work = move || record(&app, &head.headers, &body);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(())) => {
                (StatusCode::OK, [(header::CONTENT_TYPE, "application/x-protobuf")], "").into_response()
            }
            Ok(Err(problem)) => problem.into_response(),
            Err(error) => {
                Problem::new(Code::InternalError, format!("no span was written: {error}")).into_response()
            }
        }
    })
}

fn malformed(why: &str) -> Problem {
    Problem::new(Code::BadRequest, format!("Invalid OpenTelemetry format: {why}"))
}

fn unprocessable(why: &str) -> Problem {
    Problem::new(Code::Unprocessable, why)
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let named = text_of(headers, "content-type").unwrap_or_default();
    match named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-protobuf" => Ok(Form::Protobuf),
        "application/json" => Ok(Form::Json),
        _ => Err(Problem::new(
            Code::BadRequest,
            format!("Invalid Content-Type: {named}. Expected: application/x-protobuf or application/json"),
        )),
    }
}

fn record(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    let experiment = text_of(headers, EXPERIMENT)
        .ok_or_else(|| unprocessable("the header x-mlflow-experiment-id is missing"))?;
    let form = form(headers)?;
    let encoding = text_of(headers, "content-encoding").unwrap_or_default();
    let groups = read(form, &inflate(body, &encoding)?)?;
    if groups.is_empty() {
        return Err(malformed("no spans found"));
    }
    let mut spans = Vec::new();
    for Group { resource, spans: own } in &groups {
        for span in own {
            let record = span.record(resource);
            spans.push(record.ok_or_else(|| unprocessable("a span has no trace_id or no span_id"))?);
        }
    }
    let id = ExperimentId::parse(&experiment)
        .ok_or_else(|| Problem::missing(format!("No Experiment with id={experiment} exists")))?;
    let run = text_of(headers, RUN).filter(|run| !run.is_empty());
    app.store.put_spans(id, run.as_deref(), spans)?;
    Ok(())
}

fn read(form: Form, body: &[u8]) -> Result<Vec<Group>, Problem> {
    match form {
        Form::Protobuf => binary::groups(body).map_err(|_| malformed("it is no ExportTraceServiceRequest")),
        Form::Json => {
            let read = of_body(body).map_err(|problem| malformed(&problem.message))?;
            textual::groups(&read.fields()).map_err(|problem| malformed(&problem.message))
        }
    }
}
