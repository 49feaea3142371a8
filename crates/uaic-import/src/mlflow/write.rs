//! Writing a database that MLflow opens.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, params};

use super::run::stored;
use crate::error::ImportError;

/// The experiment that every MLflow has, with its number.
const DEFAULT: (&str, i64) = ("Default", 0);

/// A point as MLflow has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MlflowPoint {
    /// The x.
    pub step: i64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Any float, NaN and ±∞ included.
    pub value: f64,
}

/// A run as MLflow has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MlflowRun {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The number of its experiment.
    pub experiment: i64,
    /// Its name.
    pub name: String,
    /// `FINISHED`, `FAILED`, `KILLED`, `RUNNING`, `SCHEDULED`.
    pub status: &'static str,
    /// When it started, in milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Deleted, but not for good.
    pub is_deleted: bool,
    /// Where its artifacts are.
    pub artifacts: String,
    /// Its parameters, as texts.
    pub params: BTreeMap<String, String>,
    /// Its tags, those of MLflow's own included.
    pub tags: BTreeMap<String, String>,
}

/// A database that is being written. MLflow brings it to its own format when it first opens it.
#[derive(Debug)]
pub struct MlflowDatabase {
    connection: Connection,
    experiments: BTreeMap<String, i64>,
    path: std::path::PathBuf,
}

impl MlflowDatabase {
    /// Makes one at a path where there is nothing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(path: &Path, artifacts: &Path) -> Result<Self, ImportError> {
        let wrong = ImportError::database(path);
        let connection = Connection::open(path).map_err(&wrong)?;
        // It is written whole or not at all by who calls, and nobody reads it meanwhile.
        connection
            .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
            .and_then(|()| connection.execute_batch(include_str!("tables.sql")))
            .map_err(&wrong)?;
        let mut database = Self { connection, experiments: BTreeMap::new(), path: path.to_owned() };
        database.put_experiment(DEFAULT.0, DEFAULT.1, artifacts)?;
        Ok(database)
    }

    /// The number of an experiment, which is made where there is none; its artifacts are in a folder of
    /// this number.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn experiment(&mut self, name: &str, artifacts: &Path) -> Result<i64, ImportError> {
        if let Some(known) = self.experiments.get(name) {
            return Ok(*known);
        }
        let number = self.experiments.len() as i64;
        self.put_experiment(name, number, artifacts)?;
        Ok(number)
    }

    fn put_experiment(&mut self, name: &str, number: i64, artifacts: &Path) -> Result<(), ImportError> {
        let location = artifacts.join(number.to_string()).display().to_string();
        self.connection
            .execute("INSERT INTO experiments VALUES (?, ?, ?, 'active')", params![number, name, location])
            .map_err(ImportError::database(&self.path))?;
        self.experiments.insert(name.to_owned(), number);
        Ok(())
    }

    /// Writes a run, without its points.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn run(&self, run: &MlflowRun) -> Result<(), ImportError> {
        self.put_run(run).map_err(ImportError::database(&self.path))
    }

    fn put_run(&self, run: &MlflowRun) -> rusqlite::Result<()> {
        let stage = if run.is_deleted { "deleted" } else { "active" };
        self.connection
            .prepare_cached(
                // MLflow refuses runs that have no user at all; who it was may be among the tags.
                "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time,
                     lifecycle_stage, artifact_uri, experiment_id)
                 VALUES (?, ?, 'UNKNOWN', '', ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                run.id,
                run.name,
                run.status,
                run.started_ms,
                run.ended_ms,
                stage,
                run.artifacts,
                run.experiment
            ])?;
        for (table, rows) in [("params", &run.params), ("tags", &run.tags)] {
            let sql = format!("INSERT INTO {table} (key, value, run_uuid) VALUES (?, ?, ?)");
            let mut statement = self.connection.prepare_cached(&sql)?;
            for (key, value) in rows {
                statement.execute(params![key, value, run.id])?;
            }
        }
        Ok(())
    }

    /// Writes points of a series, sorted by step; the last is the latest. Gives how many are new: MLflow
    /// keeps of points that are equal in everything one.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn points(&self, run: &str, key: &str, points: &[MlflowPoint]) -> Result<u64, ImportError> {
        self.put_points(run, key, points).map_err(ImportError::database(&self.path))
    }

    fn put_points(&self, run: &str, key: &str, points: &[MlflowPoint]) -> rusqlite::Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "INSERT OR IGNORE INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        let mut written = 0;
        for point in points {
            let (value, is_nan) = stored(point.value);
            written += statement.execute(params![key, value, point.time_ms, run, point.step, is_nan])? as u64;
        }
        if let Some(last) = points.last() {
            let (value, is_nan) = stored(last.value);
            self.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
                     VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![key, value, last.time_ms, last.step, is_nan, run])?;
        }
        Ok(written)
    }

    /// Ends it: everything is on disk then.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> Result<(), ImportError> {
        let wrong = ImportError::database(&self.path);
        self.connection.execute_batch("COMMIT").map_err(&wrong)?;
        self.connection.close().map_err(|(_, error)| wrong(error))
    }
}
