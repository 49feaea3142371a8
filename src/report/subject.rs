//! What pictures and pages are made of: a study, its final run, and what both have recorded.

use std::sync::OnceLock;

use super::error::PlotError;
use super::study::{Series, StudyView, ViewError};
use crate::data::Dataset;
use crate::eval::Predictions;
use crate::model::Classifier;
use crate::rng::SeedTree;
use crate::select::{Hidden, model_run};
use crate::spec::Spec;
use crate::store::{Id, RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord};
use crate::training::{
    FittedCalibration, TrainingError, dataset_folder, load_calibration, load_classifier, load_predictions,
};
use crate::trial::RunState;

/// A study or one run of it, in a store.
pub struct ReportSubject<'a> {
    /// Where it is recorded.
    pub store: &'a dyn Store,
    /// The study.
    pub study: StudyRecord,
    /// The run that is meant: the named one, or the study's final run.
    pub run: Option<RunRecord>,
    /// Read at most once, as many pictures look at it.
    view: OnceLock<StudyView>,
}

impl<'a> ReportSubject<'a> {
    /// A study, with its final run where it has one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of_study(store: &'a dyn Store, study: StudyRecord) -> Result<Self, StoreError> {
        let run = model_run(store, study.id, Hidden::LeaveOut)?;
        Ok(Self { store, study, run, view: OnceLock::new() })
    }

    /// One run, with its study.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of_run(store: &'a dyn Store, run: RunRecord) -> Result<Self, StoreError> {
        Ok(Self { store, study: store.study(run.study()?)?, run: Some(run), view: OnceLock::new() })
    }

    /// The one that a picture of a single study or run is about.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn first(subjects: &[Self]) -> Result<&Self, PlotError> {
        subjects.first().ok_or_else(|| PlotError::Missing {
            run: "nothing".to_owned(),
            what: "picture".to_owned(),
            hint: "name a study or a run".to_owned(),
        })
    }

    /// The study as pictures see it.
    ///
    /// # Errors
    /// The store or the recorded spec cannot be read.
    pub fn view(&self) -> Result<&StudyView, ViewError> {
        if let Some(view) = self.view.get() {
            return Ok(view);
        }
        let view = StudyView::load(self.store, &self.study)?;
        Ok(self.view.get_or_init(|| view))
    }

    /// What each trial has recorded of the study's metric, step by step.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn intermediate(&self) -> Result<Vec<Series>, StoreError> {
        let query =
            RunQuery { study: Some(self.study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
        let shown = self.store.runs(&query)?.into_iter().filter(|run| !run.excluded);
        let series = shown.map(|run| {
            let points = self.series(run.id, self.study.plan.goals.metric())?;
            Ok((run.start.number.unwrap_or_default(), points))
        });
        let mut series = series.collect::<Result<Vec<Series>, StoreError>>()?;
        series.sort_by_key(|(number, _)| *number);
        Ok(series)
    }

    /// One metric of a run, by step; of equal steps the last.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn series(&self, run: Id, key: &str) -> Result<Vec<(u64, f64)>, StoreError> {
        let mut points: Vec<(u64, f64)> = Vec::new();
        for point in self.store.series(run, key)? {
            let step = u64::try_from(point.step).unwrap_or_default();
            match points.last_mut() {
                Some(last) if last.0 == step => last.1 = point.value,
                _ => points.push((step, point.value)),
            }
        }
        Ok(points)
    }

    /// The seed tree of the study, for what its pictures draw at random.
    pub(crate) fn seeds(&self) -> SeedTree {
        SeedTree::new(self.study.plan.seed).child("report", 0)
    }

    /// `attention · final run 4f2a90c1`.
    pub(crate) fn name_of_run(&self) -> String {
        let experiment = &self.study.plan.experiment;
        self.run.as_ref().map_or_else(
            || format!("{experiment} · study {}", self.study.id.short()),
            |run| format!("{experiment} · {} run {}", run.start.kind.name(), run.id.short()),
        )
    }

    /// The run whose model is meant.
    ///
    /// # Errors
    /// [`PlotError::Missing`]: the study has no final run, or the run is a trial, which keeps no model.
    pub(crate) fn model_run(&self) -> Result<&RunRecord, PlotError> {
        let study = self.study.id.short();
        if Spec::is_of_program(&self.study.plan)
            && self.run.as_ref().is_none_or(|run| !run.start.kind.keeps_model())
        {
            return Err(PlotError::Missing {
                run: format!("study {study}"),
                what: "model".to_owned(),
                hint: "its trials are evaluated elsewhere and not trained here; `uaic plot history` and its like show \
                       the study"
                    .to_owned(),
            });
        }
        match &self.run {
            Some(run) if run.start.kind.keeps_model() && run.state == RunState::Complete => Ok(run),
            Some(run) if run.start.kind.keeps_model() => Err(PlotError::Missing {
                run: format!("{} run {}", run.start.kind.name(), run.id.short()),
                what: "model".to_owned(),
                hint: format!("it is {}; `uaic resume {study}` finishes it", run.state),
            }),
            Some(run) => Err(PlotError::Missing {
                run: format!("trial {}", run.id.short()),
                what: "model of its own".to_owned(),
                hint: format!("the study's final run has: `{study}/final`"),
            }),
            None => Err(PlotError::Missing {
                run: format!("study {study}"),
                what: "final run".to_owned(),
                hint: format!("`uaic resume {study}` makes it, if its spec has `[final] epochs`"),
            }),
        }
    }

    /// What the model said of a split.
    ///
    /// # Errors
    /// There is no model, or it has no predictions of this split.
    pub(crate) fn predictions(&self, split: &str) -> Result<Predictions, PlotError> {
        self.predictions_if_any(split)?.ok_or_else(|| PlotError::Missing {
            run: self.name_of_run(),
            what: format!("predictions for `{split}`"),
            hint: "the data set has no such split, or the run was made by an earlier uaic; \
                   `uaic evaluate` evaluates any stored model"
                .to_owned(),
        })
    }

    /// The same, where there are any.
    ///
    /// # Errors
    /// There is no model, or what it stored is damaged.
    pub(crate) fn predictions_if_any(&self, split: &str) -> Result<Option<Predictions>, PlotError> {
        Ok(load_predictions(self.store, self.model_run()?.id, split)?)
    }

    /// How the model's confidence is corrected, where that was fitted.
    ///
    /// # Errors
    /// There is no model, or what it stored is damaged.
    pub(crate) fn calibration(&self) -> Result<Option<FittedCalibration>, PlotError> {
        Ok(load_calibration(self.store, self.model_run()?.id)?)
    }

    /// The temperature that was fitted, or 1.
    ///
    /// # Errors
    /// As [`ReportSubject::calibration`].
    pub(crate) fn temperature(&self) -> Result<f64, PlotError> {
        Ok(self.calibration()?.map_or(1.0, |calibration| calibration.fitted.temperature))
    }

    /// The model.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub(crate) fn classifier(&self) -> Result<Classifier, PlotError> {
        Ok(load_classifier(self.store, self.model_run()?.id)?)
    }

    /// The spec as it was recorded.
    ///
    /// # Errors
    /// This version reads it otherwise.
    pub(crate) fn spec(&self) -> Result<Spec, TrainingError> {
        Ok(Spec::of_study(&self.study.plan)?)
    }

    /// The data set.
    ///
    /// # Errors
    /// It is no longer there.
    pub(crate) fn dataset(&self) -> Result<Dataset, TrainingError> {
        Ok(Dataset::open(&dataset_folder(&self.spec()?)?)?)
    }

    /// The best complete trial's run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn best_trial(&self) -> Result<Option<RunRecord>, StoreError> {
        Ok(crate::select::best_trials(self.store, &self.study)?.into_iter().next())
    }
}
