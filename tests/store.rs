//! The store as other processes see it: killed writers, many writers, bad folders, old formats.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use uaic::platform::ProcessIdentity;
use uaic::store::{
    Attempt, Id, MetricPoint, NewRun, NewStudy, RunEnd, RunKind, RunQuery, SqliteStore, Store, StudyState,
};
use uaic::trial::{Direction, Goal, ParamValue, RunState};

/// Set in the processes that a test starts to write for it.
const CHILD_FOLDER: &str = "UAIC_TEST_STORE_FOLDER";
/// The study that such a process writes to.
const CHILD_STUDY: &str = "UAIC_TEST_STORE_STUDY";
/// Points that it records of each run.
const STEPS: i64 = 40;

fn new_study() -> NewStudy {
    NewStudy {
        experiment: "attention".into(),
        spec_text: "[experiment]\nname = \"attention\"\n".into(),
        spec_path: "experiments/attention.toml".into(),
        overrides: vec![("train.lr".into(), "0.002".into())],
        fingerprint: "f00d".into(),
        seed: 42,
        goals: Goal::new("val/accuracy", Direction::Maximize).into(),
        trials: 20,
        environment: [("git.commit".to_owned(), "abc".to_owned())].into(),
    }
}

fn new_run(study: Id, number: u32, process: ProcessIdentity) -> NewRun {
    NewRun {
        home: study.into(),
        kind: RunKind::Trial,
        number: Some(number),
        params: [("train.lr".to_owned(), ParamValue::Float(0.002))].into(),
        config: serde_json::json!({ "train": { "lr": 0.002, "epochs": 5 } }),
        process,
        environment: [("cpu".to_owned(), "abacus".to_owned())].into(),
    }
}

/// A study that this process works on.
fn held_study(store: &SqliteStore) -> Id {
    let study = store.create_study(&new_study()).unwrap().id;
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    study
}

fn point(key: &str, step: i64, value: f64) -> MetricPoint {
    MetricPoint { key: key.into(), step, time_ms: 1_700_000_000_000 + step, value }
}

fn complete(value: f64) -> RunEnd {
    RunEnd::complete([value])
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("uaic.db")).unwrap()
}

fn check_integrity(folder: &Path) {
    let connection = database(folder);
    let answer: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
    let mut statement = connection.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(statement.query([]).unwrap().next().unwrap().is_none(), "a row points nowhere");
}

