//! The one table of routes, and how a request finds its own.
//!
//! Each group of routes is declared in its file. All but those of the root are there twice: under `/api`
//! for clients and under `/ajax-api` for browsers.

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::app::App;
use super::wire::{Answer, Code, Fields, Parts, Problem, read};
use super::{artifacts, experiments, health, inputs, logged_models, logging, metrics, runs};
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
    runs::ROUTES,
];

/// The groups of routes at the root.
const ROOT: &[&[Route]] = &[artifacts::ROOT, health::ROOT];

/// Parameters of a path, which may be no text.
type PathParams = Result<RawPathParams, RawPathParamsRejection>;

/// What answers a request from its fields. It may wait for the store.
pub(super) type Call = fn(&App, &Fields<'_>) -> Result<Answer, Problem>;

/// What answers a request whose body, or answer, is a stream.
pub(super) type Stream = fn(Arc<App>, Request) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a request does to what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Read,
    /// It may change it.
    Write,
}

/// What answers a request.
#[derive(Clone, Copy)]
enum Handler {
    Call(Call),
    Stream(Stream),
}

/// A route.
#[derive(Clone, Copy)]
pub(super) struct Route {
    method: &'static str,
    /// Behind the prefix.
    path: &'static str,
    effect: Effect,
    handler: Handler,
}

impl Route {
    /// A route that changes nothing.
    pub(super) const fn read(method: &'static str, path: &'static str, call: Call) -> Self {
        Self { method, path, effect: Effect::Read, handler: Handler::Call(call) }
    }

    /// A route that may change what is recorded.
    pub(super) const fn write(method: &'static str, path: &'static str, call: Call) -> Self {
        Self { method, path, effect: Effect::Write, handler: Handler::Call(call) }
    }

    /// A route of streams.
    pub(super) const fn stream(
        method: &'static str,
        path: &'static str,
        effect: Effect,
        stream: Stream,
    ) -> Self {
        Self { method, path, effect, handler: Handler::Stream(stream) }
    }

    fn filter(&self) -> MethodFilter {
        match self.method {
            "POST" => MethodFilter::POST,
            "PUT" => MethodFilter::PUT,
            "PATCH" => MethodFilter::PATCH,
            "DELETE" => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        }
    }

    fn method_router(&self) -> MethodRouter<Arc<App>> {
        match self.handler {
            Handler::Call(call) => {
                on(self.filter(), move |State(app), path: PathParams, request: Request| {
                    answer(app, call, path, request)
                })
            }
            Handler::Stream(stream) => {
                on(self.filter(), move |State(app), request: Request| stream(app, request))
            }
        }
    }
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
    router.fallback(nowhere).method_not_allowed_fallback(wrong_method).with_state(Arc::new(App { store }))
}

async fn nowhere(method: Method, uri: Uri) -> Problem {
    Problem::nowhere(method.as_str(), uri.path())
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{} does not take {method}", uri.path()))
}

/// Answers from fields, on a thread that may wait.
async fn answer(app: Arc<App>, call: Call, path: PathParams, request: Request) -> Response {
    let Ok(path) = path else {
        return Problem::invalid("Invalid path: it is not UTF-8").into_response();
    };
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (head, body) = request.into_parts();
    let parts = match Parts::of(head.method, &head.headers, head.uri.query(), path, body).await {
        Ok(parts) => parts,
        Err(problem) => return problem.into_response(),
    };
    let work = move || -> Result<Answer, Problem> {
        let request = read(parts)?;
        call(&app, &request.fields())
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(problem)) => problem.into_response(),
        Err(error) => {
            Problem::new(Code::InternalError, format!("the request failed: {error}")).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_declared_once_and_what_is_got_changes_nothing() {
        let mut seen = std::collections::BTreeSet::new();
        for route in GROUPS.iter().chain(ROOT).copied().flatten() {
            assert!(seen.insert((route.method, route.path)), "{} {}", route.method, route.path);
            assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&route.method), "{}", route.path);
            assert!(route.method != "GET" || route.effect == Effect::Read, "{}", route.path);
        }
    }
}
