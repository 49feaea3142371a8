//! The runs of a study that stand out.

use crate::store::{Id, RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord};
use crate::trial::{RunState, best_first};

/// Whether hidden runs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// They do.
    Include,
    /// They do not.
    LeaveOut,
}

/// The trials of a study that have a [`Rank`](crate::trial::Rank), best first; of equal ones the first.
///
/// # Errors
/// The store cannot be read.
pub fn best_trials(store: &dyn Store, study: &StudyRecord) -> Result<Vec<RunRecord>, StoreError> {
    let trials = store.runs(&RunQuery {
        study: Some(study.id),
        kind: Some(RunKind::Trial),
        state: Some(RunState::Complete),
        ..RunQuery::default()
    })?;
    let ranked = best_first(trials, study.plan.goals.direction(), RunRecord::rank);
    Ok(ranked.into_iter().map(|(_, trial)| trial).collect())
}

/// The newest run of a study that keeps a model or is to keep one: its final run, or the imported
/// one.
///
/// # Errors
/// The store cannot be read.
pub fn model_run(store: &dyn Store, study: Id, hidden: Hidden) -> Result<Option<RunRecord>, StoreError> {
    for kind in [RunKind::Final, RunKind::Imported] {
        let query = RunQuery {
            study: Some(study),
            kind: Some(kind),
            include_hidden: hidden == Hidden::Include,
            limit: Some(1),
            ..RunQuery::default()
        };
        if let Some(run) = store.runs(&query)?.into_iter().next() {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

/// The latest study of an experiment.
pub(super) fn experiment_study(store: &dyn Store, name: &str) -> Result<Option<StudyRecord>, StoreError> {
    Ok(store.studies()?.into_iter().find(|study| study.plan.experiment == name))
}
