//! The composition root: a checked spec and its data become an objective for a study and a final
//! training. The only module that knows both training and the store.

mod artifacts;
mod calibrate;
mod calibration_twin;
mod environment;
mod error;
mod final_stage;
mod intent_classifier;
mod measures;
mod objective;
mod packaging;
mod partition;
mod recalibrate;
mod sources;
#[cfg(test)]
mod testing;

use std::collections::HashSet;
use std::path::Path;

pub use artifacts::{
    FittedCalibration, ScopeMethods, load_calibration, load_classifier, load_measures, load_predictions,
    load_scope_methods,
};
pub use calibrate::{Calibrated, Uncalibrated, fit_scope, without_seen};
pub use environment::record_environment;
pub use error::TrainingError;
pub use final_stage::{FinalReport, FinalStage};
pub use intent_classifier::IntentClassifier;
pub use measures::{measure_methods, measure_scope, measure_split, predict};
pub use packaging::{Imported, import, package_of, recalibrate_package};
pub use recalibrate::{CALIBRATED_FROM, CalibrationData, Recalibrated, Recalibration, RecalibrationError};
pub use sources::{dataset_folder, load_spec};

use crate::data::{Dataset, Example};
use crate::model::Pretrained;
use crate::rng::SeedTree;
use crate::spec::{FinalSpec, ObjectiveSpec, PrunerSpec, Spec, TrainingSpec, Validation};
use crate::store::{Environment, NewStudy};
use crate::text::split_tokens;
use crate::trial::{Fold, MetricKey};
use partition::Partition;

/// A spec with its data: all that decides a study's results.
#[expect(clippy::struct_field_names, reason = "the spec has a part of this name")]
pub struct Training {
    spec: Spec,
    /// What one training needs, of the spec.
    training: TrainingSpec,
    final_stage: FinalSpec,
    dataset: Dataset,
    /// What every training begins with, where the spec names a pretrained model.
    pretrained: Option<Pretrained>,
    /// How the training split is divided for validation; the same for every trial, so that trials
    /// are compared on the same examples.
    partitions: Vec<Partition>,
    environment: Environment,
}

impl Training {
    /// Reads the data that a spec names and divides it for validation.
    ///
    /// # Errors
    /// The data are missing, wrong or too few.
    pub fn open(spec: Spec) -> Result<Self, TrainingError> {
        let ObjectiveSpec::Training { training, final_stage } = &spec.objective else {
            return Err(sources::untrained(&spec).into());
        };
        let (training, final_stage) = (TrainingSpec::clone(training), final_stage.clone());
        let dataset = Dataset::open(&dataset_folder(&spec)?)?;
        let seeds = SeedTree::new(spec.study.seed);
        let partitions = partition::divide(&training.data, &dataset, &seeds)?;
        let pretrained = sources::pretrained_folder(&spec)?;
        let pretrained = pretrained.map(|folder| Pretrained::open(&folder)).transpose()?;
        let environment = environment::of(&spec, &dataset, pretrained.as_ref());
        Ok(Self { spec, training, final_stage, dataset, pretrained, partitions, environment })
    }

    /// The spec.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// What one training needs, with the spec's own values of what is searched.
    pub fn training(&self) -> &TrainingSpec {
        &self.training
    }

    /// Passes over all training data in the final stage; 0 where there is none.
    pub fn final_epochs(&self) -> u32 {
        self.final_stage.epochs
    }

    /// The data.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The training examples.
    pub fn train_examples(&self) -> &[Example] {
        self.dataset.splits.get("train").map_or(&[], |split| &split.examples)
    }

    /// For the splits that are judged by, how many of their texts also occur in train, as the model
    /// sees them; splits without any are left out.
    pub fn texts_shared_with_train(&self) -> Vec<(&str, usize)> {
        let seen_as =
            |example: &Example| -> Vec<String> { split_tokens(&example.text, &self.training.text).collect() };
        let train: HashSet<Vec<String>> = self.train_examples().iter().map(seen_as).collect();
        let judged = ["test"].into_iter().chain(match &self.training.data.validation {
            Validation::Split(name) => Some(name.as_str()),
            Validation::Folds(_) | Validation::Fraction(_) => None,
        });
        let count = |name: &str| {
            let examples = self.dataset.splits.get(name).map_or(&[][..], |split| &split.examples);
            examples.iter().filter(|example| train.contains(&seen_as(example))).count()
        };
        judged.map(|name| (name, count(name))).filter(|(_, shared)| *shared > 0).collect()
    }

    /// Facts about where it runs, for the record.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The root of the seed tree.
    pub fn seeds(&self) -> SeedTree {
        SeedTree::new(self.spec.study.seed)
    }

    /// The metric whose values trials report to the pruner: by epochs where there is one validation
    /// part, else by folds (of each fold alone for tests that pair them, else the mean so far).
    pub fn reports(&self) -> String {
        let metric = MetricKey::from(self.spec.study.goals.metric());
        let series = match (self.partitions.len(), &self.spec.pruner) {
            (1, _) => metric.of(Fold::One(0)),
            (_, PrunerSpec::Wilcoxon(_)) => metric.of(Fold::Each),
            _ => metric,
        };
        series.to_string()
    }

    /// The pruner's settings, with the number of steps that a whole trial has: epochs or folds.
    pub fn pruner(&self) -> PrunerSpec {
        let steps = match (self.partitions.len(), self.spec.search.get("train.epochs")) {
            (1, Some(_)) => None,
            (1, None) => Some(self.training.train.epochs.into()),
            (folds, _) => Some(folds as u64),
        };
        let pruner = self.spec.pruner.clone();
        match steps {
            Some(steps) => pruner.of_steps(steps),
            None => pruner,
        }
    }

    /// Hash of all that decides the result: the effective spec without its number of trials, and
    /// the data.
    pub fn fingerprint(&self) -> String {
        self.with_data(&self.spec.fingerprint())
    }

    /// A fingerprint of the spec, with the data in it.
    pub(crate) fn with_data(&self, spec: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(spec.as_bytes());
        for (name, split) in &self.dataset.splits {
            hasher.update(name.as_bytes()).update(&[0]).update(split.hash.as_bytes());
        }
        if let Some(pretrained) = &self.pretrained {
            hasher.update(pretrained.hash().as_bytes());
        }
        hasher.finalize().to_string()
    }

    /// The record that creates this training's study.
    pub fn new_study(&self) -> NewStudy {
        new_study(&self.spec, self.fingerprint(), &self.environment)
    }
}

/// The record that creates the study of a spec; `fingerprint` is of all that decides its results.
pub fn new_study(spec: &Spec, fingerprint: String, environment: &Environment) -> NewStudy {
    let Spec { experiment, study, source, .. } = spec;
    NewStudy {
        experiment: experiment.name.clone(),
        spec_text: source.text.clone(),
        // Absolute, so that the study can be resumed, and its data found, from anywhere.
        spec_path: absolute(&source.path),
        overrides: source.overrides.clone(),
        fingerprint,
        seed: study.seed,
        goals: study.goals.clone(),
        trials: study.trials,
        environment: environment.clone(),
    }
}

/// A path as it is found from anywhere.
pub fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

#[cfg(test)]
mod tests {
    use crate::training::testing::small;

    #[test]
    fn texts_shared_with_train_are_counted_as_the_model_sees_them() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            small(folder.path()).texts_shared_with_train(),
            [("test", 10)],
            "rows 50 to 59 are in both"
        );
    }
}
