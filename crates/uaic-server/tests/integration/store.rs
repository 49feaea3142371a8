//! One store: what one side records the other side sees.

use serde_json::json;
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::{
    Environment, Home, Id, MetricPoint, NewRun, NewStudy, RunEnd, RunKind, RunQuery, Store, StudyState,
};
use uaic_study::trial::{Direction, Goal, Goals, ParamValue, RunState};

use super::http::Served;

fn study(served: &Served) -> Id {
    let new = NewStudy {
        experiment: "searching".to_owned(),
        spec_text: String::new(),
        spec_path: "x.toml".to_owned(),
        overrides: Vec::new(),
        fingerprint: String::new(),
        seed: 1,
        goals: Goals::from(Goal::new("accuracy", Direction::Maximize)),
        trials: 2,
        environment: Environment::new(),
    };
    served.store.create_study(&new).unwrap().id
}

fn trial(study: Id, number: u32) -> NewRun {
    NewRun {
        home: Home::Study(study),
        kind: RunKind::Trial,
        number: Some(number),
        params: [("lr".to_owned(), ParamValue::Float(1e-4)), ("bias".to_owned(), ParamValue::Bool(true))]
            .into(),
        config: json!({}),
        process: ProcessIdentity::current(),
        environment: Environment::new(),
    }
}

