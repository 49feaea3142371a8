//! What all requests share.

use std::sync::Arc;

use super::wire::Problem;
use crate::access::{Caller, Scope};
use uaic_study::store::tracking::{ExperimentId, ModelId};
use uaic_study::store::{Id, StoreError, TrackingError, TrackingStore};

/// What all requests share.
pub(super) struct App {
    /// Where everything is recorded.
    pub(super) store: Arc<dyn TrackingStore>,
    /// What of it is seen.
    pub(super) scope: Scope,
}

impl App {
    /// All of a store.
    pub(super) fn new(store: Arc<dyn TrackingStore>) -> Self {
        Self { store, scope: Scope::All }
    }

    /// What somebody sees.
    pub(super) fn seen_by(self: Arc<Self>, caller: Option<&Caller>) -> Arc<Self> {
        match caller.map(|caller| &caller.scope) {
            None | Some(Scope::All) => self,
            Some(scope) => Arc::new(Self { store: Arc::clone(&self.store), scope: scope.clone() }),
        }
    }

    /// Whether somebody sees an experiment.
    pub(super) fn sees(&self, experiment: ExperimentId) -> bool {
        self.scope.has(experiment)
    }

    /// Whether somebody sees a run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn sees_run(&self, run: Id) -> Result<bool, Problem> {
        if self.scope.some().is_none() {
            return Ok(true);
        }
        match self.store.experiment_of(run) {
            Ok(experiment) => Ok(self.sees(experiment)),
            Err(StoreError::Tracking(TrackingError::NoRun(_))) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether somebody sees a logged model.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn sees_model(&self, model: ModelId) -> Result<bool, Problem> {
        if self.scope.some().is_none() {
            return Ok(true);
        }
        match self.store.model(model, true) {
            Ok(model) => Ok(self.sees(model.experiment)),
            Err(StoreError::Tracking(TrackingError::NoLoggedModel(_))) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// That somebody sees an experiment.
    ///
    /// # Errors
    /// It is not there for them.
    pub(super) fn see(&self, experiment: ExperimentId) -> Result<(), Problem> {
        if self.sees(experiment) { Ok(()) } else { Err(TrackingError::NoExperiment(experiment).into()) }
    }

    /// That somebody sees a run.
    ///
    /// # Errors
    /// It is not there for them.
    pub(super) fn see_run(&self, run: Id) -> Result<(), Problem> {
        if self.sees_run(run)? { Ok(()) } else { Err(TrackingError::NoRun(run).into()) }
    }
}
