//! What differs between runs, and whether the difference is real.
//!
//! A [`Comparison`] is a table: a column for each run (or for each group of runs that differ in
//! their seed alone), rows of parameters, facts and metrics, and for each metric the difference of
//! every column to the baseline with the test that suits it.

mod gate;
mod run;
mod seeds;
mod significance;
mod texts;
mod wording;

use std::collections::BTreeSet;

pub use gate::{Rule, RuleError};
pub use run::ComparedRun;
pub use seeds::compare_seeds;
pub use significance::compare;
pub(crate) use wording::{measured, signed, tested};

use crate::ErrorKind;
use crate::predictions::RowsError;
use crate::select::FINAL_METRIC;
use crate::store::{Id, StoreError};
use crate::training::TrainingError;
use crate::trial::Direction;

/// Why runs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Stored predictions cannot be read.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// Stored predictions of a program cannot be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

impl ComparisonError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(store) => store.kind(),
            Self::Training(training) => training.kind(),
            Self::Rows(rows) => rows.kind(),
        }
    }
}

/// Runs side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is compared, in the order of mention.
    pub columns: Vec<Column>,
    /// The column that the others are held against.
    pub baseline: usize,
    /// The metric that decides which is better: the test accuracy, or else that of the baseline's
    /// study.
    pub decisive: String,
    /// Parameters, by key path.
    pub params: Vec<Row>,
    /// Data, spec, code and machine.
    pub facts: Vec<Row>,
    /// Metrics, by name.
    pub metrics: Vec<Metric>,
}

/// A run, or runs that differ in their seed alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// A selector of the (first) run: `9c1e22aa/final`.
    pub name: String,
    /// Its experiment.
    pub experiment: String,
    /// What it is: `final run of trial 3`, `5 seeds: 1, 2, 3, 4, 5`.
    pub what: String,
    /// The runs.
    pub runs: Vec<Id>,
}

/// A text in each column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name: `train.lr`, `data.test.hash`.
    pub key: String,
    /// `None` where a column has none.
    pub values: Vec<Option<String>>,
}

impl Row {
    /// Whether not all columns have the same.
    pub fn differs(&self) -> bool {
        self.values.iter().any(|value| *value != self.values[0])
    }

    /// What a fact is about: `data`, `spec`, `code` or `environment`.
    pub fn area(&self) -> &'static str {
        match self.key.split('.').next() {
            Some("data") => "data",
            Some("spec" | "seed" | "study") => "spec",
            Some("git" | "uaic") => "code",
            _ => "environment",
        }
    }
}

/// A metric in each column.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name: `test/accuracy`.
    pub key: String,
    /// Which end of it is better; `None` where neither is.
    pub direction: Option<Direction>,
    /// `None` where a column has none.
    pub values: Vec<Option<Value>>,
    /// The difference of each column to the baseline; `None` for the baseline itself and where
    /// either has no value.
    pub deltas: Vec<Option<Delta>>,
}

/// A measured value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// The value; of several seeds the mean.
    pub value: f64,
    /// On how many examples (or seeds) it rests.
    pub n: Option<usize>,
    /// Its 95 % interval.
    pub ends: Option<(f64, f64)>,
    /// The standard deviation over seeds.
    pub deviation: Option<f64>,
}

/// A difference to the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// The value minus that of the baseline.
    pub value: f64,
    /// Whether it is real; or why that cannot be said.
    pub tested: Result<Tested, String>,
}

/// What a test says of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tested {
    /// How it was tested.
    pub method: Method,
    /// On how many examples, folds or seeds.
    pub n: usize,
    /// Lower end of the 95 % interval of the difference.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// The p-value corrected (Holm) for the columns that are compared by this metric.
    pub adjusted: f64,
}

/// The test of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The exact test of `McNemar` on the same texts, with an interval by the paired bootstrap.
    Mcnemar,
    /// The paired bootstrap on the same texts.
    Bootstrap,
    /// The corrected resampled t-test on the same folds.
    CorrectedT,
    /// Welch's t-test over seeds.
    Welch,
}

impl Method {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mcnemar => "McNemar",
            Self::Bootstrap => "paired bootstrap",
            Self::CorrectedT => "corrected t",
            Self::Welch => "Welch",
        }
    }
}

/// The level below which a difference counts as real.
pub const LEVEL: f64 = 0.05;

impl Comparison {
    /// A metric by its name.
    pub fn metric(&self, key: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.key == key)
    }
}

impl Metric {
    /// Whether a column is worse than the baseline beyond chance; or why that cannot be said.
    ///
    /// # Errors
    /// There is no test of the difference; says why.
    pub fn is_worse(&self, column: usize) -> Result<bool, String> {
        let delta = self.deltas[column].as_ref().ok_or("it is not recorded of both")?;
        let tested = delta.tested.as_ref().map_err(Clone::clone)?;
        let direction = self.direction.ok_or("neither end of it is better")?;
        Ok(direction.better(0.0, delta.value) && tested.adjusted < LEVEL)
    }
}

/// Which end of a metric is better: as a study says that decides by it, or else by its name. Names that a
/// program gives say nothing.
fn direction_in<'a>(runs: impl Iterator<Item = &'a ComparedRun>, key: &str) -> Option<Direction> {
    let mut is_ours = false;
    for run in runs {
        let Some(study) = &run.study else { continue };
        let metrics = study.goals().metrics().into_iter().zip(study.goals().directions());
        if let Some((_, direction)) = metrics.into_iter().find(|(metric, _)| *metric == key) {
            return Some(direction);
        }
        is_ours |= !run.is_of_program;
    }
    direction_of(key).filter(|_| is_ours)
}

/// Which end of a metric is better, by the last part of its name.
fn direction_of(key: &str) -> Option<Direction> {
    let name = key.rsplit('/').next().unwrap_or(key);
    match name.strip_suffix("_calibrated").unwrap_or(name) {
        "loss"
        | "brier"
        | "brier_positive"
        | "ece"
        | "ece_mass"
        | "aurc"
        | "fpr_at_95_tpr"
        | "mae"
        | "rmse"
        | "mape"
        | "median_absolute_error"
        | "max_error" => Some(Direction::Minimize),
        name if name.starts_with("pinball_") => Some(Direction::Minimize),
        "mean_confidence" | "temperature" | "threshold" | "mean_error" => None,
        name if name.starts_with("coverage_") => None,
        _ => Some(Direction::Maximize),
    }
}

/// A row for every key that a column has.
fn table<'a>(keys: impl Iterator<Item = &'a String>, get: impl Fn(&str) -> Vec<Option<String>>) -> Vec<Row> {
    let keys: BTreeSet<&String> = keys.collect();
    keys.into_iter().map(|key| Row { key: key.clone(), values: get(key) }).collect()
}

/// The metric that decides between columns.
fn decisive(metrics: &[Metric], baseline: usize, of_study: &str) -> String {
    let has = |metric: &&Metric| metric.key == FINAL_METRIC && metric.values[baseline].is_some();
    metrics.iter().find(has).map_or(of_study, |metric| &metric.key).to_owned()
}
