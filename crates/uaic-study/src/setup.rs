//! A study as a spec sets it: sampler, pruner, budget and seed.

use std::time::Instant;

use super::pruner::{Pruner, PrunerError, PrunerSpec};
use super::runner::{Pruning, StudyPlan};
use super::sampler::{Sampler, Settings};
use crate::space::{Constraint, Space};
use crate::trial::Direction;
use crate::{Duplicates, StudySpec};
use uaic_kernel::rng::SeedTree;
use uaic_wording::ErrorKind;

/// A study as a spec sets it, ready to be run.
pub struct StudySetup<'a> {
    space: &'a Space,
    spec: &'a StudySpec,
    directions: Vec<Direction>,
    sampler: Box<dyn Fn() -> Box<dyn Sampler> + Send + Sync>,
    pruner: Option<(Box<dyn Pruner>, String)>,
    seeds: SeedTree,
}

/// Why a spec sets no study.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The pruner's settings contradict each other.
    #[error("[pruner] {0}")]
    Pruner(#[from] PrunerError),
}

impl SetupError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Pruner(_) => ErrorKind::Usage,
        }
    }
}

impl<'a> StudySetup<'a> {
    /// A study over a space. `reports` is the metric whose values are reported to the pruner.
    ///
    /// # Errors
    /// The pruner's settings contradict each other.
    pub fn new(
        space: &'a Space,
        spec: &'a StudySpec,
        pruner: &PrunerSpec,
        reports: &str,
    ) -> Result<Self, SetupError> {
        let seeds = SeedTree::new(spec.seed);
        let settings = Settings {
            seeds: seeds.child("sampler", 0),
            trials: Some(spec.trials),
            duplicates: spec.duplicates,
        };
        let kind = spec.sampler;
        let sampler = Box::new(move || kind.build(&settings));
        let pruner = match pruner {
            PrunerSpec::None => None,
            other => Some((other.build()?, reports.to_owned())),
        };
        Ok(Self { space, spec, directions: spec.goals.directions(), sampler, pruner, seeds })
    }

    /// The plan of so many trials.
    pub fn plan(&self, trials: u32) -> StudyPlan<'_> {
        StudyPlan {
            space: Some(self.space),
            sampler: self.sampler.as_ref(),
            pruning: self.pruner.as_ref().map(|(pruner, metric)| Pruning {
                pruner: pruner.as_ref(),
                metric,
                direction: self.directions[0],
            }),
            directions: &self.directions,
            trials,
            parallel: self.spec.parallel,
            target: self.spec.target,
            duplicates: self.spec.duplicates,
            seeds: self.seeds.clone(),
        }
    }

    /// A sampler that knows nothing yet.
    pub(super) fn sampler(&self) -> Box<dyn Sampler> {
        (self.sampler)()
    }

    pub(super) fn space(&self) -> &Space {
        self.space
    }

    pub(super) fn directions(&self) -> &[Direction] {
        &self.directions
    }

    /// What a trial's metrics must be like.
    pub(super) fn feasible(&self) -> &[Constraint] {
        &self.spec.feasible
    }

    pub(super) fn duplicates(&self) -> Duplicates {
        self.spec.duplicates
    }

    /// The series that trials report to the pruner, where there is one.
    pub(super) fn reports(&self) -> Option<&str> {
        self.pruner.as_ref().map(|(_, metric)| metric.as_str())
    }

    pub(super) fn parallel(&self) -> u32 {
        self.spec.parallel.max(1)
    }

    pub(super) fn trial_seeds(&self, number: u32) -> SeedTree {
        self.seeds.child("trial", number.into())
    }

    /// When to start no further trial, counted from now.
    pub fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.spec.timeout?)
    }
}
