//! A stored model calibrated again on other data, as a run of its own: what a run has recorded, and
//! what others have read of it, never changes.

use super::artifacts::{
    ArtifactWriter, FittedCalibration, ScopeMethods, load_calibration, load_measures, load_predictions,
};
use super::calibrate::{Calibrated, Uncalibrated, fit_scope, without_seen};
use super::measures::{join, measure_methods, measure_scope, measure_split};
use super::objective::point;
use super::{Training, TrainingError};
use crate::ErrorKind;
use crate::data::{Dataset, Example, is_out_of_scope};
use crate::eval::{Measures, Predictions, ScopeModels};
use crate::model::Classifier;
use crate::platform::ProcessIdentity;
use crate::rng::SeedTree;
use crate::select::FINAL_METRIC;
use crate::store::{
    Attempt, Environment, Id, NewRun, NewStudy, RunEnd, RunKind, RunQuery, RunRecord, Store, StudyRecord,
    StudyState,
};
use crate::trial::RunState;

/// Splits with an intent that a calibration is fitted on unless one is named.
const INSIDE: [&str; 2] = ["dev", "train"];

/// Splits without one.
const OUTSIDE: [&str; 2] = ["ood_dev", "ood"];

/// The tag of a run that says of which run it has the model.
pub const CALIBRATED_FROM: &str = "calibrated_from";

/// Why a calibration cannot be fitted on some data.
#[derive(Debug, thiserror::Error)]
pub enum RecalibrationError {
    /// A split that is not there, or none that will do.
    #[error("{dataset} has no {wanted}; it has: {available}; `--split NAME` names another")]
    NoSplit {
        /// The data set.
        dataset: String,
        /// What was looked for.
        wanted: String,
        /// What there is.
        available: String,
    },
    /// A split of the wrong kind.
    #[error("the split `{split}` {why}")]
    WrongSplit {
        /// The split.
        split: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is what the model is tested by.
    #[error(
        "`{split}` of {dataset} is what run {run} was tested by, and a test is worth nothing for a model that was \
         fitted to it; name another split or data set"
    )]
    Tested {
        /// The split.
        split: String,
        /// The data set.
        dataset: String,
        /// The run.
        run: String,
    },
    /// Nothing is left to fit on.
    #[error("all {texts} texts of `{split}` are among those that the model has learnt from; name other data")]
    AllSeen {
        /// How many.
        texts: usize,
        /// The split.
        split: String,
    },
    /// The texts do not allow it.
    #[error("`{split}` cannot calibrate this model: {reason}")]
    NotFitted {
        /// The split.
        split: String,
        /// Why.
        reason: String,
    },
    /// The store or the model.
    #[error(transparent)]
    Training(#[from] TrainingError),
}

impl RecalibrationError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Training(training) => training.kind(),
            Self::NoSplit { .. } => ErrorKind::NotFound,
            // What is to be mended by naming other data.
            Self::WrongSplit { .. } | Self::Tested { .. } | Self::AllSeen { .. } => ErrorKind::Usage,
            Self::NotFitted { .. } => ErrorKind::Failed,
        }
    }
}

/// The texts of a data set that a calibration is fitted on.
#[derive(Clone, Copy)]
pub struct CalibrationData<'a> {
    /// The data set.
    pub dataset: &'a Dataset,
    /// The split with an intent; `dev`, or else `train`, where none is named.
    pub split: Option<&'a str>,
    /// The split without; `ood_dev`, or else `ood`, where none is named and there is one.
    pub outside: Option<&'a str>,
}

