//! Databases that are old, or that grow.

use rusqlite::Connection;
use uaic_import::ReadOptions;

use crate::collected::Collected;
use crate::golden::golden;

fn read(path: &std::path::Path) -> Collected {
    Collected::read(path, &ReadOptions::default()).unwrap()
}

#[test]
fn a_database_of_an_old_mlflow_lacks_columns_and_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT, lifecycle_stage TEXT);
             CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT, experiment_id INTEGER);
             CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
             CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
             CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, PRIMARY KEY (key, timestamp, run_uuid));
             INSERT INTO experiments VALUES (0, 'Default', './mlruns/0', 'deleted');
             INSERT INTO runs VALUES ('a', '', 'me', 'KILLED', 5, 6, 0), ('b', 'second', NULL, 'SCHEDULED', 7, NULL, 9);
             INSERT INTO params VALUES ('lr', '0.1', 'a'), ('lr', '0.2', 'b');
             INSERT INTO tags VALUES ('k', 'v', 'b');
             INSERT INTO metrics VALUES ('loss', 0.5, 10, 'b'), ('loss', 0.7, 11, 'a'), ('loss', 0.6, 9, 'a');",
        )
        .unwrap();
    let found = read(&path);
    let first = found.run("a");
    assert_eq!(first.values("loss"), [0.7, 0.6], "as they were written");
    assert_eq!(first.steps("loss"), [Some(0), Some(0)]);
    assert_eq!((first.texts(), first.head.hidden), (vec!["lr=0.1".to_owned()], true));
    assert_eq!(first.head.reason.as_deref(), Some("killed"));
    assert_eq!(first.head.tags["mlflow.user"], "me");
    let second = found.run("second");
    assert_eq!((second.head.experiment.as_str(), second.head.tags["k"].as_str()), ("Default", "v"));
    assert!(found.left_out().is_empty());
}

#[test]
fn a_database_that_has_grown_begins_as_it_was() {
    let folder = golden();
    for (name, grow, run, key) in [
        (
            "mlflow.db",
            "INSERT INTO metrics SELECT 'val/loss', 0.125, 1, run_uuid, -7, 0 FROM runs WHERE name = 'child';
             INSERT INTO metrics SELECT 'a/new', 0.25, 2, run_uuid, 0, 0 FROM runs WHERE name = 'child'",
            "child",
            "val/loss",
        ),
        (
            "optuna5.sqlite3",
            "INSERT INTO trial_intermediate_values VALUES (1000, 7, 5, 0.125, 'FINITE')",
            "trial 6",
            "value",
        ),
    ] {
        let path = folder.path().join(name);
        let before = read(&path);
        Connection::open(&path).unwrap().execute_batch(grow).unwrap();
        let after = read(&path);
        let series = |found: &Collected| found.run(run).points.get(key).cloned().unwrap_or_default();
        let (before, after) = (series(&before), series(&after));
        assert_eq!(after.len(), before.len() + 1, "{name}");
        assert_eq!(format!("{:?}", &after[..before.len()]), format!("{before:?}"));
        assert_eq!(after.last().unwrap().value, 0.125);
    }
}

#[test]
fn a_database_with_a_log_of_its_own_is_read_with_it() {
    let folder = golden();
    let path = folder.path().join("mlflow.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch("UPDATE tags SET value = 'from the log' WHERE value = 'failing'").unwrap();
    read(&path).run("from the log");
    drop(connection);
    read(&path).run("from the log");
}
