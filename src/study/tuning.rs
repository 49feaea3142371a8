//! Tuning any function, define-by-run: a closure says on its way what it needs.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::objective::{Evaluation, Objective, ObjectiveError, Trial};
use super::outcome::{StudyError, StudyOutcome, TrialResult};
use super::pruner::Pruner;
use super::runner::{Pruning, StudyPlan, Surroundings, run};
use super::sampler::axis::Axis;
use super::sampler::{self, Duplicates, Sampler, Settings};
use crate::platform::ProcessIdentity;
use crate::rng::{ChaCha8Rng, SeedTree};
use crate::spec::Distribution;
use crate::store::{
    Change, Environment, Id, MetricPoint, NewStudy, RunKind, RunQuery, Store, StoreError, StudyRecord,
    StudyState,
};
use crate::trial::{Direction, FinishedTrial, ParamValue, Params, RunState};

/// A study of a function, in a store of any kind.
///
/// ```
/// use uaic::store::MemoryStore;
/// use uaic::study::Study;
/// use uaic::study::sampler::Tpe;
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
/// # use uaic::store::MemoryStore;
/// # use uaic::study::Study;
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
    directions: Vec<Direction>,
    metrics: Vec<String>,
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

impl StudyBuilder {
    fn new(name: &str) -> Self {
        let automatic = |settings: &Settings| {
            sampler::by_name("auto", settings).unwrap_or_else(|| Box::new(sampler::Tpe::new(settings)))
        };
        let options = Options {
            sampler: Box::new(automatic),
            pruner: None,
            directions: vec![Direction::Minimize],
            metrics: vec![VALUE.to_owned()],
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
    /// where one is needed.
    #[must_use]
    pub fn objectives<'n>(mut self, objectives: impl IntoIterator<Item = (&'n str, Direction)>) -> Self {
        (self.options.metrics, self.options.directions) =
            objectives.into_iter().map(|(name, direction)| (name.to_owned(), direction)).unzip();
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
    /// The store cannot be written, or there are no objectives.
    pub fn create(self, store: &dyn Store) -> Result<Study<'_>, StudyError> {
        let Options { directions, metrics, seed, .. } = &self.options;
        let mut objectives = metrics.iter().cloned().zip(directions.iter().copied());
        let (metric, direction) = objectives.next().unwrap_or((VALUE.to_owned(), Direction::Minimize));
        let new = NewStudy {
            experiment: self.name,
            spec_text: String::new(),
            spec_path: String::new(),
            overrides: vec![],
            fingerprint: String::new(),
            seed: *seed,
            metric,
            direction,
            more_objectives: objectives.collect(),
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
        let found = store.studies()?.into_iter().find(|study| study.new.experiment == self.name);
        let Some(study) = found else { return self.create(store) };
        self.options.seed = study.new.seed;
        self.options.directions = study.directions();
        self.options.metrics = study.metrics().into_iter().map(str::to_owned).collect();
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

    /// Evaluates a point that is known to be worth it, as soon as a trial starts; what it leaves open
    /// is proposed as usual.
    ///
    /// # Errors
    /// The store fails.
    pub fn enqueue(&self, params: Params) -> Result<u32, StoreError> {
        Ok(self.store.change_study(self.id, &Change::Enqueue { params })?.from_trial)
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
        let seeds = SeedTree::new(options.seed);
        let settings =
            Settings { duplicates: options.duplicates, ..Settings::new(seeds.child("sampler", 0)) };
        let plan = StudyPlan {
            space: None,
            sampler: &|| (options.sampler)(&settings),
            pruning: options.pruner.as_deref().map(|pruner| Pruning {
                pruner,
                metric: REPORTS,
                direction: options.directions[0],
            }),
            directions: &options.directions,
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
        let query = RunQuery {
            study: Some(self.id),
            kind: Some(RunKind::Trial),
            include_hidden: true,
            ..RunQuery::default()
        };
        let runs = self.store.runs(&query)?.into_iter().filter(|run| run.state.is_final());
        let mut trials: Vec<TrialResult> = runs
            .map(|run| TrialResult {
                trial: FinishedTrial {
                    number: run.new.number.unwrap_or_default(),
                    state: run.state,
                    values: run.values(),
                    violation: run.violation,
                    intermediate: vec![],
                    params: run.new.params,
                },
                run: run.id,
                reason: run.reason,
                seconds: run.ended_ms.map_or(0.0, |ended| (ended - run.started_ms) as f64 / 1000.0),
                excluded: run.excluded,
            })
            .collect();
        trials.sort_by_key(|result| result.trial.number);
        Ok(trials)
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
        let directions = self.options.directions.clone();
        Ok(StudyOutcome { finished: self.trials()?, cancelled: false, directions })
    }
}

/// A closure as an objective.
struct Closure<F>(F);

impl<F: Fn(&Draw<'_>) -> Result<Evaluation, ObjectiveError> + Sync> Objective for Closure<F> {
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        let draw = Draw { trial, drawn: Mutex::default(), violation: Mutex::default() };
        let answer = super::panics::caught(|| (self.0)(&draw));
        let drawn = draw.drawn.into_inner().unwrap_or_else(PoisonError::into_inner);
        trial.set_point((drawn.params, drawn.distributions))?;
        let violation = draw.violation.into_inner().unwrap_or_else(PoisonError::into_inner);
        let evaluation = answer.map_err(ObjectiveError::Failed)??;
        Ok(Evaluation { violation: evaluation.violation + violation.values().sum::<f64>(), ..evaluation })
    }

    fn config(&self, _: &Params) -> serde_json::Value {
        serde_json::Value::Null
    }
}

/// A trial that says on its way what it needs.
pub struct Draw<'a> {
    trial: &'a Trial<'a>,
    drawn: Mutex<Drawn>,
    violation: Mutex<BTreeMap<String, f64>>,
}

#[derive(Default)]
struct Drawn {
    params: Params,
    distributions: BTreeMap<String, Distribution>,
}

impl Draw<'_> {
    /// Its number in the study, from 0.
    pub fn number(&self) -> u32 {
        self.trial.number
    }

