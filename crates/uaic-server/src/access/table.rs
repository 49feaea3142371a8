//! What each route needs: a route that nobody has declared is for nobody.

use std::collections::HashMap;

use axum::http::Method;

use super::role::Need;

/// A route, and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The method.
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

    /// What a request on a path of the router needs.
    pub(super) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Some(routes) = self.0.get(path) else { return Found::Undeclared };
        // Whoever answers GET answers HEAD.
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        routes.iter().find(|route| route.method == method).map_or(Found::Method, Found::Route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_declared_is_not_found() {
        let route = Declared { method: "GET", path: "/a/{b}".into(), need: Need::Read, is_scoped: false };
        let table = Table::new([route.clone()]);
        assert_eq!(table.find(&Method::GET, "/a/{b}"), Found::Route(&route));
        assert_eq!(table.find(&Method::HEAD, "/a/{b}"), Found::Route(&route));
        assert_eq!(table.find(&Method::POST, "/a/{b}"), Found::Method);
        assert_eq!(table.find(&Method::OPTIONS, "/a/{b}"), Found::Method);
        assert_eq!(table.find(&Method::GET, "/b"), Found::Undeclared);
    }
}
