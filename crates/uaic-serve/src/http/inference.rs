//! The Open Inference Protocol, version 2 (`/v2`), as KServe and Triton speak it: texts go in as a
//! tensor of type BYTES, labels and figures come out as tensors.
//!
//! Source: <https://github.com/kserve/open-inference-protocol>.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::App;
use super::ask::{Asked, Said, ask};
use super::body::{Fields, kind_of, read_object};
use super::predict::{Text, key_of, texts};
use super::problem::{InferenceProblem, InferenceProblemBody, Problem};
use super::telemetry::Ticket;
use uaic_model::inference::Answer;

/// Labels of an answer when nothing else is asked.
const TOP: u64 = 3;

/// The name of the input.
const INPUT: &str = "text";

/// The outputs, with their types; those of `top` have a column for each label that was asked for.
const OUTPUTS: [(&str, &str); 5] = [
    ("label", "BYTES"),
    ("confidence", "FP64"),
    ("out_of_scope", "BOOL"),
    ("top_labels", "BYTES"),
    ("top_confidences", "FP64"),
];

/// The server.
#[derive(Serialize, ToSchema)]
pub(super) struct ServerMetadata {
    /// `uaic`.
    name: &'static str,
    /// Of the program.
    version: &'static str,
    /// None.
    extensions: Vec<String>,
}

/// A model.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelMetadata {
    /// The name of the model.
    name: String,
    /// The versions that are served.
    versions: Vec<String>,
    /// `uaic_` and the architecture.
    platform: String,
    /// One tensor, `text`.
    inputs: Vec<TensorMetadata>,
    /// What comes out.
    outputs: Vec<TensorMetadata>,
}

/// A tensor.
#[derive(Serialize, ToSchema)]
pub(super) struct TensorMetadata {
    /// Its name.
    name: &'static str,
    /// Its type.
    datatype: &'static str,
    /// Its shape; -1 for any length.
    shape: Vec<i64>,
}

/// Whether something takes requests.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Of which model.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether it does.
    ready: bool,
}

/// Whether the server lives.
#[derive(Serialize, ToSchema)]
pub(super) struct Liveness {
    /// Always true.
    live: bool,
}

/// Texts to be answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(super) struct InferRequest {
    /// Comes back with the answer.
    id: Option<String>,
    /// `top_k`: how many labels each prediction names.
    parameters: Option<InferParameters>,
    /// One tensor, `text`.
    #[schema(min_items = 1, max_items = 1)]
    inputs: Vec<InputTensor>,
    /// Which outputs are wanted; all without it.
    outputs: Option<Vec<WantedOutput>>,
}

/// Settings of a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(super) struct InferParameters {
    /// How many labels each prediction names.
    #[schema(minimum = 1, maximum = 10000, default = 3)]
    top_k: Option<u32>,
    /// Equal keys meet the same version while there is a canary.
    key: Option<String>,
}

/// A tensor of texts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(super) struct InputTensor {
    /// `text`.
    #[schema(example = "text", pattern = "^text$")]
    name: String,
    /// `[n]` or `[n, 1]` for n texts.
    #[schema(example = json!([1]), min_items = 1, max_items = 2)]
    shape: Vec<u32>,
    /// `BYTES`.
    #[schema(example = "BYTES", pattern = "^BYTES$")]
    datatype: String,
    /// The texts.
    #[schema(example = json!(["show me flights from boston to denver"]), min_items = 1)]
    data: Vec<Text>,
    /// Not used.
    parameters: Option<Map<String, Value>>,
}

/// An output that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(super) struct WantedOutput {
    /// One of the model's outputs.
    #[schema(pattern = "^(label|confidence|out_of_scope|top_labels|top_confidences)$")]
    name: String,
    /// Not used.
    parameters: Option<Map<String, Value>>,
}

/// What a model says.
#[derive(Serialize, ToSchema)]
pub(super) struct InferResponse {
    /// The model that answered.
    model_name: String,
    /// Its version.
    model_version: String,
    /// The id of the request.
    id: String,
    /// A tensor for each output.
    outputs: Vec<OutputTensor>,
}

/// A tensor.
#[derive(Serialize, ToSchema)]
pub(super) struct OutputTensor {
    /// Its name.
    name: &'static str,
    /// Its type.
    datatype: &'static str,
    /// Its shape.
    shape: Vec<usize>,
    /// Its values, row by row.
    #[schema(value_type = Vec<serde_json::Value>)]
    data: Value,
}