    /// A stream of random numbers for one purpose, the same in every repetition of the trial.
    pub fn rng(&self, purpose: &str) -> ChaCha8Rng {
        self.trial.seeds.child("objective", 0).rng(purpose)
    }

    /// A real number between two bounds, both included.
    ///
    /// # Errors
    /// The range is empty, or the parameter was drawn otherwise in this trial.
    pub fn uniform(&self, name: &str, low: f64, high: f64) -> Result<f64, ObjectiveError> {
        self.real(name, Distribution::Uniform { low, high, step: None })
    }

    /// `low`, `low + step`, … up to `high`.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn uniform_step(&self, name: &str, low: f64, high: f64, step: f64) -> Result<f64, ObjectiveError> {
        self.real(name, Distribution::Uniform { low, high, step: Some(step) })
    }

    /// A real number above 0 whose logarithm is uniform.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn log(&self, name: &str, low: f64, high: f64) -> Result<f64, ObjectiveError> {
        self.real(name, Distribution::Log { low, high })
    }

    /// A whole number between two bounds, both included.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn int(&self, name: &str, low: i64, high: i64) -> Result<i64, ObjectiveError> {
        self.whole(name, Distribution::Int { low, high, step: 1 })
    }

    /// `low`, `low + step`, … up to `high`.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn int_step(&self, name: &str, low: i64, high: i64, step: i64) -> Result<i64, ObjectiveError> {
        self.whole(name, Distribution::Int { low, high, step })
    }

    /// A whole number above 0 whose logarithm is uniform.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn int_log(&self, name: &str, low: i64, high: i64) -> Result<i64, ObjectiveError> {
        self.whole(name, Distribution::IntLog { low, high })
    }

    /// One of several names.
    ///
    /// # Errors
    /// As [`Draw::uniform`]; there is no name.
    pub fn choice<'n, const N: usize>(
        &self,
        name: &str,
        names: [&'n str; N],
    ) -> Result<&'n str, ObjectiveError> {
        let value = self.draw(name, Distribution::Choice(names.map(ParamValue::from).to_vec()))?;
        let found = names.into_iter().find(|known| ParamValue::from(*known) == value);
        found.ok_or_else(|| ObjectiveError::Failed(format!("`{name}` is {value}, which is no choice")))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// As [`Draw::uniform`].
    pub fn boolean(&self, name: &str) -> Result<bool, ObjectiveError> {
        let both = Distribution::Choice([false, true].map(ParamValue::Bool).to_vec());
        Ok(self.draw(name, both)? == ParamValue::Bool(true))
    }

    /// Records a value at a step, and stops the trial where the pruner says so.
    ///
    /// # Errors
    /// [`ObjectiveError::Pruned`], to be passed on; the store fails.
    pub fn report(&self, step: u64, value: f64) -> Result<(), ObjectiveError> {
        self.record(REPORTS, step, value)?;
        self.trial.report(step, value)
    }

    /// Records a value of any metric at a step.
    ///
    /// # Errors
    /// The store fails.
    pub fn record(&self, metric: &str, step: u64, value: f64) -> Result<(), ObjectiveError> {
        let time_ms = jiff::Timestamp::now().as_millisecond();
        Ok(self.trial.log(&[MetricPoint { key: metric.to_owned(), step, time_ms, value }])?)
    }

    /// Says by how much a constraint is missed; at 0 and below it holds. Trials that miss some rank
    /// behind all others.
    pub fn constrain(&self, name: &str, missed: f64) {
        let missed = if missed.is_nan() { f64::INFINITY } else { missed.max(0.0) };
        let mut violation = self.violation.lock().unwrap_or_else(PoisonError::into_inner);
        violation.insert(name.to_owned(), missed);
    }

    fn real(&self, name: &str, distribution: Distribution) -> Result<f64, ObjectiveError> {
        Ok(self.draw(name, distribution)?.as_f64().unwrap_or(f64::NAN))
    }

    fn whole(&self, name: &str, distribution: Distribution) -> Result<i64, ObjectiveError> {
        match self.draw(name, distribution)? {
            ParamValue::Int(value) => Ok(value),
            other => Err(ObjectiveError::Failed(format!("`{name}` is {other}, which is no whole number"))),
        }
    }

    /// The value of a parameter: as proposed where the proposal has it, else drawn evenly.
    fn draw(&self, name: &str, distribution: Distribution) -> Result<ParamValue, ObjectiveError> {
        distribution.check().map_err(|why| ObjectiveError::Failed(format!("`{name}`: {why}")))?;
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(earlier) = drawn.distributions.get(name) {
            if *earlier != distribution {
                let message = format!("`{name}` was drawn from {earlier} and then from {distribution}");
                return Err(ObjectiveError::Failed(message));
            }
            return Ok(drawn.params[name].clone());
        }
        let proposed = self.trial.params.get(name).filter(|value| distribution.contains(value));
        let value = proposed.cloned().unwrap_or_else(|| {
            let axis = Axis::of(&distribution);
            axis.decode(axis.draw_evenly(&mut self.trial.seeds.child("parameter", 0).rng(name)))
        });
        drawn.params.insert(name.to_owned(), value.clone());
        drawn.distributions.insert(name.to_owned(), distribution);
        Ok(value)
    }
}

