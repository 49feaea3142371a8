//! How a study of a function is made.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Study;
use crate::outcome::StudyError;
use crate::pruner::Pruner;
use crate::sampler::{Duplicates, Sampler, SamplerKind, Settings};
use crate::store::{Environment, NewStudy, Store};
use crate::trial::{Direction, Goal, Goals};

/// How a study is made; see [`Study::builder`].
pub struct StudyBuilder {
    name: String,
    options: Options,
}

/// Makes a sampler that knows nothing yet.
type MakeSampler = dyn Fn(&Settings) -> Box<dyn Sampler> + Send + Sync;

pub(super) struct Options {
    pub(super) sampler: Box<MakeSampler>,
    pub(super) pruner: Option<Box<dyn Pruner>>,
    pub(super) goals: Goals,
    pub(super) seed: u64,
    pub(super) parallel: u32,
    pub(super) jobs: usize,
    pub(super) target: Option<f64>,
    pub(super) time_limit: Option<Duration>,
    pub(super) duplicates: Duplicates,
}

/// The metric of a study with one value.
const VALUE: &str = "value";

/// The series of what trials report.
pub(super) const REPORTS: &str = "intermediate";

fn usual_goal() -> Goals {
    Goal::new(VALUE, Direction::Minimize).into()
}

impl StudyBuilder {
    pub(super) fn new(name: &str) -> Self {
        let options = Options {
            sampler: Box::new(|settings| SamplerKind::Auto.build(settings)),
            pruner: None,
            goals: usual_goal(),
            seed: 0,
            parallel: 1,
            jobs: 1,
            target: None,
            time_limit: None,
            duplicates: Duplicates::Avoid,
        };
        Self { name: name.to_owned(), options }
    }

    /// Proposes points by this sampler; by default `auto` chooses one.
    #[must_use]
    pub fn sampler(mut self, sampler: impl Sampler + Clone + 'static) -> Self {
        let sampler = Mutex::new(sampler);
        self.options.sampler =
            Box::new(move |_| Box::new(sampler.lock().unwrap_or_else(PoisonError::into_inner).clone()));
        self
    }

    /// Stops trials early by this pruner, by what they report; by default none is.
    #[must_use]
    pub fn pruner(mut self, pruner: impl Pruner + 'static) -> Self {
        self.options.pruner = Some(Box::new(pruner));
        self
    }

    /// Which end of the value is better; by default the smallest.
    #[must_use]
    pub fn direction(self, direction: Direction) -> Self {
        self.objectives([(VALUE, direction)])
    }

    /// Several values that are optimised at once, with a name each. The first counts as the value
    /// where one is needed; of none the value is minimised.
    #[must_use]
    pub fn objectives<'n>(mut self, objectives: impl IntoIterator<Item = (&'n str, Direction)>) -> Self {
        let goals = Goals::new(objectives.into_iter().map(|(name, direction)| Goal::new(name, direction)));
        self.options.goals = goals.unwrap_or_else(usual_goal);
        self
    }

    /// The root of all randomness; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// How many trials may be pending at once, whoever evaluates them; 1 by default. It decides what
    /// a proposal may know, so the same study has the same trials on any machine.
    #[must_use]
    pub fn parallel(mut self, parallel: u32) -> Self {
        self.options.parallel = parallel.max(1);
        self
    }

    /// How many threads evaluate trials in this process; 1 by default. Has no say in what they are.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.options.jobs = jobs.max(1);
        self
    }

    /// A first value that is good enough: no further trial starts once a proposal would see it.
    #[must_use]
    pub fn target(mut self, target: f64) -> Self {
        self.options.target = Some(target);
        self
    }

    /// A time after which [`Study::optimize`] starts no trial.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.time_limit = Some(limit);
        self
    }

    /// What to do about points that were tried before; they are avoided by default.
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.options.duplicates = duplicates;
        self
    }

    /// Creates the study in a store.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn create(self, store: &dyn Store) -> Result<Study<'_>, StudyError> {
        let new = NewStudy {
            experiment: self.name,
            spec_text: String::new(),
            spec_path: String::new(),
            overrides: vec![],
            fingerprint: String::new(),
            seed: self.options.seed,
            goals: self.options.goals.clone(),
            trials: 0,
            environment: Environment::new(),
        };
        let id = store.create_study(&new)?.id;
        Ok(Study { store, id, options: self.options })
    }

    /// Opens the newest study of this name, or creates it where there is none. Seed and objectives
    /// are those that it was created with.
    ///
    /// # Errors
    /// The store fails.
    pub fn open(mut self, store: &dyn Store) -> Result<Study<'_>, StudyError> {
        let found = store.studies()?.into_iter().find(|study| study.plan.experiment == self.name);
        let Some(study) = found else { return self.create(store) };
        self.options.seed = study.plan.seed;
        self.options.goals = study.goals().clone();
        Ok(Study { store, id: study.id, options: self.options })
    }
}
