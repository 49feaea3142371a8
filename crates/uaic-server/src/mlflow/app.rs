//! What all requests share.

use std::sync::Arc;

use uaic_study::store::TrackingStore;

/// What all requests share.
pub(super) struct App {
    /// Where everything is recorded.
    pub(super) store: Arc<dyn TrackingStore>,
}
