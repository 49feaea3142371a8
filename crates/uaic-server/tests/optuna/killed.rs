//! A server that dies while programs write to it.

use std::process::Stdio;
use std::time::Duration;

use uaic_store::SqliteStore;
use uaic_study::store::{OptunaStore, RunQuery, Store};
use uaic_study::trial::RunState;

use crate::server::{Server, python};

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with optuna and grpcio")]
fn what_was_acknowledged_survives_every_death_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), 0);
    let client = python("killed.py", server.port).arg("6").stdout(Stdio::piped()).spawn().unwrap();
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(1300));
        let port = server.kill();
        server = Server::start(folder.path(), port);
    }
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let writes: u64 = said.trim().strip_prefix("writes ").unwrap().parse().unwrap();
    assert!(writes > 200, "{said}");
    drop(server);

    let store = SqliteStore::open(folder.path()).unwrap();
    let id = store.optuna_study(store.optuna_study_named("killed").unwrap()).unwrap().id;
    let runs = store.runs(&RunQuery { study: Some(id), ..RunQuery::default() }).unwrap();
    let complete = runs.iter().filter(|run| run.state == RunState::Complete);
    assert!(complete.clone().count() > 10);
    for run in complete {
        assert_eq!(run.start.params.len(), 3);
        assert_eq!(store.tags(run.id).unwrap()["key"], "[1, \"ä\"]");
        assert!(store.series(run.id, "value").unwrap().len() >= 3);
    }
}
