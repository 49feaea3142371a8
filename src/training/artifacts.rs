//! What a final run leaves behind: its model, predictions, calibration and measures, as artifacts.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::TrainingError;
use crate::eval::{Calibration, Measures, OutOfScopeMethod, Predictions, ScopeModels};
use crate::model::{Classifier, Weights};
use crate::store::{Attempt, Id, Store, StoreError};
use crate::text::Tokenizer;

/// The metrics of a final run with their intervals, by name, as JSON.
const METRICS: &str = "metrics.json";

/// The metrics that have no value, and why, by name, as JSON.
const ABSENT: &str = "metrics_absent.json";

/// Temperature, out-of-scope method and threshold, as JSON.
const CALIBRATION: &str = "calibration.json";

/// What that method has learnt, where it learns.
const SCOPE: &str = "scope.safetensors";

/// How every out-of-scope method does on test texts, by its name, as JSON.
const SCOPE_METHODS: &str = "scope_methods.json";

/// A calibration and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedCalibration {
    /// The version of the format.
    pub schema: u32,
    /// On what it was fitted, in words.
    pub how: String,
    /// How many validation texts were left out, because they also occur among those that the model
    /// was trained on.
    pub left_out: usize,
    /// What was fitted.
    #[serde(flatten)]
    pub fitted: Calibration,
}

/// How out-of-scope methods do on test texts; only the one of the calibration was chosen, and not by
/// these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScopeMethods {
    /// The version of the format.
    pub schema: u32,
    /// The temperature of the methods that have one.
    pub temperature: f64,
    /// `auroc`, `aupr_in`, `aupr_out` and `fpr_at_95_tpr` by method.
    pub methods: BTreeMap<OutOfScopeMethod, Measures>,
}

/// Writes the artifacts of one attempt.
pub(super) struct ArtifactWriter<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) attempt: Attempt,
}

impl ArtifactWriter<'_> {
    /// All that is needed to predict.
    pub(super) fn put_model(&self, classifier: &Classifier) -> Result<(), TrainingError> {
        let weights =
            classifier.weights.to_safetensors().map_err(|error| TrainingError::Final(error.to_string()))?;
        self.put("model/weights.safetensors", &weights)?;
        self.put("model/config.json", &json(&classifier.spec))?;
        let tokenizer =
            classifier.tokenizer.to_json().map_err(|error| TrainingError::Final(error.to_string()))?;
        self.put("model/tokenizer.json", &tokenizer)?;
        self.put("model/labels.json", &json(&classifier.labels))
    }

    pub(super) fn put_predictions(
        &self,
        split: &str,
        predictions: &Predictions,
    ) -> Result<(), TrainingError> {
        let artifact = predictions_of(split);
        match predictions.to_safetensors() {
            Ok(bytes) => self.put(&artifact, &bytes),
            Err(source) => Err(TrainingError::Predictions { artifact, source }),
        }
    }

    pub(super) fn put_calibration(&self, calibration: &FittedCalibration) -> Result<(), TrainingError> {
        let models = &calibration.fitted.models;
        // First, as nobody looks for it without the other.
        if !models.is_empty() {
            self.put(SCOPE, &models.to_safetensors()?)?;
        }
        self.put(CALIBRATION, &json(calibration))
    }

    pub(super) fn put_scope_methods(&self, methods: &ScopeMethods) -> Result<(), TrainingError> {
        self.put(SCOPE_METHODS, &json(methods))
    }

    pub(super) fn put_measures(&self, measures: &Measures) -> Result<(), TrainingError> {
        self.put(ABSENT, &json(&measures.absent))?;
        self.put(METRICS, &json(&measures.values))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), TrainingError> {
        self.store.put_artifact(self.attempt, name, bytes)?;
        Ok(())
    }
}

/// The measures of a final run that has completed.
///
/// # Errors
/// There is no such run, or it has none.
pub fn load_measures(store: &dyn Store, run: Id) -> Result<Measures, TrainingError> {
    let values = parse("final metrics artifact", &store.read_artifact(run, METRICS)?)?;
    // Runs of earlier versions did not say what they lack.
    let absent = match read(store, run, ABSENT)? {
        Some(bytes) => parse("artifact of absent metrics", &bytes)?,
        None => BTreeMap::new(),
    };
    Ok(Measures { values, absent })
}

