//! Folders that W&B writes offline: `offline-run-TIME-ID/run-ID.wandb`.

mod log;
mod record;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use uaic_platform::fsx::FileError;
use uaic_study::trial::RunState;

pub(crate) use log::MAGIC;

use crate::artifacts;
use crate::error::ImportError;
use crate::folder;
use crate::identity::last_name;
use crate::json::Json;
use crate::params;
use crate::protobuf::{Field, Fields, field};
use crate::record::{Skipped, SourcePoint, SourceRun};
use crate::series::Series;
use crate::sink::Sink;
use crate::zone::millis_of_seconds;
use log::{Log, Next};
use record::{Item, Record, Values, timestamp};

/// Items of a history that are its x, not its values.
const XS: [&str; 3] = ["_step", "_timestamp", "_runtime"];

/// Records between two words of progress.
const STRIDE: u64 = 4096;

/// Reads the run of a `.wandb` file.
///
/// # Errors
/// The file cannot be read, or the sink takes no more.
pub(crate) fn read(file: &Path, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let mut head = Head::default();
    // What is wrong with the file is told with its points.
    let _ = walk(file, 0, sink, &mut |record, _| {
        head.take(&record);
        Ok(())
    })?;
    let folder = file.parent().unwrap_or(Path::new("."));
    sink.run(head.run(file, folder))?;
    let mut points = Points::default();
    let trouble = walk(file, 1, sink, &mut |record, sink| points.take(&record, sink))?;
    if let Some(why) = trouble {
        sink.skipped(Skipped::new(format!("the rest of {}", file.display()), why))?;
    }
    points.give_summary(&head, sink)?;
    points.series.end(sink)?;
    if folder.join("files").is_dir() {
        artifacts::give_all(&folder.join("files"), "", sink)?;
    }
    Ok(sink.end_run()?)
}

