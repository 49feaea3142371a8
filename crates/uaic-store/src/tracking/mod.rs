//! The store as a server sees it that others log to.

mod clause;
mod experiment;
mod file;
mod input;
mod model;
mod page;
mod plan;
mod record;
mod registry;
mod row;
mod run;
mod search;
mod trace;

use std::collections::BTreeMap;
use std::io::Write;

use uaic_study::store::rules::now_ms;
use uaic_study::store::tracking::{
    Batch, DatasetInput, DatasetSummary, ExperimentEdit, ExperimentId, ExperimentRecord, ExperimentSearch,
    FileEntry, FilePlace, ModelOutput, NewExperiment, NewTracked, RunSearch, StagedFile, TrackedRun,
    TrackedUpdate,
};
use uaic_study::store::{ArtifactRecord, Id, Point, StoreError, TrackingError, TrackingStore};

use rusqlite::Connection;

use super::{Fault, SqliteStore};

/// The row of the run that was made last.
pub(super) fn last_run(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.query_row("SELECT ifnull(max(id), 0) FROM runs", [], |row| row.get(0))?)
}

impl TrackingStore for SqliteStore {
    fn create_experiment(&self, new: &NewExperiment) -> Result<ExperimentId, StoreError> {
        let new = new.clone();
        self.writer()?.call(move |connection| experiment::create(connection, &new, now_ms()))
    }

    fn experiment(&self, id: ExperimentId) -> Result<ExperimentRecord, StoreError> {
        self.read(|snapshot| {
            let found = experiment::find(snapshot.connection(), "id = ?", id.0)?;
            found.ok_or_else(|| experiment::unknown(id))
        })
    }

    fn experiment_named(&self, name: &str) -> Result<ExperimentRecord, StoreError> {
        self.read(|snapshot| {
            let found = experiment::find(snapshot.connection(), "name = ?", name)?;
            found.ok_or_else(|| StoreError::from(TrackingError::NoExperimentNamed(name.to_owned())).into())
        })
    }

    fn edit_experiment(&self, id: ExperimentId, edit: &ExperimentEdit) -> Result<(), StoreError> {
        let edit = edit.clone();
        self.writer()?.call(move |connection| experiment::edit(connection, id, &edit, now_ms()))
    }

    fn search_experiments(&self, search: &ExperimentSearch) -> Result<Vec<ExperimentRecord>, StoreError> {
        self.read(|snapshot| experiment::search(snapshot.connection(), search))
    }

    fn create_tracked(&self, new: &NewTracked) -> Result<TrackedRun, StoreError> {
        let (new, found) = (new.clone(), self.found);
        let id =
            self.writer()?.call(move |connection| match run::asked_before(connection, &new, found)? {
                Some(earlier) => Ok(earlier),
                None => run::create(connection, &new, now_ms()).map(|()| new.id),
            })?;
        self.tracked(id)
    }

    fn tracked(&self, id: Id) -> Result<TrackedRun, StoreError> {
        self.read(|snapshot| {
            let row = row::find(snapshot.connection(), id)?;
            let found = page::runs(snapshot, &[row])?.into_iter().next();
            found.ok_or_else(|| row::unknown(id))
        })
    }

    fn update_tracked(&self, id: Id, update: &TrackedUpdate) -> Result<TrackedRun, StoreError> {
        let update = update.clone();
        self.writer()?.call(move |connection| run::update(connection, id, &update, now_ms()))?;
        self.tracked(id)
    }

    fn record(&self, id: Id, batch: &Batch) -> Result<(), StoreError> {
        let batch = batch.clone();
        self.writer()?.call(move |connection| record::record(connection, id, &batch))
    }

    fn remove_tag(&self, id: Id, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.writer()?.call(move |connection| record::remove_tag(connection, id, &key))
    }

    fn set_deleted(&self, id: Id, deleted: bool) -> Result<(), StoreError> {
        self.writer()?.call(move |connection| run::set_deleted(connection, id, deleted, now_ms()))
    }

    fn add_inputs(&self, id: Id, datasets: &[DatasetInput], models: &[String]) -> Result<(), StoreError> {
        let (datasets, models) = (datasets.to_vec(), models.to_vec());
        self.writer()?.call(move |connection| input::add_inputs(connection, id, &datasets, &models))
    }

    fn add_outputs(&self, id: Id, models: &[ModelOutput]) -> Result<(), StoreError> {
        let models = models.to_vec();
        self.writer()?.call(move |connection| input::add_outputs(connection, id, &models))
    }

    fn search_tracked(&self, search: &RunSearch) -> Result<Vec<TrackedRun>, StoreError> {
        self.read(|snapshot| {
            let rows = search::rows(snapshot, search)?;
            page::runs(snapshot, &rows)
        })
    }

    fn histories(&self, runs: &[Id], key: &str) -> Result<BTreeMap<Id, Vec<Point>>, StoreError> {
        self.read(|snapshot| record::histories(snapshot.connection(), runs, key))
    }

    fn datasets(&self, experiments: &[ExperimentId]) -> Result<Vec<DatasetSummary>, StoreError> {
        self.read(|snapshot| input::summaries(snapshot.connection(), experiments))
    }

    fn experiment_of(&self, run: Id) -> Result<ExperimentId, StoreError> {
        self.read(|snapshot| run::experiment(snapshot.connection(), run))
    }

    fn artifact_location(&self, run: Id) -> Result<String, StoreError> {
        self.read(|snapshot| run::location(snapshot.connection(), run))
    }

    fn stage_file<'a>(&'a self) -> Result<Box<dyn StagedFile + 'a>, StoreError> {
        let writer = self.writer()?;
        let kept = self.blobs.keep()?;
        let blob = self.blobs.stage()?;
        Ok(Box::new(file::Staged { writer, blob, _kept: kept }))
    }

    fn file(&self, place: &FilePlace) -> Result<ArtifactRecord, StoreError> {
        self.read(|snapshot| file::find(snapshot.connection(), place))
    }

    fn copy_file(&self, file: &ArtifactRecord, to: &mut dyn Write) -> Result<(), StoreError> {
        self.blobs.copy(file, to)
    }

    fn list_files(&self, folder: &FilePlace) -> Result<Vec<FileEntry>, StoreError> {
        self.read(|snapshot| file::list(snapshot.connection(), folder))
    }

    fn remove_files(&self, place: &FilePlace) -> Result<(), StoreError> {
        let place = place.clone();
        self.writer()?.call(move |connection| file::remove(connection, &place))
    }
}