/// The server
#[utoipa::path(get, path = "/v2", tag = "inference", responses((status = 200, body = ServerMetadata)))]
pub(super) async fn server() -> Json<ServerMetadata> {
    Json(ServerMetadata { name: "uaic", version: env!("CARGO_PKG_VERSION"), extensions: Vec::new() })
}

/// Whether the server lives
#[utoipa::path(get, path = "/v2/health/live", tag = "inference", responses((status = 200, body = Liveness)))]
pub(super) async fn live() -> Json<Liveness> {
    Json(Liveness { live: true })
}

/// Whether the server takes requests
#[utoipa::path(
    get, path = "/v2/health/ready", tag = "inference", operation_id = "server_ready",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness))
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Readiness>) {
    readiness(&app, None)
}

fn readiness(app: &App, name: Option<String>) -> (StatusCode, Json<Readiness>) {
    let ready = app.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { name, ready }))
}

/// What a model takes and gives
#[utoipa::path(
    get, path = "/v2/models/{model}", tag = "inference", params(("model" = String, Path)),
    responses((status = 200, body = ModelMetadata), (status = 404, body = InferenceProblemBody))
)]
pub(super) async fn model(
    State(app): State<Arc<App>>,
    model: Result<Path<String>, PathRejection>,
) -> Result<Json<ModelMetadata>, InferenceProblem> {
    let Path(model) = model.map_err(|rejection| no_path(&rejection))?;
    let slot = app.fleet.slot(&model)?;
    let versions = slot.heard().into_iter().map(|one| one.model.version.to_string()).collect();
    Ok(Json(metadata(&slot.live.model, versions)))
}

/// What a version of a model takes and gives
#[utoipa::path(
    get, path = "/v2/models/{model}/versions/{version}", tag = "inference",
    params(("model" = String, Path), ("version" = String, Path)),
    responses((status = 200, body = ModelMetadata), (status = 404, body = InferenceProblemBody))
)]
pub(super) async fn version(
    State(app): State<Arc<App>>,
    place: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<ModelMetadata>, InferenceProblem> {
    let Path((model, version)) = place.map_err(|rejection| no_path(&rejection))?;
    let found = app.fleet.version(&model, &version)?.deployment;
    Ok(Json(metadata(&found.model, vec![found.model.version.to_string()])))
}

fn metadata(model: &crate::fleet::Model, versions: Vec<String>) -> ModelMetadata {
    let output = |(name, datatype): (&'static str, &'static str)| TensorMetadata {
        name,
        datatype,
        shape: if name.starts_with("top_") { vec![-1, -1] } else { vec![-1] },
    };
    // A model that cannot tell scope has no such output.
    let is_calibrated = model.responder.calibration.is_some();
    let outputs = OUTPUTS.into_iter().filter(|(name, _)| is_calibrated || *name != "out_of_scope");
    ModelMetadata {
        name: model.name.to_string(),
        versions,
        platform: format!("uaic_{}", model.architecture),
        inputs: vec![TensorMetadata { name: INPUT, datatype: "BYTES", shape: vec![-1] }],
        outputs: outputs.map(output).collect(),
    }
}

/// Whether a model takes requests
#[utoipa::path(
    get, path = "/v2/models/{model}/ready", tag = "inference", params(("model" = String, Path)),
    responses(
        (status = 200, body = Readiness), (status = 404, body = InferenceProblemBody),
        (status = 503, body = Readiness),
    )
)]
pub(super) async fn model_ready(
    State(app): State<Arc<App>>,
    model: Result<Path<String>, PathRejection>,
) -> Result<(StatusCode, Json<Readiness>), InferenceProblem> {
    let Path(model) = model.map_err(|rejection| no_path(&rejection))?;
    app.fleet.slot(&model)?;
    Ok(readiness(&app, Some(model)))
}

/// Whether a version of a model takes requests
#[utoipa::path(
    get, path = "/v2/models/{model}/versions/{version}/ready", tag = "inference",
    params(("model" = String, Path), ("version" = String, Path)),
    responses(
        (status = 200, body = Readiness), (status = 404, body = InferenceProblemBody),
        (status = 503, body = Readiness),
    )
)]
pub(super) async fn version_ready(
    State(app): State<Arc<App>>,
    place: Result<Path<(String, String)>, PathRejection>,
) -> Result<(StatusCode, Json<Readiness>), InferenceProblem> {
    let Path((model, version)) = place.map_err(|rejection| no_path(&rejection))?;
    app.fleet.version(&model, &version)?;
    Ok(readiness(&app, Some(model)))
}

