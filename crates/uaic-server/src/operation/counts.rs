//! Counters without locks, and how Prometheus reads them.

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use uaic_http::Refused;

/// Who is spoken to: no label has values that a client makes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    /// Clients of MLflow.
    Mlflow,
    /// Programs of Optuna.
    Optuna,
    /// Ours.
    Api,
    /// All else.
    Other,
}

impl Interface {
    const ALL: [Self; 4] = [Self::Mlflow, Self::Optuna, Self::Api, Self::Other];

    /// The one that a path belongs to.
    pub(crate) fn of(path: &str) -> Self {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        if begins(&["/api/v1/", "/api/store/"]) {
            Self::Api
        } else if begins(&[
            "/api/",
            "/ajax-api/",
            "/v1/traces",
            "/get-artifact",
            "/graphql",
            "/model-versions",
        ]) {
            Self::Mlflow
        } else if begins(&["/optuna."]) {
            Self::Optuna
        } else {
            Self::Other
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mlflow => "mlflow",
            Self::Optuna => "optuna",
            Self::Api => "api",
            Self::Other => "other",
        }
    }
}

/// Statuses by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Upper ends of buckets in seconds.
const ENDS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, f64::INFINITY];

/// What is counted of an interface.
#[derive(Debug, Default)]
struct Traffic {
    statuses: [AtomicU64; CLASSES.len()],
    buckets: [AtomicU64; ENDS.len()],
    nanoseconds: AtomicU64,
}

/// All that is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    traffic: [Traffic; Interface::ALL.len()],
    in_flight: AtomicI64,
    connections: AtomicI64,
    too_many: AtomicU64,
    too_slow: AtomicU64,
}

/// A request that is being answered.
pub(crate) struct Flight<'a>(&'a AtomicI64);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counts {
    pub(crate) fn flight(&self) -> Flight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Flight(&self.in_flight)
    }

    pub(crate) fn connections(&self, change: i64) {
        self.connections.fetch_add(change, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, why: Refused) {
        let count = match why {
            Refused::Limit => &self.too_many,
            Refused::Slow => &self.too_slow,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn request(&self, interface: Interface, status: u16, seconds: f64) {
        let traffic = &self.traffic[interface as usize];
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        traffic.statuses[class].fetch_add(1, Ordering::Relaxed);
        let bucket = ENDS.partition_point(|&end| end < seconds).min(ENDS.len() - 1);
        traffic.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        traffic.nanoseconds.fetch_add((seconds * 1e9) as u64, Ordering::Relaxed);
    }

    /// All counts, as Prometheus reads them.
    pub(crate) fn exposition(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        head(out, "uaic_server_requests_total", "counter", "Requests by interface and class of status.")?;
        for interface in Interface::ALL {
            let traffic = &self.traffic[interface as usize];
            for (class, count) in CLASSES.iter().zip(&traffic.statuses) {
                let name = interface.name();
                let count = read(count);
                writeln!(
                    out,
                    "uaic_server_requests_total{{interface=\"{name}\",status=\"{class}\"}} {count}"
                )?;
            }
        }
        head(out, "uaic_server_request_seconds", "histogram", "Time to an answer's first byte.")?;
        for interface in Interface::ALL {
            write_histogram(out, interface.name(), &self.traffic[interface as usize])?;
        }
        head(out, "uaic_server_requests_in_flight", "gauge", "Requests that are being answered.")?;
        writeln!(out, "uaic_server_requests_in_flight {}", self.in_flight.load(Ordering::Relaxed))?;
        head(out, "uaic_server_connections", "gauge", "Open connections.")?;
        writeln!(out, "uaic_server_connections {}", self.connections.load(Ordering::Relaxed))?;
        head(out, "uaic_server_connections_refused_total", "counter", "Connections that were not kept.")?;
        for (reason, count) in [("limit", &self.too_many), ("slow", &self.too_slow)] {
            writeln!(out, "uaic_server_connections_refused_total{{reason=\"{reason}\"}} {}", read(count))?;
        }
        Ok(())
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

fn write_histogram(out: &mut String, interface: &str, traffic: &Traffic) -> std::fmt::Result {
    let name = "uaic_server_request_seconds";
    let mut sum = 0;
    for (end, count) in ENDS.iter().zip(&traffic.buckets) {
        sum += count.load(Ordering::Relaxed);
        let end = if end.is_finite() { end.to_string() } else { "+Inf".to_owned() };
        writeln!(out, "{name}_bucket{{interface=\"{interface}\",le=\"{end}\"}} {sum}")?;
    }
    let seconds = traffic.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9;
    writeln!(out, "{name}_sum{{interface=\"{interface}\"}} {seconds}")?;
    writeln!(out, "{name}_count{{interface=\"{interface}\"}} {sum}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_stand_in_the_order_of_their_numbers_and_own_their_paths() {
        assert!(Interface::ALL.iter().enumerate().all(|(at, interface)| *interface as usize == at));
        for (path, interface) in [
            ("/api/2.0/mlflow/runs/create", Interface::Mlflow),
            ("/ajax-api/2.0/mlflow/runs/search", Interface::Mlflow),
            ("/api/v1/runs", Interface::Api),
            ("/optuna.StorageService/GetTrial", Interface::Optuna),
            ("/health", Interface::Other),
            ("/../api", Interface::Other),
        ] {
            assert_eq!(Interface::of(path), interface, "{path}");
        }
    }

    #[test]
    fn what_is_counted_is_told() {
        let counts = Counts::default();
        counts.request(Interface::Mlflow, 200, 0.0007);
        counts.request(Interface::Mlflow, 404, 20.0);
        counts.request(Interface::Api, 999, f64::NAN);
        counts.connections(2);
        counts.refused(Refused::Slow);
        let flight = counts.flight();
        let text = counts.exposition();
        for line in [
            "uaic_server_requests_total{interface=\"mlflow\",status=\"2xx\"} 1",
            "uaic_server_requests_total{interface=\"mlflow\",status=\"4xx\"} 1",
            "uaic_server_request_seconds_bucket{interface=\"mlflow\",le=\"0.0005\"} 0",
            "uaic_server_request_seconds_bucket{interface=\"mlflow\",le=\"0.001\"} 1",
            "uaic_server_request_seconds_bucket{interface=\"mlflow\",le=\"+Inf\"} 2",
            "uaic_server_request_seconds_count{interface=\"mlflow\"} 2",
            "uaic_server_requests_in_flight 1",
            "uaic_server_connections 2",
            "uaic_server_connections_refused_total{reason=\"slow\"} 1",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        drop(flight);
        assert!(counts.exposition().contains("uaic_server_requests_in_flight 0"));
    }
}