/// Starts this test binary again, to run only `test`, with a study to write to.
fn child(test: &str, folder: &Path, study: Id) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("store::{test}"), "--ignored", "--nocapture", "--test-threads=1"])
        .env(CHILD_FOLDER, folder)
        .env(CHILD_STUDY, study.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

fn child_setting() -> (SqliteStore, Id) {
    let folder = PathBuf::from(std::env::var_os(CHILD_FOLDER).expect("started by another test"));
    let study = Id::parse(&std::env::var(CHILD_STUDY).unwrap()).unwrap();
    (SqliteStore::open(&folder).unwrap(), study)
}

#[test]
#[ignore = "the other half of `a_killed_writer_loses_nothing_that_it_was_told_is_stored`"]
fn write_runs_until_killed() {
    let (store, study) = child_setting();
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    let all = RunQuery { study: Some(study), ..RunQuery::default() };
    let mut number = store.count_runs(&all).unwrap() as u32;
    loop {
        let attempt = store.start_run(&new_run(study, number, ProcessIdentity::current())).unwrap();
        for step in 0..STEPS {
            store
                .log_metrics(attempt, &[point("train/loss", step, f64::NAN), point("b", step, 1.0)])
                .unwrap();
        }
        store.put_artifact(attempt, "log.txt", format!("run {number}").repeat(1000).as_bytes()).unwrap();
        store.finish_run(attempt, &complete(f64::from(number))).unwrap();
        // The runner's own output shares the pipe: the mark tells the lines apart.
        #[allow(clippy::print_stdout)]
        {
            println!("\nfinished {}", attempt.run);
        }
        number += 1;
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_it_was_told_is_stored() {
    let folder = TempDir::new().unwrap();
    let study = SqliteStore::open(folder.path()).unwrap().create_study(&new_study()).unwrap().id;
    let mut finished: Vec<Id> = Vec::new();
    let mut crashed = 0;
    for round in 0..10_u64 {
        let mut writer = child("write_runs_until_killed", folder.path(), study).spawn().unwrap();
        let output = BufReader::new(writer.stdout.take().unwrap());
        let (sender, reports) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines
                .filter_map(|line| Id::parse(line.strip_prefix("finished ")?))
                .try_for_each(|run| sender.send(run))
        });
        // Half of them are killed while they still start, the others in all phases of a run.
        if round % 2 == 1 {
            finished.push(reports.recv_timeout(Duration::from_secs(60)).unwrap());
        }
        std::thread::sleep(Duration::from_millis(3 + round * 11));
        writer.kill().unwrap();
        writer.wait().unwrap();
        finished.extend(reports);

        check_integrity(folder.path());
        let store = SqliteStore::open(folder.path()).unwrap();
        for &id in &finished {
            let run = store.run(id).unwrap();
            assert_eq!((run.state, run.value()), (RunState::Complete, run.start.number.map(f64::from)));
            for metric in store.latest_metrics(id).unwrap() {
                assert_eq!(metric.count as i64, STEPS, "{}", metric.key);
                assert_eq!(store.metric_history(id, &metric.key).unwrap().len() as i64, STEPS);
            }
            store.read_artifact(id, "log.txt").unwrap();
        }
        let study = store.study(study).unwrap();
        assert!(matches!(study.state, StudyState::Crashed | StudyState::Interrupted), "{}", study.state);
        let of_state = |state| store.runs(&RunQuery { state: Some(state), ..RunQuery::default() }).unwrap();
        assert!(of_state(RunState::Running).is_empty(), "its process is dead");
        crashed = of_state(RunState::Crashed).len();
    }
    assert!(crashed > 0, "no writer was killed in the middle of a run");
}

#[test]
#[ignore = "the other half of `processes_write_side_by_side`"]
fn write_some_runs() {
    let (store, study) = child_setting();
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    for number in 0..20 {
        let attempt = store.start_run(&new_run(study, number, ProcessIdentity::current())).unwrap();
        for step in 0..STEPS {
            store.log_metrics(attempt, &[point("x", step, step as f64)]).unwrap();
        }
        store.finish_run(attempt, &complete(0.5)).unwrap();
    }
}

#[test]
fn processes_write_side_by_side() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let start = |_| {
        let study = store.create_study(&new_study()).unwrap().id;
        child("write_some_runs", folder.path(), study).spawn().unwrap()
    };
    let writers: Vec<_> = (0..4).map(start).collect();
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let runs = store.runs(&RunQuery::default()).unwrap();
    assert_eq!(runs.len(), 80);
    for run in runs {
        assert_eq!(run.state, RunState::Complete);
        assert_eq!(store.metric_history(run.id, "x").unwrap().len() as i64, STEPS);
    }
    check_integrity(folder.path());
}

#[test]
#[ignore = "the other half of `processes_may_create_a_store_at_once`"]
fn open_the_store() {
    drop(child_setting());
}

#[test]
fn processes_may_create_a_store_at_once() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("deep").join("runs");
    let nobody = Id([0; 16]);
    let openers: Vec<_> = (0..6).map(|_| child("open_the_store", &store, nobody).spawn().unwrap()).collect();
    for opener in openers {
        let output = opener.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    check_integrity(&store);
}

#[test]
fn threads_write_every_point_exactly_once() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let study = held_study(&store);
    let attempt = store.start_run(&new_run(study, 0, ProcessIdentity::current())).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_i64 {
            let store = &store;
            scope.spawn(move || {
                for step in 0..2_500 {
                    store.log_metrics(attempt, &[point("x", thread * 2_500 + step, 0.0)]).unwrap();
                }
            });
        }
    });
    store.flush().unwrap();
    let history = store.metric_history(attempt.run, "x").unwrap();
    let steps: Vec<i64> = history.iter().map(|point| point.step).collect();
    assert_eq!(steps, (0..20_000).collect::<Vec<i64>>());
}

