//! Logged models, as clients read them.

use serde::Serialize;

use super::super::shape::{Metric, Pair, pairs};
use super::super::wire::{Answer, Problem};
use uaic_study::store::tracking::LoggedModel;

/// A logged model.
#[derive(Debug, Serialize)]
pub(super) struct Model<'a> {
    info: Info<'a>,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Info<'a> {
    model_id: String,
    experiment_id: String,
    name: &'a str,
    creation_timestamp_ms: i64,
    last_updated_timestamp_ms: i64,
    artifact_uri: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    model_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    registrations: Vec<Registration<'a>>,
}

#[derive(Debug, Serialize)]
struct Registration<'a> {
    name: &'a str,
    version: String,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<Metric<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    model: Model<'a>,
}

/// Answers with one model.
pub(super) fn answer_one(model: &LoggedModel) -> Result<Answer, Problem> {
    Answer::of(&One { model: Model::of(model) })
}

impl<'a> Model<'a> {
    pub(super) fn of(model: &'a LoggedModel) -> Self {
        let registration =
            |(name, version): &'a (String, u32)| Registration { name, version: version.to_string() };
        Self {
            info: Info {
                model_id: model.id.to_string(),
                experiment_id: model.experiment.to_string(),
                name: &model.name,
                creation_timestamp_ms: model.created_ms,
                last_updated_timestamp_ms: model.updated_ms,
                artifact_uri: &model.location,
                status: model.status.name(),
                model_type: &model.kind,
                source_run_id: model.run.as_deref(),
                tags: pairs(&model.tags),
                registrations: model.registrations.iter().map(registration).collect(),
            },
            data: Data {
                params: pairs(&model.params),
                metrics: model.metrics.iter().map(|metric| Metric::of_model(model.id, metric)).collect(),
            },
        }
    }
}
