//! A route, and how a request is answered on it.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::app::App;
use super::wire::{Answer, Code, Fields, Parts, Problem, read};
use super::within::Within;
use crate::access::{Caller, Declared, Need, Subject};

/// Parameters of a path, which may be no text.
type PathParams = Result<RawPathParams, RawPathParamsRejection>;

/// What answers a request from its fields. It may wait for the store.
pub(super) type Call = fn(&App, &Fields<'_>) -> Result<Answer, Problem>;

/// What answers a request whose body, or answer, is a stream.
pub(super) type Stream = fn(Arc<App>, Request) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a request does to what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing, and it shows nothing of it: whether the server lives.
    Nothing,
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
    pub(super) effect: Effect,
    within: Within,
    handler: Handler,
}

impl Route {
    /// A route for everybody, of whether the server lives.
    pub(super) const fn open(method: &'static str, path: &'static str, call: Call) -> Self {
        Self { method, path, effect: Effect::Nothing, within: Within::Nothing, handler: Handler::Call(call) }
    }

    /// A route that changes nothing.
    pub(super) const fn read(method: &'static str, path: &'static str, call: Call) -> Self {
        Self { method, path, effect: Effect::Read, within: Within::All, handler: Handler::Call(call) }
    }

    /// A route that may change what is recorded.
    pub(super) const fn write(method: &'static str, path: &'static str, call: Call) -> Self {
        Self { method, path, effect: Effect::Write, within: Within::All, handler: Handler::Call(call) }
    }

    /// A route of streams.
    pub(super) const fn stream(
        method: &'static str,
        path: &'static str,
        effect: Effect,
        stream: Stream,
    ) -> Self {
        Self { method, path, effect, within: Within::All, handler: Handler::Stream(stream) }
    }

    /// A route that is for those, too, who see only some experiments.
    pub(super) const fn within(self, within: Within) -> Self {
        Self { within, ..self }
    }

    /// What it needs, at its path behind a prefix.
    pub(super) fn declared(&self, prefix: &str) -> Declared {
        let need = match self.effect {
            Effect::Nothing => Need::Nothing,
            Effect::Read => Need::Read,
            Effect::Write => Need::Write,
        };
        let path = format!("{prefix}{}", self.path);
        Declared { method: self.method, path, need, is_scoped: !matches!(self.within, Within::All) }
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
                let within = self.within;
                on(self.filter(), move |State(app), path: PathParams, request: Request| {
                    answer(seen(app, &request), (within, call), path, request)
                })
            }
            Handler::Stream(stream) => {
                on(self.filter(), move |State(app), request: Request| stream(seen(app, &request), request))
            }
        }
    }
}

/// What whoever sent a request sees.
fn seen(app: Arc<App>, request: &Request) -> Arc<App> {
    app.seen_by(request.extensions().get::<Arc<Caller>>().map(AsRef::as_ref))
}

/// Answers from fields, on a thread that may wait.
async fn answer(
    app: Arc<App>,
    (within, call): (Within, Call),
    path: PathParams,
    request: Request,
) -> Response {
    let Ok(path) = path else {
        return Problem::invalid("Invalid path: it is not UTF-8").into_response();
    };
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (head, body) = request.into_parts();
    let parts = match Parts::of(head.method, &head.headers, head.uri.query(), path, body).await {
        Ok(parts) => parts,
        Err(problem) => return problem.into_response(),
    };
    let work = move || -> Result<(Answer, Option<Subject>), Problem> {
        let request = read(parts)?;
        let fields = request.fields();
        within.check(&app, &fields)?;
        Ok((call(&app, &fields)?, subject(&fields)))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok((answer, subject))) => {
            let mut response = answer.into_response();
            if let Some(subject) = subject {
                response.extensions_mut().insert(subject);
            }
            response
        }
        Ok(Err(problem)) => problem.into_response(),
        Err(error) => {
            Problem::new(Code::InternalError, format!("the request failed: {error}")).into_response()
        }
    }
}

/// Fields that say what a request is about.
const SUBJECTS: [&str; 7] =
    ["run_id", "run_uuid", "model_id", "trace_id", "experiment_id", "experiment_name", "name"];

/// What a request is about.
fn subject(fields: &Fields<'_>) -> Option<Subject> {
    let said = |name: &'static str| Some((name, fields.text(name).ok().flatten()?));
    let (name, text) = SUBJECTS.into_iter().filter_map(said).find(|(_, text)| !text.is_empty())?;
    let text: String = text.chars().take(250).collect();
    Some(Subject(format!("{name}={text}")))
}
