//! What came of requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::errors::ErrorClass;
use super::latencies::Latencies;

/// What came of the requests that count.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Response times of answers of 2xx: from when the request was due to the last byte of its answer.
    /// In a closed loop a request is due when it is sent.
    pub response: Latencies,
    /// Service times of the same answers: from when the request was sent (or a connection opened for
    /// it) to the last byte.
    pub service: Latencies,
    /// Response times of answers that are not 2xx. A refusal may be quick or slow; it would make the
    /// others look better or worse than they are.
    pub refusals: Latencies,
    /// How long requests took that had no answer.
    pub failures: Latencies,
    /// Open loop: how late requests were sent although a connection was waiting to send them, so by
    /// the fault of the generator.
    pub lag: Latencies,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by class.
    pub errors: BTreeMap<ErrorClass, u64>,
    /// Bytes of answers, with their heads.
    pub bytes_received: u64,
    /// Bytes of requests, with their heads.
    pub bytes_sent: u64,
    /// Connections opened, the first ones and those of the warm-up included.
    pub connections: u64,
    /// Requests sent, those of the warm-up included.
    pub sent: u64,
    /// Requests that count and were on their way when the run was stopped.
    pub unfinished: u64,
    /// The first answer that was not 2xx: its status and the beginning of its body.
    pub first_refusal: Option<(u16, String)>,
    /// The first answer that was none, and why.
    pub first_bad_answer: Option<String>,
    /// When the last request ended.
    pub(super) last: Option<Instant>,
    /// Time on a processor that the generator's threads took.
    pub cpu: Duration,
}

impl Tally {
    /// Answers of any status.
    pub fn answered(&self) -> u64 {
        self.response.count() + self.refusals.count()
    }

    /// Answers of 2xx.
    pub fn succeeded(&self) -> u64 {
        self.response.count()
    }

    /// Requests without an answer.
    pub fn failed(&self) -> u64 {
        self.failures.count()
    }

    /// The share of requests without an answer of 2xx; none without requests.
    pub fn error_share(&self) -> Option<f64> {
        let all = self.answered() + self.failed();
        (all > 0).then(|| (self.refusals.count() + self.failed()) as f64 / all as f64)
    }

    /// Adds that of another thread.
    pub(super) fn merge(&mut self, other: Self) {
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.refusals.merge(&other.refusals);
        self.failures.merge(&other.failures);
        self.lag.merge(&other.lag);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (class, count) in other.errors {
            *self.errors.entry(class).or_default() += count;
        }
        self.bytes_received += other.bytes_received;
        self.bytes_sent += other.bytes_sent;
        self.connections += other.connections;
        self.sent += other.sent;
        self.unfinished += other.unfinished;
        self.first_refusal = self.first_refusal.take().or(other.first_refusal);
        self.first_bad_answer = self.first_bad_answer.take().or(other.first_bad_answer);
        self.last = self.last.max(other.last);
        self.cpu += other.cpu;
    }
}
