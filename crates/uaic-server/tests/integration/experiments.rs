//! Experiments: their numbers, names, lives and tags.

use serde_json::json;

use super::http::Served;

const EXISTS: &str = "RESOURCE_ALREADY_EXISTS";
const MISSING: &str = "RESOURCE_DOES_NOT_EXIST";
const INVALID: &str = "INVALID_PARAMETER_VALUE";

#[test]
fn names_are_unique_whether_deleted_or_not() {
    let served = Served::start();
    let one = served.experiment("one");
    served.refuses("experiments/create", json!({"name": "one"}), EXISTS, "already exists");
    served.refuses("experiments/create", json!({"name": "Default"}), EXISTS, "already exists");
    served.post("experiments/delete", json!({"experiment_id": one}));
    served.refuses("experiments/create", json!({"name": "one"}), EXISTS, "deleted");
    let two = served.experiment("two");
    served.refuses(
        "experiments/update",
        json!({"experiment_id": two, "new_name": "one"}),
        EXISTS,
        "already exists",
    );
    served.post("experiments/update", json!({"experiment_id": two, "new_name": "two"}));
    served.refuses("experiments/create", json!({"name": ""}), INVALID, "Missing value");
    served.refuses("experiments/create", json!({"name": "a".repeat(501)}), INVALID, "maximum length of 500");
    served.experiment(&"ä".repeat(500));
}

#[test]
fn locations_are_kept_and_never_opened() {
    let served = Served::start();
    let location = |id: &str| {
        served.get(&format!("experiments/get?experiment_id={id}"))["experiment"]["artifact_location"].take()
    };
    let plain = served.experiment("plain");
    assert_eq!(location(&plain), format!("mlflow-artifacts:/{plain}"));
    for (at, given) in
        ["s3://bucket/a", "file:///srv/a", "mlflow-artifacts:/elsewhere", "/srv/b"].iter().enumerate()
    {
        let made =
            served.post("experiments/create", json!({"name": format!("e{at}"), "artifact_location": given}));
        assert_eq!(location(made["experiment_id"].as_str().unwrap()), *given);
    }
    let made = served.post("experiments/create", json!({"name": "relative", "artifact_location": "runs"}));
    let absolute = location(made["experiment_id"].as_str().unwrap());
    assert!(absolute.as_str().unwrap().starts_with('/') && absolute.as_str().unwrap().ends_with("/runs"));
    for wrong in ["s3://bucket/a#b".to_owned(), format!("s3://{}", "a".repeat(2048))] {
        served.refuses("experiments/create", json!({"name": "x", "artifact_location": wrong}), INVALID, "");
    }
}

#[test]
fn runs_are_deleted_and_restored_with_their_experiment() {
    let served = Served::start();
    let id = served.experiment("lives");
    let (first, second) = (served.run(&id), served.run(&id));
    served.post("runs/delete", json!({"run_id": first}));
    served.post("experiments/delete", json!({"experiment_id": id}));
    served.refuses("experiments/delete", json!({"experiment_id": id}), MISSING, "No Experiment");
    for run in [&first, &second] {
        assert_eq!(served.read(run)["info"]["lifecycle_stage"], "deleted");
    }
    let body = json!({"experiment_id": id});
    served.refuses("runs/create", body.clone(), INVALID, "must be in the 'active' state");
    served.refuses(
        "experiments/set-experiment-tag",
        json!({"experiment_id": id, "key": "a"}),
        INVALID,
        "'active' state",
    );
    served.refuses(
        "experiments/update",
        json!({"experiment_id": id, "new_name": "x"}),
        INVALID,
        "'active' state",
    );
    served.post("experiments/restore", body.clone());
    served.refuses("experiments/restore", body, MISSING, "No Experiment");
    for run in [&first, &second] {
        assert_eq!(served.read(run)["info"]["lifecycle_stage"], "active", "all of them");
    }
    for unknown in ["999", "x", "-1", "1e3", "99999999999999999999"] {
        served.refuses(
            "experiments/delete",
            json!({"experiment_id": unknown}),
            MISSING,
            "No Experiment with id=",
        );
    }
}

#[test]
fn tags_are_set_and_taken_away() {
    let served = Served::start();
    let id = served.experiment("tags");
    let tags = || served.get(&format!("experiments/get?experiment_id={id}"))["experiment"]["tags"].take();
    served.post("experiments/set-experiment-tag", json!({"experiment_id": id, "key": "k", "value": "1"}));
    served.post(
        "experiments/set-experiment-tag",
        json!({"experiment_id": id, "key": "k", "value": "x".repeat(20_000)}),
    );
    served.post("experiments/set-experiment-tag", json!({"experiment_id": id, "key": "l"}));
    assert_eq!(tags()[1], json!({"key": "l", "value": ""}));
    let long = json!({"experiment_id": id, "key": "k", "value": "x".repeat(20_001)});
    served.refuses("experiments/set-experiment-tag", long, INVALID, "maximum length of 20000");
    served.post("experiments/delete-experiment-tag", json!({"experiment_id": id, "key": "k"}));
    let gone = json!({"experiment_id": id, "key": "k"});
    served.refuses("experiments/delete-experiment-tag", gone, MISSING, "No tag with name: k");
}

#[test]
fn searches_have_pages_that_end() {
    let served = Served::start();
    for at in 0..5 {
        served.experiment(&format!("page {at}"));
    }
    let names = |body: serde_json::Value| {
        let found = served.post("experiments/search", body);
        let names: Vec<String> = found["experiments"]
            .as_array()
            .map(|all| all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect())
            .unwrap_or_default();
        (names, found["next_page_token"].as_str().map(str::to_owned))
    };
    let (all, token) =
        names(json!({"filter": "name LIKE 'page %'", "order_by": ["name ASC"], "max_results": 5}));
    assert_eq!((all.len(), token), (5, None), "the last page has no next, also when it is full");
    let (first, token) =
        names(json!({"filter": "name LIKE 'page %'", "order_by": ["experiment_id"], "max_results": 3}));
    assert_eq!(first, ["page 0", "page 1", "page 2"]);
    let (rest, token) =
        names(json!({"filter": "name LIKE 'page %'", "order_by": ["experiment_id"], "max_results": 3,
        "page_token": token.unwrap()}));
    assert_eq!((rest.len(), token), (2, None));
    served.refuses("experiments/search", json!({"page_token": "x"}), INVALID, "page_token");
    for limit in [0, -1, 50_001] {
        served.refuses("experiments/search", json!({"max_results": limit}), INVALID, "max_results");
    }
    for wrong in ["name = 1", "name > 'a'", "creation_time = '5'", "bogus = 'a'", "name IS NULL"] {
        served.refuses("experiments/search", json!({"filter": wrong}), INVALID, "");
    }
    assert_eq!(
        served.get("experiments/search")["experiments"].as_array().unwrap().len(),
        6,
        "without max_results"
    );
}
