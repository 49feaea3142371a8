//! The built-in objective: train and validate a classifier.

use super::calibration_twin::exposed;
use super::measures::predict;
use super::{OF_FOLD, Training};
use crate::data::Example;
use crate::eval::{auroc, max_softmax};
use crate::model::{Classifier, Features};
use crate::number::shown;
use crate::spec::{Constraint, TrainingSpec};
use crate::store::MetricPoint;
use crate::study::{Evaluation, Objective, ObjectiveError, Trial};
use crate::train::{EpochReport, Flow, Scores, Task, TrainError, fit};
use crate::trial::Params;

/// What the folds that are trained came to.
#[derive(Default)]
struct FoldResults {
    scores: Vec<Scores>,
    /// How well texts with an intent are told from others, of the folds that keep some of the latter.
    areas: Vec<f64>,
    /// Weights of the last model.
    parameters: f64,
}

impl FoldResults {
    /// What a metric of the study is.
    fn value(&self, metric: &str) -> f64 {
        match metric {
            "model/parameters" => self.parameters,
            metric => pick(&mean(&self.scores), metric),
        }
    }
}

impl Objective for Training {
    /// The mean of the study's metric over the folds, each trained from fresh weights.
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        let settings =
            self.spec.at(trial.params).map_err(|error| ObjectiveError::Failed(error.to_string()))?;
        let mut results = FoldResults::default();
        for fold in 0..self.partitions.len() {
            let (classifier, scores) = self.train_fold(trial, &settings, fold)?;
            self.record_fold(trial, fold, &classifier, scores, &mut results)?;
        }
        let folds = self.partitions.len() as u64;
        trial.log(&[point("model/parameters".to_owned(), folds, results.parameters)])?;
        let study = &self.spec.study;
        let values: Vec<f64> = study.metrics().into_iter().map(|metric| results.value(metric)).collect();
        let missed = |constraint: &Constraint| constraint.violation(|metric| Some(results.value(metric)));
        let violation = study.constraints().iter().map(missed).sum();
        tracing::info!(?values, "trial done");
        Ok(Evaluation { values, violation })
    }

    fn config(&self, params: &Params) -> serde_json::Value {
        let settings = self.spec.at(params).ok();
        settings.and_then(|settings| serde_json::to_value(settings).ok()).unwrap_or_default()
    }
}

impl Training {
    /// Trains a fold from fresh weights.
    fn train_fold(
        &self,
        trial: &Trial<'_>,
        settings: &TrainingSpec,
        fold: usize,
    ) -> Result<(Classifier, Scores), ObjectiveError> {
        let partition = &self.partitions[fold];
        let (examples, validation) = partition.of(&self.dataset);
        let (outside, _) = partition.outside(&self.dataset);
        let task = Task {
            text: &settings.text,
            model: &settings.model,
            pretrained: self.pretrained.as_ref(),
            train: &settings.train,
            epochs: settings.train.epochs,
            examples: &examples,
            outside: exposed(&settings.train, &outside),
            validation: &validation,
            seeds: trial.seeds.child("fold", fold as u64),
            threads: trial.threads,
        };
        tracing::info!(fold, train = examples.len(), validation = validation.len(), "fold starts");
        let mut stopped = None;
        let fitted = fit(&task, &mut |report| self.watch(trial, fold, report, &mut stopped));
        let fitted = fitted.map_err(|error| stopped.take().unwrap_or_else(|| objective_error(error)))?;
        let scores = fitted
            .validation
            .ok_or_else(|| ObjectiveError::Failed("the validation part is empty".to_owned()))?;
        Ok((fitted.classifier, scores))
    }

    /// Records what the folds so far have come to, with another one.
    fn record_fold(
        &self,
        trial: &Trial<'_>,
        fold: usize,
        classifier: &Classifier,
        scores: Scores,
        results: &mut FoldResults,
    ) -> Result<(), ObjectiveError> {
        let (folds, partition) = (self.partitions.len(), &self.partitions[fold]);
        let own = pick(&scores, &self.spec.study.metric);
        let step = fold as u64 + 1;
        results.scores.push(scores);
        results.parameters = classifier.weights.parameters() as f64;
        trial.log(&points("val", &mean(&results.scores), step))?;
        let inside = partition.of(&self.dataset).1;
        let outside = partition.outside(&self.dataset).1;
        results.areas.extend(scope_area(classifier, inside, outside)?);
        if !results.areas.is_empty() {
            let mean = results.areas.iter().sum::<f64>() / results.areas.len() as f64;
            trial.log(&[point("val/oos_auroc".to_owned(), step, mean)])?;
        }
        if folds > 1 { self.report_fold(trial, (fold, folds), own, &results.scores) } else { Ok(()) }
    }

    /// Records an epoch of a fold and tells the watchers.
    /// `stopped` is why the trial ends here, where it does.
    fn watch(
        &self,
        trial: &Trial<'_>,
        fold: usize,
        report: &EpochReport,
        stopped: &mut Option<ObjectiveError>,
    ) -> Result<Flow, TrainError> {
        let folds = self.partitions.len();
        let prefix = format!("fold={fold}/");
        let step = u64::from(report.epoch);
        let mut record = vec![
            point(format!("{prefix}train/loss"), step, report.loss),
            point(format!("{prefix}train/lr"), step, report.lr),
        ];
        let mut told = format!("epoch {}/{} loss {}", report.epoch, report.epochs, shown(report.loss));
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
        if let (1, false, Some(scores)) = (folds, last, &report.validation) {
            *stopped = trial.report(step, pick(scores, &self.spec.study.metric)).err();
            if stopped.is_some() {
                return Ok(Flow::Cancel);
            }
        }
        Ok(if trial.is_cancelled() && !last { Flow::Cancel } else { Flow::Continue })
    }
}

impl Training {
    /// Records what a fold alone has come to, and tells the pruner, which may stop all but the last.
    fn report_fold(
        &self,
        trial: &Trial<'_>,
        (fold, folds): (usize, usize),
        own: f64,
        finished: &[Scores],
    ) -> Result<(), ObjectiveError> {
        let metric = &self.spec.study.metric;
        let step = fold as u64 + 1;
        trial.log(&[point(format!("{OF_FOLD}{metric}"), step, own)])?;
        let value = if self.reports() == *metric { pick(&mean(finished), metric) } else { own };
        let told = trial.report(step, value);
        if fold + 1 == folds { Ok(()) } else { told }
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