#[test]
fn a_study_is_a_run_and_its_trials_are_nested() {
    let served = Served::start();
    let id = study(&served);
    let store = &served.store;
    let me = ProcessIdentity::current();
    let read = |id: Id| served.read(&id.to_string());
    assert_eq!(read(id)["info"]["status"], "KILLED", "nobody works on it yet");
    store.acquire_study(id, &me).unwrap();
    assert_eq!(read(id)["info"]["status"], "RUNNING");
    let attempt = store.start_run(&trial(id, 0)).unwrap();
    store
        .log_metrics(attempt, &[MetricPoint { key: "accuracy".into(), step: 1, time_ms: 5, value: 0.5 }])
        .unwrap();
    store.put_artifact(attempt, "notes.txt", b"note").unwrap();
    store.finish_run(attempt, &RunEnd::complete([0.5])).unwrap();
    let pruned = store.start_run(&trial(id, 1)).unwrap();
    store.finish_run(pruned, &RunEnd::without_values(RunState::Pruned, None)).unwrap();
    store.release_study(id, &me, StudyState::Complete).unwrap();
    assert_eq!(read(id)["info"]["status"], "FINISHED");
    let run = read(attempt.run);
    assert_eq!((&run["info"]["status"], &run["info"]["run_name"]), (&json!("FINISHED"), &json!("trial 0")));
    assert_eq!(
        run["data"]["params"],
        json!([{"key": "bias", "value": "true"}, {"key": "lr", "value": "0.0001"}])
    );
    assert_eq!(run["data"]["metrics"][0]["value"], 0.5);
    assert_eq!(read(pruned.run)["info"]["status"], "KILLED");
    let experiment = run["info"]["experiment_id"].as_str().unwrap();
    let found = |filter: String| {
        let found = served.post("runs/search", json!({"experiment_ids": [experiment], "filter": filter}));
        found["runs"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(found(String::new()), 3, "the study and its trials");
    assert_eq!(found(format!("tags.`mlflow.parentRunId` = '{id}'")), 2);
    assert_eq!(found(format!("tags.`mlflow.parentRunId` LIKE '{}%'", &id.to_string()[..8])), 2);
    assert_eq!(found("params.lr = '0.0001' AND metrics.accuracy > 0.4".into()), 1);
    let artifact =
        served.send("GET", &format!("/get-artifact?run_id={}&path=notes.txt", attempt.run), "", b"");
    assert_eq!(artifact.body, b"note");
    assert_eq!(store.runs(&RunQuery::default()).unwrap().len(), 2, "uaic itself does not list it twice");
    assert_eq!(store.count_runs(&RunQuery::default()).unwrap(), 2);
    store.set_tag(attempt.run, "mlflow.user", "ann").unwrap();
    assert_eq!(read(attempt.run)["info"]["user_id"], "ann", "as what is brought in says it");
    assert_eq!(found("attributes.user_id = 'ann'".into()), 1);
    let body = json!({"run_id": attempt.run.to_string(), "status": "RUNNING"});
    served.refuses("runs/update", body, "INVALID_PARAMETER_VALUE", "is of a study");
    served.post("runs/set-tag", json!({"run_id": id.to_string(), "key": "team", "value": "a"}));
    served.post("runs/update", json!({"run_id": attempt.run.to_string(), "status": "FINISHED"}));
}

#[test]
fn what_is_logged_is_what_uaic_shows() {
    let served = Served::start();
    let experiment = served.experiment("logged");
    let run = served.run(&experiment);
    served.post(
        "runs/log-batch",
        json!({"run_id": run,
        "params": [{"key": "lr", "value": "1e-3"}, {"key": "name", "value": "x"}],
        "metrics": [{"key": "loss", "value": 0.25, "timestamp": 2000, "step": 3}],
        "tags": [{"key": "team", "value": "a"}, {"key": "mlflow.note.content", "value": "a note"}]}),
    );
    served.post(
        "runs/update",
        json!({"run_id": run, "run_name": "named", "status": "FINISHED", "end_time": 9000}),
    );
    let own = served.store.run(Id::parse(&run).unwrap()).unwrap();
    assert_eq!((own.name.as_deref(), own.note.as_deref()), (Some("named"), Some("a note")));
    assert_eq!(
        (own.experiment.as_str(), own.state, own.ended_ms),
        ("logged", RunState::Complete, Some(9000))
    );
    assert_eq!(own.start.kind, RunKind::Free);
    assert_eq!(own.start.params["lr"], ParamValue::Text("1e-3".into()));
    let latest = served.store.latest_metrics(own.id).unwrap();
    assert_eq!(
        (latest[0].key.as_str(), latest[0].step, latest[0].value.to_bits()),
        ("loss", 3, 0.25_f64.to_bits())
    );
    assert_eq!(
        served.store.tags(own.id).unwrap().into_iter().collect::<Vec<_>>(),
        [("team".to_owned(), "a".to_owned())]
    );
    let condition =
        uaic_study::store::query::parse_condition("params.lr < 0.01 and metrics.loss < 0.3", 0).unwrap();
    let query = RunQuery { condition: Some(condition), ..RunQuery::default() };
    assert_eq!(served.store.runs(&query).unwrap().len(), 1, "numbers are numbers for uaic");
    served.store.set_tag(own.id, "other", "b").unwrap();
    assert_eq!(served.read(&run)["data"]["tags"].as_array().unwrap().len(), 4);
}

#[test]
fn a_run_that_a_process_executes_takes_what_is_logged_and_ends_as_that_says() {
    let served = Served::start();
    let new = NewRun {
        home: Home::Experiment("executed".into()),
        kind: RunKind::Free,
        number: None,
        ..trial(Id([1; 16]), 0)
    };
    let attempt = served.store.start_run(&new).unwrap();
    let run = attempt.run.to_string();
    served.post("runs/log-metric", json!({"run_id": run, "key": "loss", "value": 1, "timestamp": 1}));
    served.post("runs/log-parameter", json!({"run_id": run, "key": "more", "value": "x"}));
    let told = served.post("runs/update", json!({"run_id": run, "status": "FINISHED", "end_time": 5}));
    assert_eq!(told["run_info"]["status"], "RUNNING", "its process says how it ends");
    served
        .store
        .finish_run(attempt, &RunEnd::without_values(RunState::Failed, Some("exit code 1".into())))
        .unwrap();
    assert_eq!(served.read(&run)["info"]["status"], "FAILED");
}

#[test]
fn a_run_that_is_asked_for_again_after_the_server_died_is_made_once() {
    let mut served = Served::start();
    let body = json!({"experiment_id": "0", "start_time": 1234, "user_id": "ann", "run_name": "a",
        "tags": [{"key": "k", "value": "v"}, {"key": "mlflow.user", "value": "ann"}]});
    let make = |served: &Served, body: &serde_json::Value| {
        served.post("runs/create", body.clone())["run"]["info"]["run_id"].as_str().unwrap().to_owned()
    };
    let first = make(&served, &body);
    assert_ne!(make(&served, &body), first, "twice in one life are two");
    let unnamed = json!({"experiment_id": "0", "start_time": 77});
    let nameless = make(&served, &unnamed);
    served = served.restart();
    let again = make(&served, &body);
    assert_eq!(make(&served, &unnamed), nameless);
    served.post("runs/set-tag", json!({"run_id": again, "key": "k", "value": "w"}));
    let other = make(&served, &body);
    assert_ne!(other, again, "what has been added to is another");
    served.post("runs/log-metric", json!({"run_id": other, "key": "m", "value": 1, "timestamp": 1}));
    let third = make(&served, &body);
    assert!(third != again && third != other);
}
