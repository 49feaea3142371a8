//! Studies and runs as a store in memory holds them.

use std::collections::BTreeMap;

use super::super::rules::{is_alive, not_held, now_ms};
use super::super::{
    ArtifactRecord, EventRecord, Id, LatestMetric, MetricPoint, RunRecord, StoreError, StudyChange,
    StudyRecord, StudyState,
};
use crate::trial::RunState;
use uaic_platform::process::ProcessIdentity;

#[derive(Debug)]
pub(super) struct Study {
    pub(super) record: StudyRecord,
    /// Who works on it, with the time of their last sign of life.
    pub(super) workers: Vec<(ProcessIdentity, i64)>,
    pub(super) changes: Vec<StudyChange>,
    pub(super) events: Vec<EventRecord>,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) record: RunRecord,
    pub(super) metrics: BTreeMap<String, Vec<MetricPoint>>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) artifacts: BTreeMap<String, (ArtifactRecord, Vec<u8>)>,
    pub(super) events: Vec<EventRecord>,
    /// Not while it is being brought in for the first time.
    pub(super) is_whole: bool,
    /// When this row was made, milliseconds since 1970 UTC.
    pub(super) begun_ms: i64,
}

impl Study {
    pub(super) fn seen(&self) -> StudyRecord {
        let mut record = self.record.clone();
        if record.state == StudyState::Running && !self.is_worked_on() {
            record.state = StudyState::Crashed;
        }
        record
    }

    /// Whether a live process works on it.
    pub(super) fn is_worked_on(&self) -> bool {
        let now = now_ms();
        self.workers.iter().any(|(worker, beat)| is_alive(worker, *beat, now))
    }

    pub(super) fn tell(&mut self, kind: &str, detail: impl Into<String>) {
        self.events.push(EventRecord { time_ms: now_ms(), kind: kind.to_owned(), detail: detail.into() });
    }

    /// Refuses what only a process may do that works on the study.
    pub(super) fn check_held(&self, process: &ProcessIdentity) -> Result<(), StoreError> {
        if self.workers.iter().any(|(worker, _)| worker == process) {
            Ok(())
        } else {
            Err(not_held(self.record.id, process))
        }
    }

    pub(super) fn dismiss_dead(&mut self) {
        let now = now_ms();
        self.workers.retain(|(worker, beat)| is_alive(worker, *beat, now));
    }
}

impl Run {
    pub(super) fn new(record: RunRecord) -> Self {
        Self {
            record,
            metrics: BTreeMap::new(),
            tags: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            events: Vec::new(),
            is_whole: true,
            begun_ms: now_ms(),
        }
    }

    pub(super) fn tell(&mut self, kind: &str, detail: impl Into<String>) {
        self.events.push(EventRecord { time_ms: now_ms(), kind: kind.to_owned(), detail: detail.into() });
    }

    /// The same of a run of a study; the row of one of no study says it all.
    pub(super) fn tell_of_study(&mut self, kind: &str, detail: &str) {
        if self.record.start.home.study().is_some() {
            self.tell(kind, detail);
        }
    }

    /// How many points each series has.
    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.metrics.iter().map(|(key, series)| (key.clone(), series.len() as u64)).collect()
    }

    /// Since when a hidden run has been so.
    pub(super) fn hidden_ms(&self) -> i64 {
        let hidden = self.events.iter().rev().find(|event| event.kind == "hidden");
        hidden.map_or(self.record.ended_ms.unwrap_or(self.record.started_ms), |event| event.time_ms)
    }

    /// Adds a point where it belongs in its series.
    pub(super) fn add(&mut self, point: MetricPoint) {
        let series = self.metrics.entry(point.key.clone()).or_default();
        let place = series.partition_point(|earlier| earlier.step <= point.step);
        series.insert(place, point);
    }

    /// The state with the death of the process accounted for. Its start is its last heartbeat.
    pub(super) fn state(&self) -> RunState {
        let record = &self.record;
        match record.state {
            RunState::Running if !is_alive(&record.start.process, record.started_ms, now_ms()) => {
                RunState::Crashed
            }
            state => state,
        }
    }

    pub(super) fn seen(&self) -> RunRecord {
        RunRecord { state: self.state(), ..self.record.clone() }
    }
}

/// The latest value of a series and its range; `None` of an empty one.
pub(super) fn latest(series: &[MetricPoint]) -> Option<LatestMetric> {
    let last = series.last()?;
    let numbers = || series.iter().map(|point| point.value).filter(|value| !value.is_nan());
    Some(LatestMetric {
        key: last.key.clone(),
        step: last.step,
        value: last.value,
        min: numbers().reduce(f64::min),
        max: numbers().reduce(f64::max),
        count: series.len() as u64,
    })
}

/// The error of a run that is not there.
pub(super) fn no_run(id: Id) -> StoreError {
    StoreError::NotFound { what: "run", id: id.short() }
}

/// What is kept of content under a name.
pub(super) fn artifact_record(name: &str, content: &[u8]) -> ArtifactRecord {
    let hash = blake3::hash(content).to_hex().to_string();
    ArtifactRecord { name: name.to_owned(), hash, size: content.len() as u64 }
}
