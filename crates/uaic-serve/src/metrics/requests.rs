//! HTTP requests, by route, method and status.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use uaic_http::Refused;

use super::atomic::{Counter, Gauge};
use super::exposition::Exposition;
use super::histogram::{Histogram, LATENCY, Snapshot};

/// The label of what has none of its own.
pub(super) const OTHER: &str = "other";

/// Methods with a label of their own; the last stands for all others, as anybody may make one up.
const METHODS: [&str; 8] = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", OTHER];

/// Statuses with a label of their own.
const STATUSES: [u16; 29] = [
    200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 411, 412, 413, 414, 415, 422, 423, 429,
    431, 499, 500, 501, 502, 503, 504, 505,
];

/// Their labels, then those of all others by their first digit, so that a rule for `5..` finds them.
const STATUS_LABELS: [&str; 35] = [
    "200", "201", "202", "204", "304", "400", "401", "403", "404", "405", "406", "408", "409", "411", "412",
    "413", "414", "415", "422", "423", "429", "431", "499", "500", "501", "502", "503", "504", "505", "1xx",
    "2xx", "3xx", "4xx", "5xx", OTHER,
];

/// Why connections are not kept, with the label of each.
const REFUSALS: [(Refused, &str); 2] = [(Refused::Limit, "limit"), (Refused::Slow, "slow")];

/// Why a request got no prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The queue is full.
    QueueFull,
    /// Its time was over before it was answered.
    Deadline,
    /// The server is about to end.
    Draining,
    /// There is no model yet.
    NotReady,
    /// The body, a text or their number is too large.
    TooLarge,
    /// The body is of another type than JSON.
    UnsupportedType,
    /// The body is no JSON.
    Malformed,
    /// The body is JSON, but not what the route takes.
    Invalid,
    /// Answering it panicked.
    Panic,
}

impl Rejection {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::QueueFull,
        Self::Deadline,
        Self::Draining,
        Self::NotReady,
        Self::TooLarge,
        Self::UnsupportedType,
        Self::Malformed,
        Self::Invalid,
        Self::Panic,
    ];

    /// As in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Deadline => "deadline",
            Self::Draining => "draining",
            Self::NotReady => "not_ready",
            Self::TooLarge => "too_large",
            Self::UnsupportedType => "unsupported_type",
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::Panic => "panic",
        }
    }
}

/// Everything that is counted of requests and connections.
#[derive(Debug)]
pub(super) struct Requests {
    /// The last one is [`OTHER`].
    routes: Vec<&'static str>,
    /// Seconds by route, method and status; made when the first request of its kind is answered.
    seconds: Box<[OnceLock<Box<Histogram>>]>,
    pub(super) in_flight: Gauge,
    pub(super) connections: Gauge,
    refused: [Counter; REFUSALS.len()],
    rejections: [Counter; Rejection::ALL.len()],
}

