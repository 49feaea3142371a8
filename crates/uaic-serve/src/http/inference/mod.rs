//! The Open Inference Protocol, version 2 (`/v2`), as KServe and Triton speak it: texts go in as a
//! tensor of type BYTES, labels and figures come out as tensors.
//!
//! Source: <https://github.com/kserve/open-inference-protocol>.

mod infer;
mod message;

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;

use self::message::{
    INPUT, InferRequest, InferResponse, Liveness, ModelMetadata, OUTPUTS, Readiness, ServerMetadata,
    TensorMetadata,
};
use super::app::App;
use super::context::RequestContext;
use super::problem::{HttpProblem, InferenceProblem, InferenceProblemBody};
use crate::fleet::Model;

/// The server
#[utoipa::path(get, path = "/v2", tag = "inference", responses((status = 200, body = ServerMetadata)))]
pub(in crate::http) async fn server() -> Json<ServerMetadata> {
    Json(ServerMetadata { name: "uaic", version: env!("CARGO_PKG_VERSION"), extensions: Vec::new() })
}

/// Whether the server lives
#[utoipa::path(get, path = "/v2/health/live", tag = "inference", responses((status = 200, body = Liveness)))]
pub(in crate::http) async fn live() -> Json<Liveness> {
    Json(Liveness { live: true })
}

/// Whether the server takes requests
#[utoipa::path(
    get, path = "/v2/health/ready", tag = "inference", operation_id = "server_ready",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness))
)]
pub(in crate::http) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Readiness>) {
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
pub(in crate::http) async fn model(
    State(app): State<Arc<App>>,
    model: Result<Path<String>, PathRejection>,
) -> Result<Json<ModelMetadata>, InferenceProblem> {
    let Path(model) = model.map_err(|rejection| no_path(&rejection))?;
    let slot = app.fleet.slot(&model)?;
    let versions = slot.answering().into_iter().map(|one| one.model.version.to_string()).collect();
    Ok(Json(metadata(&slot.live.model, versions)))
}

/// What a version of a model takes and gives
#[utoipa::path(
    get, path = "/v2/models/{model}/versions/{version}", tag = "inference",
    params(("model" = String, Path), ("version" = String, Path)),
    responses((status = 200, body = ModelMetadata), (status = 404, body = InferenceProblemBody))
)]
pub(in crate::http) async fn version(
    State(app): State<Arc<App>>,
    place: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<ModelMetadata>, InferenceProblem> {
    let Path((model, version)) = place.map_err(|rejection| no_path(&rejection))?;
    let found = app.fleet.version(&model, &version)?.deployment;
    Ok(Json(metadata(&found.model, vec![found.model.version.to_string()])))
}

fn metadata(model: &Model, versions: Vec<String>) -> ModelMetadata {
    let output = |(name, datatype): (&'static str, &'static str)| TensorMetadata {
        name,
        datatype,
        shape: if name.starts_with("top_") { vec![-1, -1] } else { vec![-1] },
    };
    // A model that cannot tell scope has no such output.
    let is_calibrated = model.predictor.calibration.is_some();
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
pub(in crate::http) async fn model_ready(
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
pub(in crate::http) async fn version_ready(
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
    responses((status = 200, body = InferResponse), InferenceProblem)
)]
pub(in crate::http) async fn infer(
    State(app): State<Arc<App>>,
    model: Result<Path<String>, PathRejection>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Result<Json<InferResponse>, InferenceProblem> {
    let Path(model) = model.map_err(|rejection| no_path(&rejection))?;
    Ok(Json(infer::infer(&app, &context, (model, None), request).await?))
}

/// What a version of a model says of texts
#[utoipa::path(
    post, path = "/v2/models/{model}/versions/{version}/infer", tag = "inference", request_body = InferRequest,
    params(("model" = String, Path), ("version" = String, Path)),
    responses((status = 200, body = InferResponse), InferenceProblem)
)]
pub(in crate::http) async fn infer_version(
    State(app): State<Arc<App>>,
    place: Result<Path<(String, String)>, PathRejection>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Result<Json<InferResponse>, InferenceProblem> {
    let Path((model, version)) = place.map_err(|rejection| no_path(&rejection))?;
    Ok(Json(infer::infer(&app, &context, (model, Some(version)), request).await?))
}

/// A name in the path that is no text.
fn no_path(rejection: &PathRejection) -> HttpProblem {
    HttpProblem::not_found(rejection.body_text())
}
