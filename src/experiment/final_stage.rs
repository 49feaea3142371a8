//! The final stage: retrain the best point on all training data, then look at the test split once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::objective::point;
use super::{Experiment, ExperimentError, METRICS_ARTIFACT};
use crate::data::{Dataset, Example};
use crate::eval::{Average, Confusion, Estimate, any_gold_accuracy, auroc, bootstrap, log_loss, wilson};
use crate::model::{Classifier, Prediction};
use crate::platform::ProcessIdentity;
use crate::run_log::{self, LOG_ARTIFACT};
use crate::spec::TrainingSpec;
use crate::store::{Attempt, Id, NewRun, RunEnd, RunKind, RunQuery, Store, StoreError};
use crate::study::caught;
use crate::train::{EpochReport, Flow, Task, TrainError, fit};
use crate::trial::{Params, RunState};

/// The metric whose value a final run carries.
pub const FINAL_METRIC: &str = "test/accuracy";

/// Resamples behind each bootstrap interval.
const RESAMPLES: usize = 1000;

/// What the final stage came to.
#[derive(Clone, Debug, PartialEq)]
pub struct FinalReport {
    /// Its run.
    pub run: Id,
    /// Metrics on the test splits by name, with intervals. Empty when there is no test split.
    pub metrics: BTreeMap<String, Estimate>,
}

/// Who executes and records the final stage, and who watches.
pub struct FinalStage<'a> {
    /// Where it is recorded.
    pub store: &'a dyn Store,
    /// The study that it ends.
    pub study: Id,
    /// The process that executes it.
    pub process: &'a ProcessIdentity,
    /// Told after each epoch.
    pub watch: &'a mut dyn FnMut(&EpochReport),
    /// Set when it is asked to stop.
    pub cancel: &'a AtomicBool,
}

impl Experiment {
    /// Runs the final stage for `params`, or gives back what it came to when it has run before.
    /// `None` when it was cancelled.
    ///
    /// # Errors
    /// The training fails, or the store does.
    pub fn retrain(
        &self,
        params: &Params,
        stage: &mut FinalStage<'_>,
    ) -> Result<Option<FinalReport>, ExperimentError> {
        if let Some(report) = finished(stage.store, stage.study)? {
            return Ok(Some(report));
        }
        let training = self.spec.at(params).map_err(|error| ExperimentError::Final(error.to_string()))?;
        let attempt = stage.store.start_run(&NewRun {
            study: stage.study,
            kind: RunKind::Final,
            number: None,
            params: params.clone(),
            config: serde_json::to_value(&training).unwrap_or_default(),
            process: stage.process.clone(),
            environment: self.environment.clone(),
        })?;
        let (outcome, log) = run_log::capture(|| caught(|| self.train_and_test(&training, attempt, stage)));
        stage.store.put_artifact(attempt, LOG_ARTIFACT, log.as_bytes())?;
        let outcome = outcome.unwrap_or_else(|panic| Err(ExperimentError::Final(panic)));
        let (state, reason) = match &outcome {
            Ok(Some(_)) => (RunState::Complete, None),
            Ok(None) => (RunState::Interrupted, None),
            Err(error) => (RunState::Failed, Some(error.to_string())),
        };
        let tested =
            outcome.as_ref().ok().and_then(Option::as_ref).and_then(|metrics| metrics.get(FINAL_METRIC));
        let value = tested.map(|estimate| estimate.value);
        stage.store.finish_run(attempt, &RunEnd { state, value, reason })?;
        Ok(outcome?.map(|metrics| FinalReport { run: attempt.run, metrics }))
    }

