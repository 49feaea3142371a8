//! What a run has recorded: series, tags, artifacts and events.

use std::collections::BTreeMap;

use super::Fault;
use super::codec::float_value;
use super::read::Snapshot;
use uaic_study::store::{ArtifactRecord, EventRecord, Id, LatestMetric, MetricPoint};

impl Snapshot<'_> {
    /// Latest values of a run's metrics, sorted by key.
    pub(super) fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, Fault> {
        let run = self.run_row(run)?;
        let mut statement = self.connection().prepare_cached(
            "SELECT name, step, value, kind, smallest, largest, count FROM latest_metrics
             JOIN metric_keys ON metric_keys.id = key WHERE run = ? ORDER BY name",
        )?;
        let mut rows = statement.query([run])?;
        let mut metrics = Vec::new();
        while let Some(row) = rows.next()? {
            metrics.push(LatestMetric {
                key: row.get(0)?,
                step: row.get::<_, i64>(1)? as u64,
                value: float_value(row.get(2)?, row.get(3)?)?,
                min: row.get(4)?,
                max: row.get(5)?,
                count: row.get::<_, i64>(6)? as u64,
            });
        }
        Ok(metrics)
    }

    /// The series of one metric, by step, then in the order written.
    pub(super) fn metric_history(&self, run: Id, key: &str) -> Result<Vec<MetricPoint>, Fault> {
        let run = self.run_row(run)?;
        let mut statement = self.connection().prepare_cached(
            "SELECT step, time_ms, value, kind FROM metric_points
             WHERE run = ? AND key = (SELECT id FROM metric_keys WHERE name = ?) ORDER BY step, seq",
        )?;
        let mut rows = statement.query(rusqlite::params![run, key])?;
        let mut points = Vec::new();
        while let Some(row) = rows.next()? {
            points.push(MetricPoint {
                key: key.to_owned(),
                step: row.get::<_, i64>(0)? as u64,
                time_ms: row.get(1)?,
                value: float_value(row.get(2)?, row.get(3)?)?,
            });
        }
        Ok(points)
    }

    /// A run's tags.
    pub(super) fn tags(&self, run: Id) -> Result<BTreeMap<String, String>, Fault> {
        let run = self.run_row(run)?;
        let mut statement = self.connection().prepare_cached("SELECT key, value FROM tags WHERE run = ?")?;
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
