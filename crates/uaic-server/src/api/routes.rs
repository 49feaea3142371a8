//! The one table of routes, with what right each needs.

use std::sync::{Arc, LazyLock};

use axum::http::{Method, Uri};
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use utoipa::OpenApi;
use utoipa::openapi::PathItem;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::app::Api;
use super::desk::Desk;
use super::problem::{ApiProblem, Kind};
use super::right::{Need, Plain, Right};
use super::{artifacts, changes, docs, experiments, listing, models, runs, series, store, studies, workers};
use crate::access::{self, ANY, Declared};
use crate::team::TeamStore;

/// Who may listen for changes at once.
const LISTENERS: usize = 256;

/// What is nowhere.
const ELSEWHERE: &str = "/api/v1/{*rest}";

type Documented = UtoipaMethodRouter<Arc<Api>>;

/// The routes with documentation.
fn documented() -> Vec<(Right, Documented)> {
    vec![
        (Right::Read, routes!(listing::list)),
        (Right::Read, routes!(runs::show)),
        (Right::Write, routes!(runs::edit)),
        (Right::Read, routes!(series::of_run)),
        (Right::Read, routes!(series::of_runs)),
        (Right::Read, routes!(artifacts::list)),
        (Right::Read, routes!(artifacts::content_of)),
        (Right::Read, routes!(studies::list)),
        (Right::Read, routes!(studies::show)),
        (Right::Read, routes!(studies::trials)),
        (Right::Write, routes!(workers::ask)),
        (Right::Write, routes!(workers::tell)),
        (Right::Read, routes!(experiments::list)),
        (Right::Read, routes!(models::list)),
        (Right::Read, routes!(models::show)),
        (Right::Write, routes!(models::register)),
        (Right::Write, routes!(models::point)),
        (Right::Write, routes!(models::unpoint)),
        (Right::Read, routes!(changes::list)),
        (Right::Read, routes!(changes::follow)),
    ]
}

/// The routes of the documentation itself.
fn pages() -> Vec<Plain> {
    let page = |path, router| Plain { method: "GET", path, right: Right::Read, router };
    vec![
        page(docs::DOCUMENT, get(|| async { Json(&*DOCUMENT) })),
        page("/docs", get(docs::to_home)),
        page("/docs/", get(docs::home)),
        page("/docs/{*path}", get(docs::page)),
    ]
}

/// What each route needs.
pub fn needs() -> Vec<Need> {
    let own = documented().into_iter().flat_map(|(right, (_, paths, _))| {
        let each = paths.paths.into_iter();
        each.flat_map(move |(path, item)| {
            methods(&item).into_iter().map(move |method| Need { method, path: path.clone(), right })
        })
    });
    let plain = store::routes().into_iter().chain(pages());
    let plain =
        plain.map(|route| Need { method: route.method, path: route.path.to_owned(), right: route.right });
    own.chain(plain).collect()
}

/// What all routes need, and what is nowhere among them.
pub(crate) fn declared() -> Vec<Declared> {
    let declare = |Need { method, path, right }: Need| {
        let need = match right {
            Right::Read => access::Need::Read,
            Right::Write => access::Need::Write,
            Right::Admin => access::Need::Admin,
        };
        Declared { method, path, need, is_scoped: false }
    };
    let elsewhere = Need { method: ANY, path: ELSEWHERE.to_owned(), right: Right::Read };
    needs().into_iter().chain([elsewhere]).map(declare).collect()
}

fn methods(item: &PathItem) -> Vec<&'static str> {
    let each = [
        ("GET", &item.get),
        ("PUT", &item.put),
        ("POST", &item.post),
        ("DELETE", &item.delete),
        ("PATCH", &item.patch),
    ];
    each.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method).collect()
}

fn open_api() -> OpenApiRouter<Arc<Api>> {
    let router = OpenApiRouter::with_openapi(docs::Document::openapi());
    documented().into_iter().fold(router, |router, (_, route)| router.routes(route))
}

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(open_api().into_openapi()).unwrap_or_default());

/// All routes on a store. Streams end when `ended` says so.
pub(crate) fn router(
    store: Arc<dyn TeamStore>,
    desk: Option<Arc<dyn Desk>>,
    ended: watch::Receiver<bool>,
) -> Router {
    let app = Arc::new(Api { store, desk, ended, listeners: Arc::new(Semaphore::new(LISTENERS)) });
    let (mut router, _) = open_api().split_for_parts();
    for route in self::store::routes().into_iter().chain(pages()) {
        router = router.route(route.path, route.router);
    }
    router.method_not_allowed_fallback(wrong_method).route(ELSEWHERE, any(nowhere)).with_state(app)
}

async fn nowhere(uri: Uri) -> ApiProblem {
    ApiProblem::new(Kind::NotFound, format!("there is no route {}; /docs/ lists them", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> ApiProblem {
    ApiProblem::new(Kind::Method, format!("{} does not take {method}", uri.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_there_once_and_what_is_got_needs_no_right_to_write() {
        let needs = needs();
        let mut seen = std::collections::BTreeSet::new();
        for Need { method, path, right } in &needs {
            assert!(seen.insert((*method, path.clone())), "{method} {path}");
            assert!(*method != "GET" || *right == Right::Read, "{path}");
            assert!(
                *method == "GET"
                    || *right > Right::Read
                    || ["/api/v1/series", "/api/v1/store/read"].contains(&&**path),
                "{method} {path}"
            );
        }
        assert_eq!(needs.len(), documented().len() + store::routes().len() + pages().len());
    }
}
