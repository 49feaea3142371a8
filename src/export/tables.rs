//! Runs as tables: a row a run, and a row a point.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{ExportError, Exported};
use crate::fsx::FileError;
use crate::number::exact;
use crate::store::{Id, LatestMetric, Point, RunRecord, Store};
use crate::trial::ParamValue;

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// `runs.csv` and `points.csv`, by RFC 4180.
    Csv,
    /// `runs.jsonl` and `points.jsonl`, an object a line.
    JsonLines,
    /// `runs.parquet`, and files of a million points each in `points/`.
    Parquet,
}

/// Columns of every run, in front of its parameters, metrics and tags.
const COLUMNS: [&str; 15] = [
    "id",
    "name",
    "experiment",
    "study",
    "parent",
    "kind",
    "number",
    "state",
    "value",
    "reason",
    "started",
    "ended",
    "attempts",
    "hidden",
    "note",
];

/// Writes runs into a folder that is there and empty.
///
/// # Errors
/// The store cannot be read, or the folder not be written.
pub fn to_tables(
    store: &dyn Store,
    runs: &[Id],
    folder: &Path,
    format: TableFormat,
) -> Result<Exported, ExportError> {
    match format {
        TableFormat::Csv => to_csv(store, runs, folder),
        TableFormat::JsonLines => to_json_lines(store, runs, folder),
        TableFormat::Parquet => super::parquet::to_parquet(store, runs, folder),
    }
}

/// Everything of a run that is in its row.
struct Row {
    record: RunRecord,
    metrics: Vec<LatestMetric>,
    tags: std::collections::BTreeMap<String, String>,
}

impl Row {
    fn of(store: &dyn Store, id: Id) -> Result<Self, ExportError> {
        Ok(Self { record: store.run(id)?, metrics: store.latest_metrics(id)?, tags: store.tags(id)? })
    }

    /// The columns that every run has.
    fn fixed(&self) -> [Option<String>; COLUMNS.len()] {
        let run = &self.record;
        [
            Some(run.id.to_string()),
            run.name.clone(),
            Some(run.experiment.clone()),
            run.start.home.study().map(|study| study.to_string()),
            run.parent.map(|parent| parent.to_string()),
            Some(run.start.kind.name().to_owned()),
            run.start.number.map(|number| number.to_string()),
            Some(run.state.name().to_owned()),
            run.value().map(exact),
            run.reason.clone(),
            Some(crate::report::sheet::time(run.started_ms)),
            run.ended_ms.map(crate::report::sheet::time),
            Some(run.attempts.to_string()),
            Some(run.hidden.to_string()),
            run.note.clone(),
        ]
    }

    fn json(&self) -> Value {
        let fixed = COLUMNS.iter().zip(self.fixed());
        let mut row: Map<String, Value> = fixed
            .map(|(name, value)| ((*name).to_owned(), value.map_or(Value::Null, Value::String)))
            .collect();
        row.insert("value".to_owned(), self.record.value().map_or(Value::Null, number));
        row.insert("number".to_owned(), json!(self.record.start.number));
        row.insert("attempts".to_owned(), json!(self.record.attempts));
        row.insert("hidden".to_owned(), json!(self.record.hidden));
        let param = |value: &ParamValue| match value {
            ParamValue::Float(value) => number(*value),
            other => json!(other),
        };
        let params: Map<_, _> =
            self.record.start.params.iter().map(|(name, value)| (name.clone(), param(value))).collect();
        let metrics: Map<_, _> =
            self.metrics.iter().map(|metric| (metric.key.clone(), number(metric.value))).collect();
        row.insert("params".to_owned(), params.into());
        row.insert("metrics".to_owned(), metrics.into());
        row.insert("tags".to_owned(), json!(self.tags));
        row.into()
    }
}

/// A float; texts stand in for what JSON lacks.
fn number(value: f64) -> Value {
    if value.is_finite() { value.into() } else { exact(value).into() }
}

