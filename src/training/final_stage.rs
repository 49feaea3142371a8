//! The final stage: retrain the best point on all training data, calibrate it on validation data,
//! then look at the test split once.

use std::sync::atomic::AtomicBool;

use super::artifacts::{ArtifactWriter, FittedCalibration, ScopeMethods, load_measures};
use super::calibrate::fit_scope;
use super::calibration_twin::{Trained, Twins};
use super::measures::{join, measure_methods, measure_scope, measure_split, predict};
use super::objective::{objective_error, point};
use super::{Training, TrainingError};
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
use crate::train::EpochReport;
use crate::trial::RunState;

/// What the final stage came to.
#[derive(Clone, Debug, PartialEq)]
pub struct FinalReport {
    /// Its run.
    pub run: Id,
    /// Measures on the test splits, as `test/accuracy`. Empty when there is no test split.
    pub measures: Measures,
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

impl Training {
    /// Runs the final stage for the best trial, or gives back what it came to when it has run for
    /// this trial before. `None` when it was cancelled.
    ///
    /// # Errors
    /// The training fails, now or before, or the store does.
    pub fn retrain(
        &self,
        best: &TrialResult,
        stage: &mut FinalStage<'_>,
    ) -> Result<Option<FinalReport>, TrainingError> {
        let number = best.trial.number;
        match earlier(stage, number)? {
            Some(run) if run.state == RunState::Complete => {
                let measures = load_measures(stage.store, run.id)?;
                return Ok(Some(FinalReport { run: run.id, measures }));
            }
            // It would fail again in the same way.
            Some(run) if run.state == RunState::Failed => {
                return Err(TrainingError::Final(run.reason.unwrap_or_default()));
            }
            _ => {}
        }
        let params = &best.trial.params;
        let settings = self.spec.at(params).map_err(|error| TrainingError::Final(error.to_string()))?;
        let attempt = stage.store.start_run(&NewRun {
            home: stage.study.into(),
            kind: RunKind::Final,
            number: Some(number),
            params: params.clone(),
            config: serde_json::to_value(&settings).unwrap_or_default(),
            process: stage.process.clone(),
            environment: self.environment.clone(),
        })?;
        let (outcome, log) = run_log::capture(|| caught(|| self.train_and_test(&settings, attempt, stage)));
        let outcome = outcome.unwrap_or_else(|panic| Err(TrainingError::Final(panic)));
        let (state, reason) = match &outcome {
            Ok(Some(_)) => (RunState::Complete, None),
            // What the store could not take may work next time.
            Ok(None) | Err(TrainingError::Store(_)) => (RunState::Interrupted, None),
            Err(error) => (RunState::Failed, Some(error.to_string())),
        };
        let measures = outcome.as_ref().ok().and_then(Option::as_ref);
        let value =
            measures.and_then(|measures| measures.values.get(FINAL_METRIC)).map(|measure| measure.value);
        let kept = stage.store.put_artifact(attempt, LOG_ARTIFACT, log.as_bytes());
        let ended = stage
            .store
            .finish_run(attempt, &RunEnd { state, values: Vec::from_iter(value), violation: 0.0, reason });
        let measures = outcome?;
        kept?;
        ended?;
        Ok(measures.map(|measures| FinalReport { run: attempt.run, measures }))
    }

    fn train_and_test(
        &self,
        settings: &TrainingSpec,
        attempt: Attempt,
        stage: &mut FinalStage<'_>,
    ) -> Result<Option<Measures>, TrainingError> {
        let seeds = self.seeds().child("final", 0);
        let (store, threads, cancel) = (stage.store, stage.threads, stage.cancel);
        let twins = Twins { training: self, settings, seeds: &seeds, threads, cancel };
        let trained = twins.train(&mut |report| {
            let step = u64::from(report.epoch);
            let record = [
                point("train/loss".to_owned(), step, report.loss),
                point("train/lr".to_owned(), step, report.lr),
            ];
            store.log_metrics(attempt, &record)?;
            tracing::info!("epoch {}/{} loss {}", report.epoch, report.epochs, shown(report.loss));
            (stage.watch)(report);
            Ok(())
        });
        let Some(trained) = trained.map_err(objective_error)? else { return Ok(None) };
        let writer = ArtifactWriter { store, attempt };
        writer.put_model(&trained.classifier)?;
        let (learnt, exposed) = self.learnt_from();
        let models = fit_scope(&trained.classifier, learnt, exposed)?;
        let calibration = self.calibrate_and_keep(&trained, &models, &writer)?;
        let calibration = calibration.as_ref().map(|calibration| &calibration.fitted);
        let measures = self.test(&trained.classifier, calibration, &models, &seeds, &writer)?;
        let step = u64::from(self.final_stage.epochs);
        let record: Vec<_> =
            measures.values.iter().map(|(key, estimate)| point(key.clone(), step, estimate.value)).collect();
        store.log_metrics(attempt, &record)?;
        writer.put_measures(&measures)?;
        for (split, shared) in self.texts_shared_with_train() {
            tracing::info!("{shared} {split} texts also occur in train");
            store.set_tag(attempt.run, &format!("data.{split}_texts_in_train"), &shared.to_string())?;
        }
        Ok(Some(measures))
    }

