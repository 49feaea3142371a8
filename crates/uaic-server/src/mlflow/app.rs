//! What all requests share.

use std::sync::Arc;

use crate::access::{Caller, Scope};
use uaic_study::store::TrackingStore;

/// What all requests share.
pub(super) struct App {
    /// Where everything is recorded.
    pub(super) store: Arc<dyn TrackingStore>,
    /// What of it is seen.
    pub(super) scope: Scope,
}

impl App {
    /// All of a store.
    pub(super) fn new(store: Arc<dyn TrackingStore>) -> Self {
        Self { store, scope: Scope::All }
    }

    /// What somebody sees.
    pub(super) fn seen_by(self: Arc<Self>, caller: Option<&Caller>) -> Arc<Self> {
        match caller.map(|caller| &caller.scope) {
            None | Some(Scope::All) => self,
            Some(scope) => Arc::new(Self { store: Arc::clone(&self.store), scope: scope.clone() }),
        }
    }
}
