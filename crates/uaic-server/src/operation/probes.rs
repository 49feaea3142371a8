//! `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use uaic_study::store::Store;

use crate::access::{Declared, Need};

use super::Monitor;

/// How long the store may take to answer before the server is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Probes {
    store: Arc<dyn Store>,
    monitor: Arc<Monitor>,
}

/// What the routes need: whether the server lives is for all to know, what it counts is not.
pub(crate) fn declared() -> Vec<Declared> {
    let routes = [("/livez", Need::Nothing), ("/readyz", Need::Nothing), ("/metrics", Need::Read)];
    let declare =
        |(path, need): (&str, _)| Declared { method: "GET", path: path.to_owned(), need, is_scoped: false };
    routes.map(declare).into()
}

/// The routes.
pub(crate) fn router(store: Arc<dyn Store>, monitor: Arc<Monitor>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Probes { store, monitor })
}

/// Whether the store can be read.
async fn ready(State(probes): State<Probes>) -> Response {
    let look = tokio::task::spawn_blocking(move || probes.store.flush());
    let (status, text) = match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(Ok(()))) => (StatusCode::OK, "ok\n".to_owned()),
        Ok(Ok(Err(error))) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        Ok(Err(_)) => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be asked\n".to_owned()),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n".to_owned()),
    };
    (status, [(CACHE_CONTROL, "no-store")], text).into_response()
}

async fn metrics(State(probes): State<Probes>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], probes.monitor.exposition()).into_response()
}
