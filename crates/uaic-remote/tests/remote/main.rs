//! A remote store against a server in this process: the whole contract of stores, broken connections, a
//! server that is away or none, large artifacts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test ends where it fails"
)]

mod gate;
mod served;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use gate::{Fault, Gate};
use served::Served;
use uaic_platform::process::ProcessIdentity;
use uaic_remote::RemoteStore;
use uaic_study::store::{
    Attempt, Home, Id, MetricPoint, NewRun, OutsideRun, Point, RunEnd, RunKind, RunQuery, Store, StoreError,
};
use uaic_study::trial::RunState;

mod conformance {
    uaic_study::conformance_of_a_store!(crate::served::open);
}

fn free_run() -> NewRun {
    NewRun {
        home: Home::Experiment("e".into()),
        kind: RunKind::Free,
        number: None,
        params: [].into(),
        config: serde_json::json!({ "lr": 1e-3 }),
        process: ProcessIdentity::current(),
        environment: [("cpu".to_owned(), "abacus".to_owned())].into(),
    }
}

fn start(store: &dyn Store) -> Attempt {
    store.start_run(&free_run()).unwrap()
}

#[test]
fn what_is_sent_again_is_done_once() {
    let served = Served::start();
    let gate = Gate::before(served.address);
    let store = RemoteStore::open(&gate.url(), None).unwrap();
    // Each answer in turn is lost: the request has been done, and its client cannot know.
    gate.every_other(Fault::LoseAnswer);
    let attempt = start(&store);
    for step in 0..20 {
        store.log_metrics(attempt, &[MetricPoint::new("loss", step, 0.5)]).unwrap();
        store.flush().unwrap();
    }
    let outside = OutsideRun::new(Id::random(), "e", 5);
    store.begin_outside_run(&outside).unwrap();
    let points = |from: i64| (from..from + 3).map(|step| Point { step, time_ms: 0, value: 1.0 }).collect();
    for from in [0, 3, 6] {
        store.add_outside_points(outside.id, &[("a".to_owned(), points(from))].into()).unwrap();
    }
    store.end_outside_run(outside.id).unwrap();
    store.put_artifact(attempt, "log", &vec![7; 100_000]).unwrap();
    store.set_hidden(attempt.run, true).unwrap();
    store.set_hidden(attempt.run, false).unwrap();
    store.finish_run(attempt, &RunEnd::complete([0.5])).unwrap();
    gate.every_other(Fault::None);
    assert!(gate.lost() > 15, "{}", gate.lost());
    let own = served.store();
    assert_eq!(own.series(attempt.run, "loss").unwrap().len(), 20);
    assert_eq!(own.series(outside.id, "a").unwrap().len(), 9);
    assert_eq!(own.runs(&RunQuery::default()).unwrap().len(), 2);
    let events = own.events(attempt.run).unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == "hidden").count(), 1, "{events:?}");
    assert_eq!(store.read_artifact(attempt.run, "log").unwrap(), vec![7; 100_000]);
}

#[test]
fn a_content_that_is_cut_on_its_way_is_fetched_to_its_end() {
    let served = Served::start();
    let gate = Gate::before(served.address);
    let store = RemoteStore::open(&gate.url(), None).unwrap();
    let attempt = start(&store);
    let content: Vec<u8> =
        (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    store.put_artifact(attempt, "weights", &content).unwrap();
    gate.every_other(Fault::CutAfter(700_000));
    let mut copied = Vec::new();
    store.copy_artifact(attempt.run, "weights", &mut copied).unwrap();
    assert!(
        copied == content && gate.lost() >= 1,
        "{} of {}, {} cut",
        copied.len(),
        content.len(),
        gate.lost()
    );
}

#[test]
fn a_server_that_comes_back_is_waited_for() {
    let served = Served::start();
    let gate = Gate::before(served.address);
    let store = RemoteStore::open(&gate.url(), None).unwrap();
    let attempt = start(&store);
    gate.every_other(Fault::Refuse);
    gate.all(Fault::Refuse);
    store.log_metrics(attempt, &[MetricPoint::new("loss", 0, 0.5)]).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            gate.all(Fault::None);
        });
        let begun = Instant::now();
        store.set_tag(attempt.run, "k", "v").unwrap();
        assert!(begun.elapsed() > Duration::from_millis(500));
    });
    assert_eq!(store.series(attempt.run, "loss").unwrap().len(), 1);
}

