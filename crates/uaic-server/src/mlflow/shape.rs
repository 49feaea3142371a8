//! What is known of experiments and runs, as clients read it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::wire::Float;
use uaic_study::store::Point;
use uaic_study::store::tracking::{
    DatasetInput, ExperimentRecord, ModelId, ModelMetric, TrackedMetric, TrackedRun,
};

/// A key and its value.
#[derive(Debug, Serialize)]
pub(super) struct Pair<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

pub(super) fn pairs(map: &BTreeMap<String, String>) -> Vec<Pair<'_>> {
    map.iter().map(|(key, value)| Pair { key, value }).collect()
}

fn stage(is_deleted: bool) -> &'static str {
    if is_deleted { "deleted" } else { "active" }
}

/// An experiment.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "MLflow's names")]
pub(super) struct Experiment<'a> {
    experiment_id: String,
    name: &'a str,
    artifact_location: &'a str,
    lifecycle_stage: &'static str,
    last_update_time: i64,
    creation_time: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
}

impl<'a> Experiment<'a> {
    pub(super) fn of(record: &'a ExperimentRecord) -> Self {
        Self {
            experiment_id: record.id.to_string(),
            name: &record.name,
            artifact_location: &record.location,
            lifecycle_stage: stage(record.is_deleted),
            last_update_time: record.updated_ms,
            creation_time: record.created_ms,
            tags: pairs(&record.tags),
        }
    }
}

/// A run.
#[derive(Debug, Serialize)]
pub(super) struct Run<'a> {
    info: RunInfo<'a>,
    data: RunData<'a>,
    #[serde(skip_serializing_if = "Inputs::is_empty")]
    inputs: Inputs<'a>,
    #[serde(skip_serializing_if = "Outputs::is_empty")]
    outputs: Outputs<'a>,
}

/// What is known of every run.
#[derive(Debug, Serialize)]
pub(super) struct RunInfo<'a> {
    run_id: String,
    run_uuid: String,
    run_name: &'a str,
    experiment_id: String,
    user_id: &'a str,
    status: &'static str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: &'a str,
    lifecycle_stage: &'static str,
}

#[derive(Debug, Serialize)]
struct RunData<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<Metric<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
}

/// A point of a metric.
#[derive(Debug, Serialize)]
pub(super) struct Metric<'a> {
    key: &'a str,
    value: Float,
    timestamp: i64,
    step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_digest: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Inputs<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dataset_inputs: Vec<Input<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_inputs: Vec<ModelInput<'a>>,
}

#[derive(Debug, Serialize)]
struct Input<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
    dataset: Dataset<'a>,
}

#[derive(Debug, Serialize)]
struct Dataset<'a> {
    name: &'a str,
    digest: &'a str,
    source_type: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ModelInput<'a> {
    model_id: &'a str,
}

#[derive(Debug, Serialize)]
struct Outputs<'a> {
    model_outputs: Vec<ModelOutput<'a>>,
}

#[derive(Debug, Serialize)]
struct ModelOutput<'a> {
    model_id: &'a str,
    step: i64,
}

impl Inputs<'_> {
    fn is_empty(&self) -> bool {
        self.dataset_inputs.is_empty() && self.model_inputs.is_empty()
    }
}

impl Outputs<'_> {
    fn is_empty(&self) -> bool {
        self.model_outputs.is_empty()
    }
}

impl<'a> Metric<'a> {
    /// The latest point of a run's metric.
    fn latest(metric: &'a TrackedMetric) -> Self {
        let TrackedMetric { key, value, time_ms, step } = metric;
        Self::plain(key, Point { step: *step, time_ms: *time_ms, value: *value })
    }

    /// A point of a history; with its run where there are several.
    pub(super) fn of(key: &'a str, point: &Point, run_id: Option<&'a str>) -> Self {
        Self { run_id: run_id.map(Cow::Borrowed), ..Self::plain(key, *point) }
    }

    /// A point of a logged model's metric.
    pub(super) fn of_model(id: ModelId, metric: &'a ModelMetric) -> Self {
        let ModelMetric { key, value, time_ms, step, run, dataset } = metric;
        Self {
            run_id: Some(Cow::Owned(run.to_string())),
            model_id: Some(id.to_string()),
            dataset_name: dataset.as_ref().map(|dataset| dataset.name.as_str()),
            dataset_digest: dataset.as_ref().map(|dataset| dataset.digest.as_str()),
            ..Self::plain(key, Point { step: *step, time_ms: *time_ms, value: *value })
        }
    }

    fn plain(key: &'a str, point: Point) -> Self {
        let Point { step, time_ms, value } = point;
        Self {
            key,
            value: Float(value),
            timestamp: time_ms,
            step,
            run_id: None,
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
        }
    }
}

impl<'a> RunInfo<'a> {
    pub(super) fn of(run: &'a TrackedRun) -> Self {
        let id = run.id.to_string();
        Self {
            run_id: id.clone(),
            run_uuid: id,
            run_name: &run.name,
            experiment_id: run.experiment.to_string(),
            user_id: &run.user,
            status: run.status.name(),
            start_time: run.started_ms,
            end_time: run.ended_ms,
            artifact_uri: &run.location,
            lifecycle_stage: stage(run.is_deleted),
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn of(run: &'a TrackedRun) -> Self {
        Self {
            info: RunInfo::of(run),
            data: RunData {
                metrics: run.metrics.iter().map(Metric::latest).collect(),
                params: run.params.iter().map(|(key, value)| Pair { key, value }).collect(),
                tags: run.tags.iter().map(|(key, value)| Pair { key, value }).collect(),
            },
            inputs: Inputs {
                dataset_inputs: run.datasets.iter().map(Input::of).collect(),
                model_inputs: run.model_inputs.iter().map(|model_id| ModelInput { model_id }).collect(),
            },
            outputs: Outputs {
                model_outputs: run
                    .model_outputs
                    .iter()
                    .map(|output| ModelOutput { model_id: &output.model, step: output.step })
                    .collect(),
            },
        }
    }
}

impl<'a> Input<'a> {
    fn of(input: &'a DatasetInput) -> Self {
        let dataset = &input.dataset;
        Self {
            tags: input.tags.iter().map(|(key, value)| Pair { key, value }).collect(),
            dataset: Dataset {
                name: &dataset.name,
                digest: &dataset.digest,
                source_type: &dataset.source_type,
                source: &dataset.source,
                schema: dataset.schema.as_deref(),
                profile: dataset.profile.as_deref(),
            },
        }
    }
}
