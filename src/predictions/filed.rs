//! Predictions and their figures as a run, or with one.

use std::collections::BTreeMap;

use super::{Predicted, RowsError};
use crate::eval::Measures;
use crate::platform::ProcessIdentity;
use crate::store::{
    Attempt, Home, Id, MetricPoint, NewRun, RunEdit, RunEnd, RunKind, RunRecord, Store, StoreError,
};
use crate::trial::{Params, RunState};

/// The experiment of predictions that belong to nothing else.
pub const EXPERIMENT: &str = "predictions";

/// The fact that says where predictions came from.
pub const SOURCE: &str = "predictions.source";

/// The name of the artifact that keeps the predictions of a split.
pub fn artifact(split: &str) -> String {
    format!("predictions/{split}.parquet")
}

/// The splits whose predictions a run keeps, by name.
///
/// # Errors
/// The store cannot be read.
pub fn splits(store: &dyn Store, run: Id) -> Result<Vec<String>, StoreError> {
    let artifacts = store.artifacts(run)?;
    let split = |name: &str| name.strip_prefix("predictions/")?.strip_suffix(".parquet").map(str::to_owned);
    Ok(artifacts.iter().filter_map(|artifact| split(&artifact.name)).collect())
}

/// Whether a run only keeps predictions that were evaluated: as a part of the run that is meant, where it
/// has a parent.
pub fn is_of_predictions(run: &RunRecord) -> bool {
    run.start.environment.contains_key(SOURCE)
}

/// The stored predictions of a split; `None` where a run has none.
///
/// # Errors
/// The store cannot be read, or they are damaged.
pub fn load(store: &dyn Store, run: Id, split: &str) -> Result<Option<Predicted>, RowsError> {
    let name = artifact(split);
    if !store.artifacts(run)?.iter().any(|artifact| artifact.name == name) {
        return Ok(None);
    }
    let mut source = uaic_table::Source::of_bytes(&name, store.read_artifact(run, &name)?)?;
    Ok(Some(Predicted::read(&mut source, &super::Wanted::default())?))
}

/// Where figures are filed.
pub enum Place<'a> {
    /// With a run. One that has ended is not changed: it gets a part, a run within it.
    With(&'a RunRecord),
    /// As a run of their own.
    Alone {
        /// Its experiment.
        experiment: String,
        /// What it is called.
        name: Option<String>,
    },
}

/// Files predictions and figures; gives the run that has them.
///
/// # Errors
/// The store cannot be written.
pub fn file(
    store: &dyn Store,
    place: &Place<'_>,
    split: &str,
    predicted: &Predicted,
    figures: &Measures,
    facts: &BTreeMap<String, String>,
) -> Result<Id, RowsError> {
    if let Place::With(run) = place
        && run.state == RunState::Running
    {
        let attempt = Attempt { run: run.id, number: run.attempts };
        put(store, attempt, split, predicted, figures)?;
        store.flush()?;
        return Ok(run.id);
    }
    let (home, name, parent) = match place {
        Place::With(run) => {
            (Home::Experiment(run.experiment.clone()), Some(format!("predictions of {split}")), Some(run.id))
        }
        Place::Alone { experiment, name } => (Home::Experiment(experiment.clone()), name.clone(), None),
    };
    let attempt = store.start_run(&NewRun {
        home,
        kind: RunKind::Free,
        number: None,
        params: Params::new(),
        config: serde_json::json!({}),
        process: ProcessIdentity::current(),
        environment: facts.clone(),
    })?;
    if let Some(name) = name {
        store.edit_run(attempt.run, &RunEdit::Name(Some(name)))?;
    }
    if parent.is_some() {
        store.edit_run(attempt.run, &RunEdit::Parent(parent))?;
    }
    let filed = put(store, attempt, split, predicted, figures);
    let end = match &filed {
        Ok(()) => RunEnd::complete(Vec::new()),
        Err(error) => RunEnd::without_values(RunState::Failed, Some(error.to_string())),
    };
    store.finish_run(attempt, &end)?;
    filed.map(|()| attempt.run)
}

fn put(
    store: &dyn Store,
    attempt: Attempt,
    split: &str,
    predicted: &Predicted,
    figures: &Measures,
) -> Result<(), RowsError> {
    let points: Vec<MetricPoint> = figures
        .values
        .iter()
        .map(|(key, estimate)| MetricPoint::new(key.clone(), 0, estimate.value))
        .collect();
    store.log_metrics(attempt, &points)?;
    store.put_artifact(attempt, &artifact(split), &predicted.to_parquet()?)?;
    put_merged(store, attempt, "metrics.json", &figures.values)?;
    put_merged(store, attempt, "metrics_absent.json", &figures.absent)
}

/// Adds to a JSON object that a run may have from another split.
fn put_merged<T: serde::Serialize>(
    store: &dyn Store,
    attempt: Attempt,
    name: &str,
    more: &BTreeMap<String, T>,
) -> Result<(), RowsError> {
    let is_there = store.artifacts(attempt.run)?.iter().any(|artifact| artifact.name == name);
    let before = if is_there { store.read_artifact(attempt.run, name)? } else { Vec::new() };
    let mut all: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&before).unwrap_or_default();
    for (key, value) in more {
        let value = serde_json::to_value(value).map_err(|error| RowsError::Stored(error.to_string()))?;
        all.insert(key.clone(), value);
    }
    let bytes = serde_json::to_vec_pretty(&all).map_err(|error| RowsError::Stored(error.to_string()))?;
    store.put_artifact(attempt, name, &bytes)?;
    Ok(())
}

impl From<StoreError> for RowsError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
