//! Runs: made, named, ended, deleted.

use serde_json::json;
use uaic_study::store::{Id, Store};
use uaic_study::trial::RunState;

use super::http::Served;

const MISSING: &str = "RESOURCE_DOES_NOT_EXIST";
const INVALID: &str = "INVALID_PARAMETER_VALUE";

#[test]
fn a_run_is_what_it_was_made_as() {
    let served = Served::start();
    let experiment = served.experiment("runs");
    let made = served.post(
        "runs/create",
        json!({"experiment_id": experiment, "user_id": "ann", "run_name": "first", "start_time": 1234,
            "tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}),
    );
    let info = &made["run"]["info"];
    let id = info["run_id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(info["artifact_uri"], format!("mlflow-artifacts:/{experiment}/{id}/artifacts"));
    assert_eq!(
        (&info["user_id"], &info["status"], &info["start_time"]),
        (&json!("ann"), &json!("RUNNING"), &json!(1234))
    );
    assert_eq!(served.read(id), made["run"], "what was answered is what is there");
    let tags = json!([{"key": "a", "value": "2"}, {"key": "mlflow.runName", "value": "first"}]);
    assert_eq!(made["run"]["data"]["tags"], tags);
    let made = served.post("runs/create", json!({"experiment_id": experiment}));
    assert_eq!(made["run"]["info"]["start_time"], 0);
    assert!(!made["run"]["info"]["run_name"].as_str().unwrap().is_empty(), "a name is invented");
    served.refuses("runs/create", json!({}), INVALID, "'experiment_id'");
    served.refuses("runs/create", json!({"experiment_id": "77"}), MISSING, "No Experiment with id=77 exists");
    let both =
        json!({"experiment_id": "0", "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]});
    served.refuses("runs/create", both, INVALID, "but with different values");
    let same =
        json!({"experiment_id": "0", "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "a"}]});
    assert_eq!(served.post("runs/create", same)["run"]["info"]["run_name"], "a");
}

#[test]
fn the_name_is_also_a_tag() {
    let served = Served::start();
    let id = served.run("0");
    let names = || {
        let run = served.read(&id);
        let tags = run["data"]["tags"].as_array().unwrap().clone();
        let tag = tags.iter().find(|tag| tag["key"] == "mlflow.runName").unwrap()["value"].clone();
        assert_eq!(tag, run["info"]["run_name"]);
        tag
    };
    served.post("runs/update", json!({"run_id": id, "run_name": "one"}));
    assert_eq!(names(), "one");
    served.post("runs/set-tag", json!({"run_id": id, "key": "mlflow.runName", "value": "two"}));
    assert_eq!(names(), "two");
    let info = served.post("runs/update", json!({"run_id": id, "run_name": ""}));
    assert_eq!(
        (&names(), &info["run_info"]["run_name"]),
        (&json!("two"), &json!("two")),
        "an empty name is ignored"
    );
    served
        .post("runs/log-batch", json!({"run_id": id, "tags": [{"key": "mlflow.runName", "value": "three"}]}));
    assert_eq!(names(), "three");
}

#[test]
fn any_status_follows_any_and_is_the_same_for_both_sides() {
    let served = Served::start();
    let id = served.run("0");
    let own = Id::parse(&id).unwrap();
    for (status, state) in [
        ("SCHEDULED", RunState::Interrupted),
        ("FINISHED", RunState::Complete),
        ("KILLED", RunState::Interrupted),
        ("RUNNING", RunState::Running),
        ("FAILED", RunState::Failed),
    ] {
        let info = served.post("runs/update", json!({"run_id": id, "status": status, "end_time": 5000}));
        assert_eq!(info["run_info"]["status"], status);
        assert_eq!(served.read(&id)["info"]["status"], status);
        assert_eq!(served.store.run(own).unwrap().state, state);
    }
    served.post("runs/update", json!({"run_id": id, "status": 1}));
    let info = served.read(&id)["info"].take();
    assert_eq!((&info["status"], &info["end_time"]), (&json!("RUNNING"), &json!(5000)), "the end stays");
}

#[test]
fn deleted_runs_are_read_and_not_written() {
    let served = Served::start();
    let id = served.run("0");
    for _ in 0..2 {
        served.post("runs/delete", json!({"run_id": id}));
        assert_eq!(served.read(&id)["info"]["lifecycle_stage"], "deleted");
    }
    assert!(served.store.run(Id::parse(&id).unwrap()).unwrap().hidden);
    for (path, body) in [
        ("runs/log-metric", json!({"run_id": id, "key": "k", "value": 1, "timestamp": 1})),
        ("runs/log-parameter", json!({"run_id": id, "key": "k", "value": "1"})),
        ("runs/set-tag", json!({"run_id": id, "key": "k", "value": "1"})),
        ("runs/delete-tag", json!({"run_id": id, "key": "k"})),
        ("runs/log-batch", json!({"run_id": id})),
        ("runs/update", json!({"run_id": id, "status": "FINISHED"})),
        ("runs/log-inputs", json!({"run_id": id})),
        ("runs/outputs", json!({"run_id": id})),
    ] {
        served.refuses(path, body, INVALID, &format!("The run {id} must be in the 'active' state"));
    }
    for _ in 0..2 {
        served.post("runs/restore", json!({"run_id": id}));
        assert_eq!(served.read(&id)["info"]["lifecycle_stage"], "active");
    }
    for unknown in ["0".repeat(32), "x".to_owned(), id.to_uppercase()] {
        for path in ["runs/delete", "runs/restore", "runs/update"] {
            let text = format!("Run with id={unknown} not found");
            served.refuses(path, json!({"run_id": unknown}), MISSING, &text);
        }
    }
}

#[test]
fn parents_are_runs_or_plain_tags() {
    let served = Served::start();
    let (parent, child) = (served.run("0"), served.run("0"));
    let tag = |run: &str| {
        let tags = served.read(run)["data"]["tags"].take();
        tags.as_array()
            .unwrap()
            .iter()
            .find(|tag| tag["key"] == "mlflow.parentRunId")
            .map(|tag| tag["value"].clone())
    };
    let set = |run: &str, to: &str| {
        served.post("runs/set-tag", json!({"run_id": run, "key": "mlflow.parentRunId", "value": to}));
    };
    let found = |parent: &str| {
        let filter = format!("tags.`mlflow.parentRunId` = '{parent}'");
        let found = served.post("runs/search", json!({"experiment_ids": ["0"], "filter": filter}));
        found["runs"].as_array().map_or(0, Vec::len)
    };
    set(&child, &parent);
    assert_eq!(tag(&child), Some(json!(parent)));
    let own = served.store.run(Id::parse(&child).unwrap()).unwrap();
    assert_eq!(own.parent, Id::parse(&parent));
    assert_eq!(found(&parent), 1);
    for strange in ["nobody", &"0".repeat(32), &child] {
        set(&child, strange);
        assert_eq!(tag(&child), Some(json!(strange)), "kept as it is");
        assert_eq!((found(&parent), found(strange)), (0, 1));
    }
    set(&child, &parent);
    set(&parent, &child);
    assert_eq!(tag(&parent), Some(json!(child)), "a circle is no structure of ours");
    served.post("runs/delete-tag", json!({"run_id": child, "key": "mlflow.parentRunId"}));
    assert_eq!(tag(&child), None);
}
