//! What is added to runs: metrics, parameters, tags.

use std::collections::BTreeSet;

use serde_json::Value;

use super::app::App;
use super::limits::{check_batch, check_key, param_value};
use super::logged_models::no_model;
use super::route::Route;
use super::runs::{IN_RUN, run_id, tag, tags};
use super::wire::{Answer, Fields, Problem};
use uaic_study::store::MetricPoint;
use uaic_study::store::tracking::{Batch, DatasetRef, ModelId, ModelPoint};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/runs/log-metric", log_metric).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/log-parameter", log_parameter).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/set-tag", set_tag).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/delete-tag", delete_tag).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/log-batch", log_batch).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/log-model", log_model).within(IN_RUN),
];

/// The tag that clients of version 2 keep logged models in.
const HISTORY_TAG: &str = "mlflow.log-model.history";

/// A point of a metric.
///
/// # Errors
/// It is none.
fn metric(fields: &Fields<'_>) -> Result<MetricPoint, Problem> {
    let key = fields.needed_text("key")?;
    let value = fields.needed_number("value")?;
    let time_ms = fields.needed_integer("timestamp")?;
    let step = fields.integer("step")?.unwrap_or(0);
    check_key("metric", key)?;
    if time_ms < 0 {
        return Err(fields.refuse("timestamp", "it must be at least 0"));
    }
    Ok(MetricPoint { key: key.to_owned(), step, time_ms, value })
}

/// A parameter.
fn param(fields: &Fields<'_>) -> Result<(String, String), Problem> {
    let (key, value) = (fields.needed_text("key")?, fields.text_or_empty("value")?);
    check_key("param", key)?;
    Ok((key.to_owned(), param_value(value)))
}

fn add(app: &App, fields: &Fields<'_>, batch: &Batch) -> Result<Answer, Problem> {
    app.store.record(run_id(fields)?, batch)?;
    Ok(Answer::empty())
}

/// The points of a batch, and which of them are of logged models.
fn points(app: &App, metrics: &[Fields<'_>]) -> Result<(Vec<MetricPoint>, Vec<ModelPoint>), Problem> {
    let mut of_models = Vec::new();
    for (place, fields) in metrics.iter().enumerate() {
        let Some(text) = fields.text("model_id")?.filter(|text| !text.is_empty()) else { continue };
        let model = ModelId::parse(text).ok_or_else(|| no_model(text))?;
        if !app.sees_model(model)? {
            return Err(no_model(text));
        }
        let name = fields.text("dataset_name")?.filter(|name| !name.is_empty());
        let digest = fields.text_or_empty("dataset_digest")?;
        let dataset = name.map(|name| DatasetRef { name: name.to_owned(), digest: digest.to_owned() });
        of_models.push(ModelPoint { place, model, dataset });
    }
    Ok((metrics.iter().map(metric).collect::<Result<_, _>>()?, of_models))
}

fn log_metric(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (points, of_models) = points(app, std::slice::from_ref(fields))?;
    add(app, fields, &Batch { points, of_models, ..Batch::default() })
}

fn log_parameter(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    add(app, fields, &Batch { params: vec![param(fields)?], ..Batch::default() })
}

fn set_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    add(app, fields, &Batch { tags: vec![tag(fields)?], ..Batch::default() })
}

fn delete_tag(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    app.store.remove_tag(run_id(fields)?, fields.needed_text("key")?)?;
    Ok(Answer::empty())
}

fn log_batch(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (points, of_models) = points(app, &fields.objects("metrics")?)?;
    let batch = Batch {
        points,
        of_models,
        params: fields.objects("params")?.iter().map(param).collect::<Result<_, _>>()?,
        tags: tags(fields)?,
    };
    check_batch(batch.points.len(), batch.params.len(), batch.tags.len())?;
    let mut seen = BTreeSet::new();
    let doubled: Vec<&str> =
        batch.params.iter().map(|(key, _)| key.as_str()).filter(|key| !seen.insert(*key)).collect();
    if !doubled.is_empty() {
        return Err(Problem::invalid(format!(
            "Duplicate parameter keys have been submitted: {doubled:?}. Please ensure the request contains only \
             one param value per param key."
        )));
    }
    add(app, fields, &batch)
}

/// Adds a model to the list of those that a run has logged.
fn log_model(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let text = fields.needed_text("model_json")?;
    let model: Value = serde_json::from_str(text).map_err(|error| {
        Problem::invalid(format!("Malformed model info. The following error was raised: {error}"))
    })?;
    for needed in ["artifact_path", "flavors", "utc_time_created", "run_id"] {
        if model.get(needed).is_none() {
            return Err(Problem::invalid(format!("Model json is missing mandatory fields: ['{needed}']")));
        }
    }
    let id = run_id(fields)?;
    let run = app.store.tracked(id)?;
    let known = run.tags.iter().find(|(key, _)| &**key == HISTORY_TAG).map(|(_, value)| value.as_str());
    let mut history: Vec<Value> = known.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    // The same once more is a request that was sent again.
    if !history.contains(&model) {
        history.push(model);
    }
    let tags = vec![(HISTORY_TAG.to_owned(), Value::Array(history).to_string())];
    app.store.record(id, &Batch { tags, ..Batch::default() })?;
    Ok(Answer::empty())
}
