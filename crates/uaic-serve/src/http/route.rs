//! What is known of a route without its handler.

/// The route of what no route takes.
const OTHER: &str = "other";

/// A route.
#[derive(Debug)]
pub(crate) struct Route {
    /// As it is declared: what metrics and logs call it.
    pub(super) path: String,
    /// The method that it takes.
    pub(super) method: &'static str,
}

/// The declared path that a request has matched.
pub(super) fn declared(routes: &'static [Route], matched: &str) -> &'static str {
    routes.iter().find(|route| route.path == matched).map_or(OTHER, |route| &route.path)
}