/// The classifier that a final run has saved.
///
/// # Errors
/// The run has none, or what it saved is damaged.
pub fn load_classifier(store: &dyn Store, run: Id) -> Result<Classifier, TrainingError> {
    fn of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
        parse("saved classifier", bytes)
    }
    let read = |name: &str| store.read_artifact(run, name);
    let config = of(&read("model/config.json")?)?;
    let tokenizer = Tokenizer::from_json(&read("model/tokenizer.json")?)
        .map_err(|error| StoreError::Malformed { what: "saved tokenizer", detail: error.to_string() })?;
    let labels = of(&read("model/labels.json")?)?;
    let weights = Weights::from_safetensors(&read("model/weights.safetensors")?);
    weights
        .and_then(|weights| Classifier::new(&config, tokenizer, labels, weights))
        .map_err(|error| TrainingError::Final(error.to_string()))
}

/// What the model of a final run said of the texts of a split (`train`, `validation`, `test`, `ood`,
/// `ood_test`); `None` when the run has stored none of it.
///
/// # Errors
/// There is no such run, or what it has stored is damaged.
pub fn load_predictions(
    store: &dyn Store,
    run: Id,
    split: &str,
) -> Result<Option<Predictions>, TrainingError> {
    let artifact = predictions_of(split);
    let Some(bytes) = read(store, run, &artifact)? else { return Ok(None) };
    Predictions::from_safetensors(&bytes)
        .map(Some)
        .map_err(|source| TrainingError::Predictions { artifact, source })
}

/// The calibration of a final run; `None` when it has none.
///
/// # Errors
/// There is no such run, or what it has stored is damaged.
pub fn load_calibration(store: &dyn Store, run: Id) -> Result<Option<FittedCalibration>, TrainingError> {
    let Some(bytes) = read(store, run, CALIBRATION)? else { return Ok(None) };
    let mut calibration: FittedCalibration = parse("calibration artifact", &bytes)?;
    if calibration.fitted.method.needs_features() {
        calibration.fitted.models = ScopeModels::from_safetensors(&store.read_artifact(run, SCOPE)?)?;
    }
    Ok(Some(calibration))
}

/// How every out-of-scope method does on the test texts of a final run; `None` when it has no such
/// texts, or was made by an earlier version.
///
/// # Errors
/// There is no such run, or what it has stored is damaged.
pub fn load_scope_methods(store: &dyn Store, run: Id) -> Result<Option<ScopeMethods>, TrainingError> {
    let Some(bytes) = read(store, run, SCOPE_METHODS)? else { return Ok(None) };
    Ok(Some(parse("artifact of out-of-scope methods", &bytes)?))
}

/// The artifact with the predictions for a split.
fn predictions_of(split: &str) -> String {
    format!("predictions/{split}.safetensors")
}

/// The content of an artifact that need not be there.
fn read(store: &dyn Store, run: Id, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    // Asked for by name, a missing run and a missing artifact would look alike.
    if store.artifacts(run)?.iter().all(|stored| stored.name != name) {
        return Ok(None);
    }
    store.read_artifact(run, name).map(Some)
}

fn parse<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Malformed { what, detail: error.to_string() })
}

/// Plain records of strings and finite numbers always become JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Features;
    use crate::store::MemoryStore;
    use crate::training::measures::{join, measure_scope, measure_split, predict};
    use crate::training::testing::{retrain, small, study};

    #[test]
    fn what_the_final_run_saves_is_all_that_predicting_needs() {
        let folder = tempfile::tempdir().unwrap();
        let (training, store) = (small(folder.path()), MemoryStore::new());
        let study = study(&training, &store);
        let report = retrain(&training, &store, study, 0);

        let classifier = load_classifier(&store, report.run).unwrap();
        let calibration = load_calibration(&store, report.run).unwrap().unwrap().fitted;
        let seeds = training.seeds().child("final", 0);
        let said = |split: &str| {
            let examples = &training.dataset().splits[split].examples;
            let said = predict(&classifier, split, examples, Features::Keep).unwrap();
            assert_eq!(load_predictions(&store, report.run, split).unwrap().unwrap(), said);
            said
        };
        let (test, outside) = (said("test"), said("ood_test"));
        let mut measures = measure_split("test", &test, Some(&calibration), &seeds);
        join(&mut measures, measure_scope(&test, &outside, Some(&calibration), &seeds));
        assert_eq!(measures, report.measures);
        assert_eq!(load_measures(&store, report.run).unwrap(), report.measures);
        assert_eq!(measures.values["test/accuracy"].n, 31);
        assert_eq!(measures.values["test/loss"].n, 30, "an unknown label has no probability");
        assert_eq!(measures.values["oos/auroc"].n, 33);
        assert_eq!(measures.values["oos/recall"].n, 2);
        assert!(measures.values.contains_key("test/loss_calibrated"));
        let train = load_predictions(&store, report.run, "train").unwrap().unwrap();
        assert_eq!((train.len(), train.features.len()), (60, 0));
        assert_eq!(load_predictions(&store, report.run, "dev").unwrap(), None);
        assert!(load_predictions(&store, Id::random(), "test").is_err());
    }
}