#[test]
fn what_is_queued_is_written_when_the_store_is_dropped() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let study = held_study(&store);
    let attempt = store.start_run(&new_run(study, 0, ProcessIdentity::current())).unwrap();
    for step in 0..1000 {
        store.log_metrics(attempt, &[point("x", step, 0.0)]).unwrap();
    }
    drop(store);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the log is tidied away, only uaic.db and blobs/ are left: {names:?}");
    let store = SqliteStore::open_read_only(folder.path()).unwrap();
    assert_eq!(store.latest_metrics(attempt.run).unwrap()[0].count, 1000);
}

#[test]
fn a_reader_sees_what_a_writer_writes_and_writes_nothing_itself() {
    let folder = TempDir::new().unwrap();
    let writer = SqliteStore::open(folder.path()).unwrap();
    let reader = SqliteStore::open_read_only(folder.path()).unwrap();
    let study = writer.create_study(&new_study()).unwrap().id;
    assert_eq!(reader.studies().unwrap()[0].id, study);
    // A writer in the middle of its transaction does not keep the reader waiting.
    let connection = database(folder.path());
    connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM events").unwrap();
    let before = std::time::Instant::now();
    assert_eq!(reader.study(study).unwrap().id, study);
    assert!(before.elapsed() < Duration::from_secs(5));
    connection.execute_batch("ROLLBACK").unwrap();

    for error in [
        reader.create_study(&new_study()).unwrap_err(),
        reader.release_study(study, &ProcessIdentity::current(), StudyState::Complete).unwrap_err(),
        reader.set_hidden(study, true).unwrap_err(),
    ] {
        assert!(error.to_string().contains("can only be read"), "{error}");
    }
}

#[test]
fn a_lost_write_is_reported_by_the_next_call_of_its_run() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let study = held_study(&store);
    let attempt = store.start_run(&new_run(study, 0, ProcessIdentity::current())).unwrap();
    let other = store.start_run(&new_run(study, 1, ProcessIdentity::current())).unwrap();
    // Stands for a full disk: SQLite refuses to store points of one metric.
    database(folder.path())
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON metrics WHEN NEW.step = 13
             BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
        )
        .unwrap();
    store.log_metrics(attempt, &[point("x", 13, 0.0)]).unwrap();
    let error = store.finish_run(attempt, &complete(1.0)).unwrap_err();
    assert!(error.to_string().contains("disk is full") && error.to_string().contains("uaic.db"), "{error}");
    assert_eq!(store.run(attempt.run).unwrap().state, RunState::Running, "it has not ended");
    // The store goes on for the others, and for the same run once there is room again.
    store.log_metrics(other, &[point("x", 14, 0.0)]).unwrap();
    store.finish_run(other, &complete(1.0)).unwrap();
    assert_eq!(store.latest_metrics(other.run).unwrap()[0].count, 1);
    store.finish_run(attempt, &RunEnd { state: RunState::Failed, ..complete(0.0) }).unwrap();
    store.flush().unwrap();
}

#[test]
fn folders_that_cannot_hold_a_store_are_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = SqliteStore::open(&file).err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot create the folder {}: ", file.display())), "{error}");
    let error = SqliteStore::open(&file.join("below")).err().unwrap().to_string();
    assert!(error.starts_with("cannot create the folder "), "{error}");

    std::fs::create_dir_all(folder.path().join("taken/uaic.db")).unwrap();
    let error = SqliteStore::open(&folder.path().join("taken")).err().unwrap().to_string();
    assert!(error.contains("uaic.db cannot be used: ") && error.contains("unable to open"), "{error}");

    let error = SqliteStore::open_read_only(&folder.path().join("none")).err().unwrap().to_string();
    assert!(error.starts_with("there is no store in ") && error.contains("uaic run"), "{error}");
    assert!(!folder.path().join("none").exists(), "looking creates nothing");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_may_not_be_written_is_named() {
    // Nobody may create anything here, not even root.
    let error = SqliteStore::open(Path::new("/proc/uaic")).err().unwrap().to_string();
    assert!(error.starts_with("cannot create the folder /proc/uaic: "), "{error}");
}

// ---- Old formats: a store of each format is kept for ever, and is read with exact values. ----

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store-v1.db")
}

