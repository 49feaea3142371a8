//! Studies and runs as one store has them, whole, so that another has them as well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EventRecord, Id, RunRecord, Store, StoreError, StudyChange, StudyRecord, StudyState};
use crate::trial::RunState;

/// A study with its history, but for its runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyCopy {
    /// The study. Its state is the stored one: never `Crashed`, which is found out by who looks.
    pub record: StudyRecord,
    /// What was changed of it.
    pub changes: Vec<StudyChange>,
    /// What happened to it.
    pub events: Vec<EventRecord>,
}

impl StudyCopy {
    /// What a store has of a study.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn of(store: &dyn Store, id: Id) -> Result<Self, StoreError> {
        let mut record = store.study(id)?;
        if record.state == StudyState::Crashed {
            record.state = StudyState::Running;
        }
        Ok(Self { record, changes: store.changes(id)?, events: store.study_events(id)? })
    }
}

/// A run with its history, but for its series and artifacts, which may be large.
///
/// Between [`Store::begin_run_copy`] and [`Store::end_run_copy`] come points and artifacts, as those of an
/// outside run. One that is new, or another attempt than what is there, is seen by nobody before the end;
/// of the same attempt everything that is there stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCopy {
    /// The run. Its state is the stored one: never `Crashed`, which is found out by who looks.
    pub record: RunRecord,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What happened to it.
    pub events: Vec<EventRecord>,
}

impl RunCopy {
    /// What a store has of a run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn of(store: &dyn Store, id: Id) -> Result<Self, StoreError> {
        let mut record = store.run(id)?;
        if record.state == RunState::Crashed {
            record.state = RunState::Running;
        }
        Ok(Self { record, tags: store.tags(id)?, events: store.events(id)? })
    }
}
