//! What each route needs: a route that nobody has declared is for nobody.

use std::collections::HashMap;

use axum::http::Method;

use super::role::Need;

/// Every method.
pub const ANY: &str = "*";

/// A route, and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The method, or [`ANY`].
    pub method: &'static str,
    /// The path as the router has it, such as `/api/2.0/mlflow/runs/get` or `/optuna.StorageService/{call}`.
    pub path: String,
    /// What it needs.
    pub need: Need,
    /// Whether it shows and changes nothing but of the experiments that a [`Caller`](super::Caller) sees.
    /// Whoever sees only some may use no other route.
    pub is_scoped: bool,
}

/// What all routes need.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(HashMap<String, Vec<Declared>>);

/// What is known of the route of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// What it needs.
    Route(&'a Declared),
    /// It has no such method.
    Method,
    /// Nobody has said what it needs.
    Undeclared,
}

impl Table {
    pub(super) fn new(routes: impl IntoIterator<Item = Declared>) -> Self {
        let mut table: HashMap<String, Vec<Declared>> = HashMap::new();
        for route in routes {
            table.entry(route.path.clone()).or_default().push(route);
        }
        Self(table)
    }

    /// What a request for a path needs, that a route of the router takes. What is declared of the very path
    /// comes before what is declared of the route: so calls of gRPC, which are one route, need what each says.
    pub(super) fn find(&self, method: &Method, path: &str, route: &str) -> Found<'_> {
        // Whoever answers GET answers HEAD.
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let named = |path: &str| {
            self.0.get(path).map(|routes| routes.iter().find(|route| [method, ANY].contains(&route.method)))
        };
        match named(path).flatten().map_or_else(|| named(route), |found| Some(Some(found))) {
            Some(Some(found)) => Found::Route(found),
            Some(None) => Found::Method,
            None => Found::Undeclared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_declared_is_not_found() {
        let route = Declared { method: "GET", path: "/a/{b}".into(), need: Need::Read, is_scoped: false };
        let own = Declared { path: "/a/own".into(), need: Need::Write, ..route.clone() };
        let table = Table::new([route.clone(), own.clone()]);
        let find = |method, path, route| table.find(method, path, route);
        assert_eq!(find(&Method::GET, "/a/x", "/a/{b}"), Found::Route(&route));
        assert_eq!(find(&Method::HEAD, "/a/x", "/a/{b}"), Found::Route(&route));
        assert_eq!(find(&Method::GET, "/a/own", "/a/{b}"), Found::Route(&own));
        assert_eq!(find(&Method::GET, "/a/%6fwn", "/a/{b}"), Found::Route(&route));
        assert_eq!(find(&Method::POST, "/a/x", "/a/{b}"), Found::Method);
        assert_eq!(find(&Method::OPTIONS, "/a/x", "/a/{b}"), Found::Method);
        assert_eq!(find(&Method::GET, "/b", "/b"), Found::Undeclared);
    }
}