impl<'a> CalibrationData<'a> {
    /// The names of both splits.
    pub(super) fn splits(&self) -> Result<(&'a str, Option<&'a str>), RecalibrationError> {
        let splits = &self.dataset.splits;
        let missing = |wanted| RecalibrationError::NoSplit {
            dataset: self.dataset.name.clone(),
            wanted,
            available: splits.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        };
        let found = |name: &str| splits.get_key_value(name).map(|(name, _)| name.as_str());
        let wrong = |split: &str, why| RecalibrationError::WrongSplit { split: split.to_owned(), why };
        let inside = match self.split {
            Some(name) => found(name).ok_or_else(|| missing(format!("split `{name}`")))?,
            None => {
                INSIDE.iter().find_map(|name| found(name)).ok_or_else(|| missing("dev or train".into()))?
            }
        };
        if is_out_of_scope(inside) {
            return Err(wrong(inside, "has texts of no intent; `--oos NAME` takes such a split"));
        }
        let outside = match self.outside {
            Some(name) => Some(found(name).ok_or_else(|| missing(format!("split `{name}`")))?),
            None => OUTSIDE.iter().find_map(|name| found(name)),
        };
        match outside {
            Some(name) if !is_out_of_scope(name) => Err(wrong(
                name,
                "has texts with an intent; splits without one are called `ood` or begin with `ood_`",
            )),
            outside => Ok((inside, outside)),
        }
    }

    fn examples(&self, split: &str) -> &'a [Example] {
        self.dataset.splits.get(split).map_or(&[], |split| &split.examples)
    }

    /// Fits a calibration of a classifier; `learnt` are the texts that it has learnt from, as far as
    /// they are known: with an intent, and without. Those are left out.
    ///
    /// # Errors
    /// [`RecalibrationError`].
    pub fn fit(
        &self,
        classifier: &Classifier,
        models: &ScopeModels,
        learnt: (&[&Example], &[&Example]),
    ) -> Result<Calibrated, RecalibrationError> {
        let (split, outside_split) = self.splits()?;
        let all: Vec<&Example> = self.examples(split).iter().collect();
        let texts = all.len();
        let (validation, left_out) = without_seen(classifier, learnt.0, all);
        if validation.is_empty() {
            return Err(RecalibrationError::AllSeen { texts, split: split.to_owned() });
        }
        let outside = outside_split.map_or(&[][..], |split| self.examples(split)).iter().collect();
        let (outside, _) = without_seen(classifier, learnt.1, outside);
        let beside = outside_split.map_or(String::new(), |name| format!(" and `{name}`"));
        let how = format!("the split `{split}`{beside} of the data set {}, afterwards", self.dataset.name);
        Ok(Uncalibrated { classifier, models, validation, outside }.fit(how, left_out)?)
    }
}

/// A run whose model is to be calibrated again.
pub struct Recalibration<'a> {
    /// Where it is recorded, and where the new run will be.
    pub store: &'a dyn Store,
    /// The run.
    pub run: &'a RunRecord,
    /// Its study.
    pub study: &'a StudyRecord,
    /// Its model.
    pub classifier: &'a Classifier,
    /// The training that it comes from, where its data are at hand and have not changed.
    pub origin: Option<&'a Training>,
    /// The process that records it.
    pub process: &'a ProcessIdentity,
}

/// What calibrating again came to.
pub struct Recalibrated {
    /// The new run, or the one that has this calibration already.
    pub run: Id,
    /// Whether it was recorded before.
    pub was_there: bool,
    /// The new calibration.
    pub calibration: FittedCalibration,
    /// The measures on the test texts, with the new calibration.
    pub measures: Measures,
}

