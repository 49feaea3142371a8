//! How fast points are written, and how fast runs are found among many:
//! `cargo bench -p uaic-store --bench runs -- 1000000`.
//!
//! Every run has 10 parameters and 10 metrics. The store stays in a folder under the system's temporary one.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use uaic_platform::process::ProcessIdentity;
use uaic_store::SqliteStore;
use uaic_study::store::{
    Home, Id, Look, MetricPoint, NewRun, OutsideRun, Point, RunEnd, RunKind, RunQuery, Store, query,
};
use uaic_study::trial::ParamValue;

fn main() {
    let runs: u64 = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = std::env::temp_dir().join(format!("uaic-bench-runs-{runs}"));
    points(&folder.join("points"));
    if !folder.join("runs").exists() {
        fill(&folder.join("runs"), runs);
    }
    find(&folder.join("runs"), runs);
    println!("then    uaic ls --store {}", folder.join("runs").display());
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The middle of several times.
fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..9).map(|_| timed(&mut work)).collect();
    times.sort();
    times[times.len() / 2]
}

fn points(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    let store = SqliteStore::open(folder).unwrap();
    let start = || {
        let new = NewRun {
            home: Home::Experiment("points".into()),
            kind: RunKind::Free,
            number: None,
            params: BTreeMap::new(),
            config: serde_json::json!({}),
            process: ProcessIdentity::current(),
            environment: BTreeMap::new(),
        };
        store.start_run(&new).unwrap()
    };
    let point = |key: &str, step: i64| MetricPoint {
        key: key.to_owned(),
        step,
        time_ms: 1_700_000_000_000 + step,
        value: (step as f64).sin(),
    };
    let (batches, keys) = (2_000_i64, 10);
    let attempt = start();
    let took = timed(|| {
        for batch in 0..batches {
            let points: Vec<MetricPoint> = (0..100)
                .flat_map(|at| (0..keys).map(move |key| (format!("key-{key}"), batch * 100 + at)))
                .map(|(key, step)| point(&key, step))
                .collect();
            store.log_metrics(attempt, &points).unwrap();
        }
        store.finish_run(attempt, &RunEnd::complete([])).unwrap();
    });
    let rate = (batches * 100 * keys) as f64 / took.as_secs_f64();
    println!("points in batches of 1,000     {rate:>12.0} /s");
    let attempt = start();
    let count = 500_000;
    let took = timed(|| {
        for step in 0..count {
            store.log_metrics(attempt, &[point("loss", step)]).unwrap();
        }
        store.finish_run(attempt, &RunEnd::complete([])).unwrap();
    });
    println!("points one at a time           {:>12.0} /s", count as f64 / took.as_secs_f64());
    let size = std::fs::metadata(folder.join("uaic.db")).unwrap().len();
    println!("bytes a point                  {:>12.1}", size as f64 / (batches * 100 * keys + count) as f64);
    let long = OutsideRun::new(Id([7; 16]), "long", 0);
    store.begin_outside_run(&long).unwrap();
    let took = timed(|| {
        for part in 0..100_i64 {
            let points: Vec<Point> = (part * 100_000..(part + 1) * 100_000)
                .map(|step| Point { step, time_ms: step, value: (step as f64 * 1e-5).sin() })
                .collect();
            store.add_outside_points(long.id, &[("loss".to_owned(), points)].into()).unwrap();
        }
    });
    store.end_outside_run(long.id).unwrap();
    println!("10,000,000 points of a series  {took:>12.2?}");
    let look = |what: &str, look: &Look| {
        let took = median(|| assert!(!store.buckets(long.id, "loss", look).unwrap().is_empty()));
        println!("  seen as 1,000 buckets, {what:<7}{took:>10.2?}");
    };
    look("whole", &Look::whole(1000));
    look("a tenth", &Look { steps: 2_000_000..=3_000_000, buckets: 1000 });
    println!(
        "  read whole                   {:>12.2?}",
        timed(|| drop(store.series(long.id, "loss").unwrap()))
    );
    println!(
        "  latest                       {:>12.2?}",
        median(|| drop(store.latest_metrics(long.id).unwrap()))
    );
}

