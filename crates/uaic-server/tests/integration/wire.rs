//! What goes over the wire: spellings, types, answers and errors.

use serde_json::json;

use super::http::{Served, assert_refused};

#[test]
fn every_route_is_there_under_both_prefixes_and_what_is_not_says_so_in_json() {
    let served = Served::start();
    for prefix in ["/api", "/ajax-api"] {
        let answer =
            served.send("GET", &format!("{prefix}/2.0/mlflow/experiments/get?experiment_id=0"), "", b"");
        assert_eq!(answer.json()["experiment"]["name"], "Default");
        let info = served.send("GET", &format!("{prefix}/3.0/mlflow/server-info"), "", b"").json();
        assert_eq!((&info["store_type"], &info["workspaces_enabled"]), (&json!("SqlStore"), &json!(false)));
    }
    for path in ["/api/2.0/mlflow/users/create", "/api/2.0/mlflow/nothing", "/api/2.0/mlflow", "/else"] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = served.send(method, path, "", b"");
            assert_refused(&answer, "ENDPOINT_NOT_FOUND", path, path);
        }
    }
    let answer = served.send("DELETE", "/api/2.0/mlflow/runs/get", "", b"");
    assert_eq!((answer.status, &answer.json()["error_code"]), (405, &json!("ENDPOINT_NOT_FOUND")));
    assert_eq!(served.send("GET", "/health", "", b"").body, b"OK");
    let version = String::from_utf8(served.send("GET", "/version", "", b"").body).unwrap();
    assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    let answer = served.send(
        "POST",
        "/api/2.0/mlflow-artifacts/mpu/create/a/b",
        "content-type: application/json\r\n",
        b"{}",
    );
    assert_refused(&answer, "NOT_IMPLEMENTED", "", "mpu");
}

