//! Of which experiment a request is, for those who see only some. What they do not see is not there.

use super::app::App;
use super::experiments::experiment_id;
use super::runs::run_id;
use super::wire::{Fields, Problem};
use uaic_study::store::tracking::ExperimentId;
use uaic_study::store::{Id, StoreError, TrackingError};

/// How the experiment of a request is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// It is not: the route is for those who see all.
    All,
    /// It is of none, and shows nothing of any.
    Nothing,
    /// By its number.
    Experiment,
    /// By a run of it.
    Run,
    /// The handler looks for itself, by [`App::sees`].
    Handler,
}

impl Within {
    /// That somebody sees what a request is about.
    ///
    /// # Errors
    /// They do not: it is not there.
    pub(super) fn check(self, app: &App, fields: &Fields<'_>) -> Result<(), Problem> {
        if app.scope.some().is_none() {
            return Ok(());
        }
        match self {
            Self::Nothing | Self::Handler => Ok(()),
            Self::Experiment => app.see(experiment_id(fields)?),
            Self::Run => app.see_run(run_id(fields)?),
            // The gate lets nobody come so far.
            Self::All => Err(Problem::missing("this is of no experiment that the token is for")),
        }
    }
}

impl App {
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