    /// Fits temperature and threshold; a run without them says why.
    fn calibrate_and_keep(
        &self,
        trained: &Trained,
        models: &ScopeModels,
        writer: &ArtifactWriter<'_>,
    ) -> Result<Option<FittedCalibration>, TrainingError> {
        let fitted = self.calibrate(trained, models)?.and_then(|calibrated| {
            let kept = writer.put_predictions("validation", &calibrated.validation);
            calibrated.calibration.map(|calibration| (calibration, kept))
        });
        match fitted {
            Ok((calibration, kept)) => {
                kept?;
                let Calibration { temperature, method, threshold, .. } = &calibration.fitted;
                let method = method.name();
                tracing::info!("calibrated: temperature {temperature:.4}, {method} from {threshold:.4}");
                writer.put_calibration(&calibration)?;
                Ok(Some(calibration))
            }
            Err(reason) => {
                tracing::warn!("not calibrated: {reason}");
                writer.store.set_tag(writer.attempt.run, "calibration", &format!("none: {reason}"))?;
                Ok(None)
            }
        }
    }

    /// What the classifier says of every split, kept, and its measures on the test splits.
    fn test(
        &self,
        classifier: &Classifier,
        calibration: Option<&Calibration>,
        models: &ScopeModels,
        seeds: &SeedTree,
        writer: &ArtifactWriter<'_>,
    ) -> Result<Measures, TrainingError> {
        let (mut measures, mut tested) = (Measures::default(), None);
        for (name, split) in self.dataset.ordered() {
            let features = match name {
                // It is the largest, and what is learnt by heart says little.
                "train" => Features::Omit,
                _ if name == "test" || is_out_of_scope(name) => Features::Keep,
                _ => continue,
            };
            let predictions = predict(classifier, name, &split.examples, features)
                .map_err(|error| TrainingError::Final(error.to_string()))?;
            writer.put_predictions(name, &predictions)?;
            match (name, &tested) {
                ("test", _) => {
                    join(&mut measures, measure_split("test", &predictions, calibration, seeds));
                    tested = Some(predictions);
                }
                ("ood_test", Some(inside)) => {
                    join(&mut measures, measure_scope(inside, &predictions, calibration, seeds));
                    let temperature = calibration.map_or(1.0, |calibration| calibration.temperature);
                    writer.put_scope_methods(&ScopeMethods {
                        schema: 1,
                        temperature,
                        methods: measure_methods(inside, &predictions, temperature, models, seeds),
                    })?;
                }
                _ => {}
            }
        }
        Ok(measures)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::store::MemoryStore;
    use crate::training::testing::{best, retrain, retrain_with, small, study};

    #[test]
    fn threads_have_no_say_in_what_the_final_stage_comes_to() {
        let folder = tempfile::tempdir().unwrap();
        let training = small(folder.path());
        let all = [1, 2, 3].map(|threads| {
            let store = MemoryStore::new();
            let study = study(&training, &store);
            let run = retrain_with(&training, &store, study, 0, threads).run;
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
        let (training, store) = (small(folder.path()), MemoryStore::new());
        for threads in [1, 2] {
            let study = study(&training, &store);
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
            assert_eq!(training.retrain(&best(0), &mut stage).unwrap(), None);
            assert_eq!(seen, 1);
            let query = RunQuery { study: Some(study), ..RunQuery::default() };
            assert_eq!(store.runs(&query).unwrap()[0].state, RunState::Interrupted);
            assert!(retrain(&training, &store, study, 0).measures.values.len() > 20, "it can go on");
        }
    }

    #[test]
    fn the_final_stage_runs_once_for_a_trial_and_anew_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let (training, store) = (small(folder.path()), MemoryStore::new());
        let study = study(&training, &store);
        let first = retrain(&training, &store, study, 0);
        assert_eq!(retrain(&training, &store, study, 0), first);
        let other = retrain(&training, &store, study, 3);
        assert_ne!(other.run, first.run);
        let query = RunQuery { kind: Some(RunKind::Final), ..RunQuery::default() };
        assert_eq!(store.runs(&query).unwrap().len(), 2);
    }
}
