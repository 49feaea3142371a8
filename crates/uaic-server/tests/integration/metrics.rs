//! Histories, whole and thinned.

use serde_json::{Value, json};

use super::http::Served;

const INVALID: &str = "INVALID_PARAMETER_VALUE";

fn filled(served: &Served, count: i64) -> String {
    let run = served.run("0");
    let steps: Vec<i64> = (0..count).collect();
    for part in steps.chunks(1000) {
        let metrics: Vec<Value> = part
            .iter()
            .map(|step| json!({"key": "m", "value": *step as f64 / 2.0, "timestamp": 1000 + step, "step": step}))
            .collect();
        served.post("runs/log-batch", json!({"run_id": run, "metrics": metrics}));
    }
    run
}

fn steps(answer: &Value) -> Vec<i64> {
    answer["metrics"]
        .as_array()
        .map_or_else(Vec::new, |all| all.iter().map(|point| point["step"].as_i64().unwrap()).collect())
}

#[test]
fn a_history_comes_whole_or_in_pages() {
    let served = Served::start();
    let run = filled(&served, 2500);
    let get = |query: &str| served.get(&format!("metrics/get-history?run_id={run}&metric_key=m{query}"));
    let whole = get("");
    assert_eq!(steps(&whole), (0..2500).collect::<Vec<_>>());
    assert_eq!(whole["metrics"][3], json!({"key": "m", "value": 1.5, "timestamp": 1003, "step": 3}));
    assert!(whole.get("next_page_token").is_none());
    let (mut all, mut query) = (Vec::new(), "&max_results=1000".to_owned());
    loop {
        let page = get(&query);
        all.extend(steps(&page));
        let Some(token) = page["next_page_token"].as_str() else { break };
        query = format!("&max_results=1000&page_token={token}");
    }
    assert_eq!(all, steps(&whole));
    assert_eq!(get("&max_results=2500").get("next_page_token"), None, "the last page may be full");
    for (query, text) in [
        ("&max_results=0", "max_results"),
        ("&max_results=-1", "max_results"),
        ("&page_token=x", "page_token"),
    ] {
        served.refuses_get(&format!("metrics/get-history?run_id={run}&metric_key=m{query}"), INVALID, text);
    }
    for nobody in [
        format!("run_id={run}&metric_key=x"),
        format!("run_id={}&metric_key=m", "0".repeat(32)),
        "run_id=x&metric_key=m".into(),
    ] {
        assert_eq!(served.get(&format!("metrics/get-history?{nobody}")), json!({}));
    }
    served.refuses_get(&format!("metrics/get-history?run_id={run}"), INVALID, "'metric_key'");
}

#[test]
fn several_runs_come_at_once_and_evenly_spaced() {
    let served = Served::start();
    let (long, short) = (filled(&served, 2000), filled(&served, 3));
    let both = format!("run_id={long}&run_id={short}&metric_key=m");
    let bulk = served.get(&format!("metrics/get-history-bulk?{both}"));
    assert_eq!(steps(&bulk).len(), 2003);
    assert_eq!(
        (&bulk["metrics"][0]["run_id"], &bulk["metrics"][2002]["run_id"]),
        (&json!(long), &json!(short))
    );
    assert_eq!(steps(&served.get(&format!("metrics/get-history-bulk?{both}&max_results=5"))).len(), 5);
    let spaced = |query: &str| {
        served.get(&format!(
            "metrics/get-history-bulk-interval?run_ids={long}&run_ids={short}&metric_key=m{query}"
        ))
    };
    let answer = spaced("&max_results=10");
    let of_long: Vec<i64> = steps(&answer)[..10].to_vec();
    assert_eq!((of_long[0], of_long[9]), (0, 1999), "the first and the last are kept");
    assert!(of_long.windows(2).all(|pair| (221..=223).contains(&(pair[1] - pair[0]))), "{of_long:?}");
    assert_eq!(steps(&answer)[10..], [0, 1, 2]);
    assert_eq!(
        steps(&spaced("&max_results=50&start_step=100&end_step=110")),
        (100..=110).collect::<Vec<_>>()
    );
    let many = (0..101).map(|at| format!("run_id={at:032x}")).collect::<Vec<_>>().join("&");
    served.refuses_get(
        &format!("metrics/get-history-bulk?{many}&metric_key=m"),
        INVALID,
        "cannot specify more than 100",
    );
    for query in ["&max_results=0", "&max_results=2501", "&start_step=1", "&start_step=5&end_step=1"] {
        let path = format!("metrics/get-history-bulk-interval?run_ids={long}&metric_key=m{query}");
        served.refuses_get(&path, INVALID, "");
    }
    served.refuses_get("metrics/get-history-bulk?metric_key=m", INVALID, "must specify at least one run_id");
    served.refuses_get("metrics/get-history-bulk?run_id=x", INVALID, "must specify a metric_key");
    served.refuses_get("metrics/get-history-bulk-interval?metric_key=m", INVALID, "parameter 'run_ids'");
}
