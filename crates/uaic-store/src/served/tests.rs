//! Writes that come twice, changes that are seen, pieces of artifacts.

#![allow(clippy::print_stderr, reason = "one of them measures")]

use std::io::Read;

use super::*;
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::remote::{News, PointBlock, WireFault};
use uaic_study::store::{
    Attempt, Home, MetricPoint, NewRun, Point, RunEdit, RunEnd, RunKind, RunQuery, Store,
};
use uaic_study::trial::RunState;

fn store() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    (folder, store)
}

fn new_run() -> NewRun {
    NewRun {
        home: Home::Experiment("e".into()),
        kind: RunKind::Free,
        number: None,
        params: [].into(),
        config: serde_json::json!({}),
        process: ProcessIdentity::current(),
        environment: [].into(),
    }
}

fn start(store: &SqliteStore, key: Id) -> Attempt {
    let call = WriteCall::StartRun { new: new_run(), changes: None };
    match store.write_once(key, call).unwrap() {
        WriteAnswer::Attempt(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

fn block(attempt: Attempt, value: f64) -> PointBlock {
    PointBlock { attempt, key: "loss".into(), points: vec![Point { step: 0, time_ms: 0, value }] }
}

#[test]
fn a_write_that_comes_twice_is_done_once_even_after_the_store_was_closed() {
    let (folder, store) = store();
    let key = Id::random();
    let attempt = start(&store, key);
    assert_eq!(start(&store, key), attempt);
    let points = WriteCall::Points(vec![block(attempt, 0.5), block(attempt, 0.25)]);
    let key = Id::random();
    for _ in 0..2 {
        assert_eq!(store.write_once(key, points.clone()).unwrap(), WriteAnswer::Refused(vec![]));
    }
    drop(store);
    let store = SqliteStore::open(folder.path()).unwrap();
    assert_eq!(store.write_once(key, points).unwrap(), WriteAnswer::Refused(vec![]));
    assert_eq!(store.series(attempt.run, "loss").unwrap().len(), 2);
    let end = WriteCall::FinishRun { attempt, end: RunEnd::complete([0.5]) };
    let key = Id::random();
    for _ in 0..2 {
        assert_eq!(store.write_once(key, end.clone()).unwrap(), WriteAnswer::Done);
    }
    let error = store.write_once(Id::random(), end).unwrap_err();
    assert!(matches!(error, StoreError::IllegalTransition { .. }), "{error}");
    assert_eq!(store.runs(&RunQuery::default()).unwrap().len(), 1);
}

#[test]
fn an_attempt_that_takes_no_points_stops_none_of_the_others() {
    let (_folder, store) = store();
    let [ended, open] = [0, 1].map(|_| start(&store, Id::random()));
    store.finish_run(ended, &RunEnd::without_values(RunState::Failed, None)).unwrap();
    let call = WriteCall::Points(vec![block(ended, 1.0), block(open, 2.0)]);
    let WriteAnswer::Refused(refused) = store.write_once(Id::random(), call).unwrap() else { panic!() };
    assert_eq!(refused.len(), 1);
    assert!(matches!(&refused[0], (attempt, WireFault::Ended { .. }) if *attempt == ended));
    assert_eq!(store.series(open.run, "loss").unwrap().len(), 1);
}

#[test]
fn times_at_the_end_of_the_world_do_not_end_the_writer() {
    let (_folder, store) = store();
    let attempt = start(&store, Id::random());
    for time_ms in [i64::MIN, i64::MAX, 0] {
        let points = vec![
            Point { step: i64::MIN, time_ms, value: 1.0 },
            Point { step: i64::MAX, time_ms, value: f64::NAN },
        ];
        let call = WriteCall::Points(vec![PointBlock { attempt, key: String::new(), points }]);
        // Refused or not, the next one is answered.
        let _ = store.write_once(Id::random(), call);
    }
    store.set_tag(attempt.run, "alive", "yes").unwrap();
    store.flush().unwrap();
    let _ = store.series(attempt.run, "");
}

/// A name, and what is done.
type Change<'a> = (&'a str, Box<dyn Fn() + 'a>);

#[test]
fn the_changes_of_every_kind_are_seen_by_who_follows_and_nothing_is_told_of_nothing() {
    let (folder, store) = store();
    let mut feed = store.feed().unwrap();
    let mut cursor = feed.newest().unwrap();
    let [a, b] = [0, 1].map(|_| start(&store, Id::random()));
    let news = feed.since(cursor, 100).unwrap();
    let ids: Vec<Id> = news.changes.iter().map(|change| change.id).collect();
    assert_eq!(ids, [a.run, b.run]);
    assert_eq!(news.changes[0].state, Some(RunState::Running));
    cursor = news.cursor;
    assert_eq!(feed.since(cursor, 100).unwrap(), News { changes: vec![], cursor });
    let other = SqliteStore::open(folder.path()).unwrap();
    let point = |step| MetricPoint::new("loss", step, 0.5);
    let changes: Vec<Change<'_>> = vec![
        ("metric", Box::new(|| store.log_metrics(a, &[point(0)]).and_then(|()| store.flush()).unwrap())),
        (
            "metric again",
            Box::new(|| store.log_metrics(a, &[point(1)]).and_then(|()| store.flush()).unwrap()),
        ),
        ("of another process", Box::new(|| other.set_tag(a.run, "k", "v").unwrap())),
        ("tag again", Box::new(|| store.set_tag(a.run, "k", "w").unwrap())),
        ("tag gone", Box::new(|| store.edit_run(a.run, &RunEdit::RemoveTag("k".into())).unwrap())),
        ("name", Box::new(|| store.edit_run(a.run, &RunEdit::Name(Some("x".into()))).unwrap())),
        ("artifact", Box::new(|| drop(store.put_artifact(a, "log", b"1").unwrap()))),
        ("artifact again", Box::new(|| drop(store.put_artifact(a, "log", b"2").unwrap()))),
        ("end", Box::new(|| store.finish_run(a, &RunEnd::complete([1.0])).unwrap())),
        ("hidden", Box::new(|| store.set_hidden(a.run, true).unwrap())),
    ];
    for (what, change) in changes {
        change();
        let news = feed.since(cursor, 100).unwrap();
        assert!(news.changes.iter().any(|change| change.id == a.run), "{what}");
        assert!(news.cursor >= cursor, "{what}");
        cursor = news.cursor;
        assert!(feed.since(cursor, 100).unwrap().changes.is_empty(), "{what}");
    }
    store.delete_run(a.run).unwrap();
    let news = feed.since(cursor, 100).unwrap();
    assert!(news.changes.iter().any(|change| change.id == a.run && change.state.is_none()));
    // Who comes back after a while is told all of it, each once.
    let mut late = store.feed().unwrap();
    let all = late.since(0, 100).unwrap().changes;
    assert_eq!(all.iter().map(|change| change.id).collect::<Vec<_>>(), [b.run, a.run]);
}

#[test]
fn many_changes_are_told_in_parts() {
    let (_folder, store) = store();
    let runs: Vec<Id> = (0..7).map(|_| start(&store, Id::random()).run).collect();
    let mut feed = store.feed().unwrap();
    let (mut cursor, mut told) = (0, Vec::new());
    for _ in 0..10 {
        let news = feed.since(cursor, 3).unwrap();
        cursor = news.cursor;
        for change in news.changes {
            if !told.contains(&change.id) {
                told.push(change.id);
            }
        }
    }
    assert_eq!(told, runs);
}

#[test]
fn what_comes_as_a_stream_is_kept_whole_or_not_at_all() {
    struct Cut(u32);
    impl Read for Cut {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            if self.0 > 3 {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            buffer.fill(7);
            Ok(buffer.len())
        }
    }
    let (_folder, store) = store();
    let attempt = start(&store, Id::random());
    let place = ArtifactPlace::Attempt(attempt);
    let error = store.take_artifact(place, "a", &mut Cut(0)).unwrap_err();
    assert!(matches!(error, StoreError::Input { .. }), "{error}");
    assert!(store.artifacts(attempt.run).unwrap().is_empty());
    let content: Vec<u8> = (0..600_000_u32).map(|at| (at % 251) as u8).collect();
    let record = store.take_artifact(place, "a", &mut &*content).unwrap();
    for range in [0..600_000, 0..1, 599_999..600_000, 100_000..500_001, 5..5] {
        let mut part = Vec::new();
        store.copy_range(&record, range.clone(), &mut part).unwrap();
        assert!(part == content[range.start as usize..range.end as usize], "{range:?}");
    }
    let details = store.details(&[Id::random(), attempt.run]).unwrap();
    assert_eq!(details.len(), 2);
}

#[test]
#[ignore = "it measures"]
fn what_triggers_cost() {
    for with in [true, false, true, false] {
        let (folder, store) = store();
        if !with {
            let connection = rusqlite::Connection::open(folder.path().join("uaic.db")).unwrap();
            let names: Vec<String> = connection
                .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'changed%'")
                .unwrap()
                .query_map([], |row| row.get(0))
                .unwrap()
                .map(|name| name.unwrap())
                .collect();
            assert!(names.len() > 10);
            for name in names {
                connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
            }
        }
        let begun = std::time::Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..150 {
                        let run = store.start_run(&new_run()).unwrap();
                        for step in 0..5 {
                            let points: Vec<MetricPoint> =
                                (0..10).map(|key| MetricPoint::new(format!("m{key}"), step, 0.5)).collect();
                            store.log_metrics(run, &points).unwrap();
                        }
                        store.finish_run(run, &RunEnd::complete([0.5])).unwrap();
                    }
                });
            }
        });
        eprintln!("triggers {with}: {:?} for 1,200 runs with 60,000 points", begun.elapsed());
    }
}
