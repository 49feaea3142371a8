//! Everything that is recorded of a run, read once.

use std::collections::BTreeMap;

use crate::eval::{Estimate, Measures};
use crate::predictions::{Predicted, filed};
use crate::store::{ArtifactRecord, Id, LatestMetric, RunQuery, RunRecord, Store, StoreError};
use crate::training::load_measures;

/// A run, and all it recorded.
pub(super) struct Recorded<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) run: RunRecord,
    /// The latest values, those of its evaluated predictions behind its own.
    pub(super) metrics: Vec<LatestMetric>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) artifacts: Vec<ArtifactRecord>,
    /// The runs that are parts of it, the oldest first; without those that only keep its predictions.
    pub(super) parts: Vec<RunRecord>,
    /// The run that it is part of.
    pub(super) parent: Option<RunRecord>,
    /// Predictions by split; or why they cannot be read.
    pub(super) predictions: Vec<(String, Result<Predicted, String>)>,
    /// Figures with their intervals, and why others have none.
    pub(super) measures: Measures,
}

impl<'a> Recorded<'a> {
    /// Reads it.
    pub(super) fn read(store: &'a dyn Store, run: RunRecord) -> Result<Self, StoreError> {
        let mut parts = store.runs(&RunQuery { parent: Some(run.id), ..RunQuery::default() })?;
        parts.sort_by_key(|part| (part.started_ms, part.id));
        let (evaluations, parts): (Vec<RunRecord>, Vec<RunRecord>) =
            parts.into_iter().partition(filed::is_of_predictions);
        let mut metrics = store.latest_metrics(run.id)?;
        let mut predictions = Vec::new();
        let mut measures = Measures { values: BTreeMap::new(), absent: BTreeMap::new() };
        for place in std::iter::once(run.id).chain(evaluations.iter().map(|part| part.id)) {
            add_predictions(store, place, &mut predictions)?;
            add_measures(store, place, &mut measures);
        }
        for part in &evaluations {
            for metric in store.latest_metrics(part.id)? {
                if metrics.iter().all(|known| known.key != metric.key) {
                    metrics.push(metric);
                }
            }
        }
        Ok(Self {
            tags: store.tags(run.id)?,
            artifacts: store.artifacts(run.id)?,
            parent: run.parent.map(|parent| store.run(parent)).transpose()?,
            store,
            run,
            metrics,
            parts,
            predictions,
            measures,
        })
    }

    /// Its name, or else its id.
    pub(super) fn called(&self) -> String {
        self.run.name.clone().unwrap_or_else(|| format!("run {}", self.run.id.short()))
    }

    /// What pictures say that they are of.
    pub(super) fn about(&self) -> String {
        match &self.run.name {
            Some(name) => format!("{} · {name}", self.run.experiment),
            None => format!("{} · run {}", self.run.experiment, self.run.id.short()),
        }
    }

    /// A fact about its surroundings.
    pub(super) fn fact(&self, name: &str) -> Option<&String> {
        self.run.start.environment.get(name)
    }

    /// The interval of a figure, where its latest value is the one that was measured.
    pub(super) fn estimate(&self, metric: &LatestMetric) -> Option<&Estimate> {
        let found = self.measures.values.get(&metric.key)?;
        (found.value.to_bits() == metric.value.to_bits()).then_some(found)
    }

    /// An artifact as text; `None` where there is none.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, StoreError> {
        if self.artifacts.iter().all(|artifact| artifact.name != name) {
            return Ok(None);
        }
        let bytes = self.store.read_artifact(self.run.id, name)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

fn add_predictions(
    store: &dyn Store,
    run: Id,
    found: &mut Vec<(String, Result<Predicted, String>)>,
) -> Result<(), StoreError> {
    for split in filed::splits(store, run)? {
        if found.iter().any(|(known, _)| *known == split) {
            continue;
        }
        match filed::load(store, run, &split) {
            Ok(Some(predicted)) => found.push((split, Ok(predicted))),
            Ok(None) => {}
            Err(why) => found.push((split, Err(why.to_string()))),
        }
    }
    Ok(())
}

/// Other programs may have a file of this name with another content.
fn add_measures(store: &dyn Store, run: Id, all: &mut Measures) {
    if let Ok(found) = load_measures(store, run) {
        for (key, value) in found.values {
            all.values.entry(key).or_insert(value);
        }
        for (key, why) in found.absent {
            all.absent.entry(key).or_insert(why);
        }
    }
}
