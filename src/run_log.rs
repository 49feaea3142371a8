//! The log of a run: what is logged by `tracing` while the run executes, kept as its artifact.
//!
//! A run executes on one thread from start to end, so its log is what that thread logs meanwhile.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

pub use uaic_study::run_log::{LOG_ARTIFACT, add, capture};

/// The part of the subscriber that fills run logs.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunLogLayer;

impl<S: Subscriber> Layer<S> for RunLogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        add(|| {
            let mut line = Line::default();
            event.record(&mut line);
            let now = jiff::Timestamp::now();
            format!("{now:.3} {:5} {}{}", event.metadata().level(), line.message, line.fields)
        });
    }
}

/// An event's message, and its other fields as ` name=value`.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = if field.name() == "message" {
            write!(self.message, "{value}")
        } else {
            write!(self.fields, " {}={value}", field.name())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::prelude::*;

    #[test]
    fn a_run_has_only_its_own_lines() {
        let subscriber = tracing_subscriber::registry().with(RunLogLayer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("before");
            let ((), outer) = capture(|| {
                tracing::info!(epoch = 3, loss = 0.5, "epoch done");
                let ((), inner) = capture(|| tracing::warn!(why = "test", "inside"));
                assert!(inner.ends_with("WARN  inside why=test\n"), "{inner}");
            });
            assert_eq!(outer.lines().count(), 1);
            assert!(outer.ends_with("INFO  epoch done epoch=3 loss=0.5\n"), "{outer}");
        });
    }

    #[test]
    fn without_a_subscriber_the_log_is_empty() {
        assert_eq!(capture(|| 5), (5, String::new()));
    }
}
