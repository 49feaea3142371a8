//! Around every request: an id, the trace it belongs to, its time, and what becomes of a panic.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::app::App;
use super::context::{REQUEST_ID, RequestContext};
use super::problem::HttpProblem;
use crate::metrics::Rejection;

/// Whether a request says for which host it is, as HTTP/1.1 wants it.
fn is_for_one_host(request: &Request) -> bool {
    request.version() != Version::HTTP_11 || request.headers().get_all(HOST).iter().count() == 1
}

/// Does all that every request needs.
pub(super) async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let context = RequestContext::new(&request, &app.ids, app.routes);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(context.clone());
    let _flight = app.metrics.in_flight();
    let mut response = if is_for_one_host(&request) {
        unpanicked(&context, next.run(request)).await
    } else {
        HttpProblem::malformed("HTTP/1.1 wants one `Host` header (RFC 9112, section 3.2)").into_response()
    };
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        app.metrics.rejected(*rejection);
    }
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        headers.insert(REQUEST_ID, id);
    }
    tell(&app, &context, &method, &path, &response);
    response
}

fn tell(app: &App, context: &RequestContext, method: &Method, path: &str, response: &Response) {
    let (status, seconds) = (response.status().as_u16(), context.start.elapsed().as_secs_f64());
    app.metrics.request(context.route, method.as_str(), status, seconds);
    tracing::info!(
        target: "uaic::access",
        id = &*context.id,
        trace = context.trace.as_deref(),
        method = method.as_str(),
        path,
        status,
        ms = (seconds * 1e6).round() / 1e3,
    );
}

/// The response of a route, or the one to a panic in it, which ends there.
async fn unpanicked(context: &RequestContext, response: impl Future<Output = Response>) -> Response {
    let caught = AssertUnwindSafe(response).catch_unwind().await;
    caught.unwrap_or_else(|_| HttpProblem::panicked().respond_at(context.route))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_panic_is_a_500_of_the_interface_that_it_was_in() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (route, body) in [("/intent", "INTERNAL_ERROR"), ("/v1/predict", "internal"), ("/v2", "defect")] {
            let context =
                RequestContext { id: "x".into(), trace: None, route, start: Instant::now(), at_ms: 0 };
            let response = runtime.block_on(unpanicked(&context, async { panic!("on purpose") }));
            assert_eq!(response.status(), 500);
            assert_eq!(response.extensions().get::<Rejection>(), Some(&Rejection::Panic));
            let bytes = runtime.block_on(axum::body::to_bytes(response.into_body(), 1000)).unwrap();
            assert!(String::from_utf8_lossy(&bytes).contains(body), "{route}");
        }
    }
}
