//! The final stage: retrain the best point on all training data, calibrate it on validation data,
//! then look at the test split once.

use std::sync::atomic::AtomicBool;

use super::artifacts::{FittedCalibration, ScopeMethods, Shelf, load_figures};
use super::calibrate::fit_scope;
use super::figures::{join, measure_methods, measure_scope, measure_split, predict};
use super::objective::{objective_error, point};
use super::twins::{Trained, Twins};
use super::{Experiment, ExperimentError};
use crate::data::is_out_of_scope;
use crate::eval::{Calibration, Measures, ScopeModels};
use crate::model::{Classifier, Features};
use crate::number::shown;
use crate::platform::ProcessIdentity;
use crate::rng::SeedTree;
use crate::run_log::{self, LOG_ARTIFACT};
use crate::select::FINAL_METRIC;
use crate::spec::TrainingSpec;
use crate::store::{Attempt, Id, NewRun, RunEnd, RunKind, RunQuery, RunRecord, Store, StoreError};
use crate::study::{TrialResult, caught};
use crate::train::{EpochReport, TrainError};
use crate::trial::RunState;

/// What the final stage came to.
#[derive(Clone, Debug, PartialEq)]
pub struct FinalReport {
    /// Its run.
    pub run: Id,
    /// Figures on the test splits, as `test/accuracy`. Empty when there is no test split.
    pub figures: Measures,
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
            Some(run) if run.state == RunState::Complete => {
                let figures = load_figures(stage.store, run.id)?;
                return Ok(Some(FinalReport { run: run.id, figures }));
            }
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
        let figures = outcome.as_ref().ok().and_then(Option::as_ref);
        let value = figures.and_then(|figures| figures.values.get(FINAL_METRIC)).map(|figure| figure.value);
        let kept = stage.store.put_artifact(attempt, LOG_ARTIFACT, log.as_bytes());
        let ended = stage.store.finish_run(attempt, &RunEnd { state, value, reason });
        let figures = outcome?;
        kept?;
        ended?;
        Ok(figures.map(|figures| FinalReport { run: attempt.run, figures }))
    }

    fn train_and_test(
        &self,
        training: &TrainingSpec,
        attempt: Attempt,
        stage: &mut FinalStage<'_>,
    ) -> Result<Option<Measures>, ExperimentError> {
        let seeds = self.seeds().child("final", 0);
        let (store, threads, cancel) = (stage.store, stage.threads, stage.cancel);
        let twins = Twins { experiment: self, training, seeds: &seeds, threads, cancel };
        let trained = twins.train(&mut |report| {
            let step = u64::from(report.epoch);
            let record = [
                point("train/loss".to_owned(), step, report.loss),
                point("train/lr".to_owned(), step, report.lr),
            ];
            store.log_metrics(attempt, &record).map_err(|error| TrainError::Watcher(Box::new(error)))?;
            tracing::info!("epoch {}/{} loss {}", report.epoch, report.epochs, shown(report.loss));
            (stage.watch)(report);
            Ok(())
        });
        let Some(trained) = trained.map_err(objective_error)? else { return Ok(None) };
        let shelf = Shelf { store, attempt };
        shelf.put_model(&trained.classifier)?;
        let (learnt, exposed) = self.learnt_from();
        let models = fit_scope(&trained.classifier, learnt, exposed)?;
        let calibration = self.calibrate_and_keep(&trained, &models, &shelf)?;
        let calibration = calibration.as_ref().map(|calibration| &calibration.fitted);
        let figures = self.test(&trained.classifier, calibration, &models, &seeds, &shelf)?;
        let step = u64::from(self.spec.final_stage.epochs);
        let record: Vec<_> =
            figures.values.iter().map(|(key, estimate)| point(key.clone(), step, estimate.value)).collect();
        store.log_metrics(attempt, &record)?;
        shelf.put_figures(&figures)?;
        for (split, shared) in self.texts_shared_with_train() {
            tracing::info!("{shared} {split} texts also occur in train");
            store.set_tag(attempt.run, &format!("data.{split}_texts_in_train"), &shared.to_string())?;
        }
        Ok(Some(figures))
    }

    /// Fits temperature and threshold; a run without them says why.
    fn calibrate_and_keep(
        &self,
        trained: &Trained,
        models: &ScopeModels,
        shelf: &Shelf<'_>,
    ) -> Result<Option<FittedCalibration>, ExperimentError> {
        let fitted = self.calibrate(trained, models)?.and_then(|calibrated| {
            let kept = shelf.put_predictions("validation", &calibrated.validation);
            calibrated.calibration.map(|calibration| (calibration, kept))
        });
        match fitted {
            Ok((calibration, kept)) => {
                kept?;
                let Calibration { temperature, method, threshold, .. } = &calibration.fitted;
                let method = method.name();
                tracing::info!("calibrated: temperature {temperature:.4}, {method} from {threshold:.4}");
                shelf.put_calibration(&calibration)?;
                Ok(Some(calibration))
            }
            Err(reason) => {
                tracing::warn!("not calibrated: {reason}");
                shelf.store.set_tag(shelf.attempt.run, "calibration", &format!("none: {reason}"))?;
                Ok(None)
            }
        }
    }

    /// What the classifier says of every split, kept, and its figures on the test splits.
    fn test(
        &self,
        classifier: &Classifier,
        calibration: Option<&Calibration>,
        models: &ScopeModels,
        seeds: &SeedTree,
        shelf: &Shelf<'_>,
    ) -> Result<Measures, ExperimentError> {
        let (mut figures, mut tested) = (Measures::default(), None);
        for (name, split) in self.dataset.ordered() {
            let features = match name {
                // It is the largest, and what is learnt by heart says little.
                "train" => Features::Omit,
                _ if name == "test" || is_out_of_scope(name) => Features::Keep,
                _ => continue,
            };
            let predictions = predict(classifier, name, &split.examples, features)
                .map_err(|error| ExperimentError::Final(error.to_string()))?;
            shelf.put_predictions(name, &predictions)?;
            match (name, &tested) {
                ("test", _) => {
                    join(&mut figures, measure_split("test", &predictions, calibration, seeds));
                    tested = Some(predictions);
                }
                ("ood_test", Some(inside)) => {
                    join(&mut figures, measure_scope(inside, &predictions, calibration, seeds));
                    let temperature = calibration.map_or(1.0, |calibration| calibration.temperature);
                    shelf.put_scope_methods(&ScopeMethods {
                        schema: 1,
                        temperature,
                        methods: measure_methods(inside, &predictions, temperature, models, seeds),
                    })?;
                }
                _ => {}
            }
        }
        Ok(figures)
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