/// What a model says of texts
#[utoipa::path(
    post, path = "/v2/models/{model}/infer", tag = "inference", request_body = InferRequest,
    params(("model" = String, Path), ("X-Request-Key" = Option<String>, Header, description = "As the parameter `key`")),
    responses(
        (status = 200, body = InferResponse),
        (status = 400, body = InferenceProblemBody, description = "The body is no JSON"),
        (status = 404, body = InferenceProblemBody, description = "There is no such model"),
        (status = 408, body = InferenceProblemBody, description = "The body came too slowly"),
        (status = 413, body = InferenceProblemBody, description = "The body or a text is too large"),
        (status = 415, body = InferenceProblemBody, description = "The body is of another type"),
        (status = 422, body = InferenceProblemBody, description = "A field cannot have its value"),
        (status = 429, body = InferenceProblemBody, description = "The queue is full"),
        (status = 500, body = InferenceProblemBody, description = "A defect"),
        (status = 503, body = InferenceProblemBody, description = "Not ready, or being stopped"),
        (status = 504, body = InferenceProblemBody, description = "Not answered in time"),
    )
)]
pub(super) async fn infer(
    State(app): State<Arc<App>>,
    model: Result<Path<String>, PathRejection>,
    Extension(ticket): Extension<Ticket>,
    request: Request,
) -> Result<Json<InferResponse>, InferenceProblem> {
    let Path(model) = model.map_err(|rejection| no_path(&rejection))?;
    Ok(Json(answer(&app, &ticket, (model, None), request).await?))
}

/// What a version of a model says of texts
#[utoipa::path(
    post, path = "/v2/models/{model}/versions/{version}/infer", tag = "inference", request_body = InferRequest,
    params(("model" = String, Path), ("version" = String, Path)),
    responses(
        (status = 200, body = InferResponse),
        (status = 400, body = InferenceProblemBody, description = "The body is no JSON"),
        (status = 404, body = InferenceProblemBody, description = "There is no such model or version"),
        (status = 408, body = InferenceProblemBody, description = "The body came too slowly"),
        (status = 413, body = InferenceProblemBody, description = "The body or a text is too large"),
        (status = 415, body = InferenceProblemBody, description = "The body is of another type"),
        (status = 422, body = InferenceProblemBody, description = "A field cannot have its value"),
        (status = 429, body = InferenceProblemBody, description = "The queue is full"),
        (status = 500, body = InferenceProblemBody, description = "A defect"),
        (status = 503, body = InferenceProblemBody, description = "Not ready, or being stopped"),
        (status = 504, body = InferenceProblemBody, description = "Not answered in time"),
    )
)]
pub(super) async fn infer_version(
    State(app): State<Arc<App>>,
    place: Result<Path<(String, String)>, PathRejection>,
    Extension(ticket): Extension<Ticket>,
    request: Request,
) -> Result<Json<InferResponse>, InferenceProblem> {
    let Path((model, version)) = place.map_err(|rejection| no_path(&rejection))?;
    Ok(Json(answer(&app, &ticket, (model, Some(version)), request).await?))
}

/// A name in the path that is no text.
fn no_path(rejection: &PathRejection) -> Problem {
    Problem::not_found(rejection.body_text())
}

async fn answer(
    app: &Arc<App>,
    ticket: &Ticket,
    (model, version): (String, Option<String>),
    request: Request,
) -> Result<InferResponse, Problem> {
    // Before the body is looked at: a wrong name is the first thing to know.
    match &version {
        Some(version) => drop(app.fleet.version(&model, version)?),
        None => drop(app.fleet.slot(&model)?),
    }
    let (parts, body) = request.into_parts();
    let mut fields = Fields::new("", read_object(app, &parts.headers, body).await?);
    let id = fields.text("id")?;
    let (top, key) = parameters(&mut fields)?;
    let texts = input(app, &mut fields)?;
    let wanted = wanted(&mut fields)?;
    fields.end(&["id", "parameters", "inputs", "outputs"])?;
    let key = key.or_else(|| key_of(&parts.headers));
    let asked = Asked { model: Some(model), version, texts, top, explain: false, key };
    let Said { deployment, answered } = ask(app, ticket, asked).await?;
    Ok(InferResponse {
        model_name: deployment.model.name.to_string(),
        model_version: deployment.model.version.to_string(),
        id: id.unwrap_or_else(|| ticket.id.to_string()),
        outputs: outputs(&answered.answers, &wanted),
    })
}

fn parameters(fields: &mut Fields) -> Result<(usize, Option<String>), Problem> {
    let Some(mut inner) = object(fields, "parameters")? else { return Ok((TOP as usize, None)) };
    let top = inner.count("top_k", 10_000)?.unwrap_or(TOP) as usize;
    let key = inner.text("key")?;
    inner.end(&["top_k", "key"])?;
    Ok((top, key))
}

