//! The typed parts of a spec. `keys.rs` says which values of them are legal.

use serde::{Deserialize, Serialize};

use uaic_model::model::ModelSpec;
use uaic_model::text::TextSpec;
use uaic_model::train::TrainSpec;

/// `[experiment]`: a name that groups runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Groups studies and runs in the store.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
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