/// Walks the records, for the first time or the second; what is wrong with the file, where something is.
fn walk(
    path: &Path,
    pass: u64,
    sink: &mut dyn Sink,
    each: &mut dyn FnMut(Record<'_>, &mut dyn Sink) -> Result<(), ImportError>,
) -> Result<Option<String>, ImportError> {
    let wrong = |error| ImportError::from(FileError::at("read", path)(error));
    let file = File::open(path).map_err(wrong)?;
    let total = file.metadata().map_or(0, |metadata| metadata.len());
    let Some(mut log) = Log::new(file).map_err(wrong)? else {
        let why = "it does not begin as one".to_owned();
        return Err(ImportError::Malformed { path: path.to_owned(), format: "log of W&B", why });
    };
    let mut too_long = 0;
    for number in 0u64.. {
        if number % STRIDE == 0 {
            sink.progress(pass * total + log.offset().min(total), 2 * total)?;
        }
        match log.next() {
            Ok(Next::Record(record)) => each(Record::of(record), sink)?,
            Ok(Next::TooLong) => too_long += 1,
            Ok(Next::End) => break,
            Ok(Next::Broken(why)) => return Ok(Some(why)),
            Err(error) => return Ok(Some(error.to_string())),
        }
    }
    sink.progress((pass + 1) * total, 2 * total)?;
    Ok((too_long > 0).then(|| format!("{too_long} records are longer than 64 MiB")))
}

/// What is known of a run besides its points.
#[derive(Default)]
struct Head {
    run: Vec<u8>,
    config: Values,
    summary: Values,
    exit: Option<i64>,
    last_ms: Option<i64>,
}

impl Head {
    fn take(&mut self, record: &Record<'_>) {
        match record {
            Record::Run(run) => {
                self.run = run.to_vec();
                for (_, config) in Fields::of(run).filter(|(number, _)| *number == 4) {
                    self.config.take(config.bytes());
                }
            }
            Record::Config(config) => self.config.take(config),
            Record::Summary(summary) => self.summary.take(summary),
            Record::History(history) => self.last_ms = x_of(history).1.or(self.last_ms),
            Record::Exit(code) => self.exit = Some(*code),
            Record::Stats(_) | Record::Other => {}
        }
    }

    fn run(&self, file: &Path, folder: &Path) -> SourceRun {
        let text = |number| field(&self.run, number).map(Field::text).filter(|text| !text.is_empty());
        let id = text(1).unwrap_or_else(|| folder::name(file));
        // The folder's name has the second of the start, so that a run that was taken up again is told apart.
        let origin = format!("wandb:{id}@{}", last_name(folder));
        let project = text(3).unwrap_or_else(|| "uncategorized".to_owned());
        let mut run = SourceRun::new(origin, project, text(8).unwrap_or_else(|| id.clone()));
        run.note = text(9);
        run.started_ms = field(&self.run, 17).and_then(|time| timestamp(time.bytes()));
        (run.state, run.reason) = match self.exit {
            Some(0) => (RunState::Complete, None),
            Some(code) => (RunState::Failed, Some(format!("exit code {code}"))),
            None => (RunState::Running, None),
        };
        run.ended_ms = self.exit.and(self.last_ms);
        let mut tag =
            |name: &str, value: Option<String>| run.tags.extend(value.map(|value| (name.to_owned(), value)));
        tag("wandb.id", Some(id));
        for (name, number) in [("entity", 2), ("group", 6), ("job_type", 7), ("sweep", 12), ("host", 13)] {
            tag(&format!("wandb.{name}"), text(number));
        }
        let git = field(&self.run, 21).map(Field::bytes).unwrap_or_default();
        for (name, number) in [("git.remote", 1), ("git.commit", 2)] {
            tag(name, field(git, number).map(Field::text).filter(|text| !text.is_empty()));
        }
        let tags: Vec<_> =
            Fields::of(&self.run).filter(|(number, _)| *number == 10).map(|(_, tag)| tag.text()).collect();
        tag("wandb.tags", (!tags.is_empty()).then(|| tags.join(", ")));
        for (key, value) in &self.summary.0 {
            if let Some(value) = value.as_str().filter(|_| !key.starts_with('_')) {
                tag(&format!("summary.{key}"), Some(value.to_owned()));
            }
        }
        let settings = self.config.0.iter().filter(|(key, _)| !is_internal(key));
        run.params = settings.map(|(key, value)| (key.clone(), params::param(value))).collect();
        run
    }
}

fn is_internal(key: &str) -> bool {
    key == "_wandb" || key.starts_with("_wandb.")
}

/// Step and time of a row.
fn x_of(history: &[u8]) -> (Option<i64>, Option<i64>) {
    let mut step = field(history, 2).map(|step| field(step.bytes(), 1).map_or(0, Field::int));
    let mut time_ms = None;
    for item in Item::all(history, 1) {
        match (item.path.as_slice(), &item.value) {
            ([name], value) if name == "_step" => step = value.as_i64().or(step),
            ([name], value) if name == "_timestamp" => time_ms = value.as_f64().and_then(millis_of_seconds),
            _ => {}
        }
    }
    (step, time_ms)
}

/// Gives the points of a run.
#[derive(Default)]
struct Points {
    series: Series,
    told: BTreeSet<String>,
}

impl Points {
    fn take(&mut self, record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), ImportError> {
        match record {
            Record::History(history) => self.take_history(history, sink),
            Record::Stats(stats) => self.take_stats(stats, sink),
            _ => Ok(()),
        }
    }

    fn take_history(&mut self, history: &[u8], sink: &mut dyn Sink) -> Result<(), ImportError> {
        let (step, time_ms) = x_of(history);
        for item in Item::all(history, 1) {
            let key = item.key();
            if XS.contains(&key.as_str()) || is_internal(&key) {
                continue;
            }
            self.take_value(&key, &item.value, &|value| SourcePoint { step, time_ms, value }, sink)?;
        }
        Ok(())
    }

    /// Maps are walked; what W&B calls media says its type, and is told once.
    fn take_value(
        &mut self,
        key: &str,
        value: &Json,
        point: &dyn Fn(f64) -> SourcePoint,
        sink: &mut dyn Sink,
    ) -> Result<(), ImportError> {
        if let Some(number) = value.as_metric() {
            return Ok(self.series.push(key, point(number), sink)?);
        }
        let is_media = value.get("_type").is_some();
        if !value.entries().is_empty() && !is_media {
            for (name, value) in value.entries() {
                self.take_value(&format!("{key}.{name}"), value, point, sink)?;
            }
            return Ok(());
        }
        let kind = match value.get("_type").and_then(Json::as_str) {
            Some(kind) => {
                format!("it is of the type `{}`, not a number", kind.chars().take(40).collect::<String>())
            }
            None => "it is no number".to_owned(),
        };
        if *value != Json::Null && self.told.len() < 100 && self.told.insert(key.chars().take(200).collect())
        {
            sink.skipped(Skipped::new(format!("`{key}`"), kind))?;
        }
        Ok(())
    }

    /// What W&B measures of the machine.
    fn take_stats(&mut self, stats: &[u8], sink: &mut dyn Sink) -> Result<(), ImportError> {
        let time_ms = field(stats, 2).and_then(|time| timestamp(time.bytes()));
        for item in Item::all(stats, 3) {
            if let Some(value) = item.value.as_metric() {
                let point = SourcePoint { step: None, time_ms, value };
                self.series.push(&format!("system/{}", item.key()), point, sink)?;
            }
        }
        Ok(())
    }

    /// Gives what is in the summary alone. While a run goes on, the history of any of it may still come.
    fn give_summary(&mut self, head: &Head, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let is_over = head.exit.is_some();
        for (key, value) in head.summary.0.iter().filter(|(key, _)| is_over && !key.starts_with('_')) {
            if let Some(value) = value.as_metric().filter(|_| !self.series.has(key)) {
                self.series.push(key, SourcePoint { step: None, time_ms: None, value }, sink)?;
            }
        }
        Ok(())
    }
}
