//! The routes. Each is declared once, with its documentation: the OpenAPI document, the names that
//! metrics and logs have for them, and the methods that they take are made of them.

use std::sync::{Arc, LazyLock};

use axum::extract::Extension;
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use serde_json::Value;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::context::RequestContext;
use super::problem::HttpProblem;
use super::route::Route;
use super::{admin, docs, feedback, health, inference, intent, page, predict, telemetry};

/// All routes, those of the admin address last.
static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let documented = openapi().paths.paths.into_iter().map(|(path, item)| {
        let method = if item.post.is_some() { "POST" } else { "GET" };
        Route { path, method }
    });
    let pages = pages().into_iter().map(|(path, _)| Route { path: path.to_owned(), method: "GET" });
    let mut all: Vec<Route> = documented.chain(pages).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all.extend(admin::PATHS.map(|path| Route { path: path.to_owned(), method: "POST" }));
    all
});

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(openapi()).unwrap_or_default());

/// All routes.
pub(crate) fn all() -> &'static [Route] {
    &ROUTES
}

/// The paths of all routes, as they are declared: what metrics and logs call them.
pub fn paths() -> Vec<&'static str> {
    ROUTES.iter().map(|route| &*route.path).collect()
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

/// The routes for browsers.
fn pages() -> [(&'static str, MethodRouter<Arc<App>>); 8] {
    [
        ("/", get(page::index)),
        ("/assets/app.js", get(page::script)),
        ("/assets/icon.svg", get(page::icon)),
        ("/assets/style.css", get(page::style)),
        ("/openapi.json", get(|| async { Json(&*DOCUMENT) })),
        ("/apidocs", get(docs::to_home)),
        ("/apidocs/", get(docs::home)),
        ("/apidocs/{*path}", get(docs::page)),
    ]
}

/// The OpenAPI document of the routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

/// All routes for everybody.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let (documented, _) = documented().split_for_parts();
    pages()
        .into_iter()
        .fold(documented, |router, (path, handler)| router.route(path, handler))
        .fallback(health::nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(app), telemetry::observe))
        .with_state(Arc::clone(app))
}

/// The route is there, but not for this method.
async fn wrong_method(Extension(context): Extension<RequestContext>) -> Response {
    let route = all().iter().find(|route| route.path == context.route);
    HttpProblem::method(route.map_or("GET", |route| route.method)).respond_at(context.route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_the_documented_ones_the_pages_and_those_of_the_admin_address() {
        let paths = paths();
        assert_eq!(paths.len(), 27, "{paths:?}");
        let unique: std::collections::BTreeSet<_> = paths.iter().collect();
        assert_eq!(unique.len(), paths.len());
        for path in ["/", "/intent", "/v2/models/{model}/infer", "/admin/models/{model}/{action}"] {
            assert!(paths.contains(&path), "{path}");
        }
    }

    #[test]
    fn methods_are_those_of_the_document() {
        let posts: Vec<&str> =
            all().iter().filter(|route| route.method == "POST").map(|route| &*route.path).collect();
        let expected = [
            "/intent",
            "/v1/feedback",
            "/v1/predict",
            "/v2/models/{model}/infer",
            "/v2/models/{model}/versions/{version}/infer",
            "/admin/models",
            "/admin/models/{model}/{action}",
        ];
        assert_eq!(posts, expected);
    }
}
