//! Texts that come as a tensor, and what a model says of them as tensors.

use std::sync::Arc;

use axum::extract::Request;
use serde_json::{Value, json};
use uaic_model::inference::{LabelScore, Prediction};

use super::message::{INPUT, InferRequest, InferResponse, InputTensor, OUTPUTS, OutputTensor, WantedOutput};
use crate::engine::EngineRequest;
use crate::http::app::App;
use crate::http::body::read_request;
use crate::http::context::RequestContext;
use crate::http::dispatch::{ModelRef, dispatch};
use crate::http::problem::HttpProblem;
use crate::http::wire::{check_texts, key_of, labels_of};

/// Answers a request to a model, or to one version of it.
pub(super) async fn infer(
    app: &Arc<App>,
    context: &RequestContext,
    (name, version): (String, Option<String>),
    request: Request,
) -> Result<InferResponse, HttpProblem> {
    // Before the body is looked at: a wrong name is the first thing to know.
    match &version {
        Some(version) => drop(app.fleet.version(&name, version)?),
        None => drop(app.fleet.slot(&name)?),
    }
    let (parts, body) = request.into_parts();
    let InferRequest { id, parameters, inputs, outputs } = read_request(app, &parts.headers, body).await?;
    let (top_k, key) = parameters.map_or((None, None), |parameters| (parameters.top_k, parameters.key));
    let texts = texts_of(app, inputs)?;
    let wanted = wanted(&outputs.unwrap_or_default())?;
    let model = ModelRef { name: Some(name), version, key: key.or_else(|| key_of(&parts.headers)) };
    let request = EngineRequest { texts, top: labels_of(top_k), explain: false, deadline: app.deadline() };
    let (deployment, response) = dispatch(app, context, model, request).await?;
    Ok(InferResponse {
        model_name: deployment.model.name.to_string(),
        model_version: deployment.model.version.to_string(),
        id: id.unwrap_or_else(|| context.id.to_string()),
        outputs: tensors(&response.predictions, &wanted),
    })
}

/// The texts of the one input.
fn texts_of(app: &App, inputs: Vec<InputTensor>) -> Result<Vec<String>, HttpProblem> {
    let count = inputs.len();
    let mut inputs = inputs.into_iter();
    let (Some(input), None) = (inputs.next(), inputs.next()) else {
        let message = format!("there is one input, `{INPUT}`, and {count} were given");
        return Err(HttpProblem::invalid("/inputs", message));
    };
    let InputTensor { name, shape, datatype, data, .. } = input;
    for (field, value, only) in [("name", name, INPUT), ("datatype", datatype, "BYTES")] {
        if value != only {
            let message = format!("`{field}` has to be `{only}`");
            return Err(HttpProblem::invalid(format!("/inputs/0/{field}"), message));
        }
    }
    let texts = check_texts(app, "/inputs/0/data", data)?;
    let count = texts.len() as u64;
    if shape != [count] && shape != [count, 1] {
        let message = format!("the shape of {count} texts is [{count}] or [{count}, 1]");
        return Err(HttpProblem::invalid("/inputs/0/shape", message));
    }
    Ok(texts)
}

/// The names of the outputs that are wanted, in their order; all where none is named.
fn wanted(outputs: &[WantedOutput]) -> Result<Vec<&'static str>, HttpProblem> {
    let names = OUTPUTS.map(|(name, _)| name);
    if outputs.is_empty() {
        return Ok(names.to_vec());
    }
    let known = |(number, output): (usize, &WantedOutput)| {
        names.into_iter().find(|name| *name == output.name).ok_or_else(|| {
            let message = format!("there is no such output; there are {}", names.join(", "));
            HttpProblem::invalid(format!("/outputs/{number}/name"), message)
        })
    };
    outputs.iter().enumerate().map(known).collect()
}

/// The outputs that are wanted, row by row.
fn tensors(predictions: &[Prediction], wanted: &[&'static str]) -> Vec<OutputTensor> {
    let rows = predictions.len();
    let columns = predictions.first().map_or(0, |prediction| prediction.top.len());
    let each = |value: &dyn Fn(&Prediction) -> Value| predictions.iter().map(value).collect::<Vec<Value>>();
    let top = |value: &dyn Fn(&LabelScore) -> Value| {
        predictions.iter().flat_map(|prediction| prediction.top.iter()).map(value).collect::<Vec<Value>>()
    };
    let tensor = |name: &&'static str| {
        let (name, datatype) = *OUTPUTS.iter().find(|(known, _)| known == name)?;
        let data = match name {
            "label" => each(&|prediction| json!(&*prediction.label)),
            "confidence" => each(&|prediction| json!(prediction.confidence)),
            "out_of_scope" => each(&|prediction| json!(prediction.is_out_of_scope)),
            "top_labels" => top(&|one| json!(&*one.label)),
            _ => top(&|one| json!(one.confidence)),
        };
        // A model that cannot tell scope has no such output.
        let is_absent = data.iter().any(Value::is_null);
        let shape = if name.starts_with("top_") { vec![rows, columns] } else { vec![rows] };
        (!is_absent).then(|| OutputTensor { name, datatype, shape, data: data.into() })
    };
    wanted.iter().filter_map(tensor).collect()
}
