//! Runs as a database of MLflow, with a folder of artifacts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::{ExportError, Exported};
use crate::fsx::{self, FileError};
use crate::import::{MlflowDatabase, MlflowPoint, MlflowRun};
use crate::store::{Id, RunRecord, Store};
use crate::trial::RunState;

/// Writes runs into a folder that is there and empty: `mlflow.db` and `artifacts/`. MLflow looks for
/// artifacts where `home`, an absolute path, says that the folder will be.
///
/// # Errors
/// The store cannot be read, or the folder not be written.
pub fn to_mlflow(
    store: &dyn Store,
    runs: &[Id],
    folder: &Path,
    home: &Path,
) -> Result<Exported, ExportError> {
    let artifacts = home.join("artifacts");
    let mut database = MlflowDatabase::create(&folder.join("mlflow.db"), &artifacts)?;
    let mut done = Exported::default();
    for &id in runs {
        let record = store.run(id)?;
        let experiment = database.experiment(&record.experiment, &artifacts)?;
        let place = PathBuf::from(experiment.to_string()).join(id.to_string()).join("artifacts");
        let run = MlflowRun {
            experiment,
            artifacts: artifacts.join(&place).display().to_string(),
            ..described(store, &record)?
        };
        database.run(&run)?;
        done.runs += 1;
        for metric in store.latest_metrics(id)? {
            let points: Vec<MlflowPoint> = store
                .series(id, &metric.key)?
                .into_iter()
                .map(|point| MlflowPoint { step: point.step, time_ms: point.time_ms, value: point.value })
                .collect();
            let written = database.points(&run.id, &metric.key, &points)?;
            done.points += written;
            done.doubled += points.len() as u64 - written;
        }
        done.artifacts += copy_artifacts(store, id, &folder.join("artifacts").join(&place))?;
    }
    database.finish()?;
    Ok(done)
}

/// A run in MLflow's words. What it has no word for is in tags that begin with `uaic.`.
fn described(store: &dyn Store, record: &RunRecord) -> Result<MlflowRun, ExportError> {
    let (status, reason) = status(record);
    let mut tags = store.tags(record.id)?;
    let mut put = |key: &str, value: Option<String>| {
        tags.extend(value.map(|value| (key.to_owned(), value)));
    };
    put("mlflow.runName", record.name.clone());
    put("mlflow.note.content", record.note.clone());
    put("mlflow.parentRunId", record.parent.map(|parent| parent.to_string()));
    put("uaic.reason", reason);
    put("uaic.study", record.start.home.study().map(|study| study.to_string()));
    put("uaic.trial", record.start.number.map(|number| number.to_string()));
    put("uaic.value", record.value().map(crate::number::exact));
    put("uaic.state", (record.state == RunState::Pruned).then(|| "PRUNED".to_owned()));
    let params = record.start.params.iter().map(|(name, value)| (name.clone(), value.to_string()));
    Ok(MlflowRun {
        id: record.id.to_string(),
        name: record.name.clone().unwrap_or_default(),
        status,
        started_ms: record.started_ms,
        ended_ms: record.ended_ms,
        is_deleted: record.hidden,
        params: params.collect::<BTreeMap<_, _>>(),
        tags,
        ..MlflowRun::default()
    })
}

/// The state in MLflow's words, and a reason that these do not say.
fn status(record: &RunRecord) -> (&'static str, Option<String>) {
    let reason = record.reason.clone();
    match (record.state, reason.as_deref()) {
        (RunState::Complete, _) => ("FINISHED", reason),
        (RunState::Running, _) => ("RUNNING", reason),
        (RunState::Failed | RunState::Crashed, _) => ("FAILED", reason),
        (RunState::Interrupted, Some("killed")) => ("KILLED", None),
        (RunState::Interrupted, Some("scheduled, but never begun")) => ("SCHEDULED", None),
        (RunState::Interrupted | RunState::Pruned, _) => ("KILLED", reason),
    }
}

/// Copies the artifacts of a run into a folder of its own.
fn copy_artifacts(store: &dyn Store, run: Id, folder: &Path) -> Result<u64, ExportError> {
    let mut count = 0;
    for artifact in store.artifacts(run)? {
        // A name is a plain relative path: stores refuse others.
        crate::store::rules::check_name(&artifact.name)?;
        let path = folder.join(&artifact.name);
        fsx::create_dir_all(fsx::parent_of(&path))?;
        let file = File::create(&path).map_err(FileError::at("write", &path))?;
        let mut file = BufWriter::new(file);
        store.copy_artifact(run, &artifact.name, &mut file)?;
        file.into_inner().map_err(|error| FileError::at("write", &path)(error.into_error()))?;
        count += 1;
    }
    Ok(count)
}
