//! What an operator sees: whether the server lives and is ready, what it counts, and a line for each request.

mod counts;
mod probes;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use uaic_http::{Observer, Refused};

pub(crate) use counts::{Counts, Interface};
pub(crate) use probes::{declared, router};

/// Counts what goes on around requests.
pub(crate) struct Monitor {
    counts: Counts,
}

impl Monitor {
    pub(crate) fn new() -> Self {
        Self { counts: Counts::default() }
    }

    /// Counts every request that a router answers, and logs it.
    pub(crate) fn watch(self: &Arc<Self>, router: Router) -> Router {
        router.layer(from_fn_with_state(Arc::clone(self), observe))
    }

    /// All counts, as Prometheus reads them.
    pub(crate) fn exposition(&self) -> String {
        self.counts.exposition()
    }
}

impl Observer for Monitor {
    fn opened(&self) {
        self.counts.connections(1);
    }

    fn closed(&self) {
        self.counts.connections(-1);
    }

    fn refused(&self, why: Refused) {
        self.counts.refused(why);
    }
}

async fn observe(State(monitor): State<Arc<Monitor>>, request: Request, next: Next) -> Response {
    let interface = Interface::of(request.uri().path());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let protocol = version_name(request.version());
    let client = client_of(request.headers());
    let start = Instant::now();
    let _flight = monitor.counts.flight();
    let response = next.run(request).await;
    let (status, seconds) = (response.status().as_u16(), start.elapsed().as_secs_f64());
    monitor.counts.request(interface, status, seconds);
    tracing::info!(
        target: "uaic::access",
        method = method.as_str(),
        path,
        status,
        ms = (seconds * 1e6).round() / 1e3,
        protocol,
        client,
    );
    response
}

fn version_name(version: Version) -> &'static str {
    if version == Version::HTTP_2 { "2" } else { "1.1" }
}

/// What the client says it is, so much of it as fits into a line.
fn client_of(headers: &HeaderMap) -> String {
    const LONGEST: usize = 80;
    let text = headers.get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
    text.unwrap_or_default().chars().take(LONGEST).collect()
}
