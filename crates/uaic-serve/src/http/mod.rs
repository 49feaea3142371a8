//! The routes. Each is declared once, with its documentation: the OpenAPI document is made of them.

pub(super) mod admin;
mod ask;
mod body;
mod docs;
mod feedback;
mod health;
mod inference;
mod intent;
mod page;
mod predict;
mod problem;
mod telemetry;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::extract::Request;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::fleet::Fleet;
use super::metrics::Metrics;
use super::request_log::RequestLog;
use super::settings::Settings;
use problem::Problem;
use telemetry::RequestIds;

/// All routes, as they are declared; what metrics and logs call them.
pub const ROUTES: [&str; 27] = [
    "/",
    "/apidocs",
    "/apidocs/",
    "/apidocs/{*path}",
    "/assets/app.js",
    "/assets/icon.svg",
    "/assets/style.css",
    "/intent",
    "/livez",
    "/metrics",
    "/openapi.json",
    "/ready",
    "/readyz",
    "/v1/feedback",
    "/v1/models",
    "/v1/predict",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/{model}",
    "/v2/models/{model}/infer",
    "/v2/models/{model}/ready",
    "/v2/models/{model}/versions/{version}",
    "/v2/models/{model}/versions/{version}/infer",
    "/v2/models/{model}/versions/{version}/ready",
    "/admin/models",
    "/admin/models/{model}/{action}",
];

/// What all requests share.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) fleet: Fleet,
    pub(crate) metrics: Arc<Metrics>,
    /// `None` when nothing is to be recorded.
    pub(crate) log: Option<Arc<RequestLog>>,
    ids: RequestIds,
    phase: AtomicU8,
}

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

impl App {
    pub(crate) fn new(
        settings: Settings,
        fleet: Fleet,
        metrics: Arc<Metrics>,
        log: Option<Arc<RequestLog>>,
    ) -> Self {
        Self { settings, fleet, metrics, log, ids: RequestIds::new(), phase: AtomicU8::new(STARTING) }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.phase.load(Ordering::Acquire) == READY
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.phase.load(Ordering::Acquire) == DRAINING
    }

    /// The models are loaded.
    pub(crate) fn set_ready(&self) {
        self.phase.store(READY, Ordering::Release);
        self.metrics.set_ready(true);
    }

    /// The server is to stop.
    pub(crate) fn set_draining(&self) {
        self.phase.store(DRAINING, Ordering::Release);
        self.metrics.set_ready(false);
    }
}

/// The routes with documentation.
fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(docs::Document::openapi())
        .routes(routes!(intent::predict))
        .routes(routes!(predict::predict))
        .routes(routes!(feedback::feedback))
        .routes(routes!(health::models))
        .routes(routes!(inference::server))
        .routes(routes!(inference::live))
        .routes(routes!(inference::ready))
        .routes(routes!(inference::model))
        .routes(routes!(inference::version))
        .routes(routes!(inference::model_ready))
        .routes(routes!(inference::version_ready))
        .routes(routes!(inference::infer))
        .routes(routes!(inference::infer_version))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

/// The OpenAPI document of the routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

/// All routes for everybody.
pub(super) fn router(app: &Arc<App>) -> Router {
    let (documented, document) = documented().split_for_parts();
    let document = Arc::new(serde_json::to_value(document).unwrap_or_default());
    documented
        .route("/", get(page::index))
        .route("/assets/app.js", get(page::script))
        .route("/assets/icon.svg", get(page::icon))
        .route("/assets/style.css", get(page::style))
        .route("/openapi.json", get(move || async move { Json(Arc::clone(&document)) }))
        .route("/apidocs", get(docs::to_home))
        .route("/apidocs/", get(docs::home))
        .route("/apidocs/{*path}", get(docs::page))
        .fallback(health::nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(app), telemetry::observe))
        .with_state(Arc::clone(app))
}

/// The route is there, but not for this method.
async fn wrong_method(request: Request) -> Response {
    use axum::response::IntoResponse;
    let path = request.uri().path();
    let takes_bodies = path == "/intent"
        || path == "/v1/predict"
        || path == "/v1/feedback"
        || path.ends_with("/infer")
        || path.starts_with("/admin/");
    let problem = Problem::method(if takes_bodies { "POST" } else { "GET" });
    match path {
        "/intent" => problem::IntentProblem::from(problem).into_response(),
        _ if path.starts_with("/v2") => problem::InferenceProblem(problem).into_response(),
        _ => problem.into_response(),
    }
}
