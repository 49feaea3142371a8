//! Traces, as clients read them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::super::wire::{Answer, Code, Problem};
use super::time::{duration, time};
use uaic_study::store::tracking::{Assessment, Trace, TraceInfo};

/// What is known of a trace.
#[derive(Debug, Serialize)]
pub(super) struct Info<'a> {
    trace_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_id: Option<&'a str>,
    trace_location: Location,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_preview: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_preview: Option<&'a str>,
    request_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_duration: Option<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    trace_metadata: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assessments: Vec<Said<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct Location {
    r#type: &'static str,
    mlflow_experiment: Experiment,
}

#[derive(Debug, Serialize)]
struct Experiment {
    experiment_id: String,
}

/// What is said of a trace.
#[derive(Debug, Serialize)]
pub(super) struct Said<'a> {
    assessment_id: &'a str,
    assessment_name: &'a str,
    trace_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<&'a str>,
    source: Source<'a>,
    create_time: String,
    last_update_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<Feedback<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expectation: Option<Expectation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rationale: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overrides: Option<&'a str>,
    valid: bool,
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    source_type: &'a str,
    source_id: &'a str,
}

#[derive(Debug, Serialize)]
struct Feedback<'a> {
    value: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Value>,
}

/// Lists and objects are written as texts of JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Expectation<'a> {
    Value(&'a Value),
    SerializedValue(Serialized),
}

#[derive(Debug, Serialize)]
struct Serialized {
    serialization_format: &'static str,
    value: String,
}

#[derive(Serialize)]
struct One<'a> {
    trace: Bare<'a>,
}

#[derive(Serialize)]
struct Bare<'a> {
    trace_info: Info<'a>,
}

/// Answers with what is known of one trace.
pub(super) fn answer_info(info: &TraceInfo) -> Result<Answer, Problem> {
    Answer::of(&One { trace: Bare { trace_info: Info::of(info) } })
}

/// Writes a trace with its spans, which are JSON already.
pub(super) fn whole(trace: &Trace, to: &mut Vec<u8>) -> Result<(), Problem> {
    to.extend_from_slice(b"{\"trace_info\":");
    serde_json::to_writer(&mut *to, &Info::of(&trace.info))
        .map_err(|error| Problem::new(Code::InternalError, format!("the answer is no JSON: {error}")))?;
    to.extend_from_slice(b",\"spans\":[");
    to.extend_from_slice(trace.spans.join(",").as_bytes());
    to.extend_from_slice(b"]}");
    Ok(())
}

impl<'a> Info<'a> {
    pub(super) fn of(info: &'a TraceInfo) -> Self {
        Self {
            trace_id: &info.id,
            client_request_id: info.client_request.as_deref(),
            trace_location: Location {
                r#type: "MLFLOW_EXPERIMENT",
                mlflow_experiment: Experiment { experiment_id: info.experiment.to_string() },
            },
            request_preview: info.request.as_deref(),
            response_preview: info.response.as_deref(),
            request_time: time(info.time_ms),
            execution_duration: info.duration_ms.map(duration),
            state: info.state.name(),
            trace_metadata: &info.metadata,
            assessments: info.assessments.iter().map(|said| Said::of(&info.id, said)).collect(),
            tags: &info.tags,
        }
    }
}

impl<'a> Said<'a> {
    pub(super) fn of(trace: &'a str, said: &'a Assessment) -> Self {
        let feedback = Feedback { value: &said.value, error: said.error.as_ref() };
        Self {
            assessment_id: &said.id,
            assessment_name: &said.name,
            trace_id: trace,
            span_id: said.span.as_deref(),
            source: Source { source_type: &said.source.0, source_id: &said.source.1 },
            create_time: time(said.created_ms),
            last_update_time: time(said.updated_ms),
            feedback: Some(feedback).filter(|_| !said.is_expectation),
            expectation: Some(expectation(&said.value)).filter(|_| said.is_expectation),
            rationale: said.rationale.as_deref(),
            metadata: &said.metadata,
            overrides: said.overrides.as_deref(),
            valid: said.is_valid,
        }
    }
}

fn expectation(value: &Value) -> Expectation<'_> {
    match value {
        Value::Array(_) | Value::Object(_) => Expectation::SerializedValue(Serialized {
            serialization_format: "JSON_FORMAT",
            value: value.to_string(),
        }),
        plain => Expectation::Value(plain),
    }
}