impl From<Vec<f64>> for Evaluation {
    fn from(values: Vec<f64>) -> Self {
        Self { values, violation: 0.0 }
    }
}

impl<const N: usize> From<[f64; N]> for Evaluation {
    fn from(values: [f64; N]) -> Self {
        values.to_vec().into()
    }
}

/// Only trials that are complete are on a front.
impl StudyOutcome {
    /// The complete trials that miss no constraint and that no other one beats: none is at least as
    /// good in every value and better in one. By number.
    pub fn pareto_front(&self) -> Vec<&TrialResult> {
        let able: Vec<&TrialResult> = self
            .finished
            .iter()
            .filter(|result| {
                let trial = &result.trial;
                trial.state == RunState::Complete && trial.violation == 0.0 && !result.excluded
            })
            .filter(|result| result.trial.values.len() == self.directions.len())
            .collect();
        let beats = |a: &TrialResult, b: &TrialResult| {
            let pairs = || a.trial.values.iter().zip(&b.trial.values).zip(&self.directions);
            pairs().all(|((a, b), direction)| !direction.better(*b, *a))
                && pairs().any(|((a, b), direction)| direction.better(*a, *b))
        };
        able.iter().filter(|result| !able.iter().any(|other| beats(other, result))).copied().collect()
    }
}
