//! The composition root: a checked spec and its data become an objective for a study and a final
//! training. The only module that knows both training and the store.

mod artifacts;
mod calibrate;
mod environment;
mod figures;
mod final_stage;
mod intent_classifier;
mod objective;
mod packaging;
mod partition;
mod recalibrate;
mod twins;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

pub use artifacts::{
    FittedCalibration, ScopeMethods, load_calibration, load_classifier, load_figures, load_predictions,
    load_scope_methods,
};
pub use calibrate::{Calibrated, Uncalibrated, fit_scope, without_seen};
pub use environment::surroundings;
pub use figures::{measure_methods, measure_scope, measure_split, predict};
pub use final_stage::{FinalReport, FinalStage};
pub use intent_classifier::IntentClassifier;
pub use packaging::{Imported, import, package_of, recalibrate_package};
pub use recalibrate::{CALIBRATED_FROM, CalibrationData, Recalibrated, Recalibration, RecalibrationError};

use crate::ErrorKind;
use crate::data::{DataError, Dataset, Example};
use crate::eval::{PredictionsError, ScopeError};
use crate::model::{Pretrained, PretrainedError};
use crate::package::PackageError;
use crate::rng::SeedTree;
use crate::select::SelectError;
use crate::spec::{PrunerSpec, Spec, SpecErrors, Validation};
use crate::store::{Environment, NewStudy, StoreError};
use crate::study::ObjectiveError;
use crate::text::split_tokens;
use partition::Partition;

/// A spec with its data: all that decides a study's results.
pub struct Experiment {
    spec: Spec,
    dataset: Dataset,
    /// What every training begins with, where the spec names a pretrained model.
    pretrained: Option<Pretrained>,
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
    /// The pretrained model cannot be read.
    #[error(transparent)]
    Pretrained(#[from] PretrainedError),
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
    /// The split that `data.oos` names is not there.
    #[error(
        "data.oos names the split `{split}`, which {dataset} does not have; texts of no intent are in: {available}"
    )]
    Exposure {
        /// The named split.
        split: String,
        /// The data set.
        dataset: String,
        /// The splits that it could be.
        available: String,
    },
    /// Too few distinct texts to divide.
    #[error(
        "{dataset} has {texts} distinct training texts, which data.validation cannot divide into {parts} parts"
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
    /// The predictions that a run has stored cannot be read.
    #[error("the artifact `{artifact}` cannot be used: {source}")]
    Predictions {
        /// Its name.
        artifact: String,
        /// Why.
        source: PredictionsError,
    },
    /// A selector selects nothing.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// A package cannot be made or used.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// What the out-of-scope method of a run has learnt cannot be read.
    #[error("the artifact `scope.safetensors` cannot be used: {0}")]
    Scope(#[from] ScopeError),
    /// The final training failed.
    #[error("the final training failed: {0}")]
    Final(String),
}

impl ExperimentError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Spec(errors) => errors.kind(),
            Self::Data(data) => data.kind(),
            Self::Store(store) => store.kind(),
            Self::Select(select) => select.kind(),
            Self::Package(package) => package.kind(),
            Self::Split { .. } | Self::Exposure { .. } | Self::TooFew { .. } => ErrorKind::Usage,
            Self::Pretrained(_) | Self::Predictions { .. } | Self::Scope(_) | Self::Final(_) => {
                ErrorKind::Failed
            }
        }
    }
}

impl From<ObjectiveError> for ExperimentError {
    fn from(error: ObjectiveError) -> Self {
        match error {
            ObjectiveError::Store(store) => Self::Store(store),
            other => Self::Final(other.to_string()),
        }
    }
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
        let partitions = partition::divide(&spec.training.data, &dataset, &seeds)?;
        let pretrained = spec.check_pretrained()?.map(|folder| Pretrained::open(&folder)).transpose()?;
        let environment = environment::of(&spec, &dataset, pretrained.as_ref());
        Ok(Self { spec, dataset, pretrained, partitions, environment })
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

    /// For the splits that are judged by, how many of their texts also occur in train, as the model
    /// sees them; splits without any are left out.
    pub fn texts_shared_with_train(&self) -> Vec<(&str, usize)> {
        let seen_as = |example: &Example| -> Vec<String> {
            split_tokens(&example.text, &self.spec.training.text).collect()
        };
        let train: HashSet<Vec<String>> = self.train_examples().iter().map(seen_as).collect();
        let judged = ["test"].into_iter().chain(match &self.spec.training.data.validation {
            Validation::Split(name) => Some(name.as_str()),
            Validation::Folds(_) | Validation::Fraction(_) => None,
        });
        let count = |name: &str| {
            let examples = self.dataset.splits.get(name).map_or(&[][..], |split| &split.examples);
            examples.iter().filter(|example| train.contains(&seen_as(example))).count()
        };
        judged.map(|name| (name, count(name))).filter(|(_, shared)| *shared > 0).collect()
    }