fn create(path: &Path) -> Result<BufWriter<File>, ExportError> {
    Ok(BufWriter::with_capacity(1 << 18, File::create(path).map_err(FileError::at("write", path))?))
}

/// Every point of the runs.
fn walk_points(
    store: &dyn Store,
    runs: &[Id],
    each: &mut dyn FnMut(Id, &str, &Point) -> std::io::Result<()>,
    path: &Path,
) -> Result<u64, ExportError> {
    let mut count = 0;
    for &id in runs {
        for metric in store.latest_metrics(id)? {
            for point in store.series(id, &metric.key)? {
                each(id, &metric.key, &point).map_err(FileError::at("write", path))?;
                count += 1;
            }
        }
    }
    Ok(count)
}

fn to_csv(store: &dyn Store, runs: &[Id], folder: &Path) -> Result<Exported, ExportError> {
    let [mut params, mut metrics, mut tags] = [const { BTreeSet::<String>::new() }; 3];
    for &id in runs {
        let row = Row::of(store, id)?;
        params.extend(row.record.start.params.keys().cloned());
        metrics.extend(row.metrics.into_iter().map(|metric| metric.key));
        tags.extend(row.tags.into_keys());
    }
    let path = folder.join("runs.csv");
    let wrong = |error: csv::Error| FileError::at("write", &path)(error.into());
    let mut table = csv::Writer::from_writer(create(&path)?);
    let named = [("params", &params), ("metrics", &metrics), ("tags", &tags)];
    let own = named.iter().flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind}.{name}")));
    table.write_record(COLUMNS.iter().map(|name| (*name).to_owned()).chain(own)).map_err(wrong)?;
    for &id in runs {
        let row = Row::of(store, id)?;
        let param = |name: &String| row.record.start.params.get(name).map(ToString::to_string);
        let metric = |name: &String| {
            let found = row.metrics.iter().find(|metric| metric.key == *name);
            found.map(|metric| exact(metric.value))
        };
        let cells = row
            .fixed()
            .into_iter()
            .chain(params.iter().map(param))
            .chain(metrics.iter().map(metric))
            .chain(tags.iter().map(|name| row.tags.get(name).cloned()));
        table.write_record(cells.map(Option::unwrap_or_default)).map_err(wrong)?;
    }
    table.flush().map_err(FileError::at("write", &path))?;
    let path = folder.join("points.csv");
    let mut table = csv::Writer::from_writer(create(&path)?);
    let mut write = |fields: [&str; 5]| table.write_record(fields).map_err(std::io::Error::from);
    write(["run", "key", "step", "time_ms", "value"]).map_err(FileError::at("write", &path))?;
    let points = walk_points(
        store,
        runs,
        &mut |id, key, point| {
            let (step, time) = (point.step.to_string(), point.time_ms.to_string());
            write([&id.to_string(), key, &step, &time, &exact(point.value)])
        },
        &path,
    )?;
    table.flush().map_err(FileError::at("write", &path))?;
    Ok(Exported { runs: runs.len() as u64, points, ..Exported::default() })
}

fn to_json_lines(store: &dyn Store, runs: &[Id], folder: &Path) -> Result<Exported, ExportError> {
    let path = folder.join("runs.jsonl");
    let mut lines = create(&path)?;
    for &id in runs {
        writeln!(lines, "{}", Row::of(store, id)?.json()).map_err(FileError::at("write", &path))?;
    }
    lines.flush().map_err(FileError::at("write", &path))?;
    let path = folder.join("points.jsonl");
    let mut lines = create(&path)?;
    let points = walk_points(
        store,
        runs,
        &mut |id, key, Point { step, time_ms, value }| {
            let value = number(*value);
            writeln!(
                lines,
                "{}",
                json!({ "run": id, "key": key, "step": step, "time_ms": time_ms, "value": value })
            )
        },
        &path,
    )?;
    lines.flush().map_err(FileError::at("write", &path))?;
    Ok(Exported { runs: runs.len() as u64, points, ..Exported::default() })
}
