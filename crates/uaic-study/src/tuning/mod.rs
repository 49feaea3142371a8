//! Tuning any function, define-by-run: a closure says on its way what it needs.

mod draw;

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::objective::{Evaluation, Objective, ObjectiveError, Trial};
use super::outcome::{StudyError, StudyOutcome, TrialResult};
use super::promise::{PromiseError, fitted, promise};
use super::pruner::Pruner;
use super::runner::learn::known_of;
use super::runner::{Pruning, StudyPlan, Surroundings, run};
use super::sampler::{Duplicates, Sampler, SamplerKind, Settings};
pub use draw::Draw;

use crate::store::{
    Change, Environment, Id, NewStudy, RunKind, RunQuery, Store, StoreError, StudyRecord, StudyState,
};
use crate::trial::{Direction, Goal, Goals, Params};
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
/// Several processes may work on one study of an SQLite store: each calls [`Study::open`] and
/// [`Study::optimize`] with the same number of trials in all, and `parallel` says how many of them
/// can be busy at once.
pub struct Study<'a> {
    store: &'a dyn Store,
    id: Id,
    options: Options,
}

/// How a study is made; see [`Study::builder`].
pub struct StudyBuilder {
    name: String,
    options: Options,
}

/// Makes a sampler that knows nothing yet.
type MakeSampler = dyn Fn(&Settings) -> Box<dyn Sampler> + Send + Sync;

struct Options {
    sampler: Box<MakeSampler>,
    pruner: Option<Box<dyn Pruner>>,
    goals: Goals,
    seed: u64,
    parallel: u32,
    jobs: usize,
    target: Option<f64>,
    time_limit: Option<Duration>,
    duplicates: Duplicates,
}

/// The metric of a study with one value.
const VALUE: &str = "value";

/// The series of what trials report.
const REPORTS: &str = "intermediate";

fn usual_goal() -> Goals {
    Goal::new(VALUE, Direction::Minimize).into()
}

impl StudyBuilder {
    fn new(name: &str) -> Self {
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
        let query = RunQuery {
            study: Some(self.id),
            kind: Some(RunKind::Trial),
            include_hidden: true,
            ..RunQuery::default()
        };
        let (space, latest) = known_of(&self.store.runs(&query)?)?;
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

/// A closure as an objective.
struct Closure<F>(F);

impl<F: Fn(&Draw<'_>) -> Result<Evaluation, ObjectiveError> + Sync> Objective for Closure<F> {
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        let draw = Draw { trial, drawn: Mutex::default(), violation: Mutex::default() };
        let answer = super::panics::caught(|| (self.0)(&draw));
        let drawn = draw.drawn.into_inner().unwrap_or_else(PoisonError::into_inner);
        let missing = trial.wanted.into_iter().flatten().find(|(name, _)| !drawn.params.contains_key(*name));
        let missing = missing.map(|(name, value)| {
            ObjectiveError::Failed(format!("`{name}` was enqueued as {value}, but the trial did not draw it"))
        });
        trial.set_point((drawn.params, drawn.distributions))?;
        let violation = draw.violation.into_inner().unwrap_or_else(PoisonError::into_inner);
        let evaluation = answer.map_err(ObjectiveError::Failed)??;
        if let Some(missing) = missing {
            return Err(missing);
        }
        Ok(Evaluation { violation: evaluation.violation + violation.values().sum::<f64>(), ..evaluation })
    }

    fn config(&self, _: &Params) -> serde_json::Value {
        serde_json::Value::Null
    }
}

#[cfg(test)]
mod tests;
