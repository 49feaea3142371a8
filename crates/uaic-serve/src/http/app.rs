//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use super::context::RequestIds;
use super::route::Route;
use crate::fleet::Fleet;
use crate::metrics::Metrics;
use crate::request_log::RequestLog;
use crate::settings::Settings;

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

/// What all requests share.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) fleet: Fleet,
    pub(crate) metrics: Arc<Metrics>,
    /// `None` when nothing is to be recorded.
    pub(crate) log: Option<Arc<RequestLog>>,
    pub(super) routes: &'static [Route],
    pub(super) ids: RequestIds,
    phase: AtomicU8,
}

impl App {
    pub(crate) fn new(
        settings: Settings,
        fleet: Fleet,
        metrics: Arc<Metrics>,
        log: Option<Arc<RequestLog>>,
        routes: &'static [Route],
    ) -> Self {
        let (ids, phase) = (RequestIds::new(), AtomicU8::new(STARTING));
        Self { settings, fleet, metrics, log, routes, ids, phase }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.phase.load(Ordering::Acquire) == READY
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.phase.load(Ordering::Acquire) == DRAINING
    }

    /// The models are loaded.
    pub(crate) fn set_ready(&self) {
        self.phase.store(READY, Ordering::Release);
        self.metrics.set_ready(true);
    }

    /// The server is to stop.
    pub(crate) fn set_draining(&self) {
        self.phase.store(DRAINING, Ordering::Release);
        self.metrics.set_ready(false);
    }

    /// When nobody waits any more for the answer to a request that was just read.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.settings.limits.deadline
    }
}
