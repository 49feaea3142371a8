//! What a server writes down: requests in a database, events in log files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::serve::log_file::{LogFile, LogFileSettings};
use crate::serve::request_log::{self, Redaction, RequestLog};

use super::super::exit::Failure;
use super::super::load::values::parse_some_duration;
use super::super::logging::{self, Levels, Sink};
use super::super::{Global, printer};

/// What goes to stderr: requests from `-v` on.
const LEVELS: Levels = ["uaic=info,uaic::access=off", "uaic=info", "uaic=debug", "uaic=trace"];

/// What `uaic serve` writes down.
#[derive(Args, Debug)]
pub(super) struct Recording {
    /// Database of requests, answers and feedback; by default `requests.db` in the store
    #[arg(long, value_name = "FILE", env = "UAIC_REQUESTS", help_heading = "Recording")]
    request_log: Option<PathBuf>,

    /// Record no requests
    #[arg(long, conflicts_with = "request_log", help_heading = "Recording")]
    no_request_log: bool,

    /// Record requests without their texts
    #[arg(long, help_heading = "Recording")]
    no_text: bool,

    /// Take something out of texts before they are recorded: email, phone, card, number, or NAME=REGEX
    #[arg(long, value_name = "PATTERN", help_heading = "Recording")]
    redact: Vec<String>,

    /// Age at which recorded requests are deleted, such as 30d
    #[arg(long, value_name = "TIME", value_parser = parse_some_duration, help_heading = "Recording")]
    keep_for: Option<Duration>,

    /// Size of the database at which the oldest requests are deleted, such as 2GB
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Recording")]
    keep_size: Option<u64>,

    /// Folder of log files, of 10 MB each, 5 of which are kept; by default `logs` in the store
    #[arg(long, value_name = "DIR", env = "UAIC_LOGS", help_heading = "Recording")]
    logs: Option<PathBuf>,

    /// Write no log files
    #[arg(long, conflicts_with = "logs", help_heading = "Recording")]
    no_logs: bool,
}

impl Recording {
    /// Opens the request log.
    pub(super) fn open_log(&self, global: &Global) -> anyhow::Result<Option<RequestLog>> {
        if self.no_request_log {
            return Ok(None);
        }
        let path = self.request_log.clone().unwrap_or_else(|| global.store.beside("requests.db"));
        let redaction =
            Redaction::parse(&self.redact).map_err(|error| Failure::usage(format!("--redact: {error}")))?;
        let settings = request_log::Settings {
            keep_text: !self.no_text,
            redaction,
            keep_for: self.keep_for,
            keep_bytes: self.keep_size,
            ..request_log::Settings::at(path)
        };
        Ok(Some(RequestLog::open(settings)?))
    }

    /// Starts logging; the file has to be kept for as long as anything is logged.
    pub(super) fn start_logging(&self, global: &Global) -> anyhow::Result<Option<Arc<LogFile>>> {
        let file = if self.no_logs { None } else { Some(Arc::new(self.open_file(global)?)) };
        let sink = file.as_ref().map(|file| -> Sink {
            let targets = Targets::new().with_target("uaic", LevelFilter::INFO);
            logging::lines(file.writer(), global.log_format).with_filter(targets).boxed()
        });
        logging::start_with(global.verbose, global.log_format, LEVELS, sink);
        Ok(file)
    }

    fn open_file(&self, global: &Global) -> anyhow::Result<LogFile> {
        let folder = self.logs.clone().unwrap_or_else(|| global.store.beside("logs"));
        // Not through the log, which is what fails.
        let warn = |error: &crate::fsx::FileError| {
            printer::talk(format!("warning: log lines are lost: {error}"));
        };
        Ok(LogFile::open(LogFileSettings::new(folder, "serve"), warn)?)
    }
}

/// Bytes of `500MB` or `2GiB`.
fn parse_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 8] = [
        ("", 1.0),
        ("b", 1.0),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("kib", 1024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
    ];
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let unit = text[end..].trim().to_ascii_lowercase();
    let number = text[..end].parse::<f64>().ok();
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
    let size = number.zip(factor).map(|(number, factor)| number * factor);
    match size.filter(|size| (1e6..1e15).contains(size)) {
        Some(size) => Ok(size as u64),
        None => Err(format!("`{text}` is no size of 1MB or more; write 500MB or 2GB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, size) in [("500MB", 500_000_000), ("2GiB", 2 << 30), ("1.5 gb", 1_500_000_000)] {
            assert_eq!(parse_size(text), Ok(size), "{text}");
        }
        for text in ["", "big", "5", "2TB", "-1MB", "1e3MB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
