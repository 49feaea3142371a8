//! Bytes of no good will: whatever comes, there is an answer, it is no defect, and the server stays.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use uaic_study::store::remote::{PointBlock, ReadCall, WriteCall, pack};
use uaic_study::store::{Id, Look, MetricPoint, OutsideRun, Point, RunEnd, RunQuery, Store};

use super::{free_run, start};
use crate::http::Served;

const PATHS: [(&str, &str); 10] = [
    ("POST", "/api/v1/store/read"),
    ("POST", "/api/v1/store/write"),
    ("POST", "/api/v1/store/remove"),
    ("PUT", "/api/v1/store/artifact?run=RUN&attempt=1&name=a"),
    ("PATCH", "/api/v1/runs/RUN"),
    ("POST", "/api/v1/series"),
    ("POST", "/api/v1/models/m/versions"),
    ("POST", "/api/v1/studies/RUN/ask"),
    ("POST", "/api/v1/studies/RUN/tell"),
    ("GET", "/api/v1/runs?"),
];

/// Messages that are well, to be damaged.
fn messages(run: uaic_study::store::Attempt) -> Vec<Vec<u8>> {
    let (condition, order) = uaic_study::store::query::parse(
        "metrics.loss < 3 and not params.a in (1, \"b\") order by started",
        0,
    )
    .unwrap();
    let query = RunQuery { condition: Some(condition), order, limit: Some(3), ..RunQuery::default() };
    let points = vec![Point { step: 1, time_ms: 2, value: 3.0 }; 5];
    let calls = [
        pack(&ReadCall::Runs(query)),
        pack(&ReadCall::Buckets { run: run.run, key: "loss".into(), look: Look::whole(7) }),
        pack(&WriteCall::Points(vec![PointBlock { attempt: run, key: "loss".into(), points }])),
        pack(&WriteCall::StartRun { new: free_run("b"), changes: Some(3) }),
        pack(&WriteCall::BeginOutsideRun(OutsideRun::new(Id([9; 16]), "e", 5))),
        pack(&WriteCall::FinishRun { attempt: run, end: RunEnd::complete([1.0]) }),
    ];
    calls.into_iter().map(|call| call.unwrap()).collect()
}

#[test]
fn any_body_is_answered_and_none_is_a_defect() {
    let served = Served::start();
    let run = start(&served, "a");
    let messages = messages(run);
    let key = "idempotency-key: 00112233445566778899aabbccddee";
    let mut runner = TestRunner::new(Config { cases: 600, failure_persistence: None, ..Config::default() });
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        "\\PC{0,200}".prop_map(String::into_bytes),
        (
            any::<prop::sample::Index>(),
            proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
        )
            .prop_map(move |(which, changes)| {
                let mut message = messages[which.index(messages.len())].clone();
                for (at, byte) in changes {
                    let at = at.index(message.len());
                    message[at] = byte;
                }
                message
            }),
    ];
    let strategy = (any::<prop::sample::Index>(), bytes, any::<u8>());
    runner
        .run(&strategy, |(which, body, tail)| {
            let (method, path) = PATHS[which.index(PATHS.len())];
            let path = path.replace("RUN", &run.run.to_string());
            let headers = format!("content-type: application/json\r\n{key}{tail:02x}\r\n");
            let answer = served.send(method, &path, &headers, &body);
            let told = String::from_utf8_lossy(&answer.body).into_owned();
            prop_assert!(
                answer.status != 500 || told.contains("Database"),
                "{method} {path} {body:?}: {told}"
            );
            prop_assert!(!told.contains("defect"), "{told}");
            Ok(())
        })
        .unwrap();
    // The one thread that writes lives.
    served.store.set_tag(run.run, "alive", "yes").unwrap();
    let _ = served.store.log_metrics(run, &[MetricPoint::new("late", 0, 0.5)]);
}

#[test]
fn any_address_is_answered() {
    let served = Served::start();
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let part = "[a-z0-9%&=+ü/.:\\[\\]\"'<>-]{0,60}";
    runner
        .run(&(part, part), |(path, query)| {
            let target = format!("/api/v1/{path}?{query}").replace([' ', '"', '<', '>'], "%20");
            let mut stream = TcpStream::connect(served.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let head = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let mut start = [0; 12];
            let read = stream.read(&mut start).unwrap_or_default();
            let status = String::from_utf8_lossy(&start[..read]).into_owned();
            prop_assert!(!status.contains(" 5"), "{target}: {status}");
            Ok(())
        })
        .unwrap();
}
