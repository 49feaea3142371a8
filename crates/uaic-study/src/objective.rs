//! What a trial evaluates: the one thing that a study knows of training.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::space::Distribution;
use crate::store::{Attempt, MetricPoint, Store, StoreError};
use crate::trial::Params;
use uaic_kernel::rng::SeedTree;

use super::event::{Event, Observer};
use uaic_wording::ErrorKind;

/// What a trial came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The values of the study's metrics, in their order.
    pub values: Vec<f64>,
    /// By how much the constraints on its outcome are missed, summed; 0 when all hold.
    pub violation: f64,
}

impl Evaluation {
    /// That of a trial that did not come to its end.
    pub(super) fn nothing() -> Self {
        Self { values: vec![], violation: 0.0 }
    }
}

impl From<f64> for Evaluation {
    fn from(value: f64) -> Self {
        Self { values: vec![value], violation: 0.0 }
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

/// Something that gives a value to a point of the search space.
pub trait Objective: Sync {
    /// Evaluates one trial. Must depend on nothing but `trial.params` and `trial.seeds`, so that a
    /// repetition gives the same value to the bit.
    ///
    /// # Errors
    /// Why the trial failed, or that it stopped because [`Trial::is_cancelled`].
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError>;

    /// The whole configuration that `params` lead to, for the record.
    fn config(&self, params: &Params) -> serde_json::Value;
}

/// Why an objective gave no value.
#[derive(Debug, thiserror::Error)]
pub enum ObjectiveError {
    /// It stopped because the study was asked to; the trial will be repeated.
    #[error("stopped on request")]
    Cancelled,
    /// The pruner, or the objective itself, saw that it cannot become good; why.
    #[error("pruned: {0}")]
    Pruned(String),
    /// It failed; the study goes on without it.
    #[error("{0}")]
    Failed(String),
    /// Its results cannot be recorded; the study cannot go on.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ObjectiveError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(store) => store.kind(),
            Self::Cancelled => ErrorKind::Interrupted,
            Self::Pruned(_) | Self::Failed(_) => ErrorKind::Failed,
        }
    }
}

/// What an objective sees of the trial that it evaluates.
pub struct Trial<'a> {
    /// Position in the study, from 0.
    pub number: u32,
    /// The point to evaluate.
    pub params: &'a Params,
    /// What the user wants of it, where its point was enqueued.
    pub wanted: Option<&'a Params>,
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
    /// What its reports have come to.
    pub(super) judge: Judge<'a>,
}

/// Values, and the distributions that they were drawn from.
pub(super) type Point = (Params, BTreeMap<String, Distribution>);

/// The name of the distributions in the configuration of a trial that has said what it needs.
pub(super) const DISTRIBUTIONS: &str = "distributions";

/// The configuration of a trial that was proposed as it went, or elsewhere: what
/// [`drawn_in`](crate::drawn_in) reads.
pub fn drawn_config(params: &Params, drawn: &BTreeMap<String, Distribution>) -> serde_json::Value {
    serde_json::json!({ "params": params, (DISTRIBUTIONS): drawn })
}

/// Why a trial with these reports should stop.
type Says<'a> = dyn Fn(&[(u64, f64)]) -> Option<String> + Sync + 'a;

/// The reports of a trial, and who judges them.
pub(super) struct Judge<'a> {
    /// By step, the newest last.
    pub(super) reports: Mutex<Vec<(u64, f64)>>,
    /// The point and the distributions of a trial that says itself what it needs.
    pub(super) drawn: Mutex<Option<Point>>,
    /// Says why the trial should stop; `None` lets it go on.
    pub(super) verdict: Box<Says<'a>>,
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

    /// Tells the pruner how good the trial is at a step, such as an epoch or a fold. Nothing is
    /// recorded by this; [`Trial::log`] does that. A second report of a step replaces the first.
    ///
    /// # Errors
    /// [`ObjectiveError::Pruned`], to be passed on: the trial should stop.
    pub fn report(&self, step: u64, value: f64) -> Result<(), ObjectiveError> {
        let mut reports = self.judge.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.retain(|(earlier, _)| *earlier != step);
        reports.push((step, value));
        match (self.judge.verdict)(&reports) {
            Some(why) => Err(ObjectiveError::Pruned(why)),
            None => Ok(()),
        }
    }

    /// Records the point and the distributions of a trial that says itself what it needs.
    pub(super) fn set_point(&self, point: Point) -> Result<(), StoreError> {
        let (params, distributions) = &point;
        let config = drawn_config(params, distributions);
        self.store.set_params(self.attempt, params, &config)?;
        *self.judge.drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some(point);
        Ok(())
    }

    /// What has been given to [`Trial::set_point`].
    pub(super) fn drawn(&self) -> Option<Point> {
        self.judge.drawn.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What has been reported so far.
    pub(super) fn reports(&self) -> Vec<(u64, f64)> {
        self.judge.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the watchers how far the trial is.
    pub fn progress(&self, done: f64, message: String) {
        self.observer.notice(&Event::Progress { number: self.number, done, message });
    }
}
