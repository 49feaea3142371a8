//! How fast the store writes and lists 10,000 runs: `cargo bench --bench store`.
//!
//! The store stays in a folder under the system's temporary one, so that the whole command can be
//! timed as well; the last line says how.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use uaic::platform::ProcessIdentity;
use uaic::store::{MetricPoint, NewRun, NewStudy, RunEnd, RunKind, RunQuery, SqliteStore, Store, StudyState};
use uaic::trial::{Direction, Goal, ParamValue};

const STUDIES: u32 = 100;
const TRIALS: u32 = 100;
const PARAMS: u32 = 5;
const METRICS: u32 = 20;

fn main() {
    let folder = std::env::temp_dir().join(format!("uaic-bench-store-{}", std::process::id()));
    let store = SqliteStore::open(&folder).unwrap();
    let took = timed(|| fill(&store));
    let points = STUDIES * TRIALS * METRICS;
    println!(
        "write   {} runs, {points} points in {took:.2?}: {:.0} points/s",
        STUDIES * TRIALS,
        f64::from(points) / took.as_secs_f64()
    );
    drop(store);

    let list = |what: &str, query: &RunQuery| {
        let took = timed(|| {
            let store = SqliteStore::open_read_only(&folder).unwrap();
            assert!(!store.runs(query).unwrap().is_empty());
            assert_eq!(store.count_runs(query).unwrap(), u64::from(STUDIES * TRIALS));
        });
        println!("{what} {took:.2?}");
    };
    list("ls 20  ", &RunQuery { limit: Some(20), ..RunQuery::default() });
    list("ls all ", &RunQuery::default());
    let store = SqliteStore::open_read_only(&folder).unwrap();
    let newest = &store.runs(&RunQuery { limit: Some(1), ..RunQuery::default() }).unwrap()[0];
    println!("one run {:.2?}", timed(|| assert_eq!(store.run(newest.id).unwrap().id, newest.id)));
    println!(
        "tally   {:.2?}",
        timed(|| assert_eq!(store.tally(newest.study().unwrap()).unwrap().done(), TRIALS))
    );
    println!("then    uaic ls --store {}", folder.display());
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn fill(store: &SqliteStore) {
    let process = ProcessIdentity::current();
    for study in 0..STUDIES {
        let study = store.create_study(&new_study(study)).unwrap().id;
        store.acquire_study(study, &process).unwrap();
        for number in 0..TRIALS {
            let attempt = store.start_run(&new_run(study, number, &process)).unwrap();
            for step in 0..METRICS / 2 {
                let point = |key: &str| MetricPoint {
                    key: key.to_owned(),
                    step: step.into(),
                    time_ms: 0,
                    value: f64::from(step),
                };
                store.log_metrics(attempt, &[point("train/loss"), point("val/accuracy")]).unwrap();
            }
            let value = Some(f64::from(number) / f64::from(TRIALS));
            store.finish_run(attempt, &RunEnd::complete(Vec::from_iter(value))).unwrap();
        }
        store.release_study(study, &process, StudyState::Complete).unwrap();
    }
}

fn new_study(number: u32) -> NewStudy {
    NewStudy {
        experiment: format!("experiment-{}", number % 10),
        spec_text: "[experiment]\nname = \"attention\"\n".repeat(20),
        spec_path: "experiments/attention.toml".into(),
        overrides: vec![],
        fingerprint: format!("{number}"),
        seed: 42,
        goals: Goal::new("val/accuracy", Direction::Maximize).into(),
        trials: TRIALS,
        environment: [("git.commit".to_owned(), "abc".to_owned())].into(),
    }
}

fn new_run(study: uaic::store::Id, number: u32, process: &ProcessIdentity) -> NewRun {
    let name = |index: u32| format!("train.parameter_{index}");
    NewRun {
        home: study.into(),
        kind: RunKind::Trial,
        number: Some(number),
        params: (0..PARAMS).map(|index| (name(index), ParamValue::Float(f64::from(number) * 0.1))).collect(),
        config: serde_json::json!({ "train": { "lr": f64::from(number), "epochs": 5, "batch_size": 32 } }),
        process: process.clone(),
        environment: (0..10).map(|index| (format!("fact.{index}"), "the same for all".to_owned())).collect(),
    }
}
