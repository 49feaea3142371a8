//! Logging: `tracing` to stderr for people, and into each run's own log.

use std::io::{self, Write};

use clap::ValueEnum;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

use super::progress;
use crate::run_log::RunLogLayer;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging. `UAIC_LOG` (such as `uaic=debug`) wins over the number of `-v`.
pub(super) fn start(verbose: u8, format: LogFormat) {
    let level = match verbose {
        0 => "uaic=warn",
        1 => "uaic=info",
        2 => "uaic=debug",
        _ => "uaic=trace",
    };
    let filter = EnvFilter::try_from_env("UAIC_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let stderr = tracing_subscriber::fmt::layer().with_writer(AboveBars).with_target(false).with_ansi(false);
    let stderr = match format {
        LogFormat::Text => stderr.boxed(),
        LogFormat::Json => stderr.json().boxed(),
    };
    // Run logs keep everything that matters, whatever is shown.
    let run_log = RunLogLayer.with_filter(Targets::new().with_target("uaic", LevelFilter::DEBUG));
    let subscriber = tracing_subscriber::registry().with(stderr.with_filter(filter)).with(run_log);
    // Fails only when a library user has set a subscriber of their own, which then stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes whole lines above the progress bars.
#[derive(Clone, Copy)]
struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        progress::print_above(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for AboveBars {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}