    fn train_and_test(
        &self,
        training: &TrainingSpec,
        attempt: Attempt,
        stage: &mut FinalStage<'_>,
    ) -> Result<Option<BTreeMap<String, Estimate>>, ExperimentError> {
        let seeds = self.seeds().child("final", 0);
        let examples: Vec<&Example> = self.train_examples().iter().collect();
        let task = Task {
            text: &training.text,
            model: &training.model,
            train: &training.train,
            epochs: self.spec.final_stage.epochs,
            examples: &examples,
            validation: &[],
            seeds: seeds.child("fit", 0),
        };
        let store = stage.store;
        let fitted = fit(&task, &mut |report| {
            let step = u64::from(report.epoch);
            let record = [
                point("train/loss".to_owned(), step, report.loss),
                point("train/lr".to_owned(), step, report.lr),
            ];
            store.log_metrics(attempt, &record).map_err(|error| TrainError::Watcher(Box::new(error)))?;
            tracing::info!("epoch {}/{} loss {:.4}", report.epoch, report.epochs, report.loss);
            (stage.watch)(report);
            let stop = stage.cancel.load(Ordering::Relaxed) && report.epoch < report.epochs;
            Ok(if stop { Flow::Cancel } else { Flow::Continue })
        });
        let classifier = match fitted {
            Ok(fitted) => fitted.classifier,
            Err(TrainError::Cancelled) => return Ok(None),
            Err(error) => return Err(ExperimentError::Final(error.to_string())),
        };
        save(&classifier, training, attempt, store)?;
        let metrics = test(&classifier, &self.dataset, &mut seeds.rng("bootstrap"))
            .map_err(|error| ExperimentError::Final(error.to_string()))?;
        let step = u64::from(self.spec.final_stage.epochs);
        let record: Vec<_> =
            metrics.iter().map(|(key, estimate)| point(key.clone(), step, estimate.value)).collect();
        store.log_metrics(attempt, &record)?;
        store.put_artifact(attempt, METRICS_ARTIFACT, &json(&stored(&metrics)))?;
        let leaked = self.test_texts_in_train();
        if leaked > 0 {
            tracing::warn!("{leaked} test texts also occur in train");
            store.set_tag(attempt.run, "data.test_texts_in_train", &leaked.to_string())?;
        }
        Ok(Some(metrics))
    }

    fn test_texts_in_train(&self) -> usize {
        let train: BTreeSet<&str> =
            self.train_examples().iter().map(|example| example.text.as_str()).collect();
        let test = self.dataset.splits.get("test").map_or(&[][..], |split| &split.examples);
        test.iter().filter(|example| train.contains(example.text.as_str())).count()
    }
}

/// The report of a study's final stage, when it has completed before.
fn finished(store: &dyn Store, study: Id) -> Result<Option<FinalReport>, StoreError> {
    let query = RunQuery {
        study: Some(study),
        kind: Some(RunKind::Final),
        include_hidden: true,
        ..RunQuery::default()
    };
    let Some(run) = store.runs(&query)?.into_iter().find(|run| run.state == RunState::Complete) else {
        return Ok(None);
    };
    let bytes = store.read_artifact(run.id, METRICS_ARTIFACT)?;
    let metrics: BTreeMap<String, StoredEstimate> = serde_json::from_slice(&bytes).map_err(|error| {
        StoreError::Malformed { what: "final metrics artifact", detail: error.to_string() }
    })?;
    let metrics = metrics
        .into_iter()
        .map(|(key, StoredEstimate { value, n, low, high })| (key, Estimate { value, n, low, high }))
        .collect();
    Ok(Some(FinalReport { run: run.id, metrics }))
}

#[derive(Serialize, Deserialize)]
struct StoredEstimate {
    value: f64,
    n: usize,
    low: f64,
    high: f64,
}

fn stored(metrics: &BTreeMap<String, Estimate>) -> BTreeMap<&str, StoredEstimate> {
    metrics
        .iter()
        .map(|(key, &Estimate { value, n, low, high })| {
            (key.as_str(), StoredEstimate { value, n, low, high })
        })
        .collect()
}

/// Stores all that is needed to predict.
fn save(
    classifier: &Classifier,
    training: &TrainingSpec,
    attempt: Attempt,
    store: &dyn Store,
) -> Result<(), ExperimentError> {
    let weights =
        classifier.weights.to_safetensors().map_err(|error| ExperimentError::Final(error.to_string()))?;
    store.put_artifact(attempt, "model/weights.safetensors", &weights)?;
    store.put_artifact(attempt, "model/config.json", &json(&training.model))?;
    store.put_artifact(attempt, "model/tokenizer.json", &json(&classifier.tokenizer))?;
    store.put_artifact(attempt, "model/labels.json", &json(&classifier.labels))?;
    Ok(())
}

/// Plain records of strings and finite numbers always become JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}

