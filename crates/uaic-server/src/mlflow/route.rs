//! A route, and how a request is answered on it.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::app::App;
use super::wire::{Answer, Code, Fields, Parts, Problem, read};

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
    pub(super) method: &'static str,
    /// Behind the prefix.
    pub(super) path: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "who may write is not asked yet"))]
    pub(super) effect: Effect,
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

    /// Its place in a router.
    pub(super) fn method_router(&self) -> MethodRouter<Arc<App>> {
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
