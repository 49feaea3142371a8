//! Our own interface.

mod changes;
mod fuzz;
mod hostile;
mod runs;
mod workers;

use serde_json::Value;
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::{Attempt, Home, Id, MetricPoint, NewRun, NewStudy, RunKind, Store};
use uaic_study::trial::{Direction, Goal, ParamValue};

use super::http::{Answer, Served};

/// What a GET is answered with, which has to be well.
fn get(served: &Served, path: &str) -> Value {
    let answer = served.send("GET", &format!("/api/v1/{path}"), "", b"");
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

/// Sends JSON.
fn ask(served: &Served, method: &str, path: &str, body: &Value) -> Answer {
    let headers = "content-type: application/json\r\n";
    served.send(method, &format!("/api/v1/{path}"), headers, body.to_string().as_bytes())
}

/// That an answer is a problem of this status, with this in its detail.
#[track_caller]
fn is_problem(answer: &Answer, status: u16, text: &str) {
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some("application/problem+json")),
        "{told}"
    );
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{told}");
    assert!(problem["type"].as_str().unwrap().starts_with("urn:uaic:problem:"), "{told}");
    assert!(problem["detail"].as_str().unwrap().contains(text), "{told}");
}

fn free_run(name: &str) -> NewRun {
    NewRun {
        home: Home::Experiment("e".into()),
        kind: RunKind::Free,
        number: None,
        params: [
            ("lr".to_owned(), ParamValue::Float(0.5)),
            ("name".to_owned(), ParamValue::Text(name.to_owned())),
            ("big".to_owned(), ParamValue::Int(i64::MAX)),
        ]
        .into(),
        config: serde_json::json!({ "seed": u64::MAX, "lr": 0.5 }),
        process: ProcessIdentity::current(),
        environment: [("cpu".to_owned(), "abacus".to_owned())].into(),
    }
}

fn start(served: &Served, name: &str) -> Attempt {
    served.store.start_run(&free_run(name)).unwrap()
}

fn point(key: &str, step: i64, value: f64) -> MetricPoint {
    MetricPoint { key: key.into(), step, time_ms: 1_700_000_000_000, value }
}

fn study(served: &Served) -> Id {
    let new = NewStudy {
        experiment: "search".into(),
        spec_text: "[study]\n".into(),
        spec_path: "a.toml".into(),
        overrides: vec![("a".into(), "1".into())],
        fingerprint: "f00d".into(),
        seed: u64::MAX,
        goals: Goal::new("loss", Direction::Minimize).into(),
        trials: 6,
        environment: [].into(),
    };
    served.store.create_study(&new).unwrap().id
}
