//! The one table of routes.
//!
//! Each group of routes is declared in its file. All but those of the root are there twice: under `/api`
//! for clients and under `/ajax-api` for browsers.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Redirect, Response};

use super::app::App;
use super::route::Route;
use super::wire::{Code, Problem};
use super::{
    artifacts, experiments, health, inputs, logged_models, logging, metrics, otlp, registry, runs, traces,
};
use crate::access::Declared;
use uaic_study::store::TrackingStore;

/// The groups of routes under both prefixes.
const GROUPS: &[&[Route]] = &[
    artifacts::ROUTES,
    experiments::ROUTES,
    health::ROUTES,
    inputs::ROUTES,
    logged_models::ROUTES,
    logging::ROUTES,
    metrics::ROUTES,
    registry::ALIASES,
    registry::MODELS,
    registry::VERSIONS,
    runs::ROUTES,
    traces::ASSESSMENTS,
    traces::OLD,
    traces::ROUTES,
    traces::TAGS,
];

/// The groups of routes at the root.
const ROOT: &[&[Route]] = &[artifacts::ROOT, health::ROOT, logged_models::ROOT, otlp::ROOT];

/// What all routes need.
pub(crate) fn declared() -> Vec<Declared> {
    let mirrored = GROUPS.iter().copied().flatten();
    let root = ROOT.iter().copied().flatten().map(|route| route.declared(""));
    root.chain(mirrored.flat_map(|route| ["/api", "/ajax-api"].map(|prefix| route.declared(prefix))))
        .collect()
}

/// All routes on a store.
pub(crate) fn router(store: Arc<dyn TrackingStore>) -> Router {
    let mut router = Router::new();
    for route in ROOT.iter().copied().flatten() {
        router = router.route(route.path, route.method_router());
    }
    for route in GROUPS.iter().copied().flatten() {
        for prefix in ["/api", "/ajax-api"] {
            router = router.route(&format!("{prefix}{}", route.path), route.method_router());
        }
    }
    router.fallback(nowhere).method_not_allowed_fallback(wrong_method).with_state(Arc::new(App::new(store)))
}

/// Who writes a slash twice is sent to where it stands once.
async fn nowhere(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    if !path.contains("//") {
        return Problem::nowhere(method.as_str(), path).into_response();
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    Redirect::permanent(&format!("/{}{query}", parts.join("/"))).into_response()
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{} does not take {method}", uri.path()))
}

#[cfg(test)]
mod tests {
    use super::super::route::Effect;
    use super::*;

    #[test]
    fn every_route_is_declared_once_and_what_is_got_changes_nothing() {
        let mut seen = std::collections::BTreeSet::new();
        for route in GROUPS.iter().chain(ROOT).copied().flatten() {
            assert!(seen.insert((route.method, route.path)), "{} {}", route.method, route.path);
            assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&route.method), "{}", route.path);
            assert!(route.method != "GET" || route.effect != Effect::Write, "{}", route.path);
        }
    }
}
