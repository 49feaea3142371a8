//! What is compared: a run with everything recorded of it that a comparison needs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ComparisonError;
use crate::eval::Estimate;
use crate::select::path_in_study;
use crate::spec::{ObjectiveSpec, Spec};
use crate::store::{RunKind, RunRecord, Store, StudyRecord};
use crate::training::load_measures;
use crate::trial::{Fold, MetricKey};

/// The artifact of a final run with the intervals of its metrics.
const METRICS_ARTIFACT: &str = "metrics.json";

/// A run, its study, and what both have recorded.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    /// Its record.
    pub record: RunRecord,
    /// Its study.
    pub study: Option<StudyRecord>,
    /// Latest values of its metrics, with n and interval where they were measured; without the
    /// course of the training and the single folds.
    pub metrics: BTreeMap<String, (f64, Option<Estimate>)>,
    /// The value of each fold, in their order, by metric; only where training was divided into folds.
    pub folds: BTreeMap<String, Vec<f64>>,
    /// The whole configuration, by key path, searched parameters included.
    pub settings: BTreeMap<String, String>,
    /// The facts of its surroundings: data, spec, code and machine.
    pub facts: BTreeMap<String, String>,
    /// Whether a program evaluates the trials of its study: it has parameters, and no further settings.
    pub is_of_program: bool,
}

impl ComparedRun {
    /// Reads what is recorded of a run.
    ///
    /// # Errors
    /// The store cannot be read, or what it holds is damaged.
    pub fn load(store: &dyn Store, run: RunRecord) -> Result<Self, ComparisonError> {
        let study = run.start.home.study().map(|study| store.study(study)).transpose()?;
        let intervals = intervals(store, &run)?;
        let mut metrics = BTreeMap::new();
        for metric in store.latest_metrics(run.id)? {
            let key = MetricKey::from(metric.key.as_str());
            let is_of_training = key.fold.is_none() && key.group == "train";
            if !is_of_training && !matches!(key.fold, Some(Fold::One(_))) {
                let interval = intervals.get(&metric.key).copied();
                metrics.insert(metric.key, (metric.value, interval));
            }
        }
        let mut folds = BTreeMap::new();
        if let Some(count) = fold_count(&run) {
            for key in metrics.keys().filter(|key| key.starts_with("val/")) {
                let means: Vec<f64> =
                    store.metric_history(run.id, key)?.iter().map(|point| point.value).collect();
                if means.len() == count {
                    folds.insert(key.clone(), fold_values(&means));
                }
            }
        }
        // What was told, or returned by a function, was not logged step by step.
        if let (RunKind::Trial, Some(study)) = (run.start.kind, &study) {
            for (metric, value) in study.goals().metrics().into_iter().zip(run.values.clone()) {
                metrics.entry(metric.to_owned()).or_insert((value, None));
            }
        }
        // A training of ours says in its configuration how it trains, even without a spec.
        let is_of_program = study.as_ref().is_none_or(|study| Spec::is_of_program(&study.plan))
            && run.start.config.get("train").is_none();
        let mut settings = BTreeMap::new();
        // Of a program the configuration is its parameters once more, in the command and by name.
        if !is_of_program {
            flatten(&run.start.config, "", &mut settings);
        }
        for (name, value) in &run.start.params {
            settings.entry(name.clone()).or_insert_with(|| value.to_string());
        }
        let mut facts = study.as_ref().map_or_else(BTreeMap::new, |study| study.plan.environment.clone());
        facts.extend(run.start.environment.clone());
        if let Some(study) = &study {
            facts.extend(command(study).map(|command| ("spec.command".to_owned(), command)));
            facts.entry("seed".to_owned()).or_insert_with(|| study.plan.seed.to_string());
        }
        Ok(Self { record: run, study, metrics, folds, settings, facts, is_of_program })
    }

    /// `9c1e22aa/3`, `9c1e22aa/final` or an id: its place, and a selector of it.
    pub fn name(&self) -> String {
        path_in_study(&self.record)
    }

    /// The metric that its study decides by; empty of a run of no study.
    pub(super) fn metric(&self) -> &str {
        self.study.as_ref().map_or("", |study| study.goals().metric())
    }

    /// The seed of its study.
    pub fn seed(&self) -> &str {
        self.facts.get("seed").map_or("", String::as_str)
    }

    /// Why the folds of two runs are not the same parts of the same data; `None` when they are.
    pub(super) fn folds_differ(&self, other: &Self) -> Option<String> {
        let fact = |run: &Self, key: &str| run.facts.get(key).cloned();
        if fold_count(&self.record).is_none() || fold_count(&other.record).is_none() {
            return Some("they were not both validated in folds".to_owned());
        }
        for (key, what) in
            [("data.name", "data set"), ("data.train.hash", "training data"), ("seed", "seed of the folds")]
        {
            if fact(self, key) != fact(other, key) {
                return Some(format!("the folds are not the same: another {what}"));
            }
        }
        let validation = |run: &Self| run.record.start.config.pointer("/data/validation").cloned();
        (validation(self) != validation(other))
            .then(|| "the folds are not the same: another data.validation".to_owned())
    }
}

/// The command of a study, with the names of parameters in it.
fn command(study: &StudyRecord) -> Option<String> {
    let ObjectiveSpec::Command(table) = Spec::of_study(&study.plan).ok()?.objective else { return None };
    table.get("command").map(ToString::to_string)
}

/// How many folds a run was validated in; `None` for a single part or split.
pub(super) fn fold_count(run: &RunRecord) -> Option<usize> {
    let folds = run.start.config.pointer("/data/validation/folds")?.as_u64()?;
    usize::try_from(folds).ok().filter(|folds| *folds > 1)
}

/// A trial records the mean over the folds done so far at each step: the single values follow.
fn fold_values(means: &[f64]) -> Vec<f64> {
    let sum = |done: usize| if done == 0 { 0.0 } else { means[done - 1] * done as f64 };
    (0..means.len()).map(|fold| sum(fold + 1) - sum(fold)).collect()
}

/// The measures of a final run with their intervals; none where it has not stored any.
fn intervals(store: &dyn Store, run: &RunRecord) -> Result<BTreeMap<String, Estimate>, ComparisonError> {
    let is_stored = store.artifacts(run.id)?.iter().any(|artifact| artifact.name == METRICS_ARTIFACT);
    Ok(if is_stored { load_measures(store, run.id)?.values } else { BTreeMap::new() })
}

/// The leaves of a configuration by their path.
fn flatten(value: &Value, path: &str, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, member) in members {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(member, &inner, leaves);
            }
        }
        Value::String(text) => drop(leaves.insert(path.to_owned(), text.clone())),
        Value::Null if path.is_empty() => {}
        other => drop(leaves.insert(path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_values_of_folds_follow_from_their_running_mean() {
        let folds = [0.9, 0.8, 0.95];
        let means = [0.9, 0.85, 2.65 / 3.0];
        for (found, expected) in fold_values(&means).iter().zip(folds) {
            approx::assert_relative_eq!(*found, expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn a_configuration_becomes_paths_and_texts() {
        let mut leaves = BTreeMap::new();
        flatten(&json!({ "train": { "lr": 0.01, "name": "adam" }, "list": [1, 2] }), "", &mut leaves);
        let expected = [("list", "[1,2]"), ("train.lr", "0.01"), ("train.name", "adam")];
        assert!(leaves.iter().map(|(k, v)| (k.as_str(), v.as_str())).eq(expected));
        flatten(&Value::Null, "", &mut leaves);
        assert_eq!(leaves.len(), 3);
    }
}