fn fill(folder: &Path, runs: u64) {
    let store = SqliteStore::open(folder).unwrap();
    // Values in no order touch a page each: of very many runs the indexes are made at the end.
    let indexes = (runs > 300_000).then(|| take_indexes(folder));
    let next = AtomicU64::new(0);
    let took = timed(|| {
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= runs {
                            break;
                        }
                        put(&store, number);
                    }
                });
            }
        });
        store.flush().unwrap();
    });
    drop(store);
    if let Some(indexes) = indexes {
        let took = timed(|| database(folder).execute_batch(&indexes).unwrap());
        println!("indexes made                   {took:>12.2?}");
    }
    let size: u64 = ["uaic.db", "uaic.db-wal"]
        .iter()
        .filter_map(|name| std::fs::metadata(folder.join(name)).ok())
        .map(|metadata| metadata.len())
        .sum();
    println!("{runs} runs written             {took:>12.2?}");
    println!("bytes a run                    {:>12.0}", size as f64 / runs as f64);
}

fn database(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("uaic.db")).unwrap()
}

/// Takes the indexes of values away, and gives the statements that make them again.
fn take_indexes(folder: &Path) -> String {
    let database = database(folder);
    let mut statement = database
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND name LIKE '%_by_value'")
        .unwrap();
    let indexes: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (name, _) in &indexes {
        database.execute_batch(&format!("DROP INDEX {name}")).unwrap();
    }
    indexes.into_iter().map(|(_, sql)| sql + ";").collect()
}

/// Numbers that follow no order.
fn noise(number: u64, salt: u64) -> f64 {
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    bits ^= bits >> 29;
    bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^= bits >> 32;
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn put(store: &SqliteStore, number: u64) {
    let opts = ["adam", "sgd", "adamw", "lion"];
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    let mut run = OutsideRun::new(
        Id(id),
        &format!("experiment-{}", number % 20),
        1_700_000_000_000 + number as i64 * 1000,
    );
    run.name = Some(format!("run-{number}"));
    run.params = (0..8).map(|at| (format!("param_{at}"), ParamValue::Float(noise(number, at)))).collect();
    let opt = opts[(noise(number, 20) * 4.0) as usize];
    run.params.insert("opt".to_owned(), ParamValue::Text(opt.to_owned()));
    run.params.insert("layers".to_owned(), ParamValue::Int((noise(number, 21) * 12.0) as i64));
    store.begin_outside_run(&run).unwrap();
    let series = (0..10)
        .map(|at| {
            let key = if at == 0 { "val/accuracy".to_owned() } else { format!("metric/{at}") };
            (key, vec![Point { step: 10, time_ms: run.started_ms + 900, value: noise(number, 100 + at) }])
        })
        .collect();
    store.add_outside_points(run.id, &series).unwrap();
    store.end_outside_run(run.id).unwrap();
}

fn find(folder: &Path, runs: u64) {
    let store = SqliteStore::open_read_only(folder).unwrap();
    for text in [
        "metrics.val/accuracy > 0.9 and params.opt = adam order by metrics.val/accuracy desc",
        "metrics.val/accuracy > 0.9 and params.opt = adam order by metrics.metric/1",
        "metrics.val/accuracy > 0.5 and params.layers < 6",
        "metrics.val/accuracy > 0.9999 and params.opt = adam order by started",
        "params.param_3 < 0.0001 and metrics.metric/2 > 0.5 order by params.param_1 desc",
        "metrics.val/accuracy > 0.9 and metrics.metric/1 < 0.1 order by metrics.val/accuracy desc",
        "metrics.val/accuracy > 0.99 and params.param_3 < 0.01 order by metrics.metric/4 desc",
        "experiment = experiment-3 and metrics.val/accuracy > 0.95 order by duration",
        "name = run-77 or tags.team = x",
        "",
    ] {
        let (condition, order) = query::parse(text, 0).unwrap();
        let wanted = RunQuery { condition: Some(condition), order, limit: Some(100), ..RunQuery::default() };
        let wanted =
            if text.is_empty() { RunQuery { limit: Some(100), ..RunQuery::default() } } else { wanted };
        let mut found = 0;
        let took = median(|| found = store.runs(&wanted).unwrap().len());
        println!("{took:>10.2?}  {found:>3} of  {text}");
    }
    let took = median(|| assert_eq!(store.count_runs(&RunQuery::default()).unwrap(), runs));
    println!("{took:>10.2?}  counted");
    let took = median(|| drop(SqliteStore::open_read_only(folder).unwrap().run(Id([0; 16]))));
    println!("{took:>10.2?}  opened");
}