/// A process of a machine that does not exist, so that its runs have crashed long ago.
fn golden_process() -> ProcessIdentity {
    ProcessIdentity {
        host: "golden".into(),
        boot_id: "b007".into(),
        namespace: "pid:[60]".into(),
        pid: 4711,
        started: "12345".into(),
    }
}

const STUDY: Id = Id([0x51; 16]);

fn golden_id(number: u8) -> Id {
    Id([number; 16])
}

/// Writes `tests/fixtures/store-v1.db`. Never again once a newer format exists:
/// `cargo test --test integration -- --ignored make_golden_store`
#[test]
#[ignore = "writes the fixture"]
fn make_golden_store() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let study = store.create_study(&new_study()).unwrap().id;
    store.acquire_study(study, &golden_process()).unwrap();
    let start = |number| store.start_run(&new_run(study, number, golden_process())).unwrap();
    let done = start(0);
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1];
    for (step, value) in values.into_iter().enumerate() {
        store.log_metrics(done, &[point("train/loss", step as i64, value)]).unwrap();
    }
    store.put_artifact(done, "log.txt", b"golden").unwrap();
    store.set_tag(done.run, "note", "größe").unwrap();
    store.finish_run(done, &complete(0.875)).unwrap();
    let failed = start(1);
    let reason = Some("the loss became NaN".to_owned());
    store.finish_run(failed, &RunEnd::without_values(RunState::Failed, reason)).unwrap();
    store.set_hidden(failed.run, true).unwrap();
    start(2);
    let left = start(2);
    let last = store
        .start_run(&NewRun {
            kind: RunKind::Final,
            number: None,
            params: [
                ("a".to_owned(), ParamValue::Int(3)),
                ("b".to_owned(), ParamValue::Float(3.0)),
                ("c".to_owned(), ParamValue::Bool(true)),
                ("d".to_owned(), ParamValue::Text("3".into())),
            ]
            .into(),
            ..new_run(study, 0, golden_process())
        })
        .unwrap();
    store.finish_run(last, &complete(f64::NAN)).unwrap();
    store.release_study(study, &golden_process(), StudyState::Complete).unwrap();
    drop(store);
    freeze(folder.path(), &[done, failed, left, last]);
    std::fs::create_dir_all(fixture().parent().unwrap()).unwrap();
    std::fs::copy(folder.path().join("uaic.db"), fixture()).unwrap();
}

/// Replaces what chance and the clock have put in.
fn freeze(folder: &Path, attempts: &[Attempt]) {
    let connection = database(folder);
    connection.execute("UPDATE studies SET uuid = ?, created_ms = 1000", [STUDY.0]).unwrap();
    for (number, attempt) in attempts.iter().enumerate() {
        let id = golden_id(number as u8).0;
        connection.execute("UPDATE runs SET uuid = ? WHERE uuid = ?", [id, attempt.run.0]).unwrap();
    }
    connection
        .execute_batch(
            "UPDATE runs SET started_ms = 2000 + id, ended_ms = 3000 + id WHERE ended_ms IS NOT NULL;
             UPDATE runs SET started_ms = 2000 + id;
             UPDATE processes SET heartbeat_ms = 2500;
             UPDATE events SET time_ms = 4000 + id;
             PRAGMA journal_mode = DELETE; VACUUM;",
        )
        .unwrap();
}

/// A store whose database is a copy of the fixture.
fn golden_store() -> (TempDir, SqliteStore) {
    let folder = TempDir::new().unwrap();
    std::fs::copy(fixture(), folder.path().join("uaic.db")).unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    (folder, store)
}

#[test]
fn the_study_of_a_store_of_format_1_is_read_exactly() {
    let (_folder, store) = golden_store();
    let studies = store.studies().unwrap();
    assert_eq!(studies.len(), 1);
    assert_eq!((studies[0].id, studies[0].created_ms, studies[0].state), (STUDY, 1000, StudyState::Complete));
    assert_eq!((&studies[0].plan, &studies[0].owner), (&new_study(), &Some(golden_process())));
}

