//! MLflow's SQLite databases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::run::{add_model, give_artifacts, origin, state, take_tags, value};
use crate::database::{columns, int, open, real, tables, text};
use crate::error::ImportError;
use crate::python;
use crate::record::{Skipped, SourcePoint, SourceRun};
use crate::series::Series;
use crate::sink::Sink;

/// Whether tables are MLflow's.
pub(crate) fn is_mlflow(tables: &BTreeSet<String>) -> bool {
    ["experiments", "runs", "params", "metrics", "tags"].iter().all(|table| tables.contains(*table))
}

/// Reads every run of a database.
///
/// # Errors
/// The database cannot be read, or the sink takes no more.
pub(crate) fn read(path: &Path, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let connection = open(path)?;
    let wrong = ImportError::database(path);
    let database = Database::new(&connection, path).map_err(&wrong)?;
    let total =
        connection.query_row("SELECT count(*) FROM runs", [], |row| Ok(int(row, 0))).map_err(&wrong)?;
    let total = total.unwrap_or_default().max(0) as u64;
    let mut statement = connection.prepare(&database.runs).map_err(&wrong)?;
    let mut rows = statement.query([]).map_err(&wrong)?;
    for done in 0u64.. {
        sink.progress(done.min(total), total)?;
        match rows.next() {
            Ok(Some(row)) => {
                let stored = StoredRun::of(row);
                database.read_run(&stored, sink)?;
            }
            Ok(None) => break,
            // What was read before stays.
            Err(error) => {
                sink.skipped(Skipped::new(format!("the rest of {}", path.display()), error.to_string()))?;
                break;
            }
        }
    }
    Ok(sink.progress(total, total)?)
}

/// A row of the runs.
struct StoredRun {
    id: String,
    run: SourceRun,
    artifacts: Option<String>,
    user: Vec<(&'static str, Option<String>)>,
}

impl StoredRun {
    fn of(row: &Row<'_>) -> Self {
        let id = text(row, 0).unwrap_or_default();
        let name = text(row, 1).filter(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
        let mut run = SourceRun::new(origin(&id), text(row, 2).unwrap_or_else(|| "Default".to_owned()), name);
        (run.state, run.reason) = state(&text(row, 3).unwrap_or_default());
        run.started_ms = int(row, 4);
        run.ended_ms = int(row, 5);
        run.hidden = [6, 7].iter().any(|column| text(row, *column).as_deref() == Some("deleted"));
        let user = [("mlflow.user", 9), ("mlflow.source.name", 10), ("mlflow.source.git.commit", 11)];
        let user = user.map(|(name, column)| (name, text(row, column).filter(|text| !text.is_empty())));
        Self { id, run, artifacts: text(row, 8), user: user.to_vec() }
    }
}

/// The statements that read a run.
struct Database<'c> {
    connection: &'c Connection,
    path: &'c Path,
    runs: String,
    params: String,
    tags: String,
    metrics: String,
    datasets: Option<&'static str>,
    models: Option<&'static str>,
}

impl<'c> Database<'c> {
    fn new(connection: &'c Connection, path: &'c Path) -> rusqlite::Result<Self> {
        let tables = tables(connection)?;
        // Databases of old versions lack some columns.
        let of_runs = columns(connection, "runs")?;
        let run = |name: &str| if of_runs.contains(name) { format!("r.{name}") } else { "NULL".to_owned() };
        let of_metrics = columns(connection, "metrics")?;
        let metric =
            |name: &str| if of_metrics.contains(name) { format!("t.{name}") } else { "0".to_owned() };
        let runs = format!(
            "SELECT r.run_uuid, {}, e.name, r.status, r.start_time, r.end_time, {}, e.lifecycle_stage, {}, {}, {}, {} \
             FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id ORDER BY r.rowid",
            run("name"),
            run("lifecycle_stage"),
            run("artifact_uri"),
            run("user_id"),
            run("source_name"),
            run("source_version"),
        );
        let points = format!("t.key, t.value, t.timestamp, {}, {}", metric("step"), metric("is_nan"));
        let has = |names: &[&str]| names.iter().all(|name| tables.contains(*name));
        Ok(Self {
            connection,
            path,
            runs,
            params: rows_of(connection, "params", "t.key, t.value")?,
            tags: rows_of(connection, "tags", "t.key, t.value")?,
            metrics: rows_of(connection, "metrics", &points)?,
            datasets: has(&["inputs", "input_tags", "datasets"]).then_some(DATASETS),
            models: has(&["model_versions"]).then_some(MODELS),
        })
    }

