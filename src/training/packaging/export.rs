//! From a run to a package.

use std::collections::BTreeMap;

use serde_json::json;

use super::{KEPT, SAME, card};
use crate::eval::{Calibration, Measures};
use crate::package::{self, DataLineage, Manifest, Package, PredictOptions, Predictor};
use crate::spec::Spec;
use crate::store::{Environment, Id, RunKind, RunRecord, Store, StudyRecord};
use crate::training::{TrainingError, load_calibration, load_classifier, load_measures, load_predictions};

/// What the example of a signature asks. Not a text of the data: those may be private, and those of
/// the test split are not to be looked at.
const EXAMPLE: &str = "please show me what you have from monday to friday";

/// Facts of a run that a package leaves out: which machine it was is nobody's business.
const PRIVATE: [&str; 3] = ["host", "cpu", "cores"];

/// The package of a run that keeps a model. The same run gives the same package.
///
/// # Errors
/// The run keeps no model, or what it has stored is damaged.
pub fn package_of(store: &dyn Store, run: Id) -> Result<Package, TrainingError> {
    let run = store.run(run)?;
    if run.start.kind == RunKind::Imported {
        return imported_package(store, run.id);
    }
    let study = store.study(run.study()?)?;
    let mut files = stored_files(store, run.id, &SAME)?;
    let measures = load_measures(store, run.id)?;
    let fitted = load_calibration(store, run.id)?;
    let predictor = Predictor {
        classifier: load_classifier(store, run.id)?,
        calibration: fitted.as_ref().map(|fitted| fitted.fitted.clone()),
    };
    let manifest = manifest(&run, &study, measures, &files);
    let spec = Spec::of_study(&study.plan)?;
    let test = load_predictions(store, run.id, "test")?;
    let card = card::write(&card::Facts {
        manifest: &manifest,
        labels: &predictor.classifier.labels,
        calibration: fitted.as_ref(),
        test: test.as_ref(),
        tags: &store.tags(run.id)?,
    });
    files.insert(package::SPEC.to_owned(), spec.effective_toml().into_bytes());
    files.insert(package::CARD.to_owned(), card.into_bytes());
    files.insert(package::SIGNATURE.to_owned(), signature(&predictor)?);
    Ok(Package::new(manifest, files)?)
}

/// The package that a run was imported from, to the byte.
fn imported_package(store: &dyn Store, run: Id) -> Result<Package, TrainingError> {
    let mut files = stored_files(store, run, &SAME)?;
    files.extend(stored_files(store, run, &KEPT)?);
    Ok(Package::from_files(files)?)
}

/// Those files of a package that are artifacts of a run.
fn stored_files(
    store: &dyn Store,
    run: Id,
    names: &[(&str, &str)],
) -> Result<BTreeMap<String, Vec<u8>>, TrainingError> {
    let mut files = BTreeMap::new();
    let stored = store.artifacts(run)?;
    for (file, artifact) in names {
        if stored.iter().any(|stored| stored.name == *artifact) {
            files.insert((*file).to_owned(), store.read_artifact(run, artifact)?);
        }
    }
    Ok(files)
}

fn manifest(
    run: &RunRecord,
    study: &StudyRecord,
    measures: Measures,
    files: &BTreeMap<String, Vec<u8>>,
) -> Manifest {
    let mut facts: Environment = run.start.environment.clone();
    facts.retain(|name, _| !PRIVATE.contains(&name.as_str()));
    let mut data = DataLineage::default();
    for (name, value) in &facts {
        match name.strip_prefix("data.") {
            Some("name") => data.name.clone_from(value),
            Some(split) => {
                let split = split.strip_suffix(".hash").unwrap_or(split);
                data.hashes.insert(split.to_owned(), value.clone());
            }
            None => {}
        }
    }
    let spec_hash = facts.remove("spec.hash").unwrap_or_default();
    facts.retain(|name, _| !name.starts_with("data."));
    let config = files.get(package::CONFIG).map_or(&[][..], Vec::as_slice);
    let config: serde_json::Value = serde_json::from_slice(config).unwrap_or_default();
    let created_ms = run.ended_ms.unwrap_or(run.started_ms);
    let created = jiff::Timestamp::from_millisecond(created_ms).map(|time| format!("{time:.3}"));
    let param = |value| serde_json::to_value(value).unwrap_or_default();
    Manifest {
        format: package::FORMAT,
        architecture: config["architecture"].as_str().unwrap_or_default().to_owned(),
        uaic: env!("CARGO_PKG_VERSION").to_owned(),
        run: run.id.to_string(),
        study: study.id.to_string(),
        experiment: run.experiment.clone(),
        seed: study.plan.seed,
        params: run.start.params.iter().map(|(name, value)| (name.clone(), param(value))).collect(),
        spec_hash,
        licence: licence(&data.name),
        data,
        metrics: measures.values,
        absent: measures.absent,
        created: created.unwrap_or_default(),
        created_ms,
        environment: facts,
        files: BTreeMap::new(),
    }
}

fn licence(data: &str) -> String {
    format!(
        "Not stated. The model was trained on the data set `{data}`, whose terms may bind it; uaic itself claims no rights in models."
    )
}

pub(super) fn signature(predictor: &Predictor) -> Result<Vec<u8>, TrainingError> {
    let answer = predictor
        .predict(&[EXAMPLE], PredictOptions::default())
        .map_err(|error| TrainingError::Final(error.to_string()))?;
    let top: Vec<_> = answer
        .iter()
        .flat_map(|answer| &answer.top)
        .map(|one| json!({ "label": &*one.label, "confidence": one.confidence }))
        .collect();
    let example = answer.first().map(|answer| {
        json!({
            "text": EXAMPLE,
            "label": &*answer.label,
            "confidence": answer.confidence,
            "out_of_scope": answer.is_out_of_scope,
            "score": answer.score,
            "top": top,
        })
    });
    let threshold = predictor.calibration.as_ref().map(|Calibration { threshold, .. }| *threshold);
    let json = json!({
        "schema": 1,
        "input": { "text": "any UTF-8 text; what is past the longest length of the tokenizer is not read" },
        "output": {
            "label": "the most probable label",
            "confidence": "its probability, 0 to 1, calibrated where calibration.json is there",
            "out_of_scope": "whether the score is below the threshold; null without calibration.json",
            "score": "how much in scope the text is, higher is more; null without calibration.json",
            "top": "the most probable labels with their confidence, the first one included",
        },
        "labels": predictor.classifier.labels,
        "threshold": threshold,
        "example": example,
    });
    let mut bytes = serde_json::to_vec_pretty(&json).unwrap_or_default();
    bytes.push(b'\n');
    Ok(bytes)
}
