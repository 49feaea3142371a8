//! What is added to runs.

use serde_json::{Value, json};
use uaic_study::store::{Id, Store};

use super::http::Served;

const INVALID: &str = "INVALID_PARAMETER_VALUE";

fn metric(key: &str, value: impl Into<Value>, timestamp: i64, step: i64) -> Value {
    json!({"key": key, "value": value.into(), "timestamp": timestamp, "step": step})
}

#[test]
fn params_are_written_once() {
    let served = Served::start();
    let run = served.run("0");
    let log = |key: &str, value: Value| json!({"run_id": run, "key": key, "value": value});
    for _ in 0..2 {
        served.post("runs/log-parameter", log("lr", json!("0.10")));
    }
    for other in ["0.1", "0.100", ""] {
        let text = "Changing param values is not allowed";
        served.refuses("runs/log-parameter", log("lr", json!(other)), INVALID, text);
    }
    served.post("runs/log-parameter", json!({"run_id": run, "key": "none"}));
    served.post("runs/log-parameter", log("long", json!("x".repeat(7000))));
    served.post("runs/log-parameter", log("long", json!("x".repeat(6500))));
    let params = served.read(&run)["data"]["params"].take();
    assert_eq!(params[0], json!({"key": "long", "value": "x".repeat(6000)}), "cut");
    assert_eq!(params[1], json!({"key": "lr", "value": "0.10"}));
    assert_eq!(params[2], json!({"key": "none", "value": ""}));
    served.refuses("runs/log-parameter", log("lr", json!(0.1)), INVALID, "Invalid value 0.1");
}

#[test]
fn a_refused_batch_leaves_nothing() {
    let served = Served::start();
    let run = served.run("0");
    served.post("runs/log-parameter", json!({"run_id": run, "key": "a", "value": "1"}));
    let before = served.read(&run);
    let batch = json!({"run_id": run,
        "params": [{"key": "new", "value": "1"}, {"key": "a", "value": "2"}],
        "metrics": [metric("m", 1, 1, 1)], "tags": [{"key": "t", "value": "1"}]});
    served.refuses("runs/log-batch", batch, INVALID, "Changing param values");
    let doubled = json!({"run_id": run, "params": [{"key": "b", "value": "1"}, {"key": "b", "value": "1"}]});
    served.refuses("runs/log-batch", doubled, INVALID, "Duplicate parameter keys have been submitted");
    assert_eq!(served.read(&run), before);
    let batch = json!({"run_id": run, "tags": [{"key": "t", "value": "1"}, {"key": "t", "value": "2"}]});
    served.post("runs/log-batch", batch);
    assert_eq!(served.read(&run)["data"]["tags"][1], json!({"key": "t", "value": "2"}), "the last wins");
}

#[test]
fn batches_have_limits() {
    let served = Served::start();
    let run = served.run("0");
    let metrics = |count: i64| -> Vec<Value> { (0..count).map(|at| metric("m", at, at, at)).collect() };
    let pairs = |count: usize| -> Vec<Value> {
        (0..count).map(|at| json!({"key": format!("k{at}"), "value": "v"})).collect()
    };
    served.post("runs/log-batch", json!({"run_id": run, "metrics": metrics(1000)}));
    served.post(
        "runs/log-batch",
        json!({"run_id": run, "metrics": metrics(800), "params": pairs(100), "tags": pairs(100)}),
    );
    let text = "can contain at most 1000 metrics. Got 1001 metrics";
    served.refuses("runs/log-batch", json!({"run_id": run, "metrics": metrics(1001)}), INVALID, text);
    served.refuses(
        "runs/log-batch",
        json!({"run_id": run, "params": pairs(101)}),
        INVALID,
        "at most 100 params",
    );
    served.refuses("runs/log-batch", json!({"run_id": run, "tags": pairs(101)}), INVALID, "at most 100 tags");
    let whole = json!({"run_id": run, "metrics": metrics(901), "params": pairs(100)});
    served.refuses("runs/log-batch", whole, INVALID, "at most 1000");
}

#[test]
fn keys_are_plain_paths_of_at_most_250_letters() {
    let served = Served::start();
    let run = served.run("0");
    for key in ["val/loss", "größe", "a b", "a.b-c_d:e", &"ä".repeat(250)] {
        served.post("runs/log-metric", json!({"run_id": run, "key": key, "value": 1, "timestamp": 1}));
        served.post("runs/log-parameter", json!({"run_id": run, "key": key, "value": "1"}));
        served.post("runs/set-tag", json!({"run_id": run, "key": key, "value": "1"}));
    }
    for (key, text) in [
        ("a@b", "Names may only contain"),
        ("../a", "Names may be treated as files"),
        ("/a", "Names may be treated as files"),
        ("a//b", "Names may be treated as files"),
        (".", "Names may be treated as files"),
        (&"a".repeat(251), "exceeds the maximum length of 250"),
    ] {
        let body = json!({"run_id": run, "key": key, "value": 1, "timestamp": 1});
        served.refuses("runs/log-metric", body, INVALID, text);
        for path in ["runs/log-parameter", "runs/set-tag"] {
            served.refuses(path, json!({"run_id": run, "key": key, "value": "1"}), INVALID, text);
        }
    }
    assert_eq!(served.read(&run)["data"]["metrics"].as_array().unwrap().len(), 5);
}