impl Recalibration<'_> {
    /// Fits a calibration and records it with the model and all that was tested as the final run of a
    /// study of its own. The same on the same data is recorded once.
    ///
    /// # Errors
    /// [`RecalibrationError`].
    pub fn record(&self, data: CalibrationData<'_>) -> Result<Recalibrated, RecalibrationError> {
        let (split, outside) = data.splits()?;
        for name in [Some(split), outside].into_iter().flatten() {
            let facts = &self.run.start.environment;
            let run = self.run.id.to_string();
            check_untested(&data, name, &run, |test| facts.get(&format!("data.{test}.hash")))?;
        }
        let models = self.models()?;
        let (inside, exposed) = self.origin.map_or_else(Default::default, Training::learnt_from);
        let calibrated = data.fit(self.classifier, &models, (&inside, &exposed))?;
        let new = self.new_study(&data, (split, outside));
        if let Some((run, measures)) = self.recorded(&new.fingerprint)? {
            let calibration = load_calibration(self.store, run)?;
            let calibration = calibration.or_else(|| calibrated.calibration.ok());
            return match calibration {
                Some(calibration) => Ok(Recalibrated { run, was_there: true, calibration, measures }),
                None => Err(not_fitted(split, "the run that has it is damaged".to_owned())),
            };
        }
        let calibration = calibrated.calibration.map_err(|reason| not_fitted(split, reason))?;
        let study = self.store.create_study(&new).map_err(TrainingError::from)?.id;
        self.store.acquire_study(study, self.process).map_err(TrainingError::from)?;
        let recorded = self.record_run(study, &new, &calibration, &calibrated.validation, &models);
        let state = if recorded.is_ok() { StudyState::Complete } else { StudyState::Failed };
        self.store.release_study(study, self.process, state).map_err(TrainingError::from)?;
        let (run, measures) = recorded?;
        Ok(Recalibrated { run, was_there: false, calibration, measures })
    }

    /// What methods have learnt: anew from the training texts where these are at hand, else what the
    /// run has kept.
    fn models(&self) -> Result<ScopeModels, TrainingError> {
        if let Some(origin) = self.origin {
            let (inside, exposed) = origin.learnt_from();
            return fit_scope(self.classifier, inside, exposed);
        }
        let kept = load_calibration(self.store, self.run.id)?;
        Ok(kept.map_or_else(ScopeModels::default, |kept| kept.fitted.models))
    }

    fn new_study(&self, data: &CalibrationData<'_>, splits: (&str, Option<&str>)) -> NewStudy {
        let mut environment = self.run.start.environment.clone();
        environment.extend(facts_of(data, splits));
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"calibration").update(self.run.id.to_string().as_bytes());
        for name in [Some(splits.0), splits.1].into_iter().flatten() {
            let hash = data.dataset.splits.get(name).map_or("", |split| &split.hash);
            hasher.update(&[0]).update(hash.as_bytes());
        }
        let fingerprint = hasher.finalize().to_string();
        NewStudy { fingerprint, environment, trials: 0, ..self.study.plan.clone() }
    }

    /// The complete run of a study with this fingerprint.
    fn recorded(&self, fingerprint: &str) -> Result<Option<(Id, Measures)>, TrainingError> {
        for study in self.store.studies()?.into_iter().filter(|study| study.plan.fingerprint == fingerprint) {
            let query = RunQuery { study: Some(study.id), ..RunQuery::default() };
            let runs = self.store.runs(&query)?;
            if let Some(run) = runs.into_iter().find(|run| run.state == RunState::Complete) {
                return Ok(Some((run.id, load_measures(self.store, run.id)?)));
            }
        }
        Ok(None)
    }

    fn record_run(
        &self,
        study: Id,
        new: &NewStudy,
        calibration: &FittedCalibration,
        validation: &Predictions,
        models: &ScopeModels,
    ) -> Result<(Id, Measures), TrainingError> {
        let new = NewRun {
            home: study.into(),
            // An imported run is its package, to the byte, and this is another.
            kind: RunKind::Final,
            process: self.process.clone(),
            environment: new.environment.clone(),
            ..self.run.start.clone()
        };
        let attempt = self.store.start_run(&new)?;
        let writer = ArtifactWriter { store: self.store, attempt };
        self.copy(attempt)?;
        writer.put_predictions("validation", validation)?;
        writer.put_calibration(calibration)?;
        let measures = self.test(calibration, models, &writer)?;
        let record: Vec<_> =
            measures.values.iter().map(|(key, estimate)| point(key.clone(), 0, estimate.value)).collect();
        self.store.log_metrics(attempt, &record)?;
        writer.put_measures(&measures)?;
        self.store.set_tag(attempt.run, CALIBRATED_FROM, &self.run.id.to_string())?;
        let value = measures.values.get(FINAL_METRIC).map(|measure| measure.value);
        self.store.finish_run(attempt, &RunEnd::complete(Vec::from_iter(value)))?;
        Ok((attempt.run, measures))
    }

    /// The model, and what it said of every split but those that a calibration is fitted on.
    fn copy(&self, attempt: Attempt) -> Result<(), TrainingError> {
        for artifact in self.store.artifacts(self.run.id)? {
            let name = &artifact.name;
            let is_answer = name.starts_with("predictions/") && name != "predictions/validation.safetensors";
            if name.starts_with("model/") || is_answer {
                self.store.put_artifact(attempt, name, &self.store.read_artifact(self.run.id, name)?)?;
            }
        }
        Ok(())
    }

    /// The test measures from what the model said then, as the final stage would give them.
    fn test(
        &self,
        calibration: &FittedCalibration,
        models: &ScopeModels,
        writer: &ArtifactWriter<'_>,
    ) -> Result<Measures, TrainingError> {
        let seeds = SeedTree::new(self.study.plan.seed).child("final", 0);
        let mut measures = Measures::default();
        let fitted = &calibration.fitted;
        let Some(inside) = load_predictions(self.store, self.run.id, "test")? else {
            // Without the answers, what does not depend on the calibration still holds.
            let mut known = load_measures(self.store, self.run.id)?;
            known.values.retain(|name, _| !depends_on_calibration(name));
            known.absent.retain(|name, _| !depends_on_calibration(name));
            return Ok(known);
        };
        join(&mut measures, measure_split("test", &inside, Some(fitted), &seeds));
        if let Some(outside) = load_predictions(self.store, self.run.id, "ood_test")? {
            join(&mut measures, measure_scope(&inside, &outside, Some(fitted), &seeds));
            let methods = measure_methods(&inside, &outside, fitted.temperature, models, &seeds);
            writer.put_scope_methods(&ScopeMethods {
                schema: 1,
                temperature: fitted.temperature,
                methods,
            })?;
        }
        Ok(measures)
    }
}

