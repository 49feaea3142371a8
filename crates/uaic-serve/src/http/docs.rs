//! The OpenAPI document of all routes, and Swagger UI to read it with, from this program alone.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, serve};

use super::problem::HttpProblem;

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "uaic",
        description = "Text classification as a service. Every answer has the id of its request in the header \
                       `X-Request-Id`; a client may choose it. `traceparent` is taken over into the logs.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "predict", description = "What models say of texts"),
        (name = "models", description = "What is served"),
        (name = "inference", description = "The Open Inference Protocol, version 2"),
        (name = "health", description = "For those who watch the server")
    )
)]
pub(super) struct Document;

/// Where Swagger UI is.
const HOME: &str = "/apidocs/";

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/openapi.json").try_it_out_enabled(true).display_request_duration(true);
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

pub(super) async fn page(Path(path): Path<String>) -> Response {
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
        Ok(None) => {
            HttpProblem::not_found("there is no such page; the documentation is at /apidocs/").into_response()
        }
        Err(error) => {
            tracing::error!(target: "uaic::serve", "the documentation cannot be shown: {error}");
            HttpProblem::panicked().into_response()
        }
    }
}