    fn read_run(&self, stored: &StoredRun, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let mut run = stored.run.clone();
        let mut trouble = vec![];
        let mut note = |what: &str, error: Option<rusqlite::Error>| {
            let what = format!("{what} of the run {}", stored.id);
            trouble.extend(error.map(|error| Skipped::new(what, error.to_string())));
        };
        let params = self.pairs(&self.params, &stored.id, &mut |key, value| {
            run.params.insert(key, python::param(&value));
        });
        note("parameters", params.err());
        let mut tags = BTreeMap::new();
        for (name, value) in &stored.user {
            tags.extend(value.clone().map(|value| ((*name).to_owned(), value)));
        }
        let found = self.pairs(&self.tags, &stored.id, &mut |key, value| {
            tags.insert(key, value);
        });
        note("tags", found.err());
        note("data sets", self.add_datasets(&stored.id, &mut tags).err());
        note("models", self.add_models(&stored.id, &mut tags).err());
        take_tags(&mut run, tags);
        sink.run(run)?;
        for skipped in trouble {
            sink.skipped(skipped)?;
        }
        self.read_points(&stored.id, sink)?;
        if let Some(uri) = &stored.artifacts {
            let beside = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            give_artifacts(uri, &stored.id, beside.unwrap_or(Path::new(".")), sink)?;
        }
        Ok(sink.end_run()?)
    }

    fn pairs(&self, query: &str, run: &str, each: &mut dyn FnMut(String, String)) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(query)?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            each(text(row, 0).unwrap_or_default(), text(row, 1).unwrap_or_default());
        }
        Ok(())
    }

    fn add_datasets(&self, run: &str, tags: &mut BTreeMap<String, String>) -> rusqlite::Result<()> {
        let Some(query) = self.datasets else { return Ok(()) };
        let mut statement = self.connection.prepare_cached(query)?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            let name = format!("mlflow.dataset.{}", text(row, 0).unwrap_or_default());
            for (field, column) in [("digest", 1), ("source", 2), ("context", 3)] {
                tags.extend(text(row, column).map(|value| (format!("{name}.{field}"), value)));
            }
        }
        Ok(())
    }

    fn add_models(&self, run: &str, tags: &mut BTreeMap<String, String>) -> rusqlite::Result<()> {
        let Some(query) = self.models else { return Ok(()) };
        let mut statement = self.connection.prepare_cached(query)?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            let stage = text(row, 2).filter(|stage| stage != "None" && !stage.is_empty());
            let name = text(row, 0).unwrap_or_default();
            add_model(tags, &name, &text(row, 1).unwrap_or_default(), stage.as_deref());
        }
        Ok(())
    }

    fn read_points(&self, run: &str, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let mut series = Series::default();
        let walked = self.walk_points(run, &mut series, sink);
        series.end(sink)?;
        match walked {
            Ok(()) => Ok(()),
            Err(error) => Ok(sink.skipped(Skipped::new(
                format!("the rest of the points of the run {run}"),
                error.reason()?,
            ))?),
        }
    }

    fn walk_points(&self, run: &str, series: &mut Series, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let wrong = ImportError::database(self.path);
        let mut statement = self.connection.prepare_cached(&self.metrics).map_err(&wrong)?;
        let mut rows = statement.query([run]).map_err(&wrong)?;
        while let Some(row) = rows.next().map_err(&wrong)? {
            let is_nan = int(row, 4).unwrap_or_default() != 0;
            let value = value(real(row, 1).unwrap_or(f64::NAN), is_nan);
            let point = SourcePoint { step: int(row, 3), time_ms: int(row, 2), value };
            match row.get_ref(0) {
                Ok(ValueRef::Text(key)) => series.push(&String::from_utf8_lossy(key), point, sink)?,
                _ => series.push(&text(row, 0).unwrap_or_default(), point, sink)?,
            }
        }
        Ok(())
    }
}

const DATASETS: &str = "SELECT d.name, d.digest, d.dataset_source, t.value \
    FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id \
    LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context' \
    WHERE i.destination_id = ?1 AND i.destination_type = 'RUN' AND i.source_type = 'DATASET' ORDER BY i.rowid";

const MODELS: &str =
    "SELECT name, version, current_stage FROM model_versions WHERE run_id = ?1 ORDER BY rowid";

/// The rows of a run in the order in which they were written, which stays while runs grow. Databases of
/// old versions lack the index by run; they get one that lives as long as the connection.
fn rows_of(connection: &Connection, table: &str, columns: &str) -> rusqlite::Result<String> {
    let by_run: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) l, pragma_index_info(l.name) i \
         WHERE i.seqno = 0 AND i.name = 'run_uuid')",
        [table],
        |row| row.get(0),
    )?;
    if by_run {
        return Ok(format!("SELECT {columns} FROM {table} t WHERE t.run_uuid = ?1 ORDER BY t.rowid"));
    }
    connection.execute_batch(&format!(
        "CREATE TEMP TABLE rows_of_{table} AS SELECT run_uuid AS run, rowid AS place FROM main.{table}; \
         CREATE INDEX temp.index_of_{table} ON rows_of_{table} (run, place);"
    ))?;
    Ok(format!(
        "SELECT {columns} FROM temp.rows_of_{table} o JOIN main.{table} t ON t.rowid = o.place \
         WHERE o.run = ?1 ORDER BY o.place"
    ))
}
