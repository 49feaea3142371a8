//! The final stage: retrain the best point on all training data, then look at the test split once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::objective::{objective_error, point};
use super::test_figures::test_figures;
use super::{Experiment, ExperimentError};
use crate::data::Example;
use crate::eval::Estimate;
use crate::model::{Classifier, Weights};
use crate::platform::ProcessIdentity;
use crate::run_log::{self, LOG_ARTIFACT};
use crate::spec::TrainingSpec;
use crate::store::{Attempt, Id, NewRun, RunEnd, RunKind, RunQuery, RunRecord, Store, StoreError};
use crate::study::{TrialResult, caught};
use crate::train::{EpochReport, Flow, Task, TrainError, fit};
use crate::trial::RunState;

/// The metric whose value a final run carries.
pub const FINAL_METRIC: &str = "test/accuracy";

/// The metrics of a final run with their intervals, by name, as JSON.
const METRICS_ARTIFACT: &str = "metrics.json";

/// Metrics by name.
type Metrics = BTreeMap<String, Estimate>;

/// What the final stage came to.
#[derive(Clone, Debug, PartialEq)]
pub struct FinalReport {
    /// Its run.
    pub run: Id,
    /// Metrics on the test splits by name, with intervals. Empty when there is no test split.
    pub metrics: Metrics,
}

/// Who executes and records the final stage, and who watches.
pub struct FinalStage<'a> {
    /// Where it is recorded.
    pub store: &'a dyn Store,
    /// The study that it ends.
    pub study: Id,
    /// The process that executes it.
    pub process: &'a ProcessIdentity,
    /// How many threads may share the training.
    pub threads: usize,
    /// Told after each epoch.
    pub watch: &'a mut dyn FnMut(&EpochReport),
    /// Set when it is asked to stop.
    pub cancel: &'a AtomicBool,
}

impl Experiment {
    /// Runs the final stage for the best trial, or gives back what it came to when it has run for
    /// this trial before. `None` when it was cancelled.
    ///
    /// # Errors
    /// The training fails, now or before, or the store does.
    pub fn retrain(
        &self,
        best: &TrialResult,
        stage: &mut FinalStage<'_>,
    ) -> Result<Option<FinalReport>, ExperimentError> {
        let number = best.trial.number;
        match earlier(stage, number)? {
            Some(run) if run.state == RunState::Complete => return report_of(stage.store, run.id).map(Some),
            // It would fail again in the same way.
            Some(run) if run.state == RunState::Failed => {
                return Err(ExperimentError::Final(run.reason.unwrap_or_default()));
            }
            _ => {}
        }
        let params = &best.trial.params;
        let training = self.spec.at(params).map_err(|error| ExperimentError::Final(error.to_string()))?;
        let attempt = stage.store.start_run(&NewRun {
            study: stage.study,
            kind: RunKind::Final,
            number: Some(number),
            params: params.clone(),
            config: serde_json::to_value(&training).unwrap_or_default(),
            process: stage.process.clone(),
            environment: self.environment.clone(),
        })?;
        let (outcome, log) = run_log::capture(|| caught(|| self.train_and_test(&training, attempt, stage)));
        let outcome = outcome.unwrap_or_else(|panic| Err(ExperimentError::Final(panic)));
        let (state, reason) = match &outcome {
            Ok(Some(_)) => (RunState::Complete, None),
            // What the store could not take may work next time.
            Ok(None) | Err(ExperimentError::Store(_)) => (RunState::Interrupted, None),
            Err(error) => (RunState::Failed, Some(error.to_string())),
        };
        let metrics = outcome.as_ref().ok().and_then(Option::as_ref);
        let value = metrics.and_then(|metrics| metrics.get(FINAL_METRIC)).map(|estimate| estimate.value);
        let kept = stage.store.put_artifact(attempt, LOG_ARTIFACT, log.as_bytes());
        let ended = stage.store.finish_run(attempt, &RunEnd { state, value, reason });
        let metrics = outcome?;
        kept?;
        ended?;
        Ok(metrics.map(|metrics| FinalReport { run: attempt.run, metrics }))
    }

    fn train_and_test(
        &self,
        training: &TrainingSpec,
        attempt: Attempt,
        stage: &mut FinalStage<'_>,
    ) -> Result<Option<Metrics>, ExperimentError> {
        let seeds = self.seeds().child("final", 0);
        let task = Task {
            text: &training.text,
            model: &training.model,
            train: &training.train,
            epochs: self.spec.final_stage.epochs,
            examples: &self.train_examples().iter().collect::<Vec<&Example>>(),
            validation: &[],
            seeds: seeds.child("fit", 0),
            threads: stage.threads,
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
            Err(error) => return Err(objective_error(error).into()),
        };
        save(&classifier, training, attempt, store)?;
        let metrics = test_figures(&classifier, &self.dataset, &mut seeds.rng("bootstrap"))
            .map_err(|error| ExperimentError::Final(error.to_string()))?;
        let step = u64::from(self.spec.final_stage.epochs);
        let record: Vec<_> =
            metrics.iter().map(|(key, estimate)| point(key.clone(), step, estimate.value)).collect();
        store.log_metrics(attempt, &record)?;
        store.put_artifact(attempt, METRICS_ARTIFACT, &json(&metrics))?;
        for (split, shared) in self.texts_shared_with_train() {
            tracing::info!("{shared} {split} texts also occur in train");
            store.set_tag(attempt.run, &format!("data.{split}_texts_in_train"), &shared.to_string())?;
        }
        Ok(Some(metrics))
    }
}

/// The final run that a study has for this trial.
fn earlier(stage: &FinalStage<'_>, number: u32) -> Result<Option<RunRecord>, StoreError> {
    let query = RunQuery {
        study: Some(stage.study),
        kind: Some(RunKind::Final),
        number: Some(number),
        include_hidden: true,
        ..RunQuery::default()
    };
    Ok(stage.store.runs(&query)?.into_iter().next())
}

/// The report of a final run that has completed.
fn report_of(store: &dyn Store, run: Id) -> Result<FinalReport, ExperimentError> {
    let bytes = store.read_artifact(run, METRICS_ARTIFACT)?;
    let metrics = serde_json::from_slice(&bytes).map_err(|error| StoreError::Malformed {
        what: "final metrics artifact",
        detail: error.to_string(),
    })?;
    Ok(FinalReport { run, metrics })
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

/// The classifier that a final run has saved.
///
/// # Errors
/// The run has none, or what it saved is damaged.
pub fn load_classifier(store: &dyn Store, run: Id) -> Result<Classifier, ExperimentError> {
    fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
        serde_json::from_slice(bytes)
            .map_err(|error| StoreError::Malformed { what: "saved classifier", detail: error.to_string() })
    }
    let read = |name: &str| store.read_artifact(run, name);
    let config = parse(&read("model/config.json")?)?;
    let tokenizer = parse(&read("model/tokenizer.json")?)?;
    let labels = parse(&read("model/labels.json")?)?;
    let weights = Weights::from_safetensors(&read("model/weights.safetensors")?);
    weights
        .and_then(|weights| Classifier::new(&config, tokenizer, labels, weights))
        .map_err(|error| ExperimentError::Final(error.to_string()))
}

/// Plain records of strings and finite numbers always become JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}
