//! Runs as Parquet: `runs.parquet`, and `points/` with a file for every million points.

use std::collections::BTreeMap;
use std::path::Path;

use uaic_table::{Column, Table, Values, write_parquet};

use super::{ExportError, Exported};
use crate::fsx::{self, FileError};
use crate::store::{Id, LatestMetric, Point, RunRecord, Store};
use crate::trial::ParamValue;

/// Points of a file: so many are in memory at once.
const PART: usize = 1 << 20;

/// Writes runs into a folder that is there and empty.
///
/// # Errors
/// The store cannot be read, or the folder not be written.
pub(super) fn to_parquet(store: &dyn Store, runs: &[Id], folder: &Path) -> Result<Exported, ExportError> {
    write_runs(store, runs, &folder.join("runs.parquet"))?;
    let points = write_points(store, runs, &folder.join("points"))?;
    Ok(Exported { runs: runs.len() as u64, points, ..Exported::default() })
}

fn write(table: &Table, path: &Path) -> Result<(), ExportError> {
    let bytes = write_parquet(table, &[])?;
    Ok(std::fs::write(path, bytes).map_err(FileError::at("write", path))?)
}

fn column(name: impl Into<String>, values: Values) -> Column {
    Column { name: name.into(), width: 1, values }
}

fn write_runs(store: &dyn Store, runs: &[Id], path: &Path) -> Result<(), ExportError> {
    let records = runs.iter().map(|id| store.run(*id)).collect::<Result<Vec<_>, _>>()?;
    let text = |of: &dyn Fn(&RunRecord) -> Option<String>| Values::Texts(records.iter().map(of).collect());
    let whole = |of: &dyn Fn(&RunRecord) -> Option<i64>| Values::Integers(records.iter().map(of).collect());
    let mut columns = vec![
        column("id", text(&|run| Some(run.id.to_string()))),
        column("name", text(&|run| run.name.clone())),
        column("experiment", text(&|run| Some(run.experiment.clone()))),
        column("study", text(&|run| run.start.home.study().map(|study| study.to_string()))),
        column("parent", text(&|run| run.parent.map(|parent| parent.to_string()))),
        column("kind", text(&|run| Some(run.start.kind.name().to_owned()))),
        column("number", whole(&|run| run.start.number.map(i64::from))),
        column("state", text(&|run| Some(run.state.name().to_owned()))),
        column("value", Values::Floats(records.iter().map(RunRecord::value).collect())),
        column("reason", text(&|run| run.reason.clone())),
        column("started_ms", whole(&|run| Some(run.started_ms))),
        column("ended_ms", whole(&|run| run.ended_ms)),
        column("attempts", whole(&|run| Some(run.attempts.into()))),
        column("hidden", Values::Booleans(records.iter().map(|run| Some(run.hidden)).collect())),
        column("note", text(&|run| run.note.clone())),
    ];
    let params = by_name(records.iter().map(|run| run.start.params.clone()));
    columns.extend(params.into_iter().map(|(name, values)| column(format!("params.{name}"), typed(values))));
    let mut metrics = Vec::new();
    let mut tags = Vec::new();
    for id in runs {
        let own = store.latest_metrics(*id)?;
        metrics.push(own.into_iter().map(|LatestMetric { key, value, .. }| (key, value)).collect());
        tags.push(store.tags(*id)?);
    }
    let metrics = by_name(metrics.into_iter());
    columns.extend(
        metrics.into_iter().map(|(name, values)| column(format!("metrics.{name}"), Values::Floats(values))),
    );
    let tags = by_name(tags.into_iter());
    columns
        .extend(tags.into_iter().map(|(name, values)| column(format!("tags.{name}"), Values::Texts(values))));
    write(&Table { columns, rows: runs.len(), ..Table::default() }, path)
}

/// What each run has of each name.
fn by_name<T: Clone>(
    rows: impl ExactSizeIterator<Item = BTreeMap<String, T>>,
) -> BTreeMap<String, Vec<Option<T>>> {
    let count = rows.len();
    let mut columns: BTreeMap<String, Vec<Option<T>>> = BTreeMap::new();
    for (at, row) in rows.enumerate() {
        for (name, value) in row {
            if let Some(cell) = columns.entry(name).or_insert_with(|| vec![None; count]).get_mut(at) {
                *cell = Some(value);
            }
        }
    }
    columns
}

/// Parameters of one type as such, and others as texts.
fn typed(values: Vec<Option<ParamValue>>) -> Values {
    let all = |is: fn(&ParamValue) -> bool| values.iter().flatten().all(is);
    let int = |value: ParamValue| if let ParamValue::Int(value) = value { Some(value) } else { None };
    let bool = |value: ParamValue| if let ParamValue::Bool(value) = value { Some(value) } else { None };
    if all(|value| matches!(value, ParamValue::Int(_))) {
        Values::Integers(values.into_iter().map(|value| value.and_then(int)).collect())
    } else if all(|value| matches!(value, ParamValue::Bool(_))) {
        Values::Booleans(values.into_iter().map(|value| value.and_then(bool)).collect())
    } else if all(|value| matches!(value, ParamValue::Float(_))) {
        Values::Floats(values.into_iter().map(|value| value.and_then(|value| value.as_f64())).collect())
    } else {
        Values::Texts(values.into_iter().map(|value| value.map(|value| value.to_string())).collect())
    }
}

/// Points of one file.
#[derive(Default)]
struct Part {
    runs: Vec<Option<String>>,
    keys: Vec<Option<String>>,
    steps: Vec<Option<i64>>,
    times: Vec<Option<i64>>,
    values: Vec<Option<f64>>,
}

impl Part {
    fn add(&mut self, run: &str, key: &str, point: &Point) {
        self.runs.push(Some(run.to_owned()));
        self.keys.push(Some(key.to_owned()));
        self.steps.push(Some(point.step));
        self.times.push(Some(point.time_ms));
        self.values.push(Some(point.value));
    }

    fn table(self) -> Table {
        let rows = self.runs.len();
        let columns = vec![
            column("run", Values::Texts(self.runs)),
            column("key", Values::Texts(self.keys)),
            column("step", Values::Integers(self.steps)),
            column("time_ms", Values::Integers(self.times)),
            column("value", Values::Floats(self.values)),
        ];
        Table { columns, rows, ..Table::default() }
    }
}

fn write_points(store: &dyn Store, runs: &[Id], folder: &Path) -> Result<u64, ExportError> {
    fsx::create_dir_all(folder)?;
    let (mut part, mut files, mut count) = (Part::default(), 0, 0);
    let mut end = |part: Part| {
        let path = folder.join(format!("part-{files:04}.parquet"));
        files += 1;
        write(&part.table(), &path)
    };
    for id in runs {
        let name = id.to_string();
        for metric in store.latest_metrics(*id)? {
            for point in store.series(*id, &metric.key)? {
                part.add(&name, &metric.key, &point);
                count += 1;
                if part.runs.len() == PART {
                    end(std::mem::take(&mut part))?;
                }
            }
        }
    }
    // A folder without a file would be no table.
    if !part.runs.is_empty() || count == 0 {
        end(part)?;
    }
    Ok(count)
}
