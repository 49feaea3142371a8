//! What a trial evaluates: the one thing that a study knows of training.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::rng::SeedTree;
use crate::store::{Attempt, MetricPoint, Store, StoreError};
use crate::trial::Params;

use super::event::{Event, Observer};

/// Something that gives a value to a point of the search space.
pub trait Objective: Sync {
    /// Evaluates one trial. Must depend on nothing but `trial.params` and `trial.seeds`, so that a
    /// repetition gives the same value to the bit.
    ///
    /// # Errors
    /// Why the trial failed, or that it stopped because [`Trial::is_cancelled`].
    fn evaluate(&self, trial: &Trial<'_>) -> Result<f64, ObjectiveError>;

    /// The whole configuration that `params` lead to, for the record.
    fn config(&self, params: &Params) -> serde_json::Value;
}

/// Why an objective gave no value.
#[derive(Debug, thiserror::Error)]
pub enum ObjectiveError {
    /// It stopped because the study was asked to; the trial will be repeated.
    #[error("stopped on request")]
    Cancelled,
    /// It failed; the study goes on without it.
    #[error("{0}")]
    Failed(String),
    /// Its results cannot be recorded; the study cannot go on.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an objective sees of the trial that it evaluates.
pub struct Trial<'a> {
    /// Position in the study, from 0.
    pub number: u32,
    /// The point to evaluate.
    pub params: &'a Params,
    /// How many threads it may use. They must have no say in its value.
    pub threads: usize,
    /// The trial's node of the seed tree.
    pub seeds: SeedTree,
    /// Where its results go.
    pub store: &'a dyn Store,
    /// The right to write there.
    pub attempt: Attempt,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Set when the study is asked to stop.
    pub cancel: &'a AtomicBool,
}

impl Trial<'_> {
    /// Whether the study was asked to stop. Objectives look at the end of each epoch.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Records metric points.
    ///
    /// # Errors
    /// The store refuses them.
    pub fn log(&self, points: &[MetricPoint]) -> Result<(), StoreError> {
        self.store.log_metrics(self.attempt, points)
    }

    /// Tells the watchers how far the trial is.
    pub fn progress(&self, done: f64, message: String) {
        self.observer.notice(&Event::Progress { number: self.number, done, message });
    }
}
