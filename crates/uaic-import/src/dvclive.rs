//! Folders of DVCLive: a table a metric, parameters, and a summary.

use std::path::Path;

use crate::artifacts;
use crate::csv_log::{Cell, CsvLog, Torn};
use crate::error::ImportError;
use crate::folder;
use crate::identity::{folder_name, last_name, place};
use crate::json::Json;
use crate::options::ReadOptions;
use crate::params;
use crate::record::{Skipped, SourcePoint, SourceRun};
use crate::series::Series;
use crate::sink::Sink;
use crate::yaml;

/// Reads a folder as a run.
///
/// # Errors
/// The folder cannot be read, or the sink takes no more.
pub(crate) fn read(path: &Path, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let origin = format!("dvclive:{}", place(path, options));
    let mut run = SourceRun::new(origin, folder_name(path), last_name(path));
    let settings = small_file(&path.join("params.yaml"), yaml::parse);
    if let Ok(Some(tree)) = &settings {
        run.params = params::of(tree);
    }
    sink.run(run)?;
    tell(settings.err(), sink)?;
    let mut series = Series::default();
    let tables = path.join("plots/metrics");
    if tables.is_dir() {
        for (name, file) in folder::below(&tables)? {
            if let Some(key) = name.strip_suffix(".tsv") {
                read_table(key, &file, options, &mut series, sink)?;
            }
        }
    }
    read_summary(&path.join("metrics.json"), &mut series, sink)?;
    series.end(sink)?;
    for folder in ["plots/images", "plots/custom", "artifacts"] {
        if path.join(folder).is_dir() {
            artifacts::give_all(&path.join(folder), &format!("{folder}/"), sink)?;
        }
    }
    Ok(sink.end_run()?)
}

fn read_table(
    key: &str,
    file: &Path,
    options: &ReadOptions,
    series: &mut Series,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let mut log =
        CsvLog::open(file).with_zone(options.zone.clone().unwrap_or_else(crate::zone::Zone::system));
    let look = log.look::<ImportError>(Torn::of(file), &mut |cell| match cell {
        Cell::Point(_, point) => Ok(series.push(key, point, sink)?),
        Cell::Text(..) => Ok(()),
    });
    if let Err(error) = look {
        sink.skipped(Skipped::new(format!("the rest of {}", file.display()), error.reason()?))?;
    }
    Ok(())
}

/// What is in the summary alone: the latest value of the others is their last point.
fn read_summary(file: &Path, series: &mut Series, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let tree = match small_file(file, |text| Json::parse(text.as_bytes()).map_err(|error| error.to_string()))
    {
        Ok(Some(tree)) => tree,
        Ok(None) => return Ok(()),
        Err(skipped) => return tell(Some(skipped), sink),
    };
    let mut left = vec![(String::new(), &tree)];
    while let Some((prefix, tree)) = left.pop() {
        for (name, value) in tree.entries() {
            let key = format!("{prefix}{name}");
            if !value.entries().is_empty() {
                left.push((format!("{key}/"), value));
            } else if let Some(value) = value.as_metric().filter(|_| key != "step" && !series.has(&key)) {
                series.push(&key, SourcePoint { step: None, time_ms: None, value }, sink)?;
            }
        }
    }
    Ok(())
}

/// The tree of a file, if there is one, or why not.
fn small_file(path: &Path, parse: impl Fn(&str) -> Result<Json, String>) -> Result<Option<Json>, Skipped> {
    if !path.is_file() {
        return Ok(None);
    }
    let skipped = |why| Skipped::new(path.display().to_string(), why);
    let bytes = folder::read_bounded(path, 8 << 20).map_err(|error| skipped(error.to_string()))?;
    parse(&String::from_utf8_lossy(&bytes)).map(Some).map_err(skipped)
}

fn tell(skipped: Option<Skipped>, sink: &mut dyn Sink) -> Result<(), ImportError> {
    skipped.map_or(Ok(()), |skipped| Ok(sink.skipped(skipped)?))
}