/// Refuses what a model was tested by, whatever it is called now; `tested` gives the hash of a test split.
pub(super) fn check_untested<'a>(
    data: &CalibrationData<'_>,
    split: &str,
    run: &str,
    tested: impl Fn(&str) -> Option<&'a String>,
) -> Result<(), RecalibrationError> {
    let hash = data.dataset.splits.get(split).map(|split| &split.hash);
    if hash.is_none() || ["test", "ood_test"].into_iter().all(|test| tested(test) != hash) {
        return Ok(());
    }
    Err(RecalibrationError::Tested {
        split: split.to_owned(),
        dataset: data.dataset.name.clone(),
        run: run.chars().take(8).collect(),
    })
}

/// What is recorded of the data that a calibration was fitted on.
pub(super) fn facts_of(data: &CalibrationData<'_>, splits: (&str, Option<&str>)) -> Environment {
    let mut facts = Environment::from([("calibration.data.name".to_owned(), data.dataset.name.clone())]);
    for name in [Some(splits.0), splits.1].into_iter().flatten() {
        let hash = data.dataset.splits.get(name).map_or_else(String::new, |split| split.hash.clone());
        facts.insert(format!("calibration.data.{name}.hash"), hash);
    }
    facts
}

/// Whether a test measure of this name is another with another calibration.
pub(super) fn depends_on_calibration(name: &str) -> bool {
    name.ends_with("_calibrated") || ["oos/recall", "oos/accepted_in_scope"].contains(&name)
}

fn not_fitted(split: &str, reason: String) -> RecalibrationError {
    RecalibrationError::NotFitted { split: split.to_owned(), reason }
}
