//! A server that is killed while many write: what was acknowledged is there, and what is sent again is there
//! once.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use uaic_store::SqliteStore;
use uaic_study::store::{Id, RunQuery, Store};

const CLIENTS: usize = 6;
const KILLS: u32 = 6;

/// What a client knows to be there: its runs, and how many points each has.
type Acknowledged = BTreeMap<String, u64>;

fn start(store: &Path, address: SocketAddr) -> Child {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join("examples/server");
    let server = Command::new(program)
        .args([store.as_os_str(), address.port().to_string().as_ref()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while TcpStream::connect(address).is_err() {
        std::thread::sleep(Duration::from_millis(5));
    }
    server
}

/// One try; `None` when no whole answer comes.
fn post(address: SocketAddr, path: &str, body: &Value) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let body = body.to_string();
    let head = format!(
        "POST /api/2.0/mlflow/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/json\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

/// Sends until it is answered.
fn insist(address: SocketAddr, path: &str, body: &Value) -> Value {
    loop {
        match post(address, path, body) {
            Some((200, answer)) => return answer,
            Some((status, answer)) => panic!("{path}: {status} {answer}"),
            None => std::thread::sleep(Duration::from_millis(3)),
        }
    }
}

/// Makes runs, and logs to them, one point or many at a time.
fn write(address: SocketAddr, client: usize, stop: &AtomicBool) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let body = json!({"experiment_id": "0", "start_time": number, "user_id": format!("client {client}"),
            "run_name": format!("{client}/{number}"), "tags": [{"key": "client", "value": client.to_string()}]});
        let made = insist(address, "runs/create", &body);
        let run = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        let mut points = 0;
        for step in 0..12 {
            if step % 3 == 0 {
                let metrics: Vec<Value> = (0..50)
                    .map(|at| json!({"key": "loss", "value": at, "timestamp": at, "step": step * 1000 + at}))
                    .collect();
                insist(address, "runs/log-batch", &json!({"run_id": run, "metrics": metrics}));
                points += 50;
            } else {
                let body = json!({"run_id": run, "key": "loss", "value": 0.5, "timestamp": 7, "step": -step});
                insist(address, "runs/log-metric", &body);
                points += 1;
            }
        }
        acknowledged.insert(run, points);
    }
    acknowledged
}

#[test]
fn what_was_acknowledged_survives_and_what_is_sent_again_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let stop = AtomicBool::new(false);
    let mut server = start(folder.path(), address);
    let acknowledged: Acknowledged = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn({
                    let stop = &stop;
                    move || write(address, client, stop)
                })
            })
            .collect();
        for at in 0..KILLS {
            std::thread::sleep(Duration::from_millis(u64::from(150 + at * 37)));
            server.kill().unwrap();
            server.wait().unwrap();
            server = start(folder.path(), address);
        }
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    server.kill().unwrap();
    server.wait().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    assert!(acknowledged.len() > CLIENTS, "{}", acknowledged.len());
    let runs = store.runs(&RunQuery::default()).unwrap();
    let there: BTreeMap<String, u64> = runs
        .iter()
        .map(|run| (run.id.to_string(), store.series(run.id, "loss").unwrap().len() as u64))
        .collect();
    assert_eq!(there, acknowledged, "neither more nor less");
    for run in acknowledged.keys() {
        let latest = store.latest_metrics(Id::parse(run).unwrap()).unwrap();
        assert_eq!((latest[0].step, latest[0].count), (9049, 208));
    }
}
