//! From a package to a run.

use std::path::Path;

use super::{DIGEST, KEPT, SAME};
use crate::package::{self, Manifest, Package};
use crate::platform::ProcessIdentity;
use crate::select::FINAL_METRIC;
use crate::spec::Spec;
use crate::store::{
    Environment, Id, NewRun, NewStudy, RunEnd, RunKind, RunQuery, Store, StoreError, StudyState,
};
use crate::training::TrainingError;
use crate::training::objective::point;
use crate::trial::{Direction, Goal, Params, RunState};

/// What importing a package came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The run.
    pub run: Id,
    /// Whether it was there already.
    pub was_there: bool,
}

/// Puts a package into a store, as a complete run of kind [`RunKind::Imported`] in a study of its
/// own. A package that the store has gives the run that it has. `path` is where the package was
/// found, and where the search for its data set begins.
///
/// # Errors
/// No model can be made of the package, or the store cannot be written.
pub fn import(
    store: &dyn Store,
    package: &Package,
    path: &Path,
    process: &ProcessIdentity,
) -> Result<Imported, TrainingError> {
    let digest = package.digest();
    if let Some(run) = earlier(store, &digest)? {
        return Ok(Imported { run, was_there: true });
    }
    // A store keeps only what can be used.
    package.predictor()?;
    let spec_text = String::from_utf8_lossy(package.file(package::SPEC).unwrap_or_default()).into_owned();
    // A spec of another version may be one that this one cannot read.
    let spec = Spec::parse(&spec_text, path, &[]).ok();
    let manifest = package.manifest();
    let environment = environment(manifest, &digest);
    let study = store.create_study(&NewStudy {
        experiment: manifest.experiment.clone(),
        spec_text,
        spec_path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string(),
        overrides: Vec::new(),
        fingerprint: format!("package {digest}"),
        seed: manifest.seed,
        // A package has one value: that of the first.
        goals: spec
            .as_ref()
            .map_or_else(
                || Goal::new(FINAL_METRIC, Direction::Maximize),
                |spec| spec.study.goals.first().clone(),
            )
            .into(),
        trials: 0,
        environment: environment.clone(),
    })?;
    store.acquire_study(study.id, process)?;
    let run = record(store, package, study.id, spec.as_ref(), environment, process);
    let state = if run.is_ok() { StudyState::Complete } else { StudyState::Failed };
    store.release_study(study.id, process, state)?;
    Ok(Imported { run: run?, was_there: false })
}

/// The complete run of an earlier import.
fn earlier(store: &dyn Store, digest: &str) -> Result<Option<Id>, StoreError> {
    let query = RunQuery {
        kind: Some(RunKind::Imported),
        state: Some(RunState::Complete),
        include_hidden: true,
        ..RunQuery::default()
    };
    let runs = store.runs(&query)?;
    let is_same = |facts: &Environment| facts.get(DIGEST).is_some_and(|known| known == digest);
    Ok(runs.into_iter().find(|run| is_same(&run.start.environment)).map(|run| run.id))
}

fn environment(manifest: &Manifest, digest: &str) -> Environment {
    let mut facts = manifest.environment.clone();
    facts.insert("data.name".to_owned(), manifest.data.name.clone());
    for (split, hash) in &manifest.data.hashes {
        facts.insert(format!("data.{split}.hash"), hash.clone());
    }
    facts.insert("spec.hash".to_owned(), manifest.spec_hash.clone());
    facts.insert("seed".to_owned(), manifest.seed.to_string());
    facts.insert(DIGEST.to_owned(), digest.to_owned());
    facts
}

fn record(
    store: &dyn Store,
    package: &Package,
    study: Id,
    spec: Option<&Spec>,
    environment: Environment,
    process: &ProcessIdentity,
) -> Result<Id, TrainingError> {
    let manifest = package.manifest();
    let params: Params = manifest
        .params
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), serde_json::from_value(value.clone()).ok()?)))
        .collect();
    let attempt = store.start_run(&NewRun {
        home: study.into(),
        kind: RunKind::Imported,
        number: None,
        config: config(package, spec, &params),
        params,
        process: process.clone(),
        environment,
    })?;
    for (name, artifact) in SAME.iter().chain(&KEPT) {
        if let Some(content) = package.file(name) {
            store.put_artifact(attempt, artifact, content)?;
        }
    }
    let json = |value: serde_json::Result<Vec<u8>>| value.unwrap_or_default();
    store.put_artifact(attempt, "metrics_absent.json", &json(serde_json::to_vec_pretty(&manifest.absent)))?;
    store.put_artifact(attempt, "metrics.json", &json(serde_json::to_vec_pretty(&manifest.metrics)))?;
    let step = spec.and_then(Spec::final_stage).map_or(0, |stage| u64::from(stage.epochs));
    let metrics: Vec<_> =
        manifest.metrics.iter().map(|(key, measure)| point(key.clone(), step, measure.value)).collect();
    store.log_metrics(attempt, &metrics)?;
    for (key, value) in lineage(manifest) {
        store.set_tag(attempt.run, key, value)?;
    }
    let value = manifest.metrics.get(FINAL_METRIC).map(|measure| measure.value);
    store.finish_run(attempt, &RunEnd::complete(Vec::from_iter(value)))?;
    Ok(attempt.run)
}

/// The whole configuration of the training, as far as it is known.
fn config(package: &Package, spec: Option<&Spec>, params: &Params) -> serde_json::Value {
    if let Some(training) = spec.and_then(|spec| spec.at(params).ok()) {
        return serde_json::to_value(training).unwrap_or_default();
    }
    let model = package.file(package::CONFIG).unwrap_or_default();
    serde_json::json!({ "model": serde_json::from_slice::<serde_json::Value>(model).unwrap_or_default() })
}

/// Where the run comes from, as tags.
fn lineage(manifest: &Manifest) -> [(&str, &str); 4] {
    [
        ("package.run", &manifest.run),
        ("package.study", &manifest.study),
        ("package.created", &manifest.created),
        ("package.uaic", &manifest.uaic),
    ]
}