impl Requests {
    pub(super) fn new(routes: &[&'static str]) -> Self {
        let mut all: Vec<&'static str> = Vec::with_capacity(routes.len() + 1);
        for &route in routes.iter().filter(|route| **route != OTHER) {
            if !all.contains(&route) {
                all.push(route);
            }
        }
        all.push(OTHER);
        let kinds = all.len() * METHODS.len() * STATUS_LABELS.len();
        Self {
            routes: all,
            seconds: (0..kinds).map(|_| OnceLock::new()).collect(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            refused: Default::default(),
            rejections: Default::default(),
        }
    }

    pub(super) fn answered(&self, route: &str, method: &str, status: u16, seconds: f64) {
        let route = self.routes.iter().position(|known| *known == route).unwrap_or(self.routes.len() - 1);
        let method = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
        let kind = (route * METHODS.len() + method) * STATUS_LABELS.len() + status_index(status);
        self.seconds[kind].get_or_init(|| Box::new(Histogram::new(LATENCY))).observe(seconds);
    }

    pub(super) fn refused(&self, reason: Refused) {
        self.refused[reason as usize].add(1);
    }

    pub(super) fn rejected(&self, reason: Rejection) {
        self.rejections[reason as usize].add(1);
    }

    fn kind(&self, route: usize, method: usize, status: usize) -> Option<&Histogram> {
        let kind = (route * METHODS.len() + method) * STATUS_LABELS.len() + status;
        self.seconds.get(kind)?.get().map(|seconds| &**seconds)
    }

    /// Route, method, status and number of requests of every kind that there was.
    fn counts(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, u64)> {
        self.seconds.iter().enumerate().filter_map(|(kind, seconds)| {
            let count = seconds.get()?.snapshot().count();
            let (kind, status) = (kind / STATUS_LABELS.len(), kind % STATUS_LABELS.len());
            let (route, method) = (kind / METHODS.len(), kind % METHODS.len());
            Some((self.routes[route], METHODS[method], STATUS_LABELS[status], count))
        })
    }

    /// Seconds of a route's requests with these statuses, whatever their method.
    fn seconds(&self, route: usize, statuses: Range<usize>) -> Option<Snapshot> {
        let kinds =
            (0..METHODS.len()).flat_map(|method| statuses.clone().map(move |status| (method, status)));
        let mut all = kinds.filter_map(|(method, status)| self.kind(route, method, status)).peekable();
        all.peek()?;
        let mut sum = Snapshot::new(LATENCY);
        all.for_each(|seconds| sum.add(seconds));
        Some(sum)
    }

    pub(super) fn encode(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let mut family = out.counter("uaic_http_requests_total", "Answered requests.")?;
        for (route, method, status, count) in self.counts() {
            family.count(&[("route", route), ("method", method), ("status", status)], count)?;
        }
        let mut family = out.histogram(
            "uaic_http_request_duration_seconds",
            "Time from the headers of a request to its answer.",
        )?;
        for (route, name) in self.routes.iter().enumerate() {
            for (status, label) in STATUS_LABELS.iter().enumerate() {
                if let Some(seconds) = self.seconds(route, status..status + 1) {
                    family.distribution(&[("route", name), ("status", label)], &seconds)?;
                }
            }
        }
        out.gauge("uaic_http_requests_in_flight", "Requests that are being answered.")?
            .value(&[], self.in_flight.get())?;
        out.gauge("uaic_http_connections", "Open connections.")?.value(&[], self.connections.get())?;
        let mut family =
            out.counter("uaic_http_connections_refused_total", "Connections that were not kept.")?;
        for (reason, label) in REFUSALS {
            family.count(&[("reason", label)], self.refused[reason as usize].get())?;
        }
        let mut family = out.counter("uaic_rejections_total", "Requests that got no prediction.")?;
        for reason in Rejection::ALL {
            family.count(&[("reason", reason.as_str())], self.rejections[reason as usize].get())?;
        }
        self.encode_aliases(out)
    }

    /// The same under the names of the server that uaic replaces.
    fn encode_aliases(&self, out: &mut Exposition<'_>) -> fmt::Result {
        let mut family = out
            .counter("request_count_total", "Answered requests; uaic_http_requests_total by its old name.")?;
        for (route, method, status, count) in self.counts() {
            family.count(&[("method", method), ("endpoint", route), ("http_status", status)], count)?;
        }
        let mut family = out.histogram(
            "request_latency_seconds",
            "Time to an answer; uaic_http_request_duration_seconds by its old name.",
        )?;
        for (route, name) in self.routes.iter().enumerate() {
            if let Some(seconds) = self.seconds(route, 0..STATUS_LABELS.len()) {
                family.distribution(&[("endpoint", name)], &seconds)?;
            }
        }
        Ok(())
    }
}

/// Where a status stands in [`STATUS_LABELS`].
fn status_index(status: u16) -> usize {
    let class = |status: u16| match status / 100 {
        first @ 1..=5 => STATUSES.len() + usize::from(first) - 1,
        _ => STATUS_LABELS.len() - 1,
    };
    STATUSES.binary_search(&status).unwrap_or_else(|_| class(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_own_label_or_that_of_its_class() {
        for (at, status) in STATUSES.iter().enumerate() {
            assert_eq!(STATUS_LABELS[at], status.to_string());
        }
        let label = |status| STATUS_LABELS[status_index(status)];
        assert_eq!(
            [100, 206, 307, 418, 599, 0, 600, u16::MAX].map(label),
            ["1xx", "2xx", "3xx", "4xx", "5xx", OTHER, OTHER, OTHER]
        );
    }

    #[test]
    fn what_a_client_makes_up_has_no_series_of_its_own() {
        let requests = Requests::new(&["/intent", "/intent", OTHER]);
        assert_eq!(requests.routes, ["/intent", OTHER]);
        for number in 0..500_u16 {
            requests.answered(&format!("/{number}"), &format!("M{number}"), number * 131, 0.001);
        }
        assert!(requests.counts().count() <= STATUS_LABELS.len());
        let all = 0..STATUS_LABELS.len();
        assert_eq!(requests.seconds(1, all.clone()).unwrap().count(), 500);
        assert!(requests.seconds(0, all).is_none());
    }

    #[test]
    fn reasons_stand_in_the_order_of_their_numbers() {
        assert!(Rejection::ALL.iter().enumerate().all(|(at, reason)| *reason as usize == at));
        assert!(REFUSALS.iter().enumerate().all(|(at, (reason, _))| *reason as usize == at));
    }
}
