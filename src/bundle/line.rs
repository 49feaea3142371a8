//! What a line of a bundle says of a study, a run, or a part of a series.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::number::Number;
use super::origin::{Incoming, Series};
use crate::platform::ProcessIdentity;
use crate::store::{
    ArtifactRecord, EventRecord, Home, Id, NewRun, NewStudy, Point, RunCopy, RunKind, RunRecord, StudyChange,
    StudyCopy, StudyRecord, StudyState,
};
use crate::trial::{Direction, Goal, Goals, ParamValue, RunState};

/// A study.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StudyLine {
    id: Id,
    experiment: String,
    spec_text: String,
    spec_path: String,
    overrides: Vec<(String, String)>,
    fingerprint: String,
    seed: u64,
    /// Metric and direction of each.
    goals: Vec<(String, Direction)>,
    trials: u32,
    environment: BTreeMap<String, String>,
    created_ms: i64,
    state: StudyState,
    owner: Option<ProcessIdentity>,
    changes: Vec<StudyChange>,
    events: Vec<EventRecord>,
}

impl From<&StudyCopy> for StudyLine {
    fn from(copy: &StudyCopy) -> Self {
        let StudyCopy { record, changes, events } = copy.clone();
        let NewStudy {
            experiment,
            spec_text,
            spec_path,
            overrides,
            fingerprint,
            seed,
            goals,
            trials,
            environment,
        } = record.plan;
        let first = (goals.metric().to_owned(), goals.direction());
        let more = goals.more().iter().map(|goal| (goal.metric.clone(), goal.direction));
        Self {
            id: record.id,
            experiment,
            spec_text,
            spec_path,
            overrides,
            fingerprint,
            seed,
            goals: std::iter::once(first).chain(more).collect(),
            trials,
            environment,
            created_ms: record.created_ms,
            state: record.state,
            owner: record.owner,
            changes,
            events,
        }
    }
}

impl StudyLine {
    /// The study; `None` where it optimises nothing or has a state that is only derived.
    pub(super) fn copy(self) -> Option<StudyCopy> {
        let Self { id, created_ms, state, owner, changes, events, .. } = self;
        let mut goals = self.goals.into_iter().map(|(metric, direction)| Goal { metric, direction });
        let first = Goals::from(goals.next()?);
        let plan = NewStudy {
            experiment: self.experiment,
            spec_text: self.spec_text,
            spec_path: self.spec_path,
            overrides: self.overrides,
            fingerprint: self.fingerprint,
            seed: self.seed,
            goals: goals.fold(first, Goals::and),
            trials: self.trials,
            environment: self.environment,
        };
        let record = StudyRecord { id, plan, created_ms, state, owner };
        (state != StudyState::Crashed).then_some(StudyCopy { record, changes, events })
    }
}

/// A parameter with its type.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Param {
    Bool(bool),
    Int(i64),
    Float(Number),
    Text(String),
}

impl From<&ParamValue> for Param {
    fn from(value: &ParamValue) -> Self {
        match value {
            ParamValue::Bool(value) => Self::Bool(*value),
            ParamValue::Int(value) => Self::Int(*value),
            ParamValue::Float(value) => Self::Float(Number(*value)),
            ParamValue::Text(value) => Self::Text(value.clone()),
        }
    }
}

impl From<Param> for ParamValue {
    fn from(param: Param) -> Self {
        match param {
            Param::Bool(value) => Self::Bool(value),
            Param::Int(value) => Self::Int(value),
            Param::Float(Number(value)) => Self::Float(value),
            Param::Text(value) => Self::Text(value),
        }
    }
}

/// A run.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunLine {
    id: Id,
    experiment: String,
    study: Option<Id>,
    parent: Option<Id>,
    kind: RunKind,
    number: Option<u32>,
    name: Option<String>,
    note: Option<String>,
    attempts: u32,
    state: RunState,
    values: Vec<Number>,
    violation: Number,
    excluded: bool,
    reason: Option<String>,
    started_ms: i64,
    ended_ms: Option<i64>,
    hidden: bool,
    params: BTreeMap<String, Param>,
    config: Value,
    environment: BTreeMap<String, String>,
    process: ProcessIdentity,
    tags: BTreeMap<String, String>,
    events: Vec<EventRecord>,
    series: Vec<Series>,
    artifacts: Vec<ArtifactRecord>,
}

impl From<&Incoming> for RunLine {
    fn from(run: &Incoming) -> Self {
        let RunCopy { record, tags, events } = run.copy.clone();
        Self {
            id: record.id,
            experiment: record.experiment,
            study: record.start.home.study(),
            parent: record.parent,
            kind: record.start.kind,
            number: record.start.number,
            name: record.name,
            note: record.note,
            attempts: record.attempts,
            state: record.state,
            values: record.values.into_iter().map(Number).collect(),
            violation: Number(record.violation),
            excluded: record.excluded,
            reason: record.reason,
            started_ms: record.started_ms,
            ended_ms: record.ended_ms,
            hidden: record.hidden,
            params: record.start.params.iter().map(|(name, value)| (name.clone(), value.into())).collect(),
            config: record.start.config,
            environment: record.start.environment,
            process: record.start.process,
            tags,
            events,
            series: run.series.clone(),
            artifacts: run.artifacts.clone(),
        }
    }
}

impl RunLine {
    /// The run; `None` where it has a state that is only derived.
    pub(super) fn incoming(self) -> Option<Incoming> {
        if self.state == RunState::Crashed {
            return None;
        }
        let home = self.study.map_or_else(|| Home::Experiment(self.experiment.clone()), Home::Study);
        let record = RunRecord {
            id: self.id,
            start: NewRun {
                home,
                kind: self.kind,
                number: self.number,
                params: self.params.into_iter().map(|(name, value)| (name, value.into())).collect(),
                config: self.config,
                process: self.process,
                environment: self.environment,
            },
            experiment: self.experiment,
            name: self.name,
            parent: self.parent,
            note: self.note,
            attempts: self.attempts,
            state: self.state,
            values: self.values.into_iter().map(|Number(value)| value).collect(),
            violation: crate::store::rules::kept_violation(self.violation.0),
            excluded: self.excluded,
            reason: self.reason,
            started_ms: self.started_ms,
            ended_ms: self.ended_ms,
            hidden: self.hidden,
        };
        let copy = RunCopy { record, tags: self.tags, events: self.events };
        Some(Incoming { copy, series: self.series, artifacts: self.artifacts })
    }
}

/// Some points of a series.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PointsLine {
    pub(super) run: Id,
    pub(super) key: String,
    step: Vec<i64>,
    time_ms: Vec<i64>,
    value: Vec<Number>,
}

impl PointsLine {
    pub(super) fn new(run: Id, key: &str, points: &[Point]) -> Self {
        Self {
            run,
            key: key.to_owned(),
            step: points.iter().map(|point| point.step).collect(),
            time_ms: points.iter().map(|point| point.time_ms).collect(),
            value: points.iter().map(|point| Number(point.value)).collect(),
        }
    }

    /// The points; `None` where the lists differ in length.
    pub(super) fn points(self) -> Option<Vec<Point>> {
        let Self { step, time_ms, value, .. } = self;
        if step.len() != time_ms.len() || step.len() != value.len() {
            return None;
        }
        let rows = step.into_iter().zip(time_ms).zip(value);
        Some(rows.map(|((step, time_ms), Number(value))| Point { step, time_ms, value }).collect())
    }
}
