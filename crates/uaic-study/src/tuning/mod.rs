//! Tuning any function, define-by-run: a closure says on its way what it needs.

mod builder;
mod closure;
mod draw;

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::objective::{Evaluation, Objective, ObjectiveError};
use super::outcome::{StudyError, StudyOutcome, TrialResult, trials_of};
use super::promise::{PromiseError, fitted, promise};
use super::runner::learn::known_of;
use super::runner::{Pruning, StudyPlan, Surroundings, run};
use super::sampler::Settings;
pub use builder::StudyBuilder;
use builder::{Options, REPORTS};
use closure::Closure;
pub use draw::Draw;

use crate::store::{Change, Environment, Id, Store, StoreError, StudyRecord, StudyState};
use crate::trial::Params;
use uaic_kernel::rng::SeedTree;
use uaic_platform::process::ProcessIdentity;

/// A study of a function, in a store of any kind.
///
/// ```
/// use uaic_study::store::MemoryStore;
/// use uaic_study::Study;
/// use uaic_study::sampler::Tpe;
///
/// let store = MemoryStore::new();
/// let study = Study::builder("quadratic").sampler(Tpe::default()).seed(7).create(&store)?;
/// let outcome = study.optimize(40, |trial| {
///     let x = trial.uniform("x", -5.0, 5.0)?;
///     trial.report(0, x)?;
///     Ok((x - 2.0).powi(2))
/// })?;
/// let best = outcome.best().unwrap();
/// assert!(best.trial.values[0] < 0.5, "{best:?}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Parameters may depend on each other as the code has it; the samplers find out what exists when:
///
/// ```
/// # use uaic_study::store::MemoryStore;
/// # use uaic_study::Study;
/// # let store = MemoryStore::new();
/// let study = Study::builder("optimizers").create(&store)?;
/// study.optimize(30, |trial| {
///     let lr = trial.log("lr", 1e-5, 1e-1)?;
///     let momentum = match trial.choice("optimizer", ["sgd", "adam"])? {
///         "sgd" => trial.uniform("momentum", 0.0, 0.99)?,
///         _ => 0.9,
///     };
///     Ok((lr.log10() + 3.0).abs() + (momentum - 0.9).abs())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Several processes may work on one study of an SQLite store: each calls [`StudyBuilder::open`] and
/// [`Study::optimize`] with the same number of trials in all, and `parallel` says how many of them
/// can be busy at once.
pub struct Study<'a> {
    store: &'a dyn Store,
    id: Id,
    options: Options,
}

impl Study<'_> {
    /// How a study of this name is to be made.
    pub fn builder(name: &str) -> StudyBuilder {
        StudyBuilder::new(name)
    }

    /// The study's id in its store.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Its record.
    ///
    /// # Errors
    /// The store fails.
    pub fn record(&self) -> Result<StudyRecord, StoreError> {
        self.store.study(self.id)
    }

    /// Evaluates a point that is known to be worth it, as soon as a trial starts, and gives the number of
    /// that trial; what it leaves open is proposed as usual. What trials so far have shown of the space
    /// counts: a parameter that depends on a choice brings this along. A trial that does not come to
    /// draw what it was promised fails and says so.
    ///
    /// # Errors
    /// By what trials have shown no trial can have these values; the store fails.
    pub fn enqueue(&self, params: Params) -> Result<u32, StudyError> {
        let (space, latest) = known_of(&self.store.runs(&trials_of(self.id, None))?)?;
        let (mut known, mut rest): (Params, Params) =
            params.into_iter().partition(|(name, _)| space.get(name).is_some());
        for (name, value) in &mut rest {
            let Some(distribution) = latest.get(name) else { continue };
            let (name, distribution) = (name.clone(), distribution.clone());
            *value = fitted(&distribution, value).ok_or_else(|| PromiseError::Outside {
                name,
                distribution,
                value: value.clone(),
            })?;
        }
        known = promise(&space, &known)?;
        known.extend(rest);
        Ok(self.store.change_study(self.id, &Change::Enqueue { params: known })?.from_trial)
    }

    /// Evaluates trials until the study has `trials` of them in all, those of earlier calls and of
    /// other processes included.
    ///
    /// A trial that fails, panics or gives NaN is recorded as failed, and the study goes on.
    ///
    /// # Errors
    /// The store fails, or another version made the study's trials.
    pub fn optimize<V: Into<Evaluation>>(
        &self,
        trials: u32,
        objective: impl Fn(&Draw<'_>) -> Result<V, ObjectiveError> + Sync,
    ) -> Result<StudyOutcome, StudyError> {
        let process = ProcessIdentity::current();
        self.store.acquire_study(self.id, &process)?;
        self.store.extend_study(self.id, trials)?;
        let outcome = self.run(trials, &process, &Closure(|draw: &Draw<'_>| objective(draw).map(Into::into)));
        let state = match &outcome {
            Ok(outcome) if !outcome.cancelled => StudyState::Complete,
            _ => StudyState::Interrupted,
        };
        let released = self.store.release_study(self.id, &process, state);
        let outcome = outcome?;
        released?;
        Ok(outcome)
    }

    fn run(
        &self,
        trials: u32,
        process: &ProcessIdentity,
        objective: &dyn Objective,
    ) -> Result<StudyOutcome, StudyError> {
        let options = &self.options;
        let directions = options.goals.directions();
        let seeds = SeedTree::new(options.seed);
        let settings =
            Settings { duplicates: options.duplicates, ..Settings::new(seeds.child("sampler", 0)) };
        let plan = StudyPlan {
            space: None,
            sampler: &|| (options.sampler)(&settings),
            pruning: options.pruner.as_deref().map(|pruner| Pruning {
                pruner,
                metric: REPORTS,
                direction: options.goals.direction(),
            }),
            directions: &directions,
            trials,
            parallel: options.parallel,
            target: options.target,
            duplicates: options.duplicates,
            seeds,
        };
        let surroundings = Surroundings {
            store: self.store,
            study: self.id,
            jobs: options.jobs,
            process,
            environment: &Environment::new(),
            observer: &(),
            cancel: &AtomicBool::new(false),
            deadline: options.time_limit.and_then(|limit| Instant::now().checked_add(limit)),
        };
        run(&plan, objective, &surroundings)
    }

    /// The trials that have ended, by number.
    ///
    /// # Errors
    /// The store fails.
    pub fn trials(&self) -> Result<Vec<TrialResult>, StoreError> {
        Ok(self.outcome()?.finished)
    }

    /// The best complete trial by the first value; `None` while there is none.
    ///
    /// # Errors
    /// The store fails.
    pub fn best(&self) -> Result<Option<TrialResult>, StoreError> {
        Ok(self.outcome()?.best().cloned())
    }

    /// The complete trials that no other one beats in every value.
    ///
    /// # Errors
    /// The store fails.
    pub fn pareto_front(&self) -> Result<Vec<TrialResult>, StoreError> {
        Ok(self.outcome()?.pareto_front().into_iter().cloned().collect())
    }

    fn outcome(&self) -> Result<StudyOutcome, StoreError> {
        StudyOutcome::recorded(self.store, &self.record()?)
    }
}

#[cfg(test)]
mod tests;