    /// Facts about the surroundings, for the record.
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
        let metric = &self.spec.study.metric;
        match (self.partitions.len(), self.spec.pruner.kind.as_str()) {
            (1, _) => format!("fold=0/{metric}"),
            (_, "wilcoxon") => format!("{OF_FOLD}{metric}"),
            _ => metric.clone(),
        }
    }

    /// The pruner's settings, with the number of steps that a whole trial has: epochs or folds.
    pub fn pruner(&self) -> PrunerSpec {
        let steps = match (self.partitions.len(), self.spec.search.get("train.epochs")) {
            (1, Some(_)) => None,
            (1, None) => Some(self.spec.training.train.epochs.into()),
            (folds, _) => Some(folds as u64),
        };
        let pruner = &self.spec.pruner;
        PrunerSpec { max_resource: pruner.max_resource.or(steps), ..pruner.clone() }
    }

    /// Hash of all that decides the result: the effective spec without its number of trials, and
    /// the data.
    pub fn fingerprint(&self) -> String {
        self.hash(&self.spec.fingerprint())
    }

    /// As [`Experiment::fingerprint`], but for the search space, which may change while a study goes on.
    pub fn frame_fingerprint(&self) -> String {
        self.hash(&self.spec.frame_fingerprint())
    }

    fn hash(&self, spec: &str) -> String {
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

    /// The record that creates this experiment's study.
    pub fn new_study(&self) -> NewStudy {
        let Spec { experiment, study, source, .. } = &self.spec;
        NewStudy {
            experiment: experiment.name.clone(),
            spec_text: source.text.clone(),
            // Absolute, so that the study can be resumed, and its data found, from anywhere.
            spec_path: absolute(&source.path),
            overrides: source.overrides.clone(),
            fingerprint: self.fingerprint(),
            seed: study.seed,
            metric: study.metric.clone(),
            direction: study.direction,
            more_objectives: study.more_objectives.clone(),
            trials: study.trials,
            environment: self.environment.clone(),
        }
    }
}

/// Before the name of a metric: the series that has each fold's own value.
const OF_FOLD: &str = "fold/";

