//! Runs as those know them who log to them.

use std::sync::Arc;

use super::super::{Id, MetricPoint};
use super::{DatasetInput, DatasetRef, ExperimentId, ModelId, ModelOutput};
use crate::trial::RunState;

/// The tag by which clients of MLflow know a run's name.
pub const NAME_TAG: &str = "mlflow.runName";
/// The tag by which they know its note.
pub const NOTE_TAG: &str = "mlflow.note.content";
/// The tag by which they know what it is part of.
pub const PARENT_TAG: &str = "mlflow.parentRunId";

/// The tag in which they repeat who runs it.
pub const USER_TAG: &str = "mlflow.user";

/// Why a run is interrupted that was killed.
const KILLED: &str = "killed";
/// Why a run is interrupted that waits for somebody to begin it.
const SCHEDULED: &str = "scheduled, but never begun";

/// The state of a run in MLflow's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It runs.
    Running,
    /// It has not begun.
    Scheduled,
    /// It has ended well.
    Finished,
    /// It has failed.
    Failed,
    /// It was stopped.
    Killed,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// The state of a run in our words, and the reason that says the rest.
    pub fn state(self) -> (RunState, Option<&'static str>) {
        match self {
            Self::Running => (RunState::Running, None),
            Self::Scheduled => (RunState::Interrupted, Some(SCHEDULED)),
            Self::Finished => (RunState::Complete, None),
            Self::Failed => (RunState::Failed, None),
            Self::Killed => (RunState::Interrupted, Some(KILLED)),
        }
    }

    /// The inverse of [`RunStatus::state`].
    pub fn of(state: RunState, reason: Option<&str>) -> Self {
        match state {
            RunState::Running => Self::Running,
            RunState::Complete => Self::Finished,
            RunState::Failed | RunState::Crashed => Self::Failed,
            RunState::Interrupted if reason == Some(SCHEDULED) => Self::Scheduled,
            RunState::Interrupted | RunState::Pruned => Self::Killed,
        }
    }
}

/// A run to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTracked {
    /// Its id.
    pub id: Id,
    /// The experiment that it belongs to.
    pub experiment: ExperimentId,
    /// What it is called.
    pub name: String,
    /// Whether somebody named it so.
    pub is_named: bool,
    /// Who runs it.
    pub user: String,
    /// When it started, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// Its tags; of equal keys the last counts.
    pub tags: Vec<(String, String)>,
}

/// A change of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackedUpdate {
    /// Its state.
    pub status: Option<RunStatus>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// What it is called.
    pub name: Option<String>,
}

/// What is added to a run at once: parameters, then points, then tags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Parameters, which keep their first value.
    pub params: Vec<(String, String)>,
    /// Points, each kept once: the latest is that of the greatest step, time and value.
    pub points: Vec<MetricPoint>,
    /// Which of the points are of a logged model, too.
    pub of_models: Vec<ModelPoint>,
    /// Tags; of equal keys the last counts.
    pub tags: Vec<(String, String)>,
}

/// That a point of a batch is of a logged model, too.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelPoint {
    /// Which of the batch's points.
    pub place: usize,
    /// The model.
    pub model: ModelId,
    /// The data set that it was measured on.
    pub dataset: Option<DatasetRef>,
}

/// The latest point of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedMetric {
    /// The metric.
    pub key: Arc<str>,
    /// Its value.
    pub value: f64,
    /// When, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The x of the series.
    pub step: i64,
}

/// A run, with all that listings show of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedRun {
    /// Its id.
    pub id: Id,
    /// The experiment that it belongs to.
    pub experiment: ExperimentId,
    /// What it is called.
    pub name: String,
    /// Who runs it.
    pub user: String,
    /// Its state.
    pub status: RunStatus,
    /// When it started, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// The address below which its artifacts are.
    pub location: String,
    /// Its metrics, by key.
    pub metrics: Vec<TrackedMetric>,
    /// Its parameters, by key.
    pub params: Vec<(Arc<str>, String)>,
    /// Its tags, by key.
    pub tags: Vec<(Arc<str>, String)>,
    /// The data sets that it has used.
    pub datasets: Vec<DatasetInput>,
    /// The models that it has used.
    pub model_inputs: Vec<String>,
    /// The models that it has made.
    pub model_outputs: Vec<ModelOutput>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_status_is_lost() {
        for status in RunStatus::ALL {
            let (state, reason) = status.state();
            assert_eq!(RunStatus::of(state, reason), status);
        }
        assert_eq!(RunStatus::of(RunState::Crashed, None), RunStatus::Failed);
        assert_eq!(RunStatus::of(RunState::Pruned, None), RunStatus::Killed);
    }
}
