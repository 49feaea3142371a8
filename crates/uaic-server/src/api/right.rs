//! What somebody must be allowed to who asks a route.

use std::sync::Arc;

use axum::routing::MethodRouter;

use super::app::Api;

/// What somebody must be allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// To look.
    Read,
    /// To change what is recorded.
    Write,
    /// To remove for good.
    Admin,
}

/// A route, and what somebody must be allowed to who asks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Such as `GET`.
    pub method: &'static str,
    /// As routers know it: `/api/v1/runs/{id}`.
    pub path: String,
    /// What it needs.
    pub right: Right,
}

/// A route that is not in the document.
pub(super) struct Plain {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) right: Right,
    pub(super) router: MethodRouter<Arc<Api>>,
}
