//! What a run has recorded: series, tags, artifacts and events.

use std::collections::BTreeMap;

use super::Fault;
use super::read::Snapshot;
use super::rows::known_name;
use super::series;
use super::write::started;
use uaic_study::store::{ArtifactRecord, Bucket, EventRecord, Id, LatestMetric, Look, Point};

impl Snapshot<'_> {
    /// Latest values of a run's metrics, sorted by key.
    pub(super) fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, Fault> {
        let run = self.run_row(run)?;
        let mut statement = self.connection().prepare_cached(
            "SELECT names.name, step, value, smallest, largest, count FROM metrics
             JOIN names ON names.id = metrics.name WHERE run = ? ORDER BY names.name",
        )?;
        let metrics = statement.query_map([run], |row| {
            let (value, count): (Option<f64>, i64) = (row.get(2)?, row.get(5)?);
            let alone = count == 1;
            Ok(LatestMetric {
                key: row.get(0)?,
                step: row.get(1)?,
                value: value.unwrap_or(f64::NAN),
                min: if alone { value } else { row.get(3)? },
                max: if alone { value } else { row.get(4)? },
                count: count as u64,
            })
        })?;
        Ok(metrics.collect::<rusqlite::Result<_>>()?)
    }

    /// The series of one metric, by step, then in the order written.
    pub(super) fn series(&self, run: Id, key: &str) -> Result<Vec<Point>, Fault> {
        let run = self.run_row(run)?;
        match known_name(self.connection(), key)? {
            Some(name) => series::points(self.connection(), run, started(self.connection(), run)?, name),
            None => Ok(Vec::new()),
        }
    }

    /// The same, seen from afar.
    pub(super) fn buckets(&self, run: Id, key: &str, look: &Look) -> Result<Vec<Bucket>, Fault> {
        let run = self.run_row(run)?;
        match known_name(self.connection(), key)? {
            Some(name) => {
                series::buckets(self.connection(), run, started(self.connection(), run)?, name, look)
            }
            None => Ok(Vec::new()),
        }
    }

    /// A run's tags.
    pub(super) fn tags(&self, run: Id) -> Result<BTreeMap<String, String>, Fault> {
        let run = self.run_row(run)?;
        let mut statement = self.connection().prepare_cached(
            "SELECT names.name, value FROM tags JOIN names ON names.id = tags.name WHERE run = ?",
        )?;
        let tags = statement.query_map([run], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(tags.collect::<rusqlite::Result<_>>()?)
    }

    /// A run's artifacts, sorted by name.
    pub(super) fn artifacts(&self, run: Id) -> Result<Vec<ArtifactRecord>, Fault> {
        let run = self.run_row(run)?;
        let mut statement = self
            .connection()
            .prepare_cached("SELECT name, hash, size FROM artifacts WHERE run = ? ORDER BY name")?;
        let artifacts = statement.query_map([run], |row| {
            Ok(ArtifactRecord {
                name: row.get(0)?,
                hash: blake3::Hash::from_bytes(row.get(1)?).to_hex().to_string(),
                size: row.get::<_, i64>(2)? as u64,
            })
        })?;
        Ok(artifacts.collect::<rusqlite::Result<_>>()?)
    }

    /// What happened to a run, in order.
    pub(super) fn events(&self, run: Id) -> Result<Vec<EventRecord>, Fault> {
        let run = self.run_row(run)?;
        let mut statement = self
            .connection()
            .prepare_cached("SELECT time_ms, kind, detail FROM events WHERE run = ? ORDER BY id")?;
        let events = statement.query_map([run], |row| {
            Ok(EventRecord { time_ms: row.get(0)?, kind: row.get(1)?, detail: row.get(2)? })
        })?;
        Ok(events.collect::<rusqlite::Result<_>>()?)
    }
}
