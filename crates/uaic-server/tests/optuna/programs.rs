//! Optuna's own test case for storages, and programs as people write them.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use uaic_store::SqliteStore;
use uaic_study::store::{OptunaStore, RunQuery, RunRecord, Store};
use uaic_study::trial::{ParamValue, RunState};

use crate::server::{Server, python, scripts};

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with optuna, grpcio and pytest")]
fn optunas_own_test_case_for_storages_holds() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), 0);
    let output = Command::new(std::env::var("UAIC_TEST_PYTHON").unwrap())
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not params_order"])
        .arg(scripts().join("storage_case.py"))
        .env("UAIC_TEST_PORT", server.port.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("57 passed") || said.contains("skipped"), "{said}");
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with optuna and grpcio")]
fn what_programs_are_told_is_what_the_store_has() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), 0);
    let output = python("programs.py", server.port).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told.len() >= 9, "{:?}", told.keys());
    let store = SqliteStore::open_read_only(folder.path()).unwrap();
    for (name, told) in &told {
        compare(&store, name, told);
    }
    let deleted = store.studies().unwrap().into_iter().filter(|study| study.plan.experiment == "gone");
    assert_eq!(deleted.count(), 2, "what was deleted is hidden, not lost");
}

/// Holds what Optuna says of a study against what the store says of it.
fn compare(store: &SqliteStore, name: &str, told: &Value) {
    let id = store.optuna_study(store.optuna_study_named(name).unwrap()).unwrap().id;
    let study = store.study(id).unwrap();
    assert_eq!(study.plan.experiment, name);
    let directions: Vec<_> = study.goals().directions().iter().map(ToString::to_string).collect();
    assert_eq!(Value::from(directions), told["directions"]);
    if told["metrics"].is_array() {
        assert_eq!(Value::from(study.goals().metrics()), told["metrics"]);
    }
    let mut runs = store.runs(&RunQuery { study: Some(id), ..RunQuery::default() }).unwrap();
    runs.sort_by_key(|run| run.start.number);
    let trials = told["trials"].as_array().unwrap();
    let executed = trials.iter().filter(|trial| trial["state"] != "WAITING");
    let numbers: Vec<_> = executed.clone().map(|trial| trial["number"].as_u64()).collect();
    assert!(runs.iter().map(|run| run.start.number.map(u64::from)).eq(numbers), "{name}");
    assert_eq!(study.plan.trials as usize, trials.len(), "{name}");
    for (run, trial) in runs.iter().zip(executed) {
        compare_trial(store, study.goals().metric(), run, trial);
    }
}

fn compare_trial(store: &SqliteStore, metric: &str, run: &RunRecord, trial: &Value) {
    let state = match trial["state"].as_str().unwrap() {
        "FAIL" => RunState::Failed,
        other => RunState::from_name(other).unwrap(),
    };
    assert_eq!(run.state, state);
    if state == RunState::Complete {
        let values: Vec<f64> = trial["values"].as_array().unwrap().iter().map(float).collect();
        assert_eq!(run.values, values);
    } else {
        assert!(run.values.is_empty());
    }
    assert_eq!(Some(run.started_ms), trial["start_ms"].as_i64());
    let params: BTreeMap<_, _> = trial["params"].as_object().unwrap().iter().collect();
    assert!(params.keys().copied().eq(run.start.params.keys()));
    for (ours, theirs) in run.start.params.values().zip(params.values()) {
        assert!(is_same(ours, theirs), "{ours:?} {theirs}");
    }
    let tags = store.tags(run.id).unwrap();
    for key in trial["user"].as_array().unwrap() {
        assert!(tags.contains_key(key.as_str().unwrap()) || key == "text", "{key} {tags:?}");
    }
    let mut reports = BTreeMap::new();
    for point in store.series(run.id, metric).unwrap() {
        reports.insert(point.step.to_string(), point.value);
    }
    let theirs = trial["reports"].as_object().unwrap();
    let theirs: BTreeMap<String, f64> =
        theirs.iter().map(|(step, value)| (step.clone(), float(value))).collect();
    assert_eq!(reports, theirs);
}

/// A float as Python writes it.
fn float(text: &Value) -> f64 {
    text.as_str().unwrap().parse().unwrap()
}

/// Choices of several types are texts here.
fn is_same(ours: &ParamValue, theirs: &Value) -> bool {
    match (ours, theirs) {
        (ParamValue::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (ParamValue::Int(ours), Value::Number(_)) => Some(*ours) == theirs.as_i64(),
        (ParamValue::Float(ours), Value::Number(_)) => Some(*ours) == theirs.as_f64(),
        (ParamValue::Text(ours), Value::String(theirs)) => ours == theirs,
        (ParamValue::Text(ours), Value::Null) => ours == "None",
        (ParamValue::Text(ours), Value::Bool(true)) => ours == "True",
        (ParamValue::Text(ours), Value::Bool(false)) => ours == "False",
        (ParamValue::Text(ours), Value::Number(theirs)) => *ours == theirs.to_string(),
        _ => false,
    }
}