/// Evaluates a classifier on the test split, and on out-of-scope texts where there are any.
fn test(
    classifier: &Classifier,
    dataset: &Dataset,
    rng: &mut crate::rng::ChaCha8Rng,
) -> candle_core::Result<BTreeMap<String, Estimate>> {
    let mut metrics = BTreeMap::new();
    let Some(split) = dataset.splits.get("test") else { return Ok(metrics) };
    let predict = |examples: &[Example]| {
        let texts: Vec<Vec<u32>> =
            examples.iter().map(|example| classifier.tokenizer.encode(&example.text)).collect();
        classifier.predict(&texts)
    };
    let predictions = predict(&split.examples)?;
    let mut add = |key: &str, estimate: Option<Estimate>| {
        if let Some(estimate) = estimate {
            metrics.insert(key.to_owned(), estimate);
        }
    };
    let outcome = Outcome::new(classifier, &split.examples, &predictions);
    let n = predictions.len();
    let right = (0..n).filter(|&i| outcome.gold[i] == outcome.predicted[i]).count();
    add(FINAL_METRIC, wilson(right, n));
    let named =
        |i: usize| (split.examples[i].label.as_str(), classifier.labels[outcome.predicted[i]].as_str());
    let any = any_gold_accuracy((0..n).map(named)).map(|share| (share * n as f64).round() as usize);
    add("test/accuracy_any", any.and_then(|right| wilson(right, n)));
    add("test/f1_macro", bootstrap(n, RESAMPLES, rng, |sample| outcome.confusion(sample).f1(Average::Macro)));
    add(
        "test/f1_weighted",
        bootstrap(n, RESAMPLES, rng, |sample| outcome.confusion(sample).f1(Average::Weighted)),
    );
    add("test/loss", bootstrap(n, RESAMPLES, rng, |sample| outcome.loss(sample)));
    if let Some(out_of_scope) = dataset.splits.get("ood_test") {
        let confidence = |predictions: &[Prediction]| -> Vec<f64> {
            predictions
                .iter()
                .map(|prediction| f64::from(prediction.probabilities[prediction.label]))
                .collect()
        };
        let (inside, outside) = (confidence(&predictions), confidence(&predict(&out_of_scope.examples)?));
        let all = inside.len() + outside.len();
        add(
            "oos/auroc",
            bootstrap(all, RESAMPLES, rng, |sample| {
                let (mut positives, mut negatives) = (Vec::new(), Vec::new());
                for &i in sample {
                    match outside.get(i.wrapping_sub(inside.len())) {
                        Some(&score) => negatives.push(score),
                        None => positives.push(inside[i]),
                    }
                }
                auroc(&positives, &negatives)
            }),
        );
    }
    Ok(metrics)
}

/// Gold and predicted labels as numbers; labels unknown to the classifier have numbers of their
/// own.
struct Outcome {
    classes: usize,
    gold: Vec<usize>,
    predicted: Vec<usize>,
    /// Probability given to the gold label; `None` for unknown ones.
    gold_probability: Vec<Option<f64>>,
}

impl Outcome {
    fn new(classifier: &Classifier, examples: &[Example], predictions: &[Prediction]) -> Self {
        let known: BTreeSet<&str> = classifier.labels.iter().map(String::as_str).collect();
        let unknown: BTreeSet<&str> = examples
            .iter()
            .map(|example| example.label.as_str())
            .filter(|label| !known.contains(label))
            .collect();
        let numbers: BTreeMap<&str, usize> = classifier
            .labels
            .iter()
            .map(String::as_str)
            .chain(unknown)
            .enumerate()
            .map(|(number, label)| (label, number))
            .collect();
        let gold: Vec<usize> = examples.iter().map(|example| numbers[example.label.as_str()]).collect();
        let gold_probability = predictions
            .iter()
            .zip(&gold)
            .map(|(prediction, &label)| prediction.probabilities.get(label).map(|&p| f64::from(p)))
            .collect();
        Self {
            classes: numbers.len(),
            predicted: predictions.iter().map(|prediction| prediction.label).collect(),
            gold,
            gold_probability,
        }
    }

    fn confusion(&self, sample: &[usize]) -> Confusion {
        let gold: Vec<usize> = sample.iter().map(|&i| self.gold[i]).collect();
        let predicted: Vec<usize> = sample.iter().map(|&i| self.predicted[i]).collect();
        Confusion::count(self.classes, &gold, &predicted)
    }

    fn loss(&self, sample: &[usize]) -> Option<f64> {
        let probabilities: Vec<f64> = sample.iter().filter_map(|&i| self.gold_probability[i]).collect();
        log_loss(&probabilities)
    }
}
