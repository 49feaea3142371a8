//! The OpenAPI document of all routes, and Swagger UI to read it with, from this program alone.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, serve};

use super::listing::{RunKindName, RunStateName};
use super::problem::{ApiProblem, Kind, Problem};
use super::segment::Segment;

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "uaic server",
        description = "Runs, studies, series and models of a store. Errors are problems of RFC 9457. Numbers that JSON \
                       lacks are `\"NaN\"`, `\"inf\"` and `\"-inf\"`; whole numbers beyond 2⁵³ − 1 are texts.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem, RunKindName, RunStateName)),
    tags(
        (name = "runs", description = "Everything that was run"),
        (name = "series", description = "How metrics went"),
        (name = "artifacts", description = "What runs left"),
        (name = "studies", description = "Searches and their trials"),
        (name = "workers", description = "Trials that are evaluated elsewhere"),
        (name = "experiments", description = "What groups runs"),
        (name = "models", description = "Models by name"),
        (name = "changes", description = "What happens now")
    )
)]
pub(super) struct Document;

/// Where Swagger UI is.
const HOME: &str = "/docs/";
/// Where the document is.
pub(super) const DOCUMENT: &str = "/api/v1/openapi.json";

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from(DOCUMENT).try_it_out_enabled(true).display_request_duration(true);
    // Without this it would ask a validator on the internet.
    Arc::new(config.validator_url("none"))
});

/// The pages are relative to the folder.
pub(super) async fn to_home() -> impl IntoResponse {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, HOME)])
}

pub(super) async fn home() -> Response {
    file("index.html")
}

pub(super) async fn page(Segment(path): Segment<String>) -> Response {
    file(&path)
}

fn file(path: &str) -> Response {
    match serve(path, Arc::clone(&CONFIG)) {
        Ok(Some(file)) => {
            let is_text = file.content_type.starts_with("text/");
            let kind = if is_text { file.content_type + "; charset=utf-8" } else { file.content_type };
            // Swagger UI writes styles into its elements.
            let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";
            let headers: [(HeaderName, String); 3] = [
                (CONTENT_TYPE, kind),
                (CONTENT_SECURITY_POLICY, policy.to_owned()),
                (CACHE_CONTROL, "no-cache".to_owned()),
            ];
            (headers, Bytes::from(file.bytes.into_owned())).into_response()
        }
        Ok(None) => ApiProblem::new(Kind::NotFound, "there is no such page; the documentation is at /docs/")
            .into_response(),
        Err(error) => {
            tracing::error!(target: "uaic::server", "the documentation cannot be shown: {error}");
            ApiProblem::new(Kind::Internal, "the documentation cannot be shown").into_response()
        }
    }
}