#[test]
fn the_runs_of_a_store_of_format_1_are_read_exactly() {
    let (_folder, store) = golden_store();
    let runs = store.runs(&RunQuery { include_hidden: true, ..RunQuery::default() }).unwrap();
    let seen: Vec<_> =
        runs.iter().map(|run| (run.id.0[0], run.start.number, run.attempts, run.state)).collect();
    let expected = [
        (3, None, 1, RunState::Complete),
        (2, Some(2), 2, RunState::Crashed),
        (1, Some(1), 1, RunState::Failed),
        (0, Some(0), 1, RunState::Complete),
    ];
    assert_eq!(seen, expected);
    let times: Vec<_> = runs.iter().map(|run| (run.started_ms, run.ended_ms)).collect();
    assert_eq!(times, [(2004, Some(3004)), (2003, None), (2002, Some(3002)), (2001, Some(3001))]);
    assert!(runs[0].value().unwrap().is_nan());
    assert_eq!((runs[2].hidden, runs[2].reason.as_deref()), (true, Some("the loss became NaN")));
    assert_eq!((runs[3].value(), &runs[3].start), (Some(0.875), &new_run(STUDY, 0, golden_process())));
    let params: Vec<_> = runs[0].start.params.values().cloned().collect();
    let expected =
        [ParamValue::Int(3), ParamValue::Float(3.0), ParamValue::Bool(true), ParamValue::Text("3".into())];
    assert_eq!(params, expected);
}

#[test]
fn what_a_run_of_a_store_of_format_1_recorded_is_read_exactly() {
    let (_folder, store) = golden_store();
    let run = golden_id(0);
    let history = store.metric_history(run, "train/loss").unwrap();
    assert!(history[0].value.is_nan());
    let expected = [f64::INFINITY, f64::NEG_INFINITY, 0.1];
    for (step, value) in (1..).zip(expected) {
        assert_eq!(history[step as usize], point("train/loss", step, value));
    }
    let latest = &store.latest_metrics(run).unwrap()[0];
    assert_eq!((latest.key.as_str(), latest.step, latest.value, latest.count), ("train/loss", 3, 0.1, 4));
    assert_eq!((latest.min, latest.max), (Some(f64::NEG_INFINITY), Some(f64::INFINITY)));
    assert_eq!(store.tags(run).unwrap(), [("note".to_owned(), "größe".to_owned())].into());
    let artifact = &store.artifacts(run).unwrap()[0];
    let hash = blake3::hash(b"golden").to_hex().to_string();
    assert_eq!((artifact.name.as_str(), &artifact.hash, artifact.size), ("log.txt", &hash, 6));
    let events = store.events(golden_id(2)).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| (event.kind.as_str(), event.detail.as_str())).collect();
    assert_eq!(kinds[0], ("started", "attempt 1"));
    assert_eq!(kinds[1].0, "started");
}

#[test]
fn a_store_of_format_1_can_be_written_on() {
    let (folder, store) = golden_store();
    store.acquire_study(STUDY, &ProcessIdentity::current()).unwrap();
    let attempt = store.start_run(&new_run(STUDY, 2, ProcessIdentity::current())).unwrap();
    assert_eq!((attempt.run, attempt.number), (golden_id(2), 3));
    store.log_metrics(attempt, &[point("train/loss", 0, 1.0)]).unwrap();
    store.finish_run(attempt, &complete(1.0)).unwrap();
    assert_eq!(store.tally(STUDY).unwrap().best.map(|best| best.value()), Some(1.0));
    drop(store);
    check_integrity(folder.path());
}

#[test]
fn a_store_of_format_1_gets_a_registry_when_it_is_written_to() {
    let folder = TempDir::new().unwrap();
    std::fs::copy(fixture(), folder.path().join("uaic.db")).unwrap();
    let reader = SqliteStore::open_read_only(folder.path()).unwrap();
    assert!(reader.model_versions(None).unwrap().is_empty());
    assert!(reader.model_events("intents").is_err());
    drop(reader);
    let store = SqliteStore::open(folder.path()).unwrap();
    assert_eq!(store.register_model("intents", golden_id(3), "").unwrap().version, 1);
    let imported =
        NewRun { kind: RunKind::Imported, number: None, ..new_run(STUDY, 0, ProcessIdentity::current()) };
    store.acquire_study(STUDY, &ProcessIdentity::current()).unwrap();
    store.start_run(&imported).unwrap();
    drop(store);
    check_integrity(folder.path());
}
