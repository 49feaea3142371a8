//! A model from end to end: what a program that embeds uaic needs.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::measures::{join, measure_scope, measure_split, predict};
use super::{FinalStage, Training, TrainingError, package_of};
use crate::data::Dataset;
use crate::eval::Measures;
use crate::model::Features;
use crate::package::{Package, PredictOptions, Prediction, Predictor};
use crate::platform::{self, ProcessIdentity};
use crate::rng::SeedTree;
use crate::select::resolve_model;
use crate::spec::Spec;
use crate::store::{Id, MemoryStore, Store, StudyState};
use crate::study::{self, Event, Observer, StudySetup, Surroundings, TrialResult};
use crate::trial::{FinishedTrial, Params};

/// A classifier of texts by intent, of any architecture, with its calibration.
///
/// ```
/// use std::path::Path;
///
/// use uaic::IntentClassifier;
/// use uaic::data::Dataset;
/// use uaic::spec::Spec;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let spec = r#"
///     experiment.name = "readme"
///     data.dataset = "data/flights"
///     model = { architecture = "lstm", hidden_dim = 16, embedding_dim = 16, adversarial = 0 }
///     final.epochs = 1
/// "#;
/// let spec = Spec::parse(spec, Path::new("readme.toml"), &[])?;
/// let classifier = IntentClassifier::train(&spec)?;
///
/// let answers = classifier.predict(&["show me flights to oslo", "how do i bake bread"])?;
/// println!("{} ({:.2})", answers[0].label, answers[0].confidence);
/// let measures = classifier.evaluate(&Dataset::open(Path::new("data/flights"))?)?;
/// assert!(measures.values["test/accuracy"].value > 0.3);
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("flights.uaic");
/// classifier.save_package(&path)?;
/// let again = IntentClassifier::from_package(&path)?;
/// assert_eq!(again.predict(&["show me flights to oslo"])?[0], answers[0]);
/// # Ok(())
/// # }
/// ```
pub struct IntentClassifier {
    package: Package,
    predictor: Predictor,
}

impl IntentClassifier {
    /// Trains what a spec describes, with all threads: tunes what it searches, trains the best point
    /// on all training texts, and calibrates it. The same as `uaic run`, to the bit, without a store.
    ///
    /// # Errors
    /// The data are missing or wrong, no trial completes, the training fails, or `final.epochs` is 0.
    pub fn train(spec: &Spec) -> Result<Self, TrainingError> {
        let training = Training::open(spec.clone())?;
        let (store, process) = (MemoryStore::new(), ProcessIdentity::current());
        let study = store.create_study(&training.new_study())?.id;
        store.acquire_study(study, &process)?;
        let cancel = AtomicBool::new(false);
        let best = if spec.search.is_empty() {
            own_point()
        } else {
            search(&training, &store, study, &process, &cancel)?
        };
        let threads = platform::cores();
        let mut stage = FinalStage {
            store: &store,
            study,
            process: &process,
            threads,
            watch: &mut |_| {},
            cancel: &cancel,
        };
        if training.final_epochs() == 0 {
            return Err(TrainingError::Final("final.epochs is 0, so there is no model to keep".to_owned()));
        }
        let report = training.retrain(&best, &mut stage)?;
        let run = report.ok_or_else(|| TrainingError::Final("it was stopped".to_owned()))?.run;
        store.release_study(study, &process, StudyState::Complete)?;
        Self::of(package_of(&store, run)?)
    }

    /// The model of a package, a file or a folder.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn from_package(path: impl AsRef<Path>) -> Result<Self, TrainingError> {
        Self::of(Package::read(path.as_ref())?)
    }

    /// The model that a stored run keeps, selected as on the command line: `@` (the latest run), the
    /// beginning of an id, `attention` (the final run of an experiment's latest study),
    /// `intents@champion` (a registered version) and others, which [`select`](crate::select) lists.
    ///
    /// # Errors
    /// Nothing is selected, the run keeps no model, or what it has stored is damaged.
    pub fn from_run(store: &dyn Store, selector: &str) -> Result<Self, TrainingError> {
        let run = resolve_model(store, selector)?;
        Self::of(package_of(store, run.id)?)
    }

    fn of(package: Package) -> Result<Self, TrainingError> {
        let predictor = package.predictor()?;
        Ok(Self { package, predictor })
    }

    /// What the model says of texts, in their order. An answer does not depend on what texts are
    /// beside one, to the bit.
    ///
    /// # Errors
    /// The model's output is not a number.
    pub fn predict(&self, texts: &[impl AsRef<str> + Sync]) -> Result<Vec<Prediction>, TrainingError> {
        let options = PredictOptions { threads: platform::cores(), ..PredictOptions::default() };
        self.predictor.predict(texts, options).map_err(|error| TrainingError::Final(error.to_string()))
    }

    /// The measures on the test splits of a data set: `test/…`, and `oos/…` where it has out-of-scope
    /// texts; each with its n and a 95 % interval.
    ///
    /// # Errors
    /// There is no split `test`, or the model's output is not a number.
    pub fn evaluate(&self, dataset: &Dataset) -> Result<Measures, TrainingError> {
        let said = |split: &str| {
            let examples = &dataset.split(split)?.examples;
            predict(&self.predictor.classifier, split, examples, Features::Keep)
                .map_err(|error| TrainingError::Final(error.to_string()))
        };
        let (calibration, seeds) = (self.predictor.calibration.as_ref(), SeedTree::new(0));
        let test = said("test")?;
        let mut measures = measure_split("test", &test, calibration, &seeds);
        if dataset.splits.contains_key("ood_test") {
            join(&mut measures, measure_scope(&test, &said("ood_test")?, calibration, &seeds));
        }
        Ok(measures)
    }

    /// Writes the model as a package: one file, or a folder where the path ends with a slash or is
    /// one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save_package(&self, path: impl AsRef<Path>) -> Result<(), TrainingError> {
        let path = path.as_ref();
        let is_folder = path.is_dir() || path.as_os_str().to_string_lossy().ends_with('/');
        if is_folder {
            self.package.write_folder(path)?;
        } else {
            self.package.write_file(path)?;
        }
        Ok(())
    }

    /// The package that it is: its files, and where it comes from.
    pub fn package(&self) -> &Package {
        &self.package
    }
}

/// The spec as it stands, as if it had won a search.
fn own_point() -> TrialResult {
    let trial = FinishedTrial { values: vec![], ..FinishedTrial::complete(0, Params::new(), 0.0) };
    TrialResult { trial, run: Id::random(), reason: None, seconds: 0.0, excluded: false, hidden: false }
}

struct Unwatched;

impl Observer for Unwatched {
    fn notice(&self, _: &Event) {}
}

/// The best point of a spec's search.
fn search(
    training: &Training,
    store: &dyn Store,
    study: Id,
    process: &ProcessIdentity,
    cancel: &AtomicBool,
) -> Result<TrialResult, TrainingError> {
    let spec = training.spec();
    let failed = |why: String| TrainingError::Final(why);
    let setup = StudySetup::new(&spec.search, &spec.study, &training.pruner(), &training.reports())
        .map_err(|error| failed(error.to_string()))?;
    let surroundings = Surroundings {
        store,
        study,
        jobs: platform::cores(),
        process,
        environment: training.environment(),
        observer: &Unwatched,
        cancel,
        deadline: setup.deadline(),
    };
    let outcome = study::run(&setup.plan(spec.study.trials), training, &surroundings)
        .map_err(|error| failed(error.to_string()))?;
    outcome.best().cloned().ok_or_else(|| failed("no trial completed".to_owned()))
}
