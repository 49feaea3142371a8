//! Searches: however they are planned, they find the same.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::http::Served;

const INVALID: &str = "INVALID_PARAMETER_VALUE";

/// A run as the test knows it.
struct Known {
    id: String,
    start: i64,
    /// `None`: the run does not have it.
    metric: Option<f64>,
    team: String,
}

fn filled(served: &Served, experiment: &str, count: u64) -> Vec<Known> {
    let mut state = 11_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..count)
        .map(|_| {
            let start = 1000 + next(count / 2) as i64;
            let team = format!("t{}", next(5));
            let made = served.post(
                "runs/create",
                json!({"experiment_id": experiment, "start_time": start, "tags": [{"key": "team", "value": team}]}),
            );
            let id = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
            let metric = match next(20) {
                0 => None,
                1 => Some(f64::NAN),
                2 => Some(f64::INFINITY),
                _ => Some(next(50) as f64 / 10.0 - 1.0),
            };
            if let Some(value) = metric {
                let value = if value.is_finite() { json!(value) } else if value.is_nan() { json!("NaN") } else { json!("Infinity") };
                served.post("runs/log-metric", json!({"run_id": id, "key": "acc", "value": value, "timestamp": 1}));
            }
            Known { id, start, metric, team }
        })
        .collect()
}

/// Whether a run is to be found.
type Keep<'a> = &'a dyn Fn(&Known) -> bool;

/// The end of every order.
fn newest(a: &Known, b: &Known) -> Ordering {
    b.start.cmp(&a.start).then(a.id.cmp(&b.id))
}

fn by_metric(descending: bool) -> impl Fn(&Known, &Known) -> Ordering {
    move |a, b| {
        let rank = |known: &Known| known.metric.map_or(2, |value| i32::from(value.is_nan()));
        let values = match (a.metric, b.metric) {
            (Some(a), Some(b)) if !a.is_nan() && !b.is_nan() => {
                let order = a.total_cmp(&b);
                if descending { order.reverse() } else { order }
            }
            _ => Ordering::Equal,
        };
        rank(a).cmp(&rank(b)).then(values).then(newest(a, b))
    }
}

/// All pages of a search, as ids.
fn all_pages(served: &Served, mut body: Value, limit: u64) -> Vec<String> {
    body["max_results"] = json!(limit);
    let mut ids = Vec::new();
    loop {
        let page = served.post("runs/search", body.clone());
        let runs = page["runs"].as_array().cloned().unwrap_or_default();
        assert!(runs.len() as u64 <= limit);
        ids.extend(runs.iter().map(|run| run["info"]["run_id"].as_str().unwrap().to_owned()));
        match page["next_page_token"].as_str() {
            Some(token) => body["page_token"] = json!(token),
            None => return ids,
        }
    }
}

#[test]
fn every_order_and_filter_finds_what_it_should_in_pages_of_any_size() {
    let served = Served::start();
    let (experiment, other) = (served.experiment("searched"), served.experiment("other"));
    let mut known = filled(&served, &experiment, 320);
    filled(&served, &other, 40);
    let ids = |known: &[Known], keep: &dyn Fn(&Known) -> bool| -> Vec<String> {
        known.iter().filter(|known| keep(known)).map(|known| known.id.clone()).collect()
    };
    let filters: [(&str, Keep<'_>); 6] = [
        ("", &|_| true),
        ("metrics.acc >= 1.5", &|known| known.metric.is_some_and(|value| value >= 1.5)),
        ("metrics.acc != 1.5", &|known| {
            known.metric.is_some_and(|value| value.is_nan() || (value - 1.5).abs() > 1e-9)
        }),
        ("tags.team = 't3' AND metrics.acc < 3", &|known| {
            known.team == "t3" && known.metric.is_some_and(|value| value < 3.0)
        }),
        ("tags.team != 't3' AND start_time > 1100", &|known| known.team != "t3" && known.start > 1100),
        ("tags.team LIKE 'T%'", &|_| false),
    ];
    for (filter, keep) in filters {
        for (order, sort) in [
            (json!([]), &newest as &dyn Fn(&Known, &Known) -> Ordering),
            (json!(["metrics.acc ASC"]), &by_metric(false)),
            (json!(["metrics.acc DESC"]), &by_metric(true)),
            (json!(["start_time ASC"]), &|a: &Known, b: &Known| a.start.cmp(&b.start).then(a.id.cmp(&b.id))),
            (json!(["tags.team", "metrics.acc DESC"]), &|a: &Known, b: &Known| {
                a.team.cmp(&b.team).then(by_metric(true)(a, b))
            }),
            (json!(["tags.team DESC"]), &|a: &Known, b: &Known| b.team.cmp(&a.team).then(newest(a, b))),
        ] {
            known.sort_by(sort);
            let expected = ids(&known, keep);
            for limit in [7, 100, 5000] {
                let body = json!({"experiment_ids": [experiment], "filter": filter, "order_by": order});
                assert_eq!(all_pages(&served, body, limit), expected, "{filter} {order} {limit}");
            }
        }
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let served = Served::start();
    let search = |body: Value, text: &str| served.refuses("runs/search", body, INVALID, text);
    for filter in [
        "metrics.a = 'x'",
        "params.a = 1",
        "bogus.a = 1",
        "a = 1 OR b = 2",
        "metrics.a > 1; x",
        "(metrics.a > 1)",
    ] {
        search(json!({"experiment_ids": ["0"], "filter": filter}), "");
    }
    search(json!({"filter": "x"}), "Invalid clause(s) in filter string");
    for limit in [json!(0), json!(-5), json!(50_001), json!("x")] {
        search(json!({"max_results": limit}), "max_results");
    }
    search(json!({"page_token": "x"}), "page_token");
    search(json!({"run_view_type": "BOGUS"}), "run_view_type");
    search(json!({"order_by": ["metrics.a", "metrics.a DESC"]}), "twice");
    search(json!({"order_by": "metrics.a"}), "order_by");
    assert_eq!(
        served.post("runs/search", json!({"experiment_ids": ["77", "x"]})),
        json!({}),
        "unknown ones have no runs"
    );
}
