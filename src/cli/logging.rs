//! Logging: `tracing` to stderr for people, and into each run's own log.

use std::io::{self, Write};

use clap::ValueEnum;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry};

use super::{progress, table};
use crate::run_log::RunLogLayer;

/// The environment variable that says what is logged to stderr.
const VARIABLE: &str = "UAIC_LOG";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged to stderr by the number of `-v`.
pub(super) type Levels = [&'static str; 4];

/// Those of most verbs.
const LEVELS: Levels = ["uaic=warn", "uaic=info", "uaic=debug", "uaic=trace"];

/// Something else that takes what is logged.
pub(super) type Sink = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging. `UAIC_LOG` (such as `uaic=debug`) wins over the number of `-v`.
pub(super) fn start(verbose: u8, format: LogFormat) {
    start_with(verbose, format, LEVELS, None);
}

/// As [`start`], for a verb with levels of its own, and perhaps a file.
pub(super) fn start_with(verbose: u8, format: LogFormat, levels: Levels, sink: Option<Sink>) {
    let level = levels[usize::from(verbose).min(levels.len() - 1)];
    let asked = std::env::var_os(VARIABLE).filter(|text| !text.is_empty());
    let asked = asked.map(|text| text.to_string_lossy().into_owned());
    let (filter, problem) = match asked.as_deref().map(filter_of) {
        None => (EnvFilter::new(level), None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(problem)) => (EnvFilter::new(level), Some(problem)),
    };
    let stderr = lines(AboveBars, format);
    // Run logs keep everything that matters, whatever is shown.
    let run_log = RunLogLayer.with_filter(Targets::new().with_target("uaic", LevelFilter::DEBUG));
    let mut layers: Vec<Sink> = vec![stderr.with_filter(filter).boxed(), run_log.boxed()];
    layers.extend(sink);
    let subscriber = tracing_subscriber::registry().with(layers);
    // Fails only when a library user has set a subscriber of their own, which then stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    if let Some(problem) = problem {
        let text = asked.unwrap_or_default();
        tracing::warn!("{VARIABLE}=`{}` is ignored: {problem}; try {VARIABLE}=debug", table::one_line(&text));
    }
}

/// Writes a line for each event.
pub(super) fn lines<W>(writer: W, format: LogFormat) -> Sink
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_target(false).with_ansi(false);
    match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

/// The filter that a text describes, such as `debug` or `uaic=debug,uaic::store=trace`; else what is
/// wrong with it.
fn filter_of(text: &str) -> Result<EnvFilter, String> {
    // `tracing` takes a word alone for the name of a module, and then shows nothing at all.
    let foreign = |part: &&str| {
        let word = part.chars().all(|character| character.is_alphanumeric() || "_:-".contains(character));
        word && part.parse::<LevelFilter>().is_err() && !part.starts_with("uaic")
    };
    match text.split(',').map(str::trim).find(foreign) {
        Some(part) => Err(format!("`{part}` is no level (off, error, warn, info, debug, trace)")),
        None => EnvFilter::try_new(text).map_err(|error| error.to_string()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_levels_or_modules_of_this_program() {
        for text in ["debug", "WARN", "uaic=debug", "uaic", "info,uaic::store=trace", "uaic[run{id=3}]=debug"]
        {
            assert!(filter_of(text).is_ok(), "{text}: {:?}", filter_of(text).err());
        }
        for (text, problem) in [
            ("loud", "`loud` is no level"),
            ("uaic=debug, verbose", "`verbose` is no level"),
            ("uaic=loud", "error parsing level filter"),
        ] {
            let told = filter_of(text).err().unwrap_or_default();
            assert!(told.contains(problem), "{text}: {told}");
        }
    }
}
