//! What all requests share, and where their work is done.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use super::desk::Desk;
use super::problem::{ApiProblem, Kind};
use crate::team::TeamStore;

/// What all requests share.
pub(super) struct Api {
    /// Where everything is recorded.
    pub(super) store: Arc<dyn TeamStore>,
    /// Who proposes trials, where somebody does.
    pub(super) desk: Option<Arc<dyn Desk>>,
    /// Whether the server is being stopped: what has no end of its own ends then.
    pub(super) ended: watch::Receiver<bool>,
    /// Who may still listen for changes.
    pub(super) listeners: Arc<Semaphore>,
}

impl Api {
    /// Does what may wait for the store, on a thread that may.
    ///
    /// # Errors
    /// It panicked.
    pub(super) async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, ApiProblem> {
        let app = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&app)).await.map_err(|error| {
            tracing::error!(target: "uaic::server", "a request failed: {error}");
            ApiProblem::new(
                Kind::Internal,
                "answering failed, which is a defect; the server's log says where",
            )
        })
    }
}
