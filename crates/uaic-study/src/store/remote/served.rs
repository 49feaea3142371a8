//! What a server asks of its store besides [`Store`].

use std::io::{Read, Write};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::super::{ArtifactRecord, Attempt, Id, LatestMetric, RunKind, Store, StoreError};
use super::{WriteAnswer, WriteCall};
use crate::trial::RunState;

/// A store that a server gives to others.
pub trait ServedStore: Store {
    /// Does a write, unless one of this key has been done within the last day: then it answers what it
    /// answered that time. Durable on return, key and all.
    ///
    /// # Errors
    /// Those of the method that the call is.
    fn write_once(&self, key: Id, call: WriteCall) -> Result<WriteAnswer, StoreError>;

    /// Takes an artifact as it comes, however large. When reading ends with an error, nothing is kept.
    ///
    /// # Errors
    /// As [`Store::put_artifact`] for an attempt, as [`Store::add_outside_artifact`] for a run; what
    /// `content` says, as [`StoreError::Input`].
    fn take_artifact(
        &self,
        place: ArtifactPlace,
        name: &str,
        content: &mut dyn Read,
    ) -> Result<ArtifactRecord, StoreError>;

    /// The artifact of a name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::BadArtifactName`].
    fn find_artifact(&self, run: Id, name: &str) -> Result<ArtifactRecord, StoreError>;

    /// Writes some of the content of an artifact, however large. The whole is checked against its hash.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], what `to` says.
    fn copy_range(
        &self,
        artifact: &ArtifactRecord,
        range: Range<u64>,
        to: &mut dyn Write,
    ) -> Result<(), StoreError>;

    /// Metrics and tags of several runs, in their order; nothing of runs that are not there.
    ///
    /// # Errors
    /// The store cannot be read.
    fn details(&self, runs: &[Id]) -> Result<Vec<RunDetails>, StoreError>;

    /// What changes from now on, whoever changes it.
    ///
    /// # Errors
    /// The store cannot be read.
    fn feed(&self) -> Result<Box<dyn Feed>, StoreError>;
}

/// What an artifact is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArtifactPlace {
    /// A run that runs.
    Attempt(Attempt),
    /// A run that is being brought in.
    Outside(Id),
}

impl ArtifactPlace {
    /// The run.
    pub fn run(&self) -> Id {
        match self {
            Self::Attempt(attempt) => attempt.run,
            Self::Outside(run) => *run,
        }
    }
}

/// What listings show of a run besides its record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunDetails {
    /// Latest values of its metrics, by key.
    pub metrics: Vec<LatestMetric>,
    /// Its tags, by key.
    pub tags: Vec<(String, String)>,
}

/// What changes in a store, as somebody follows it.
pub trait Feed: Send {
    /// The newest change that there is.
    ///
    /// # Errors
    /// The store cannot be read.
    fn newest(&mut self) -> Result<u64, StoreError>;

    /// Runs and studies that have changed since `cursor`, oldest first, at most so many; each once, and
    /// those of `cursor` itself again when anything has been written since they were last told. Costs
    /// next to nothing when nothing has.
    ///
    /// # Errors
    /// The store cannot be read.
    fn since(&mut self, cursor: u64, most: u32) -> Result<News, StoreError>;
}

/// What has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// In order.
    pub changes: Vec<Changed>,
    /// From where to go on.
    pub cursor: u64,
}

/// A run or study that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its place in the order of changes.
    pub cursor: u64,
    /// The run or the study.
    pub id: Id,
    /// What it is: `None` for a study, and for what is gone.
    pub kind: Option<RunKind>,
    /// The study that it belongs to, or is.
    pub study: Option<Id>,
    /// Its state; `None` for what is gone.
    pub state: Option<RunState>,
}