/// The fields of an object that need not be there.
fn object(fields: &mut Fields, name: &str) -> Result<Option<Fields>, Problem> {
    match fields.take(name) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(Fields::new(&fields.pointer(name), object))),
        Some(other) => {
            let message = format!("`{name}` is an object, not {}", kind_of(&other));
            Err(Problem::invalid(fields.pointer(name), message))
        }
    }
}

/// The texts of the one input.
fn input(app: &App, fields: &mut Fields) -> Result<Vec<String>, Problem> {
    let inputs = fields.array("inputs")?.unwrap_or_default();
    let count = inputs.len();
    let mut inputs = inputs.into_iter();
    let (Some(first), None) = (inputs.next(), inputs.next()) else {
        let message = format!("there is one input, `{INPUT}`, and {count} were given");
        return Err(Problem::invalid("/inputs", message));
    };
    let Value::Object(first) = first else {
        return Err(Problem::invalid("/inputs/0", "an input is an object"));
    };
    let mut tensor = Fields::new("/inputs/0", first);
    expect(&mut tensor, "name", INPUT)?;
    expect(&mut tensor, "datatype", "BYTES")?;
    let shape = tensor.array("shape")?;
    let data = tensor.array("data")?;
    object(&mut tensor, "parameters")?;
    tensor.end(&["name", "datatype", "shape", "data", "parameters"])?;
    let texts = texts(app, "/inputs/0/data", data.unwrap_or_default())?;
    let shape: Vec<u64> = shape.into_iter().flatten().filter_map(|length| length.as_u64()).collect();
    let count = texts.len() as u64;
    if shape != [count] && shape != [count, 1] {
        let message = format!("the shape of {count} texts is [{count}] or [{count}, 1]");
        return Err(Problem::invalid("/inputs/0/shape", message));
    }
    Ok(texts)
}

/// A field that has to have one value.
fn expect(fields: &mut Fields, name: &str, value: &str) -> Result<(), Problem> {
    if fields.text(name)?.as_deref() == Some(value) {
        return Ok(());
    }
    Err(Problem::invalid(fields.pointer(name), format!("`{name}` has to be `{value}`")))
}

/// The names of the outputs that are wanted, in their order.
fn wanted(fields: &mut Fields) -> Result<Vec<&'static str>, Problem> {
    let all = || OUTPUTS.iter().map(|(name, _)| *name);
    let Some(items) = fields.array("outputs")? else { return Ok(all().collect()) };
    let mut wanted = Vec::new();
    for (number, item) in items.into_iter().enumerate() {
        let place = format!("/outputs/{number}");
        let Value::Object(item) = item else {
            return Err(Problem::invalid(place, "an output is an object with a `name`"));
        };
        let mut output = Fields::new(&place, item);
        let name = output.text("name")?.unwrap_or_default();
        object(&mut output, "parameters")?;
        let Some(known) = all().find(|known| *known == name) else {
            let message =
                format!("there is no such output; there are {}", all().collect::<Vec<_>>().join(", "));
            return Err(Problem::invalid(output.pointer("name"), message));
        };
        output.end(&["name", "parameters"])?;
        wanted.push(known);
    }
    Ok(if wanted.is_empty() { all().collect() } else { wanted })
}

fn outputs(answers: &[Answer], wanted: &[&'static str]) -> Vec<OutputTensor> {
    let rows = answers.len();
    let columns = answers.first().map_or(0, |answer| answer.top.len());
    let each = |value: &dyn Fn(&Answer) -> Value| answers.iter().map(value).collect::<Vec<Value>>();
    let top = |value: &dyn Fn(&uaic_model::inference::Candidate) -> Value| {
        answers.iter().flat_map(|answer| answer.top.iter()).map(value).collect::<Vec<Value>>()
    };
    let tensor = |name: &&'static str| {
        let (name, datatype) = *OUTPUTS.iter().find(|(known, _)| known == name)?;
        let data = match name {
            "label" => each(&|answer| json!(answer.label)),
            "confidence" => each(&|answer| json!(answer.confidence)),
            "out_of_scope" => each(&|answer| json!(answer.is_out_of_scope)),
            "top_labels" => top(&|one| json!(one.label)),
            _ => top(&|one| json!(one.confidence)),
        };
        // A model that cannot tell scope has no such output.
        let is_absent = data.iter().any(Value::is_null);
        let shape = if name.starts_with("top_") { vec![rows, columns] } else { vec![rows] };
        (!is_absent).then(|| OutputTensor { name, datatype, shape, data: data.into() })
    };
    wanted.iter().filter_map(tensor).collect()
}
