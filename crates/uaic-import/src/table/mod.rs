//! Tables as CSV or JSONL: each row a run, or each a step of one run.

mod columns;
mod rows;

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use uaic_platform::fsx::FileError;

use crate::csv_log::{Columns, is_step_name, number, time_of};
use crate::error::ImportError;
use crate::folder;
use crate::identity::{last_name, place};
use crate::lightning;
use crate::options::{ReadOptions, TableRows};
use crate::python;
use crate::record::{Skipped, SourcePoint, SourceRun};
use crate::series::Series;
use crate::sink::Sink;
use crate::zone::Zone;
use columns::{Role, role, state};
use rows::{Row, Rows};

/// Ids that are remembered, to tell rows with the same one apart.
const MOST_IDS: usize = 1 << 20;

/// Rows between two words of progress.
const STRIDE: u64 = 1024;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableKind {
    Csv,
    Jsonl,
}

/// Reads a table.
///
/// # Errors
/// The file cannot be read, or the sink takes no more.
pub(crate) fn read(
    path: &Path,
    kind: TableKind,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let rows = match options.rows {
        Some(rows) => rows,
        None => rows_of(&open(path, kind)?.names()?),
    };
    match (rows, kind) {
        (TableRows::Runs, _) => read_runs(path, kind, options, sink),
        (TableRows::Steps, TableKind::Csv) => {
            sink.run(history(path, options))?;
            lightning::read_log(path, options, sink)?;
            Ok(sink.end_run()?)
        }
        (TableRows::Steps, TableKind::Jsonl) => read_steps(path, options, sink),
    }
}

/// Runs where a column is of runs only, else steps where one is an x.
fn rows_of(names: &[String]) -> TableRows {
    let is_of_runs = |name: &String| match role(name) {
        Role::Id | Role::Name | Role::Experiment | Role::State | Role::Started | Role::Ended | Role::Note => {
            true
        }
        Role::Param(rest) => rest.len() < name.len(),
        Role::Tag(_) | Role::Metric(_) => false,
    };
    if names.iter().any(is_of_runs) || !names.iter().any(|name| is_step_name(name)) {
        TableRows::Runs
    } else {
        TableRows::Steps
    }
}

fn history(path: &Path, options: &ReadOptions) -> SourceRun {
    let stem = path.file_stem().map_or_else(|| last_name(path), |stem| stem.to_string_lossy().into_owned());
    SourceRun::new(format!("table:{}", place(path, options)), crate::identity::folder_name(path), stem)
}

fn open(path: &Path, kind: TableKind) -> Result<Rows, ImportError> {
    let file = File::open(path).map_err(FileError::at("open", path))?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    Rows::new(file, path, kind, length)
}

fn read_steps(path: &Path, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let zone = options.zone.clone().unwrap_or_else(Zone::system);
    sink.run(history(path, options))?;
    let mut rows = open(path, TableKind::Jsonl)?;
    let mut series = Series::default();
    let mut texts = BTreeSet::new();
    while let Some(row) = rows.next()? {
        if row.number % STRIDE == 0 {
            sink.progress(row.offset, rows.length())?;
        }
        let columns = Columns::of(&row.cells.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
        let cell = |at: Option<usize>| at.and_then(|at| row.cells.get(at)).map(|(_, text)| text.as_str());
        let step = cell(columns.step).and_then(python::whole);
        let time_ms = cell(columns.time).and_then(|text| time_of(text, &zone));
        for (at, (name, text)) in row.cells.iter().enumerate() {
            if Some(at) == columns.step || Some(at) == columns.time {
                continue;
            }
            match number(text) {
                Some(value) => series.push(name, SourcePoint { step, time_ms, value }, sink)?,
                None if texts.len() < 100 && texts.insert(name.clone()) => {
                    sink.skipped(Skipped::new(format!("texts in `{name}`"), "they are no numbers"))?;
                }
                None => {}
            }
        }
    }
    series.end(sink)?;
    tell(&rows, path, sink)?;
    Ok(sink.end_run()?)
}

fn read_runs(
    path: &Path,
    kind: TableKind,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let zone = options.zone.clone().unwrap_or_else(Zone::system);
    let mut rows = open(path, kind)?;
    let place = place(path, options);
    let experiment = history(path, options).name;
    let mut ids = HashSet::new();
    while let Some(row) = rows.next()? {
        if row.number % STRIDE == 0 {
            sink.progress(row.offset, rows.length())?;
        }
        let (run, points) = run_of(&row, &place, &experiment, &zone, &mut ids);
        let time_ms = run.ended_ms;
        sink.run(run)?;
        for (key, value) in points {
            sink.points(&key, &[SourcePoint { step: None, time_ms, value }])?;
        }
        sink.end_run()?;
    }
    tell(&rows, path, sink)
}

/// Tells what of the file was no row, and that it is read.
fn tell(rows: &Rows, path: &Path, sink: &mut dyn Sink) -> Result<(), ImportError> {
    if let Some(why) = rows.trouble() {
        sink.skipped(Skipped::new(format!("a part of {}", path.display()), why))?;
    }
    Ok(sink.progress(rows.length(), rows.length())?)
}

/// The run of a row, and the last values of its metrics.
fn run_of(
    row: &Row,
    place: &str,
    experiment: &str,
    zone: &Zone,
    ids: &mut HashSet<u64>,
) -> (SourceRun, Vec<(String, f64)>) {
    let mut run = SourceRun::new("", experiment, "");
    let (mut points, mut id) = (vec![], None);
    for (column, text) in row.cells.iter().filter(|(_, text)| !text.is_empty()) {
        match role(column) {
            Role::Id => id = Some(text.clone()),
            Role::Name => run.name.clone_from(text),
            Role::Experiment => run.experiment.clone_from(text),
            Role::State => match state(text) {
                Some(state) => run.state = state,
                None => drop(run.tags.insert(column.clone(), text.clone())),
            },
            Role::Started => run.started_ms = time_of(text, zone),
            Role::Ended => run.ended_ms = time_of(text, zone),
            Role::Note => run.note = Some(text.clone()),
            Role::Tag(name) => drop(run.tags.insert(name.to_owned(), text.clone())),
            Role::Metric(name) => match number(text) {
                Some(value) => points.push((name.to_owned(), value)),
                None => drop(run.tags.insert(name.to_owned(), text.clone())),
            },
            Role::Param(name) => drop(run.params.insert(name.to_owned(), python::param(text))),
        }
    }
    let number = row.number + 1;
    if run.name.is_empty() {
        run.name = id.clone().unwrap_or_else(|| format!("row {number}"));
    }
    run.origin = match id.filter(|id| ids.len() < MOST_IDS && ids.insert(hash(id))) {
        Some(id) => format!("table:{place}#{id}"),
        None => format!("table:{place}#row {number}"),
    };
    (run, points)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// How a file is written, by its name.
pub(crate) fn kind_of(path: &Path) -> Option<TableKind> {
    let name = folder::name(path).to_ascii_lowercase();
    let ends_with = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if ends_with(&[".csv", ".tsv"]) {
        Some(TableKind::Csv)
    } else {
        ends_with(&[".jsonl", ".ndjson"]).then_some(TableKind::Jsonl)
    }
}
