//! What Prometheus is told.
//!
//! Names, labels and meanings are those of `docs/metrics.md`; no label has values that a
//! client could make up. Whatever happens on the way of a request is a few atomic additions: handles
//! of deployed versions are resolved when they are loaded, and requests lie in a table by route, method
//! and status. All else (drift, what the process uses, merging of histograms) is worked out when
//! somebody asks.
//!
//! `prometheus-client` writes the exposition; its own counters are not used, because its histogram
//! takes a lock, and because a family there keeps every series for ever, in the order of a hash.

mod atomic;
mod exposition;
mod fleet;
mod histogram;
mod identity;
mod model;
mod process;
mod requests;

#[cfg(test)]
mod conformance;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;
use uaic_http::Refused;

pub use self::atomic::Held;
use self::exposition::Exposition;
pub use self::exposition::Format;
use self::fleet::Fleet;
pub use self::fleet::ShadowMetrics;
pub use self::identity::{ModelIdentity, Role};
pub use self::model::ModelMetrics;
use self::process::Process;
pub use self::requests::Rejection;
use self::requests::Requests;
use crate::drift::DriftMonitor;

/// The version of uaic.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the request log has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestLogCounts {
    /// Rows that were written.
    pub rows: u64,
    /// Rows that were dropped, as the queue was full.
    pub dropped: u64,
    /// Writes that failed.
    pub failures: u64,
}

/// All metrics of a server; to be shared by `Arc`.
#[derive(Debug)]
pub struct Metrics {
    counted: Arc<Counted>,
    registry: Registry,
}

impl uaic_http::Observer for Metrics {
    fn opened(&self) {
        self.counted.requests.connections.add(1);
    }

    fn closed(&self) {
        self.counted.requests.connections.add(-1);
    }

    fn refused(&self, why: Refused) {
        self.counted.requests.refused(why);
    }
}

impl Metrics {
    /// For a server with these path templates; a request to any other path is counted under `other`.
    pub fn new(routes: &[&'static str]) -> Self {
        let counted = Arc::new(Counted {
            requests: Requests::new(routes),
            fleet: Fleet::default(),
            process: Process::new(),
            ready: AtomicBool::new(false),
            request_log: OnceLock::new(),
            lines_dropped: OnceLock::new(),
        });
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(&counted)));
        Self { counted, registry }
    }

    /// An answered request: the template of its path, its method, the status of the answer, and the
    /// seconds from its headers to the answer.
    pub fn request(&self, route: &str, method: &str, status: u16, seconds: f64) {
        self.counted.requests.answered(route, method, status, seconds);
    }

    /// A request that got no prediction.
    pub fn rejected(&self, reason: Rejection) {
        self.counted.requests.rejected(reason);
    }

    /// Counts a request as in flight until the value is dropped.
    pub fn in_flight(&self) -> Held<'_> {
        Held::new(&self.counted.requests.in_flight)
    }

    /// The handle of a deployed version, with the names of its labels by number and, where its package
    /// has a reference, what watches its drift. A version that is there already keeps its counts and
    /// its window; it has to be retired as often as it was registered.
    pub fn model(
        &self,
        id: &ModelIdentity,
        labels: &[String],
        drift: Option<DriftMonitor>,
    ) -> Arc<ModelMetrics> {
        self.counted.fleet.register(id, labels, drift)
    }

    /// A version is no longer deployed: its series vanish, unless it was registered again.
    pub fn retire(&self, id: &ModelIdentity) {
        self.counted.fleet.retire(id);
    }

    /// A version was to become the live one of a model, and did or did not. Models that were never
    /// deployed are counted under `other`.
    pub fn swap(&self, model: &str, done: bool) {
        self.counted.fleet.swapped(model, done);
    }

    /// The share of a model's requests that its canary gets, 0 to 1.
    pub fn canary_share(&self, model: &str, share: f64) {
        self.counted.fleet.set_canary_share(model, share);
    }

    /// What is counted of a model's shadow.
    pub fn shadow(&self, model: &str) -> Arc<ShadowMetrics> {
        self.counted.fleet.shadow(model)
    }

    /// Somebody has said whether an answer was right. Versions that are not deployed are counted under
    /// `other`.
    pub fn feedback(&self, model: &str, version: &str, right: bool) {
        self.counted.fleet.rated(model, version, right);
    }

    /// Whether the server takes requests; it does not until it is said.
    pub fn set_ready(&self, ready: bool) {
        self.counted.ready.store(ready, Ordering::Relaxed);
    }

    /// How to ask the request log for its counts; the first to be given stays.
    pub fn read_request_log(&self, read: impl Fn() -> RequestLogCounts + Send + Sync + 'static) {
        self.counted.request_log.get_or_init(|| Box::new(read));
    }

    /// How to ask for the number of log lines that were dropped; the first to be given stays.
    pub fn read_log_lines_dropped(&self, read: impl Fn() -> u64 + Send + Sync + 'static) {
        self.counted.lines_dropped.get_or_init(|| Box::new(read));
    }

    /// Everything, as text in a format.
    pub fn encode(&self, format: Format) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        match text::encode(&mut text, &self.registry) {
            Ok(()) => format.convert(text),
            Err(fmt::Error) => String::new(),
        }
    }
}

type Read<T> = OnceLock<Box<dyn Fn() -> T + Send + Sync>>;

/// What the metrics are made of.
struct Counted {
    requests: Requests,
    fleet: Fleet,
    process: Process,
    ready: AtomicBool,
    request_log: Read<RequestLogCounts>,
    lines_dropped: Read<u64>,
}

impl fmt::Debug for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Counted").finish_non_exhaustive()
    }
}

impl Collector for Counted {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Exposition::new(encoder);
        self.requests.encode(&mut out)?;
        self.fleet.encode(&mut out)?;
        self.encode_logs(&mut out)?;
        let ready = self.ready.load(Ordering::Relaxed);
        out.gauge("uaic_ready", "1 when the server takes requests.")?.value(&[], u32::from(ready))?;
        out.gauge("uaic_build_info", "Always 1: the version of uaic.")?
            .value(&[("version", VERSION)], 1_u32)?;
        out.gauge("app_info", "Always 1: uaic_build_info by its old name.")?
            .value(&[("version", VERSION)], 1_u32)?;
        self.process.encode(&mut out)
    }
}

impl Counted {
    fn encode_logs(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let log = self.request_log.get().map(|read| read()).unwrap_or_default();
        let mut counter = |name, help, value: u64| out.counter(name, help)?.count(&[], value);
        counter("uaic_request_log_rows_total", "Rows written to the request log.", log.rows)?;
        counter("uaic_request_log_dropped_total", "Rows the request log had no room for.", log.dropped)?;
        counter("uaic_request_log_failures_total", "Failed writes of the request log.", log.failures)?;
        let lines = self.lines_dropped.get().map_or(0, |read| read());
        counter("uaic_log_lines_dropped_total", "Lines of log files that were dropped.", lines)
    }
}
