//! The built-in objective: train and validate a classifier.

use super::Experiment;
use super::figures::predict;
use super::twins::exposed;
use crate::data::Example;
use crate::eval::{auroc, max_softmax};
use crate::model::{Classifier, Features};
use crate::store::MetricPoint;
use crate::study::{Evaluation, Objective, ObjectiveError, Trial};
use crate::train::{EpochReport, Flow, Scores, Task, TrainError, fit};
use crate::trial::Params;

impl Objective for Experiment {
    /// The mean of the study's metric over the folds, each trained from fresh weights.
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        let training =
            self.spec.at(trial.params).map_err(|error| ObjectiveError::Failed(error.to_string()))?;
        let folds = self.partitions.len();
        let mut finished: Vec<Scores> = Vec::with_capacity(folds);
        let mut areas: Vec<f64> = Vec::new();
        for (fold, partition) in self.partitions.iter().enumerate() {
            let (examples, validation) = partition.of(&self.dataset);
            let (outside, kept) = partition.outside(&self.dataset);
            let task = Task {
                text: &training.text,
                model: &training.model,
                pretrained: self.pretrained.as_ref(),
                train: &training.train,
                epochs: training.train.epochs,
                examples: &examples,
                outside: exposed(&training.train, &outside),
                validation: &validation,
                seeds: trial.seeds.child("fold", fold as u64),
                threads: trial.threads,
            };
            tracing::info!(fold, train = examples.len(), validation = validation.len(), "fold starts");
            let fitted =
                fit(&task, &mut |report| self.watch(trial, fold, report)).map_err(objective_error)?;
            let scores = fitted
                .validation
                .ok_or_else(|| ObjectiveError::Failed("the validation part is empty".to_owned()))?;
            finished.push(scores);
            trial.log(&points("val", &mean(&finished), fold as u64 + 1))?;
            areas.extend(scope_area(&fitted.classifier, validation, kept)?);
            if !areas.is_empty() {
                let mean = areas.iter().sum::<f64>() / areas.len() as f64;
                trial.log(&[point("val/oos_auroc".to_owned(), fold as u64 + 1, mean)])?;
            }
        }
        let value = pick(&mean(&finished), &self.spec.study.metric);
        tracing::info!(value, "trial done");
        Ok(value.into())
    }

    fn config(&self, params: &Params) -> serde_json::Value {
        let training = self.spec.at(params).ok();
        training.and_then(|training| serde_json::to_value(training).ok()).unwrap_or_default()
    }
}

impl Experiment {
    /// Records an epoch of a fold and tells the watchers.
    fn watch(&self, trial: &Trial<'_>, fold: usize, report: &EpochReport) -> Result<Flow, TrainError> {
        let folds = self.partitions.len();
        let prefix = format!("fold={fold}/");
        let step = u64::from(report.epoch);
        let mut record = vec![
            point(format!("{prefix}train/loss"), step, report.loss),
            point(format!("{prefix}train/lr"), step, report.lr),
        ];
        let mut told = format!("epoch {}/{} loss {:.4}", report.epoch, report.epochs, report.loss);
        if folds > 1 {
            told = format!("fold {}/{folds} {told}", fold + 1);
        }
        if let Some(scores) = &report.validation {
            record.extend(points(&format!("{prefix}val"), scores, step));
            told = format!("{told} val/accuracy {:.4}", scores.accuracy);
        }
        trial.log(&record).map_err(|error| TrainError::Watcher(Box::new(error)))?;
        let done = (fold as f64 + f64::from(report.epoch) / f64::from(report.epochs)) / folds as f64;
        tracing::info!("{told}");
        trial.progress(done, told);
        // The last epoch of all is let through: its trial is as good as finished.
        let last = fold + 1 == folds && report.epoch == report.epochs;
        Ok(if trial.is_cancelled() && !last { Flow::Cancel } else { Flow::Continue })
    }
}

/// How well the largest probability tells held-out texts with an intent from those without one; `None`
/// where no fold keeps any of the latter from training.
fn scope_area(
    classifier: &Classifier,
    inside: Vec<&Example>,
    outside: Vec<&Example>,
) -> Result<Option<f64>, ObjectiveError> {
    if outside.is_empty() {
        return Ok(None);
    }
    let of = |examples: Vec<&Example>| {
        let said = predict(classifier, "ood", examples, Features::Omit)?;
        Ok((0..said.len()).map(|text| max_softmax(said.row(text), 1.0)).collect::<Vec<f64>>())
    };
    let failed = |error: candle_core::Error| ObjectiveError::Failed(error.to_string());
    Ok(auroc(&of(inside).map_err(failed)?, &of(outside).map_err(failed)?))
}

/// What a failed training means to a study.
pub(super) fn objective_error(error: TrainError) -> ObjectiveError {
    match error {
        TrainError::Cancelled => ObjectiveError::Cancelled,
        TrainError::Watcher(cause) => match cause.downcast() {
            Ok(store) => ObjectiveError::Store(*store),
            Err(other) => ObjectiveError::Failed(other.to_string()),
        },
        other => ObjectiveError::Failed(other.to_string()),
    }
}

/// One metric point, taken now.
pub(super) fn point(key: String, step: u64, value: f64) -> MetricPoint {
    MetricPoint { key, step, time_ms: jiff::Timestamp::now().as_millisecond(), value }
}

fn points(prefix: &str, scores: &Scores, step: u64) -> [MetricPoint; 4] {
    [
        point(format!("{prefix}/accuracy"), step, scores.accuracy),
        point(format!("{prefix}/f1_macro"), step, scores.f1_macro),
        point(format!("{prefix}/f1_weighted"), step, scores.f1_weighted),
        point(format!("{prefix}/loss"), step, scores.loss),
    ]
}

/// The score that a metric names; see [`crate::spec::METRICS`].
fn pick(scores: &Scores, metric: &str) -> f64 {
    match metric {
        "val/f1_macro" => scores.f1_macro,
        "val/f1_weighted" => scores.f1_weighted,
        "val/loss" => scores.loss,
        _ => scores.accuracy,
    }
}

fn mean(folds: &[Scores]) -> Scores {
    let mean = |score: fn(&Scores) -> f64| folds.iter().map(score).sum::<f64>() / folds.len() as f64;
    Scores {
        accuracy: mean(|scores| scores.accuracy),
        f1_macro: mean(|scores| scores.f1_macro),
        f1_weighted: mean(|scores| scores.f1_weighted),
        loss: mean(|scores| scores.loss),
    }
}
