//! What could not be recorded while a program ran, brought in from its file.

use std::collections::HashMap;
use std::path::Path;

use crate::ErrorKind;
use crate::store::{Attempt, Id, StoreAddress, StoreError};
use crate::trial::RunState;
use uaic_capture::record::{self, RecordError};

use super::store_recorder::{Beginning, StoreRecorder};

/// Why a record cannot be brought in.
#[derive(Debug, thiserror::Error)]
pub enum RecordFileError {
    /// It cannot be read, or not be kept.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is that of a run that still runs.
    #[error("run {run} still runs; bring its record in when it has ended")]
    Running {
        /// Short id.
        run: String,
    },
    /// Its id is none.
    #[error("`{id}` is no id of a run")]
    BadId {
        /// The id.
        id: String,
    },
}

impl RecordFileError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Record(_) | Self::BadId { .. } => ErrorKind::Failed,
            Self::Store(error) => error.kind(),
            Self::Running { .. } => ErrorKind::Locked,
        }
    }
}

/// Whether a file is the record of a program: what `uaic exec` leaves where it cannot reach its store.
pub fn is_record(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "jsonl") && record::head(path).is_ok()
}

/// Brings a record in: the run goes on where the store has it, else it is a new one. Gives the run, and
/// whether anything was missing of it.
///
/// # Errors
/// It cannot be read, the store cannot be written, or the run still runs.
pub fn bring_in(
    address: &StoreAddress,
    path: &Path,
    experiment: Option<&str>,
) -> Result<(Id, bool), RecordFileError> {
    let head = record::head(path)?;
    let id = Id::parse(&head.id).ok_or_else(|| RecordFileError::BadId { id: head.id.clone() })?;
    let store = address.open()?;
    let mut recorder = match store.run(id) {
        Ok(run) if run.state.is_final() || run.state == RunState::Interrupted => return Ok((id, false)),
        Ok(run) if run.state == RunState::Running => {
            return Err(RecordFileError::Running { run: id.short() });
        }
        Ok(run) => {
            let attempt = Attempt { run: id, number: run.attempts };
            StoreRecorder::go_on(store, attempt, run.start.params)
        }
        Err(StoreError::NotFound { .. }) => {
            // Where that one is not here, it is part of none.
            let parent = head.parent.as_deref().and_then(Id::parse);
            let parent = parent.filter(|parent| store.run(*parent).is_ok());
            drop(store);
            let told = experiment.map(str::to_owned).or(head.experiment);
            let experiment = told.unwrap_or_else(|| "programs".to_owned());
            let beginning = Beginning { id, experiment, name: head.name, parent };
            StoreRecorder::begin(address, &beginning)?
        }
        Err(error) => return Err(error.into()),
    };
    let known: HashMap<String, u64> =
        recorder.store().latest_metrics(id)?.into_iter().map(|metric| (metric.key, metric.count)).collect();
    record::replay(path, &mut recorder, |key| known.get(key).copied().unwrap_or(0))?;
    recorder.store().flush()?;
    Ok((id, true))
}
