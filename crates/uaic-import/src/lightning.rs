//! Lightning's folders `version_N`: `metrics.csv` and `hparams.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::csv_log::{Cell, CsvLog, Torn};
use crate::error::ImportError;
use crate::folder;
use crate::identity::{folder_name, last_name, place};
use crate::options::ReadOptions;
use crate::params;
use crate::record::{Skipped, SourceParam, SourceRun};
use crate::series::Series;
use crate::sink::Sink;
use crate::yaml;

/// Reads a folder as a run.
///
/// # Errors
/// The folder cannot be read, or the sink takes no more.
pub(crate) fn read(path: &Path, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let origin = format!("lightning:{}", place(path, options));
    let mut run = SourceRun::new(origin, folder_name(path), last_name(path));
    let settings = hparams(path);
    run.params = settings.clone().unwrap_or_default();
    sink.run(run)?;
    if let Err(why) = settings {
        sink.skipped(Skipped::new(path.join("hparams.yaml").display().to_string(), why))?;
    }
    read_log(&path.join("metrics.csv"), options, sink)?;
    let checkpoints = path.join("checkpoints");
    if checkpoints.is_dir() {
        let why = "checkpoints are large and of Lightning only";
        sink.skipped(Skipped::new(checkpoints.display().to_string(), why))?;
    }
    Ok(sink.end_run()?)
}

/// The settings in a folder's `hparams.yaml`; none where it has no such file.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn hparams(folder: &Path) -> Result<BTreeMap<String, SourceParam>, String> {
    let path: PathBuf = folder.join("hparams.yaml");
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let bytes = folder::read_bounded(&path, 8 << 20).map_err(|error| error.to_string())?;
    Ok(params::of(&yaml::parse(&String::from_utf8_lossy(&bytes))?))
}

/// Gives the points of a log to the run that has begun.
///
/// # Errors
/// The file cannot be read, or the sink takes no more.
pub(crate) fn read_log(path: &Path, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let mut log =
        CsvLog::open(path).with_zone(options.zone.clone().unwrap_or_else(crate::zone::Zone::system));
    let mut series = Series::default();
    let mut texts = BTreeSet::new();
    log.look::<ImportError>(Torn::of(path), &mut |cell| {
        match cell {
            Cell::Point(key, point) => series.push(key, point, sink)?,
            Cell::Text(key, text) if texts.len() < 100 && !texts.contains(key) => {
                texts.insert(key.to_owned());
                let what = format!("texts in the column `{key}`");
                let short: String = text.chars().take(40).collect();
                sink.skipped(Skipped::new(what, format!("`{short}` is no number")))?;
            }
            Cell::Text(..) => {}
        }
        Ok(())
    })?;
    series.end(sink)?;
    let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    Ok(sink.progress(length, length)?)
}
