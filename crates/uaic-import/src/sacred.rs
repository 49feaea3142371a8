//! Folders of sacred's file observer: `N/run.json`, `config.json`, `metrics.json`.

use std::path::Path;

use uaic_study::trial::RunState;

use crate::artifacts;
use crate::error::ImportError;
use crate::folder::{self, LONGEST_WHOLE};
use crate::identity::{last_name, place_within};
use crate::json::{Json, JsonReader, NoJson};
use crate::options::ReadOptions;
use crate::params;
use crate::record::{Skipped, SourcePoint, SourceRun};
use crate::sink::{Sink, SinkError};
use crate::zone::Zone;

/// The longest file that is read as a tree.
const LONGEST_TREE: u64 = 16 << 20;

/// Points that are given at once.
const BATCH: usize = 4096;

/// Reads the runs below a root.
///
/// # Errors
/// The sink takes no more.
pub(crate) fn read(
    root: &Path,
    runs: &[std::path::PathBuf],
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    for (done, path) in (0u64..).zip(runs) {
        sink.progress(done, runs.len() as u64)?;
        match tree(&path.join("run.json")) {
            Err(why) => sink.skipped(Skipped::new(format!("the run {}", path.display()), why))?,
            Ok(head) if status(&head) == "QUEUED" => {
                sink.skipped(Skipped::new(format!("the run {}", path.display()), "it has not begun"))?;
            }
            Ok(head) => read_run(root, path, &head, options, sink)?,
        }
    }
    Ok(sink.progress(runs.len() as u64, runs.len() as u64)?)
}

fn tree(path: &Path) -> Result<Json, String> {
    let bytes = folder::read_bounded(path, LONGEST_TREE).map_err(|error| error.to_string())?;
    Json::parse(&bytes).map_err(|error| error.to_string())
}

fn status(head: &Json) -> &str {
    head.get("status").and_then(Json::as_str).unwrap_or_default()
}

fn read_run(
    root: &Path,
    path: &Path,
    head: &Json,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let mut run = describe(root, path, head, options);
    let mut trouble = vec![];
    for file in ["config.json", "info.json"] {
        let path = path.join(file);
        match path.is_file().then(|| tree(&path)) {
            Some(Ok(tree)) if file == "config.json" => run.params = params::of(&tree),
            Some(Ok(tree)) => params::tags(&tree, "info.", &mut run.tags),
            Some(Err(why)) => trouble.push(Skipped::new(path.display().to_string(), why)),
            None => {}
        }
    }
    sink.run(run)?;
    for skipped in trouble {
        sink.skipped(skipped)?;
    }
    if let Some(value) = head.get("result").and_then(Json::as_metric) {
        let time_ms = head.get("stop_time").and_then(time);
        sink.points("result", &[SourcePoint { step: None, time_ms, value }])?;
    }
    read_metrics(&path.join("metrics.json"), sink)?;
    artifacts::give_one(&path.join("cout.txt"), "cout.txt", sink)?;
    for name in head.get("artifacts").map(Json::items).unwrap_or_default() {
        // Names, or maps with one; a name that leaves the folder is none of its files.
        let name = name.as_str().or_else(|| name.get("name").and_then(Json::as_str)).unwrap_or_default();
        if !name.is_empty() && !name.contains(['/', '\\']) && name != ".." {
            artifacts::give_one(&path.join(name), name, sink)?;
        }
    }
    Ok(sink.end_run()?)
}

fn describe(root: &Path, path: &Path, head: &Json, options: &ReadOptions) -> SourceRun {
    let text = |tree: &Json, key: &str| tree.get(key).and_then(Json::as_str).map(str::to_owned);
    let experiment = head.get("experiment").and_then(|experiment| text(experiment, "name"));
    let origin = format!("sacred:{}", place_within(root, path, options));
    let experiment = experiment.unwrap_or_else(|| last_name(root));
    let mut run = SourceRun::new(origin, experiment, last_name(path));
    run.state = match status(head) {
        "COMPLETED" => RunState::Complete,
        "RUNNING" => RunState::Running,
        "INTERRUPTED" | "TIMEOUT" => RunState::Interrupted,
        _ => RunState::Failed,
    };
    run.started_ms = head.get("start_time").and_then(time);
    run.ended_ms = head.get("stop_time").and_then(time);
    if status(head) == "TIMEOUT" {
        run.reason = Some("it took too long".to_owned());
    }
    let trace = head.get("fail_trace").map(Json::items).unwrap_or_default();
    if let Some(line) = trace.last().and_then(Json::as_str) {
        run.reason = Some(line.trim().to_owned());
    }
    run.note = head.get("meta").and_then(|meta| text(meta, "comment"));
    run.tags.extend(text(head, "command").map(|command| ("command".to_owned(), command)));
    let host = head.get("host").and_then(|host| text(host, "hostname"));
    run.tags.extend(host.map(|host| ("host".to_owned(), host)));
    run
}

/// Sacred writes UTC without saying so.
fn time(value: &Json) -> Option<i64> {
    Zone::utc().millis(value.as_str()?)
}

fn read_metrics(path: &Path, sink: &mut dyn Sink) -> Result<(), ImportError> {
    if !path.is_file() {
        return Ok(());
    }
    let read = folder::read_bounded(path, LONGEST_WHOLE).map_err(|error| error.to_string());
    let walked = match read {
        Err(why) => Err(Halt::Why(why)),
        Ok(bytes) => JsonReader::new(&bytes).map(|reader, key| series(&bytes, reader, &key, sink)),
    };
    match walked {
        Ok(()) => Ok(()),
        Err(Halt::Sink(error)) => Err(error.into()),
        Err(Halt::Why(why)) => {
            Ok(sink.skipped(Skipped::new(format!("the rest of {}", path.display()), why))?)
        }
    }
}

/// Gives a series: its three lists lie one behind the other and are walked side by side.
fn series(bytes: &[u8], reader: &mut JsonReader<'_>, key: &str, sink: &mut dyn Sink) -> Result<(), Halt> {
    let (mut steps, mut times, mut values) = (vec![], vec![], vec![]);
    reader.map::<NoJson>(|reader, field| {
        if !reader.is_list() {
            return reader.skip();
        }
        // A number takes two bytes at least, so the file bounds the lists.
        let most = bytes.len() / 2;
        reader.list(|reader| {
            match field.as_str() {
                "steps" if steps.len() < most => steps.push(reader.tree()?.as_i64()),
                "timestamps" if times.len() < most => times.push(time(&reader.tree()?)),
                "values" if values.len() < most => values.push(metric(&reader.tree()?)),
                _ => reader.skip()?,
            }
            Ok(())
        })
    })?;
    let at = |list: &[Option<i64>], at: usize| list.get(at).copied().flatten();
    let points: Vec<_> = (0..)
        .zip(&values)
        .filter_map(|(row, value)| {
            value.map(|value| SourcePoint { step: at(&steps, row), time_ms: at(&times, row), value })
        })
        .collect();
    for batch in points.chunks(BATCH) {
        sink.points(key, batch)?;
    }
    Ok(())
}

/// A number, or one of NumPy's with its type beside it.
fn metric(value: &Json) -> Option<f64> {
    value.as_metric().or_else(|| value.get("value").and_then(Json::as_metric))
}

/// Why the walk ended early.
enum Halt {
    Sink(SinkError),
    Why(String),
}

impl From<NoJson> for Halt {
    fn from(error: NoJson) -> Self {
        Self::Why(error.to_string())
    }
}

impl From<SinkError> for Halt {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}
