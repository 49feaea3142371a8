//! What pictures and pages are made of: a study, its final run, and what both have recorded.

use super::study::{Series, StudyView, ViewError};
use crate::store::{Id, RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord};

/// A study or one run of it, in a store.
pub struct Subject<'a> {
    /// Where it is recorded.
    pub store: &'a dyn Store,
    /// The study.
    pub study: StudyRecord,
    /// The run that is meant: the named one, or the study's final run.
    pub run: Option<RunRecord>,
}

impl<'a> Subject<'a> {
    /// A study, with its final run where it has one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of_study(store: &'a dyn Store, study: StudyRecord) -> Result<Self, StoreError> {
        let query = RunQuery {
            study: Some(study.id),
            kind: Some(RunKind::Final),
            limit: Some(1),
            ..RunQuery::default()
        };
        let run = store.runs(&query)?.into_iter().next();
        Ok(Self { store, study, run })
    }

    /// One run, with its study.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of_run(store: &'a dyn Store, run: RunRecord) -> Result<Self, StoreError> {
        Ok(Self { store, study: store.study(run.new.study)?, run: Some(run) })
    }

    /// The study as pictures see it.
    ///
    /// # Errors
    /// The store or the recorded spec cannot be read.
    pub fn view(&self) -> Result<StudyView, ViewError> {
        StudyView::load(self.store, &self.study)
    }

    /// What each trial has recorded of the study's metric, step by step.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn intermediate(&self) -> Result<Vec<Series>, StoreError> {
        let query =
            RunQuery { study: Some(self.study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
        let series = self.store.runs(&query)?.into_iter().map(|run| {
            let points = self.series(run.id, &self.study.new.metric)?;
            Ok((run.new.number.unwrap_or_default(), points))
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
        for point in self.store.metric_history(run, key)? {
            match points.last_mut() {
                Some(last) if last.0 == point.step => last.1 = point.value,
                _ => points.push((point.step, point.value)),
            }
        }
        Ok(points)
    }
}