#[test]
fn bodies_are_json_objects_that_say_so() {
    let served = Served::start();
    let target = "/api/2.0/mlflow/experiments/create";
    let send = |headers: &str, body: &str| served.send("POST", target, headers, body.as_bytes());
    let json = "content-type: application/json\r\n";
    for headers in ["", "content-type: text/plain\r\n", "content-type: application/x-www-form-urlencoded\r\n"]
    {
        assert_refused(&send(headers, r#"{"name": "a"}"#), "BAD_REQUEST", "Content-Type", headers);
    }
    for body in
        ["[]", "1", "true", "{", "", "\"text\"", r#"{"name": NaN}"#, "\u{feff}{}", r#"[{"name": "a"}]"#]
    {
        let answer = send(json, body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.json());
    }
    let deep = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    assert_refused(&send(json, &deep), "BAD_REQUEST", "", "deep");
    assert_eq!(send("content-type: application/json; charset=utf-8\r\n", r#"{"name": "a"}"#).status, 200);
    assert_eq!(send("Content-Type: APPLICATION/JSON\r\n", r#"{"name": "b", "bogus": [1]}"#).status, 200);
    assert_eq!(send(json, r#""{\"name\": \"twice\"}""#).status, 200, "JSON in JSON");
    assert_eq!(served.get("experiments/get-by-name?experiment_name=twice")["experiment"]["name"], "twice");
}

#[test]
fn names_are_written_in_either_way_and_numbers_too() {
    let served = Served::start();
    let run = served.run("0");
    served.post(
        "runs/log-metric",
        json!({"runId": run, "key": "a", "value": "1.5", "timestamp": "7", "step": 2.0}),
    );
    served.post(
        "runs/log-metric",
        json!({"run_uuid": run, "key": "b", "value": "NaN", "timestamp": 7, "step": null}),
    );
    served
        .post("runs/log-metric", json!({"run_id": run, "key": "c", "value": "-Infinity", "timestamp": 7.0}));
    let metrics = served.read(&run)["data"]["metrics"].take();
    assert_eq!(metrics[0], json!({"key": "a", "value": 1.5, "timestamp": 7, "step": 2}));
    assert_eq!(metrics[1], json!({"key": "b", "value": "NaN", "timestamp": 7, "step": 0}));
    assert_eq!(metrics[2], json!({"key": "c", "value": "-Infinity", "timestamp": 7, "step": 0}));
    let twice = json!({"run_id": run, "runId": run, "key": "a", "value": 1, "timestamp": 7});
    served.refuses("runs/log-metric", twice, "INVALID_PARAMETER_VALUE", "'run_id' is given twice");
    assert_eq!(
        served.get("experiments/search?max_results=1&view_type=1")["experiments"].as_array().unwrap().len(),
        1
    );
    assert_eq!(
        served.get("experiments/search?maxResults=1&viewType=ALL")["experiments"][0]["experiment_id"],
        "0"
    );
}

#[test]
fn what_is_missing_or_wrong_is_named_with_its_place() {
    let served = Served::start();
    let run = served.run("0");
    let invalid = "INVALID_PARAMETER_VALUE";
    for missing in [json!({}), json!({"run_id": null}), json!({"run_id": ""})] {
        served.refuses("runs/delete", missing, invalid, "Missing value for required parameter 'run_id'");
    }
    served.refuses_get("runs/get", invalid, "Missing value for required parameter 'run_id'");
    served.refuses_get("experiments/get", invalid, "Missing value for required parameter 'experiment_id'");
    let log = |key: &str, value: serde_json::Value| {
        let mut body = json!({"run_id": run, "key": "k", "value": 1, "timestamp": 1, "step": 0});
        body[key] = value;
        body
    };
    served.refuses(
        "runs/log-metric",
        log("key", json!(null)),
        invalid,
        "Missing value for required parameter 'key'",
    );
    served.refuses(
        "runs/log-metric",
        log("value", json!(null)),
        invalid,
        "Missing value for required parameter 'value'",
    );
    served.refuses(
        "runs/log-metric",
        log("value", json!("x")),
        invalid,
        "Invalid value \"x\" for parameter 'value' supplied",
    );
    served.refuses(
        "runs/log-metric",
        log("value", json!({"a": [1]})),
        invalid,
        "Invalid value {\"a\":[1]} for parameter 'value'",
    );
    served.refuses(
        "runs/log-metric",
        log("key", json!(3)),
        invalid,
        "Invalid value 3 for parameter 'key' supplied",
    );
    served.refuses(
        "runs/log-metric",
        log("step", json!(1.5)),
        invalid,
        "Invalid value 1.5 for parameter 'step' supplied",
    );
    served.refuses(
        "runs/log-metric",
        log("timestamp", json!(-1)),
        invalid,
        "Invalid value -1 for parameter 'timestamp'",
    );
    let batch = json!({"run_id": run, "metrics": [{"key": "k", "value": 1, "timestamp": 1}, {"key": "k", "timestamp": 1}]});
    served.refuses("runs/log-batch", batch, invalid, "'metrics[1].value'");
    let batch = json!({"run_id": run, "tags": [{"key": ["k"]}]});
    served.refuses(
        "runs/log-batch",
        batch,
        invalid,
        "Invalid value [\"k\"] for parameter 'tags[0].key' supplied",
    );
    assert!(served.read(&run)["data"].get("metrics").is_none(), "nothing of all that is there");
}

#[test]
fn what_mlflow_loses_quietly_is_refused() {
    let served = Served::start();
    let run = served.run("0");
    let invalid = "INVALID_PARAMETER_VALUE";
    served.refuses("runs/search", json!({"experiment_ids": [0]}), invalid, "'experiment_ids'");
    served.refuses("runs/update", json!({"run_id": run, "status": "BOGUS"}), invalid, "'status'");
    let batch = json!({"run_id": run, "metrics": [
        {"key": "a", "value": 1, "timestamp": 1}, {"key": "b", "value": "1,5", "timestamp": 1}]});
    served.refuses("runs/log-batch", batch, invalid, "metrics[1].value");
    assert!(served.read(&run)["data"].get("metrics").is_none());
}

#[test]
fn empty_answers_are_objects_and_unset_fields_are_left_out() {
    let served = Served::start();
    let run = served.run("0");
    assert_eq!(served.post("runs/set-tag", json!({"run_id": run, "key": "k", "value": ""})), json!({}));
    let read = served.read(&run);
    assert!(read["info"].get("end_time").is_none() && read.get("inputs").is_none());
    assert!(read["data"].get("params").is_none());
    assert_eq!(read["data"]["tags"][0], json!({"key": "k", "value": ""}), "what is set is written");
    assert_eq!(read["info"]["run_id"], read["info"]["run_uuid"]);
    assert_eq!(served.post("runs/search", json!({})), json!({}));
}

#[test]
fn any_bytes_are_answered() {
    let served = Served::start();
    let json = "content-type: application/json\r\n";
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let parts = [
        "{", "}", "[", "]", "\"", ":", ",", "run_id", "metrics", "null", "1e999", "-", "\\u", "\u{0}", "ü",
        "%", "/",
    ];
    for path in
        ["runs/search", "runs/log-batch", "experiments/create", "runs/log-inputs", "experiments/search"]
    {
        for _ in 0..60 {
            let body: String = (0..next() % 30).map(|_| parts[next() % parts.len()]).collect();
            let answer = served.send("POST", &format!("/api/2.0/mlflow/{path}"), json, body.as_bytes());
            assert!(matches!(answer.status, 200 | 400 | 404), "{path} {body}: {}", answer.status);
        }
    }
    let letters = ["%", "%2", "%ff", "&", "=", "run_id", "?", "a", "%00", "+"];
    for path in ["runs/get", "metrics/get-history", "artifacts/list", "experiments/search"] {
        for _ in 0..60 {
            let query: String = (0..next() % 12).map(|_| letters[next() % letters.len()]).collect();
            let answer = served.send("GET", &format!("/api/2.0/mlflow/{path}?{query}"), "", b"");
            assert!(matches!(answer.status, 200 | 400 | 404), "{path} {query}: {}", answer.status);
        }
    }
}
