//! A spec and its typed parts. `keys/` says which values of them are legal.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::value::Given;
use super::written::{WrittenPruner, WrittenStudy};
use crate::trial::Direction;
use uaic_model::model::ModelSpec;
use uaic_model::text::TextSpec;
use uaic_model::train::TrainSpec;
use uaic_study::StudySpec;
use uaic_study::pruner::PrunerSpec;
use uaic_study::space::Space;

/// A checked experiment spec. Past this module nothing needs to be checked again.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// `[experiment]`
    pub experiment: ExperimentSpec,
    /// Who evaluates the trials.
    pub objective: ObjectiveSpec,
    /// `[search]`: the parameters to tune, by key path.
    pub search: Space,
    /// `[study]`
    pub study: StudySpec,
    /// `[pruner]`
    pub pruner: PrunerSpec,
    /// The text that this was read from, after `-P` overrides are noted.
    pub source: SpecSource,
    /// What the text and the overrides set, by key path: what a point of the space is filled up with.
    pub(super) given: Given,
    /// `[study]` and `[pruner]` as they are written.
    pub(super) written: (WrittenStudy, WrittenPruner),
}

/// Where a spec came from.
#[derive(Clone, Debug, PartialEq)]
pub struct SpecSource {
    /// The file, as given.
    pub path: PathBuf,
    /// Its text, to the byte.
    pub text: String,
    /// `-P key=value` overrides, in the order given.
    pub overrides: Vec<(String, String)>,
}

impl Spec {
    /// What one training needs; `None` where others evaluate the trials.
    pub fn training(&self) -> Option<&TrainingSpec> {
        match &self.objective {
            ObjectiveSpec::Training { training, .. } => Some(training),
            ObjectiveSpec::Command(_) | ObjectiveSpec::Asked => None,
        }
    }

    /// `[final]`; `None` where others evaluate the trials.
    pub fn final_stage(&self) -> Option<&FinalSpec> {
        match &self.objective {
            ObjectiveSpec::Training { final_stage, .. } => Some(final_stage),
            ObjectiveSpec::Command(_) | ObjectiveSpec::Asked => None,
        }
    }
}

/// `[experiment]`: a name that groups runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentSpec {
    /// Groups studies and runs in the store.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
}

/// Who evaluates the trials of a study.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectiveSpec {
    /// Models of our own are trained.
    Training {
        /// What one training needs: `[data]`, `[text]`, `[model]`, `[train]`.
        training: Box<TrainingSpec>,
        /// `[final]`
        final_stage: FinalSpec,
    },
    /// A command is run: `[objective]` as it stands, which `command` knows how to read.
    Command(Table),
    /// Somebody asks for points and tells their values: `[objective]` with `ask = true`.
    Asked,
}

/// Everything that one training depends on besides its seed. The values of searched keys have
/// been put in by [`Spec::at`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSpec {
    /// `[data]`
    pub data: DataSpec,
    /// `[text]`
    #[serde(default)]
    pub text: TextSpec,
    /// `[model]`
    #[serde(default)]
    pub model: ModelSpec,
    /// `[train]`
    #[serde(default)]
    pub train: TrainSpec,
}

/// `[data]`: which texts, and how they are divided for validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// A name under `data/`, or the path of a folder with `train.tsv`.
    pub dataset: String,
    /// How trials are validated.
    #[serde(default)]
    pub validation: Validation,
    /// A split of texts of no intent that are trained on as such; none where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oos: Option<String>,
}

/// How a part of the training data is kept aside to judge a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Validation {
    /// Stratified k-fold cross-validation of the training split, k ≥ 2.
    Folds(u32),
    /// One stratified part of the training split, between 0 and 1.
    Fraction(f64),
    /// A split of its own, such as `dev`.
    Split(String),
}

impl Default for Validation {
    fn default() -> Self {
        Self::Folds(5)
    }
}

/// Metrics that a study may optimise.
pub const METRICS: [&str; 5] =
    ["val/accuracy", "val/f1_macro", "val/f1_weighted", "val/loss", "model/parameters"];

/// Which end of one of our [`METRICS`] is better, unless a spec says otherwise.
pub fn natural_direction(metric: &str) -> Direction {
    let smaller = metric.ends_with("/loss") || metric == "model/parameters";
    if smaller { Direction::Minimize } else { Direction::Maximize }
}

/// `[final]`: retraining on all training data, then one look at the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinalSpec {
    /// Passes over all training data; 0 leaves the final stage out.
    pub epochs: u32,
}

impl Default for FinalSpec {
    fn default() -> Self {
        Self { epochs: 30 }
    }
}
