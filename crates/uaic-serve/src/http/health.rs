//! Whether the server lives, and whether it takes requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use serde::Serialize;
use uaic_wording::nearest::nearest;
use utoipa::ToSchema;

use super::app::App;
use super::problem::HttpProblem;
use crate::metrics::{Format, Role};

/// Whether the process lives
///
/// As long as it answers at all; restart it when it does not.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = str)))]
pub(super) async fn livez() -> &'static str {
    "OK"
}

/// Whether it takes requests
///
/// 503 until the models are loaded, and from the moment on that the server is told to stop.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses((status = 200, body = str), (status = 503, body = str, description = "Send requests elsewhere"))
)]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    if app.is_ready() { (StatusCode::OK, "OK") } else { (StatusCode::SERVICE_UNAVAILABLE, "Not ready") }
}

/// As /readyz, with the status 423 of the server that uaic replaces
#[utoipa::path(
    get, path = "/ready", tag = "health",
    responses((status = 200, body = str), (status = 423, body = str, description = "Send requests elsewhere"))
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    if app.is_ready() { (StatusCode::OK, "OK") } else { (StatusCode::LOCKED, "Not ready") }
}

/// Everything that is served.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelsResponse {
    /// The default model first, then by name; the canary of a model follows its live version.
    models: Vec<ModelDescription>,
}

/// A version that is served.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelDescription {
    /// The name of the model.
    name: String,
    /// Its version.
    version: String,
    /// `live`, `canary` or `shadow`.
    role: &'static str,
    /// The share of requests that it answers, from 0 to 1.
    share: f64,
    /// What it was loaded from.
    address: String,
    /// SHA-256 of its package's manifest.
    digest: String,
    /// Its architecture.
    architecture: String,
    /// Whether it has a temperature and a threshold of scope.
    calibrated: bool,
    /// When it was loaded, in milliseconds since 1970 UTC.
    loaded_ms: i64,
    /// Its labels.
    labels: Vec<String>,
}

/// The models that are served
#[utoipa::path(get, path = "/v1/models", tag = "models", responses((status = 200, body = ModelsResponse)))]
pub(super) async fn models(State(app): State<Arc<App>>) -> Json<ModelsResponse> {
    Json(describe(&app))
}

pub(super) fn describe(app: &App) -> ModelsResponse {
    let slots = app.fleet.slots();
    let default = app.fleet.default_name();
    let mut order: Vec<_> = slots.iter().collect();
    order.sort_by_key(|(name, _)| default.as_deref() != Some(name.as_str()));
    let mut models = Vec::new();
    for (_, slot) in order {
        let canary = slot.canary.as_ref().map_or(0.0, |(_, share)| *share);
        for deployment in slot.all() {
            let model = &deployment.model;
            let share = match deployment.role {
                Role::Live => 1.0 - canary,
                Role::Canary => canary,
                Role::Shadow => 0.0,
            };
            models.push(ModelDescription {
                name: model.name.to_string(),
                version: model.version.to_string(),
                role: deployment.role.as_str(),
                share,
                address: model.address.clone(),
                digest: model.digest.clone(),
                architecture: model.architecture.clone(),
                calibrated: model.predictor.calibration.is_some(),
                loaded_ms: model.loaded_ms,
                labels: model.predictor.classifier.labels.clone(),
            });
        }
    }
    ModelsResponse { models }
}

/// What Prometheus is told
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = 200, description = "In the format that is accepted", content(
        (str = "application/openmetrics-text"), (str = "text/plain"),
    )))
)]
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> ([(HeaderName, &'static str); 1], String) {
    let format = Format::negotiate(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    ([(CONTENT_TYPE, format.content_type())], app.metrics.encode(format))
}

/// What is at no route.
pub(super) async fn nowhere(State(app): State<Arc<App>>, uri: Uri) -> HttpProblem {
    let path: String = uri.path().chars().take(100).collect();
    let hint = match nearest(&path, app.routes.iter().map(|route| &*route.path)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "`/apidocs` lists what there is".to_owned(),
    };
    HttpProblem::not_found(format!("there is nothing at `{}`; {hint}", path.escape_debug()))
}
