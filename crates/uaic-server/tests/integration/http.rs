//! A server for one test, and a client that writes its requests itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use uaic_server::access::Settings;
use uaic_server::{ConnectionLimits, Desk, Listen, Server, Setup};
use uaic_store::SqliteStore;

/// A server on a store of its own.
pub(crate) struct Served {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) address: SocketAddr,
    server: Option<Server>,
    runtime: tokio::runtime::Runtime,
    pub(crate) folder: tempfile::TempDir,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Served {
    pub(crate) fn start() -> Self {
        Self::with(None)
    }

    /// A server that proposes trials.
    pub(crate) fn with(desk: Option<Arc<dyn Desk>>) -> Self {
        Self::on(tempfile::tempdir().unwrap(), desk, |_| Settings::default())
    }

    /// A server with what somebody says of who may do what, in the folder of its store.
    pub(crate) fn guarded(access: impl FnOnce(&Path) -> Settings) -> Self {
        Self::on(tempfile::tempdir().unwrap(), None, access)
    }

    /// Ends the server, and starts another on the same store.
    pub(crate) fn restart(mut self) -> Self {
        self.end();
        let empty = tempfile::tempdir().unwrap();
        let folder = std::mem::replace(&mut self.folder, empty);
        drop(self);
        Self::on(folder, None, |_| Settings::default())
    }

    fn on(
        folder: tempfile::TempDir,
        desk: Option<Arc<dyn Desk>>,
        access: impl FnOnce(&Path) -> Settings,
    ) -> Self {
        let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let setup = Setup {
            store: store.clone(),
            desk,
            listen: Listen::Tcp("127.0.0.1:0".to_owned()),
            limits: ConnectionLimits::default(),
            access: access(folder.path()),
        };
        let server = runtime.block_on(Server::start(setup)).unwrap();
        let address = server.address().unwrap();
        Self { store, address, server: Some(server), runtime, folder }
    }

    fn end(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }

    /// Sends a request as it is, and reads the answer whole.
    pub(crate) fn send(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // Who is refused early may not be read to the end.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    /// Sends JSON.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = "content-type: application/json\r\n";
        self.send(method, &format!("/api/2.0/mlflow/{path}"), headers, body.to_string().as_bytes())
    }

    /// What a POST of JSON is answered with, which has to be well.
    pub(crate) fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.ask("POST", path, &body);
        assert_eq!(answer.status, 200, "{path} {body}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// What a GET is answered with, which has to be well.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", &format!("/api/2.0/mlflow/{path}"), "", b"");
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// That a POST is refused, with this code and this in its message.
    pub(crate) fn refuses(&self, path: &str, body: Value, code: &str, text: &str) {
        let answer = self.ask("POST", path, &body);
        assert_refused(&answer, code, text, &format!("{path} {body}"));
    }

    /// That a GET is refused.
    pub(crate) fn refuses_get(&self, path: &str, code: &str, text: &str) {
        let answer = self.send("GET", &format!("/api/2.0/mlflow/{path}"), "", b"");
        assert_refused(&answer, code, text, path);
    }

    pub(crate) fn experiment(&self, name: &str) -> String {
        let made = self.post("experiments/create", json!({"name": name}));
        made["experiment_id"].as_str().unwrap().to_owned()
    }

    /// A run in an experiment of a number.
    pub(crate) fn run(&self, experiment: &str) -> String {
        let made = self.post("runs/create", json!({"experiment_id": experiment, "start_time": 1000}));
        made["run"]["info"]["run_id"].as_str().unwrap().to_owned()
    }

    /// All of a run.
    pub(crate) fn read(&self, run: &str) -> Value {
        self.get(&format!("runs/get?run_id={run}"))["run"].take()
    }
}

pub(crate) fn assert_refused(answer: &Answer, code: &str, text: &str, what: &str) {
    let json = answer.json();
    let status = match code {
        "RESOURCE_DOES_NOT_EXIST" | "ENDPOINT_NOT_FOUND" => 404,
        "NOT_IMPLEMENTED" => 501,
        _ => 400,
    };
    assert_eq!((answer.status, json["error_code"].as_str()), (status, Some(code)), "{what}: {json}");
    assert!(json["message"].as_str().unwrap().contains(text), "{what}: {json}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}
