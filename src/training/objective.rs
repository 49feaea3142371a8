//! The built-in objective: train and validate a classifier.

use super::Training;
use super::calibration_twin::exposed;
use super::measures::predict;
use crate::data::Example;
use crate::eval::{auroc, max_softmax};
use crate::model::{Classifier, Features, ModelError};
use crate::number::shown;
use crate::spec::{Constraint, METRICS, TrainingSpec};
use crate::store::MetricPoint;
use crate::study::{Evaluation, Objective, ObjectiveError, Trial};
use crate::train::{EpochReport, FitError, Flow, Scores, Task, TrainError, fit};
use crate::trial::{Fold, Goal, MetricKey, Params};

/// What the folds that are trained came to.
#[derive(Default)]
struct FoldResults {
    scores: Vec<Scores>,
    /// How well texts with an intent are told from others, of the folds that keep some of the latter.
    areas: Vec<f64>,
    /// Weights of the last model.
    parameters: f64,
}

impl Objective for Training {
    /// The means of the study's metrics over the folds, each trained from fresh weights.
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        self.check_metrics()?;
        let settings =
            self.spec.at(trial.params).map_err(|error| ObjectiveError::Failed(error.to_string()))?;
        let folds = self.partitions.len();
        let mut results = FoldResults::default();
        for fold in 0..folds {
            let (classifier, scores) = self.train_fold(trial, &settings, fold)?;
            self.record_fold(trial, fold, &classifier, scores, &mut results)?;
        }
        let means = mean(&results.scores);
        let of = |metric: &str| match metric {
            PARAMETERS => Some(results.parameters),
            metric => score(&means, metric),
        };
        trial.log(&[point(PARAMETERS.to_owned(), folds as u64, results.parameters)])?;
        let study = &self.spec.study;
        let value = |goal: &Goal| of(&goal.metric).ok_or_else(|| unknown(&goal.metric));
        let values: Vec<f64> = study.goals.iter().map(value).collect::<Result<_, _>>()?;
        let violation = study.feasible.iter().map(|constraint| constraint.violation(of)).sum();
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
        let fitted = fit(&task, |report| self.watch(trial, fold, report)).map_err(objective_error)?;
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
        let own = score(&scores, self.spec.study.goals.metric());
        let step = fold as u64 + 1;
        results.scores.push(scores);
        results.parameters = classifier.weights.parameters() as f64;
        trial.log(&points(|name| MetricKey::new("val", name), &mean(&results.scores), step))?;
        let inside = partition.of(&self.dataset).1;
        let outside = partition.outside(&self.dataset).1;
        results.areas.extend(scope_area(classifier, inside, outside)?);
        if !results.areas.is_empty() {
            let mean = results.areas.iter().sum::<f64>() / results.areas.len() as f64;
            trial.log(&[point("val/oos_auroc".to_owned(), step, mean)])?;
        }
        match (folds, own) {
            (2.., Some(own)) => self.report_fold(trial, (fold, folds), own, &results.scores),
            _ => Ok(()),
        }
    }

    /// That the study speaks of metrics that a training has.
    fn check_metrics(&self) -> Result<(), ObjectiveError> {
        let study = &self.spec.study;
        let constrained = study.feasible.iter().flat_map(Constraint::names);
        let named = study.goals.metrics().into_iter().chain(constrained).find(|name| !METRICS.contains(name));
        named.map_or(Ok(()), |name| Err(unknown(name)))
    }

    /// Records an epoch of a fold and tells the watchers, the pruner among them.
    fn watch(&self, trial: &Trial<'_>, fold: usize, report: &EpochReport) -> Result<Flow, ObjectiveError> {
        let folds = self.partitions.len();
        let key = |group: &str, name: &str| MetricKey::new(group, name).of(Fold::One(fold as u32));
        let step = u64::from(report.epoch);
        let mut record = vec![
            point(key("train", "loss").to_string(), step, report.loss),
            point(key("train", "lr").to_string(), step, report.lr),
        ];
        let mut told = format!("epoch {}/{} loss {}", report.epoch, report.epochs, shown(report.loss));
        if folds > 1 {
            told = format!("fold {}/{folds} {told}", fold + 1);
        }
        if let Some(scores) = &report.validation {
            record.extend(points(|name| key("val", name), scores, step));
            told = format!("{told} val/accuracy {:.4}", scores.accuracy);
        }
        trial.log(&record)?;
        let done = (fold as f64 + f64::from(report.epoch) / f64::from(report.epochs)) / folds as f64;
        tracing::info!("{told}");
        trial.progress(done, told);
        // The last epoch of all is let through: its trial is as good as finished.
        let last = fold + 1 == folds && report.epoch == report.epochs;
        let own = report.validation.as_ref().and_then(|scores| score(scores, self.spec.study.goals.metric()));
        if let (1, false, Some(own)) = (folds, last, own) {
            trial.report(step, own)?;
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
        let metric = self.spec.study.goals.metric();
        let step = fold as u64 + 1;
        trial.log(&[point(MetricKey::from(metric).of(Fold::Each).to_string(), step, own)])?;
        let so_far = score(&mean(finished), metric).filter(|_| self.reports() == metric);
        let told = trial.report(step, so_far.unwrap_or(own));
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
    let failed = |error: ModelError| ObjectiveError::Failed(error.to_string());
    Ok(auroc(&of(inside).map_err(failed)?, &of(outside).map_err(failed)?))
}

/// What a failed training means to a study.
pub(super) fn objective_error<E>(error: FitError<E>) -> ObjectiveError
where
    E: std::error::Error + Into<ObjectiveError> + 'static,
{
    match error {
        FitError::Train(TrainError::Cancelled) => ObjectiveError::Cancelled,
        FitError::Train(error) => ObjectiveError::Failed(error.to_string()),
        FitError::Watcher(error) => error.into(),
    }
}

/// One metric point, taken now.
pub(super) fn point(key: String, step: u64, value: f64) -> MetricPoint {
    MetricPoint::new(key, step, value)
}

fn points(key: impl Fn(&str) -> MetricKey, scores: &Scores, step: u64) -> [MetricPoint; 4] {
    [
        point(key("accuracy").to_string(), step, scores.accuracy),
        point(key("f1_macro").to_string(), step, scores.f1_macro),
        point(key("f1_weighted").to_string(), step, scores.f1_weighted),
        point(key("loss").to_string(), step, scores.loss),
    ]
}

/// The metric that is known once per trial.
const PARAMETERS: &str = "model/parameters";

/// The score that a metric names; `None` where it names another figure. With [`PARAMETERS`], those are
/// [`METRICS`].
fn score(scores: &Scores, metric: &str) -> Option<f64> {
    Some(match metric {
        "val/accuracy" => scores.accuracy,
        "val/f1_macro" => scores.f1_macro,
        "val/f1_weighted" => scores.f1_weighted,
        "val/loss" => scores.loss,
        _ => return None,
    })
}

fn unknown(metric: &str) -> ObjectiveError {
    ObjectiveError::Failed(format!("a training has no metric `{metric}`; it has {}", METRICS.join(", ")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_its_own_figure_and_no_other_name_has_one() {
        let scores = Scores { accuracy: 0.1, f1_macro: 0.2, f1_weighted: 0.3, loss: 0.4 };
        let found = METRICS.map(|metric| score(&scores, metric));
        assert_eq!(found, [Some(0.1), Some(0.2), Some(0.3), Some(0.4), None]);
        assert_eq!(METRICS[4], PARAMETERS);
        for other in ["val/acuracy", "accuracy", "test/accuracy", ""] {
            assert_eq!(score(&scores, other), None, "{other}");
        }
    }
}
