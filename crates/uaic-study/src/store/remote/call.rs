//! What the client of a store asks its server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uaic_platform::process::ProcessIdentity;

use super::super::{
    Attempt, Change, Environment, Id, Known, Look, NewRun, NewStudy, OutsideRun, Point, RunCopy, RunEdit,
    RunEnd, RunQuery, StudyChange, StudyCopy, StudyState, Sweep,
};
use super::WireFault;
use crate::trial::Params;

/// What changes nothing; each is the method of [`Store`](super::super::Store) of its name, and its answer
/// is that method's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "fields have the names of the arguments")]
pub enum ReadCall {
    /// One study.
    Study(Id),
    /// All studies.
    Studies,
    /// Changes of a study.
    Changes(Id),
    /// One run.
    Run(Id),
    /// Runs by query.
    Runs(RunQuery),
    /// How many runs a query has.
    CountRuns(RunQuery),
    /// How far a study is.
    Tally(Id),
    /// Latest values of a run's metrics.
    LatestMetrics(Id),
    /// The points of one metric.
    Series { run: Id, key: String },
    /// The same, from afar.
    Buckets { run: Id, key: String, look: Look },
    /// A run's tags.
    Tags(Id),
    /// A run's artifacts.
    Artifacts(Id),
    /// What happened to a run.
    Events(Id),
    /// What happened to a study.
    StudyEvents(Id),
    /// Versions of a model, or of all.
    ModelVersions(Option<String>),
    /// What happened to a model.
    ModelEvents(String),
}

/// What changes a store; each is the method of [`Store`](super::super::Store) of its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "fields have the names of the arguments")]
pub enum WriteCall {
    /// Creates a study. Answer: its id.
    CreateStudy(NewStudy),
    /// Begins to work on a study.
    AcquireStudy { study: Id, owner: ProcessIdentity },
    /// Stops working on a study.
    ReleaseStudy { study: Id, owner: ProcessIdentity, state: StudyState },
    /// Raises the number of trials.
    ExtendStudy { study: Id, trials: u32 },
    /// Starts a run, or a trial by who knows of so many changes. Answer: the attempt.
    StartRun { new: NewRun, changes: Option<u64> },
    /// Starts a run of no study under an id. Answer: the attempt.
    StartRunAs { id: Id, new: NewRun },
    /// Adds facts about the surroundings.
    AddFacts { attempt: Attempt, facts: Environment },
    /// Replaces parameters and configuration.
    SetParams { attempt: Attempt, params: Params, config: Value },
    /// Changes a study. Answer: the change.
    ChangeStudy { study: Id, change: Change },
    /// Writes down a change of a copy.
    CopyChange { study: Id, change: StudyChange },
    /// Appends points, of any number of attempts. Answer: which attempts were refused.
    Points(Vec<PointBlock>),
    /// Sets a tag.
    SetTag { run: Id, key: String, value: String },
    /// Ends a run.
    FinishRun { attempt: Attempt, end: RunEnd },
    /// Hides a run, or shows it.
    SetHidden { run: Id, hidden: bool },
    /// Edits a run.
    EditRun { run: Id, edit: RunEdit },
    /// Begins to bring a run in. Answer: what is known of it.
    BeginOutsideRun(OutsideRun),
    /// Appends points to a run that is being brought in.
    AddOutsidePoints { run: Id, series: BTreeMap<String, Vec<Point>> },
    /// Shows a run that has been brought in.
    EndOutsideRun(Id),
    /// Puts a copy of a study in.
    PutStudyCopy(StudyCopy),
    /// Begins to put a copy of a run in. Answer: what is known of it.
    BeginRunCopy(RunCopy),
    /// Ends that.
    EndRunCopy(RunCopy),
    /// Puts a run under a name.
    RegisterModel { name: String, run: Id, note: String },
    /// Lets an alias point at a version, or at nothing.
    SetModelAlias { name: String, alias: String, version: Option<u32>, why: String },
    /// A process that has started runs elsewhere lives.
    Heartbeat(ProcessIdentity),
}

/// What removes something for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RemoveCall {
    /// A run.
    DeleteRun(Id),
    /// What nobody wants any more. Answer: what that was.
    Sweep(Sweep),
}

/// Points of one series that go to an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointBlock {
    /// To what.
    pub attempt: Attempt,
    /// The metric.
    pub key: String,
    /// In the order in which they came.
    pub points: Vec<Point>,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WriteAnswer {
    /// It is done.
    Done,
    /// A study has this id.
    Study(Id),
    /// A run has been started.
    Attempt(Attempt),
    /// A study has been changed.
    Change(StudyChange),
    /// What is there of a run.
    Known(Known),
    /// Points of all attempts but these are in the store.
    Refused(Vec<(Attempt, WireFault)>),
}

impl WriteCall {
    /// Whether what it carries is nested no deeper than it can be read back.
    pub fn is_flat_enough(&self) -> bool {
        let config = match self {
            Self::StartRun { new, .. } | Self::StartRunAs { new, .. } => &new.config,
            Self::SetParams { config, .. } => config,
            Self::BeginOutsideRun(run) => &run.config,
            Self::BeginRunCopy(copy) | Self::EndRunCopy(copy) => &copy.record.start.config,
            _ => return true,
        };
        is_flat(config, 100)
    }
}

fn is_flat(value: &Value, levels: usize) -> bool {
    let Some(left) = levels.checked_sub(1) else { return false };
    match value {
        Value::Array(items) => items.iter().all(|item| is_flat(item, left)),
        Value::Object(members) => members.values().all(|item| is_flat(item, left)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_could_not_be_read_back_is_seen() {
        let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(is_flat(&nested(99), 100) && !is_flat(&nested(100), 100));
    }
}