#[test]
fn points_are_kept_once_and_the_latest_is_the_greatest() {
    let served = Served::start();
    let run = served.run("0");
    let latest = || served.read(&run)["data"]["metrics"][0].take();
    let log = |points: Vec<Value>| served.post("runs/log-batch", json!({"run_id": run, "metrics": points}));
    log(vec![metric("m", 1, 100, 5), metric("m", 9, 300, 1)]);
    assert_eq!(latest()["value"], 1.0, "of the greatest step");
    log(vec![metric("m", 2, 200, 5), metric("m", 3, 50, 5)]);
    assert_eq!(latest()["value"], 2.0, "then the latest time");
    log(vec![metric("m", 1.5, 200, 5), metric("m", "NaN", 200, 5)]);
    assert_eq!(latest()["value"], 2.0, "then the greatest value, where NaN is as 0");
    for _ in 0..3 {
        log(vec![
            metric("m", 2, 200, 5),
            metric("m", "NaN", 200, 5),
            metric("m", 1, 100, 5),
            metric("m", 9, 300, 1),
        ]);
    }
    let history = served.get(&format!("metrics/get-history?run_id={run}&metric_key=m"));
    assert_eq!(history["metrics"].as_array().unwrap().len(), 6);
    let series = served.store.series(Id::parse(&run).unwrap(), "m").unwrap();
    assert_eq!(series.len(), 6, "uaic sees the same points");
    // In many requests, in an order of their own, some of them again.
    let mut state = 1_u64;
    let mut expected = std::collections::BTreeSet::new();
    for _ in 0..300 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (step, time, value) = ((state >> 40) % 7, (state >> 45) % 5, (state >> 50) % 3);
        expected.insert((time, step, value));
        log(vec![metric("n", value, time as i64, step as i64)]);
    }
    let history = served.get(&format!("metrics/get-history?run_id={run}&metric_key=n"));
    let got: Vec<(u64, u64, u64)> = history["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| {
            (
                point["timestamp"].as_u64().unwrap(),
                point["step"].as_u64().unwrap(),
                point["value"].as_f64().unwrap() as u64,
            )
        })
        .collect();
    assert_eq!(got, expected.into_iter().collect::<Vec<_>>(), "by time, step and value");
}

#[test]
fn models_of_old_clients_are_a_tag() {
    let served = Served::start();
    let run = served.run("0");
    let model = json!({"run_id": run, "artifact_path": "model", "flavors": {}, "utc_time_created": "now"})
        .to_string();
    let other = json!({"run_id": run, "artifact_path": "other", "flavors": {}, "utc_time_created": "now"})
        .to_string();
    for text in [&model, &other, &model] {
        served.post("runs/log-model", json!({"run_id": run, "model_json": text}));
    }
    let tags = served.read(&run)["data"]["tags"].take();
    let history: Value = serde_json::from_str(tags[0]["value"].as_str().unwrap()).unwrap();
    assert_eq!(history.as_array().unwrap().len(), 2);
    served.refuses(
        "runs/log-model",
        json!({"run_id": run, "model_json": "{"}),
        INVALID,
        "Malformed model info",
    );
    served.refuses(
        "runs/log-model",
        json!({"run_id": run, "model_json": "{}"}),
        INVALID,
        "missing mandatory fields",
    );
}

#[test]
fn inputs_are_known_by_name_and_digest_and_outputs_by_model() {
    let served = Served::start();
    let (run, other) = (served.run("0"), served.run("0"));
    let input = |name: &str, source: &str, context: &str| {
        json!({"dataset": {"name": name, "digest": "d", "source_type": "local", "source": source},
            "tags": [{"key": "mlflow.data.context", "value": context}]})
    };
    let log = |run: &str, inputs: Vec<Value>| {
        served.post(
            "runs/log-inputs",
            json!({"run_id": run, "datasets": inputs, "models": [{"model_id": "m-1"}]}),
        );
    };
    log(&run, vec![input("a", "first", "train"), input("b", "x", "test")]);
    log(&run, vec![input("a", "second", "eval")]);
    log(&other, vec![input("a", "third", "eval")]);
    let inputs = served.read(&run)["inputs"].take();
    assert_eq!(inputs["dataset_inputs"].as_array().unwrap().len(), 2);
    assert_eq!(inputs["dataset_inputs"][0]["dataset"]["source"], "first");
    assert_eq!(inputs["dataset_inputs"][0]["tags"][0]["value"], "train");
    assert_eq!(inputs["model_inputs"], json!([{"model_id": "m-1"}]));
    let outputs = json!([{"model_id": "m-2", "step": 3}, {"model_id": "m-3"}]);
    served.post("runs/outputs", json!({"run_id": run, "models": outputs}));
    let found = served.read(&run)["outputs"]["model_outputs"].take();
    assert_eq!(found, json!([{"model_id": "m-2", "step": 3}, {"model_id": "m-3", "step": 0}]));
    let summaries = served.post("experiments/search-datasets", json!({"experiment_ids": ["0"]}));
    assert_eq!(summaries["dataset_summaries"].as_array().unwrap().len(), 3, "a with train and eval, b");
    let many: Vec<String> = (0..21).map(|at| at.to_string()).collect();
    served.refuses(
        "experiments/search-datasets",
        json!({"experiment_ids": many}),
        INVALID,
        "cannot specify more than 20",
    );
    let found =
        served.post("runs/search", json!({"experiment_ids": ["0"], "filter": "datasets.context = 'eval'"}));
    assert_eq!(found["runs"][0]["info"]["run_id"], json!(other));
    assert!(found["runs"][0]["inputs"]["dataset_inputs"].is_array(), "searches have inputs too");
    for wrong in [json!([{}]), json!([{"dataset": {"name": "a"}}]), json!([{"dataset": 3}])] {
        served.refuses("runs/log-inputs", json!({"run_id": run, "datasets": wrong}), INVALID, "datasets[0]");
    }
}