/// A path as it is found from anywhere.
pub fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::eval::{Calibration, OutOfScopeMethod, ScopeModels};
    use crate::model::Features;
    use crate::platform::ProcessIdentity;
    use crate::store::{Id, MemoryStore, RunKind, RunQuery, Store};
    use crate::study::TrialResult;
    use crate::train::EpochReport;
    use crate::trial::{FinishedTrial, Params, RunState};

    const SPEC: &str = r#"
        experiment.name = "small"
        data.dataset = "DATA"
        model = { embedding_dim = 6, hidden_dim = 5 }
        train = { epochs = 2, batch_size = 8 }
        final.epochs = 2
    "#;

    fn experiment(folder: &Path) -> Experiment {
        let row = |i: usize| match i % 3 {
            0 => format!("show flight {i} to oslo\tflight\n"),
            1 => format!("fare of flight {i} to rome\tairfare\n"),
            _ => format!("flight {i} and its fare\tflight+airfare\n"),
        };
        std::fs::write(folder.join("train.tsv"), (0..60).map(row).collect::<String>()).unwrap();
        let unseen = "how many flights are there\tquantity\n".to_owned();
        std::fs::write(folder.join("test.tsv"), (50..80).map(row).chain([unseen]).collect::<String>())
            .unwrap();
        std::fs::write(folder.join("ood_test.tsv"), "bake a cake\t-\nsing a song\t-\n").unwrap();
        let text = SPEC.replace("DATA", &folder.display().to_string());
        Experiment::open(Spec::parse(&text, Path::new("small.toml"), &[]).unwrap()).unwrap()
    }

    fn best(number: u32) -> TrialResult {
        let params = Params::new();
        let trial = FinishedTrial {
            number,
            params,
            state: RunState::Complete,
            values: vec![0.5],
            violation: 0.0,
            intermediate: vec![],
        };
        TrialResult { trial, run: Id::random(), reason: None, seconds: 0.0, excluded: false, hidden: false }
    }

    fn retrain(experiment: &Experiment, store: &MemoryStore, study: Id, number: u32) -> FinalReport {
        retrain_with(experiment, store, study, number, 1)
    }

    fn retrain_with(
        experiment: &Experiment,
        store: &MemoryStore,
        study: Id,
        number: u32,
        threads: usize,
    ) -> FinalReport {
        let process = ProcessIdentity::current();
        let mut stage = FinalStage {
            store,
            study,
            process: &process,
            threads,
            watch: &mut |_| {},
            cancel: &AtomicBool::new(false),
        };
        experiment.retrain(&best(number), &mut stage).unwrap().unwrap()
    }

    fn study(experiment: &Experiment, store: &MemoryStore) -> Id {
        let study = store.create_study(&experiment.new_study()).unwrap().id;
        store.acquire_study(study, &ProcessIdentity::current()).unwrap();
        study
    }

    #[test]
    fn what_the_final_run_saves_is_all_that_predicting_needs() {
        let folder = tempfile::tempdir().unwrap();
        let (experiment, store) = (experiment(folder.path()), MemoryStore::new());
        let study = study(&experiment, &store);
        let report = retrain(&experiment, &store, study, 0);

        let classifier = load_classifier(&store, report.run).unwrap();
        let calibration = load_calibration(&store, report.run).unwrap().unwrap().fitted;
        let seeds = experiment.seeds().child("final", 0);
        let said = |split: &str| {
            let examples = &experiment.dataset().splits[split].examples;
            let said = predict(&classifier, split, examples, Features::Keep).unwrap();
            assert_eq!(load_predictions(&store, report.run, split).unwrap().unwrap(), said);
            said
        };
        let (test, outside) = (said("test"), said("ood_test"));
        let mut figures = measure_split("test", &test, Some(&calibration), &seeds);
        figures::join(&mut figures, measure_scope(&test, &outside, Some(&calibration), &seeds));
        assert_eq!(figures, report.figures);
        assert_eq!(load_figures(&store, report.run).unwrap(), report.figures);
        assert_eq!(figures.values["test/accuracy"].n, 31);
        assert_eq!(figures.values["test/loss"].n, 30, "an unknown label has no probability");
        assert_eq!(figures.values["oos/auroc"].n, 33);
        assert_eq!(figures.values["oos/recall"].n, 2);
        assert!(figures.values.contains_key("test/loss_calibrated"));
        let train = load_predictions(&store, report.run, "train").unwrap().unwrap();
        assert_eq!((train.len(), train.features.len()), (60, 0));
        assert_eq!(load_predictions(&store, report.run, "dev").unwrap(), None);
        assert!(load_predictions(&store, Id::random(), "test").is_err());
    }

    #[test]
    fn calibration_is_fitted_on_what_a_model_has_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (experiment, store) = (experiment(folder.path()), MemoryStore::new());
        let study = study(&experiment, &store);
        let run = retrain(&experiment, &store, study, 0).run;
        let stored = load_predictions(&store, run, "validation").unwrap().unwrap();
        let calibration = load_calibration(&store, run).unwrap().unwrap();
        let (_, held_out) = experiment.partitions[0].of(&experiment.dataset);
        let classifier = load_classifier(&store, run).unwrap();
        let own = predict(&classifier, "validation", held_out, Features::Keep).unwrap();
        assert_eq!((stored.len(), &stored.hashes), (own.len(), &own.hashes));
        assert_ne!(stored.logits, own.logits, "the final model has seen these texts");
        let fitted = Calibration::fit(&stored, None, &ScopeModels::default()).unwrap();
        assert_eq!(fitted, calibration.fitted);
        assert!(calibration.how.starts_with("the first of 5 folds"), "{}", calibration.how);
    }

    #[test]
    fn a_split_that_nothing_is_trained_on_calibrates_the_final_model_itself() {
        let folder = tempfile::tempdir().unwrap();
        experiment(folder.path());
        let dev = "show flight 99 to oslo\tflight\nSHOW flight 3 to oslo\tflight\nfare 98\tairfare\n";
        std::fs::write(folder.path().join("dev.tsv"), dev).unwrap();
        std::fs::write(folder.path().join("ood.tsv"), "sing me a song\t-\n").unwrap();
        let text = SPEC.replace("DATA", &folder.path().display().to_string());
        let text = format!("{text}\ndata.validation = {{ split = \"dev\" }}");
        let spec = Spec::parse(&text, Path::new("small.toml"), &[]).unwrap();
        let (experiment, store) = (Experiment::open(spec).unwrap(), MemoryStore::new());
        let study = study(&experiment, &store);
        let run = retrain(&experiment, &store, study, 0).run;
        let calibration = load_calibration(&store, run).unwrap().unwrap();
        assert_eq!(calibration.left_out, 1, "one of the texts is also in train, but for its case");
        assert_eq!(calibration.fitted.threshold_texts, 2);
        assert_eq!(calibration.fitted.choice.unwrap().texts, 1);
        let stored = load_predictions(&store, run, "validation").unwrap().unwrap();
        let own = predict(
            &load_classifier(&store, run).unwrap(),
            "validation",
            experiment.dataset().splits["dev"].examples.iter().step_by(2),
            Features::Keep,
        );
        assert_eq!(stored, own.unwrap());
    }

    /// The small experiment with texts of no intent to learn from.
    fn exposed(folder: &Path, overrides: &[(&str, &str)]) -> Experiment {
        experiment(folder);
        let row = |i: usize| format!("{} recipe number {i} please\t-\n", ["Cake", "Soup", "Bread"][i % 3]);
        std::fs::write(folder.join("ood.tsv"), (0..15).map(row).collect::<String>()).unwrap();
        let text = SPEC.replace("DATA", &folder.display().to_string());
        let overrides = overrides.iter().chain(&[("data.oos", "ood")]);
        let overrides: Vec<_> = overrides.map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Experiment::open(Spec::parse(&text, Path::new("small.toml"), &overrides).unwrap()).unwrap()
    }

    #[test]
    fn exposure_teaches_the_weights_and_no_label_or_word() {
        let (plain, with) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let model = |experiment: &Experiment| {
            let store = MemoryStore::new();
            let run = retrain(experiment, &store, study(experiment, &store), 0).run;
            let calibration = load_calibration(&store, run).unwrap().unwrap().fitted;
            (load_classifier(&store, run).unwrap(), calibration)
        };
        let (before, by_default) = model(&experiment(plain.path()));
        let (after, calibration) = model(&exposed(with.path(), &[]));
        assert_eq!((&after.labels, &after.tokenizer), (&before.labels, &before.tokenizer));
        assert_ne!(after.weights.snapshot(), before.weights.snapshot());
        assert_eq!(calibration.choice.unwrap().texts, 3, "a fifth is kept from the twin");
        assert_eq!((by_default.method, by_default.choice), (OutOfScopeMethod::MaxSoftmax, None));

        let (aside, _) = model(&exposed(tempfile::tempdir().unwrap().path(), &[("train.oos_weight", "0")]));
        assert_eq!(aside.weights.snapshot(), before.weights.snapshot(), "only a detector learns");
    }

    #[test]
    fn what_the_method_has_learnt_is_kept_beside_the_calibration() {
        let folder = tempfile::tempdir().unwrap();
        let (experiment, store) = (exposed(folder.path(), &[("train.oos_weight", "0")]), MemoryStore::new());
        let run = retrain(&experiment, &store, study(&experiment, &store), 0).run;
        let calibration = load_calibration(&store, run).unwrap().unwrap().fitted;
        let kept = store.artifacts(run).unwrap().iter().any(|artifact| artifact.name == "scope.safetensors");
        assert_eq!(kept, calibration.method.needs_features());
        assert_eq!(kept, !calibration.models.is_empty());
        let choice = calibration.choice.clone().unwrap();
        assert_eq!(choice.areas.len(), OutOfScopeMethod::ALL.len(), "all were tried: {choice:?}");
        let outside = load_predictions(&store, run, "ood_test").unwrap().unwrap();
        assert_eq!(calibration.scores(&outside).unwrap().len(), 2);
        let methods = load_scope_methods(&store, run).unwrap().unwrap();
        assert_eq!(methods.methods.len(), OutOfScopeMethod::ALL.len());
        let figures = load_figures(&store, run).unwrap().values;
        let of_chosen = &methods.methods[&calibration.method].values;
        assert_eq!(of_chosen["auroc"], figures["oos/auroc_calibrated"]);
        assert_eq!(of_chosen["fpr_at_95_tpr"], figures["oos/fpr_at_95_tpr_calibrated"]);
    }

    #[test]
    fn where_the_final_model_is_asked_itself_it_does_not_see_all_texts_of_no_intent() {
        let folder = tempfile::tempdir().unwrap();
        experiment(folder.path());
        std::fs::write(folder.path().join("dev.tsv"), "fare 98\tairfare\nflight 99\tflight\n").unwrap();
        let experiment = exposed(folder.path(), &[("data.validation.split", "dev")]);
        assert_eq!(experiment.learnt_from().1.len(), 12);
        let store = MemoryStore::new();
        let run = retrain(&experiment, &store, study(&experiment, &store), 0).run;
        let calibration = load_calibration(&store, run).unwrap().unwrap();
        assert_eq!(calibration.fitted.choice.unwrap().texts, 3);
        std::fs::write(folder.path().join("ood_dev.tsv"), "sing\t-\ndance\t-\n").unwrap();
        let experiment = exposed(folder.path(), &[]);
        assert_eq!(
            (experiment.learnt_from().1.len(), experiment.outside_to_choose_by(vec![]).len()),
            (15, 2)
        );
    }

    #[test]
    fn threads_have_no_say_in_what_the_final_stage_comes_to() {
        let folder = tempfile::tempdir().unwrap();
        let experiment = experiment(folder.path());
        let all = [1, 2, 3].map(|threads| {
            let store = MemoryStore::new();
            let study = study(&experiment, &store);
            let run = retrain_with(&experiment, &store, study, 0, threads).run;
            store
                .artifacts(run)
                .unwrap()
                .into_iter()
                .filter(|artifact| artifact.name != "log.txt")
                .collect::<Vec<_>>()
        });
        assert!(all[0].len() > 9 && all[1] == all[0] && all[2] == all[0], "{all:?}");
    }

    #[test]
    fn a_final_stage_that_is_stopped_leaves_no_result() {
        let folder = tempfile::tempdir().unwrap();
        let (experiment, store) = (experiment(folder.path()), MemoryStore::new());
        for threads in [1, 2] {
            let study = study(&experiment, &store);
            let process = ProcessIdentity::current();
            let cancel = AtomicBool::new(false);
            let mut seen = 0;
            let mut watch = |_: &EpochReport| {
                seen += 1;
                cancel.store(true, Ordering::Relaxed);
            };
            let watch = &mut watch;
            let mut stage =
                FinalStage { store: &store, study, process: &process, threads, watch, cancel: &cancel };
            assert_eq!(experiment.retrain(&best(0), &mut stage).unwrap(), None);
            assert_eq!(seen, 1);
            let query = RunQuery { study: Some(study), ..RunQuery::default() };
            assert_eq!(store.runs(&query).unwrap()[0].state, RunState::Interrupted);
            assert!(retrain(&experiment, &store, study, 0).figures.values.len() > 20, "it can go on");
        }
    }

    #[test]
    fn a_twin_that_cannot_be_trained_leaves_the_final_model_without_calibration() {
        let folder = tempfile::tempdir().unwrap();
        experiment(folder.path());
        // Whichever text is held out, the rest has one class.
        std::fs::write(folder.path().join("train.tsv"), "a flight\tflight\nthe fare\tairfare\n").unwrap();
        let text = SPEC.replace("DATA", &folder.path().display().to_string());
        let text = format!("{text}\ndata.validation = {{ folds = 2 }}");
        let spec = Spec::parse(&text, Path::new("small.toml"), &[]).unwrap();
        let (experiment, store) = (Experiment::open(spec).unwrap(), MemoryStore::new());
        let study = study(&experiment, &store);
        let report = retrain(&experiment, &store, study, 0);
        assert_eq!(load_calibration(&store, report.run).unwrap(), None);
        assert!(report.figures.values.contains_key("test/accuracy"));
        assert!(!report.figures.values.contains_key("test/ece_calibrated"));
        let reason = &store.tags(report.run).unwrap()["calibration"];
        assert!(reason.starts_with("none: the training part has 1 examples"), "{reason}");
    }

    #[test]
    fn the_final_stage_runs_once_for_a_trial_and_anew_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let (experiment, store) = (experiment(folder.path()), MemoryStore::new());
        let study = study(&experiment, &store);
        let first = retrain(&experiment, &store, study, 0);
        assert_eq!(retrain(&experiment, &store, study, 0), first);
        let other = retrain(&experiment, &store, study, 3);
        assert_ne!(other.run, first.run);
        let query = RunQuery { kind: Some(RunKind::Final), ..RunQuery::default() };
        assert_eq!(store.runs(&query).unwrap().len(), 2);
    }

    #[test]
    fn texts_shared_with_train_are_counted_as_the_model_sees_them() {
        let folder = tempfile::tempdir().unwrap();
        let shared =
            experiment(folder.path()).texts_shared_with_train().into_iter().collect::<Vec<_>>().len();
        assert_eq!(shared, 1);
        let counted = experiment(folder.path()).texts_shared_with_train()[0].1;
        assert_eq!(counted, 10, "rows 50 to 59 are in both");
        std::fs::write(folder.path().join("extra.tsv"), "x\ty\n").unwrap();
    }
}
