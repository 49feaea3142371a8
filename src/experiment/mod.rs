//! The composition root: a checked spec and its data become an objective for a study and a final
//! training. The only module that knows both training and the store.

mod environment;
mod final_stage;
mod objective;
mod partition;

use std::path::PathBuf;

pub use final_stage::{FINAL_METRIC, FinalReport, FinalStage};

use crate::data::{DataError, Dataset, Example};
use crate::rng::SeedTree;
use crate::spec::{Spec, SpecErrors};
use crate::store::{Environment, NewStudy, StoreError};
use partition::Partition;

/// The metrics of a final run with their intervals, by name, as JSON.
pub const METRICS_ARTIFACT: &str = "metrics.json";

/// A spec with its data: all that decides a study's results.
pub struct Experiment {
    spec: Spec,
    dataset: Dataset,
    /// How the training split is divided for validation; the same for every trial, so that trials
    /// are compared on the same examples.
    partitions: Vec<Partition>,
    environment: Environment,
}

/// Why an experiment cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The spec is wrong.
    #[error(transparent)]
    Spec(#[from] SpecErrors),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The split that validation names cannot be used.
    #[error("data.validation names the split `{split}` of {dataset}, {why}; it has: {available}")]
    Split {
        /// The named split.
        split: String,
        /// The data set.
        dataset: String,
        /// What is wrong with it.
        why: &'static str,
        /// The splits there are.
        available: String,
    },
    /// Too few distinct texts to divide.
    #[error(
        "{dataset} has {texts} distinct training texts, too few for {parts} folds; lower data.validation.folds"
    )]
    TooFew {
        /// The data set.
        dataset: String,
        /// Number of distinct training texts.
        texts: usize,
        /// Wanted number of folds.
        parts: usize,
    },
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The final training failed.
    #[error("the final training failed: {0}")]
    Final(String),
}

impl Experiment {
    /// Reads the data that a spec names and divides it for validation.
    ///
    /// # Errors
    /// The data are missing, wrong or too few.
    pub fn open(spec: Spec) -> Result<Self, ExperimentError> {
        let folder: PathBuf = spec.check_dataset()?;
        let dataset = Dataset::open(&folder)?;
        let seeds = SeedTree::new(spec.study.seed);
        let partitions = partition::divide(&spec.training.data.validation, &dataset, &seeds)?;
        let environment = environment::of(&spec, &dataset);
        Ok(Self { spec, dataset, partitions, environment })
    }

    /// The spec.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The data.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The training examples.
    pub fn train_examples(&self) -> &[Example] {
        self.dataset.splits.get("train").map_or(&[], |split| &split.examples)
    }

    /// Facts about the surroundings, for the record.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The root of the seed tree.
    pub fn seeds(&self) -> SeedTree {
        SeedTree::new(self.spec.study.seed)
    }

    /// Hash of all that decides the result: the effective spec without its number of trials, and
    /// the data.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.spec.fingerprint().as_bytes());
        for (name, split) in &self.dataset.splits {
            hasher.update(name.as_bytes()).update(&[0]).update(split.hash.as_bytes());
        }
        hasher.finalize().to_string()
    }

    /// The record that creates this experiment's study.
    pub fn new_study(&self) -> NewStudy {
        let Spec { experiment, study, source, .. } = &self.spec;
        NewStudy {
            experiment: experiment.name.clone(),
            spec_text: source.text.clone(),
            spec_path: source.path.display().to_string(),
            overrides: source.overrides.clone(),
            fingerprint: self.fingerprint(),
            seed: study.seed,
            metric: study.metric.clone(),
            direction: study.direction,
            trials: study.trials,
            environment: self.environment.clone(),
        }
    }
}