#[test]
fn who_is_no_server_of_uaic_is_told_from_one_that_is_away() {
    let told = |url: &str| RemoteStore::open(url, None).map(|_| ()).unwrap_err();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let begun = Instant::now();
    let error = told(&format!("http://{free}"));
    assert!(
        matches!(&error, StoreError::Unreachable { server, .. } if server.contains("127.0.0.1")),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits for what was never there");
    let answering = |answer: &'static str| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        told(&format!("http://{address}/"))
    };
    let error = answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
    assert!(
        matches!(error, StoreError::OtherVersion { .. }) && error.to_string().contains("no server of uaic"),
        "{error}"
    );
    let error = answering("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    assert!(matches!(error, StoreError::OtherVersion { .. }), "{error}");
    let error = answering(
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: 26\r\nconnection: close\r\n\r\n{\"detail\":\"give a token\"}  ",
    );
    assert!(matches!(&error, StoreError::NotAllowed { why, .. } if why == "give a token"), "{error}");
    let hello = r#"{"program":"uaic","version":"9.0","protocol":99}"#;
    let error = answering(Box::leak(
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{hello}", hello.len())
            .into_boxed_str(),
    ));
    assert!(error.to_string().contains("version 99"), "{error}");
    let error = told("http://no such host/");
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
}

#[test]
fn points_go_in_batches_and_their_failure_comes_back() {
    let served = Served::start();
    let store = served.client();
    let attempt = start(&store);
    let begun = Instant::now();
    for step in 0..100_000_u64 {
        store.log_metrics(attempt, &[MetricPoint::new("loss", step, step as f64)]).unwrap();
    }
    let queued = begun.elapsed();
    store.finish_run(attempt, &RunEnd::complete([0.5])).unwrap();
    println!("100,000 points: queued in {queued:?}, durable in {:?}", begun.elapsed());
    assert_eq!(store.series(attempt.run, "loss").unwrap().len(), 100_000);
    store.log_metrics(attempt, &[MetricPoint::new("loss", 0, 0.5)]).unwrap();
    let error = store.flush().unwrap_err();
    assert!(matches!(error, StoreError::Ended { state: RunState::Complete, .. }), "{error}");
    store.flush().unwrap();
}

#[test]
fn a_store_that_is_dropped_sends_what_waits() {
    let served = Served::start();
    let store = served.client();
    let attempt = start(&store);
    store.log_metrics(attempt, &[MetricPoint::new("loss", 0, 0.5)]).unwrap();
    drop(store);
    assert_eq!(served.store().series(attempt.run, "loss").unwrap().len(), 1);
}

#[test]
fn ten_thousand_runs_come_in_one_answer() {
    let served = Served::start();
    for at in 0..10_000 {
        let run = OutsideRun {
            config: serde_json::json!({ "train": { "lr": 1e-3 * f64::from(at), "epochs": 5 } }),
            ..OutsideRun::new(Id::random(), "many", i64::from(at))
        };
        served.store().begin_outside_run(&run).unwrap();
        served.store().end_outside_run(run.id).unwrap();
    }
    let (own, store) = (served.store(), served.client());
    let timed = |store: &dyn Store| {
        let begun = Instant::now();
        let runs = store.runs(&RunQuery::default()).unwrap();
        (begun.elapsed(), runs)
    };
    let (there, expected) = timed(&*own);
    let (here, found) = timed(&store);
    println!("10,000 runs: {there:?} in the store, {here:?} over HTTP");
    assert!(found == expected && found.len() == 10_000);
}

#[test]
fn a_large_file_goes_both_ways_in_little_memory() {
    let served = Served::start();
    let store = served.client();
    let run = OutsideRun::new(Id::random(), "e", 5);
    store.begin_outside_run(&run).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let mut file = std::fs::File::create(&path).unwrap();
    let piece: Vec<u8> = (0..1_u32 << 20).map(|at| (at % 253) as u8).collect();
    for _ in 0..200 {
        file.write_all(&piece).unwrap();
    }
    let before = memory_kib();
    let record = store.add_outside_artifact(run.id, "large", &path).unwrap();
    store.end_outside_run(run.id).unwrap();
    assert_eq!(record.size, 200 << 20);
    let mut sink = blake3::Hasher::new();
    store.copy_artifact(run.id, "large", &mut sink).unwrap();
    assert_eq!(sink.finalize().to_hex().to_string(), record.hash);
    if let (Some(before), Some(after)) = (before, memory_kib()) {
        println!("200 MB there and back: {} KiB more at the most", after.saturating_sub(before));
        assert!(after < before + 60_000, "{before} KiB before, {after} KiB at the most");
    }
}

#[test]
fn a_large_content_that_is_refused_is_refused_for_its_reason() {
    let served = Served::start();
    let store = served.client();
    let attempt = start(&store);
    store.finish_run(attempt, &RunEnd::complete([])).unwrap();
    let begun = Instant::now();
    let error = store.put_artifact(attempt, "large", &vec![7; 20 << 20]).unwrap_err();
    assert!(matches!(error, StoreError::Ended { .. }), "{error}");
    let error = store.put_artifact(Attempt { run: Id::random(), number: 1 }, "large", &vec![7; 20 << 20]);
    assert!(matches!(error, Err(StoreError::NotFound { .. })), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// The most memory that this process has had, client and server alike.
fn memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
