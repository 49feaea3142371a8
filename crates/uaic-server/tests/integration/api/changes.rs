//! What changes, as it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use uaic_store::SqliteStore;
use uaic_study::store::{Id, Store};

use super::{get, is_problem, start};
use crate::http::Served;

/// Who listens.
struct Listener(BufReader<TcpStream>);

impl Listener {
    fn at(served: &Served, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(served.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET /api/v1/changes/stream{query} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")
            .unwrap();
        let mut own = Self(BufReader::new(stream));
        assert!(own.line().starts_with("HTTP/1.1 200"));
        own.until(|line| line == "retry: 1000");
        own
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).unwrap() > 0, "it has ended");
        line.trim_end().to_owned()
    }

    fn until(&mut self, is_wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.line();
            if is_wanted(&line) {
                return line;
            }
        }
    }

    /// The next event about a run: its id, and what it says.
    fn about(&mut self, run: Id) -> (String, Value) {
        loop {
            let id = self.until(|line| line.starts_with("id: "));
            let data = self.until(|line| line.starts_with("data: "));
            let data: Value = serde_json::from_str(&data["data: ".len()..]).unwrap();
            if data["id"] == run.to_string() {
                return (id["id: ".len()..].to_owned(), data);
            }
        }
    }
}

#[test]
fn who_listens_is_told_what_any_process_changes_and_goes_on_where_it_was() {
    let served = Served::start();
    let (a, b) = (start(&served, "a"), start(&served, "b"));
    let mut listener = Listener::at(&served, "", "");
    served.store.set_tag(a.run, "k", "v").unwrap();
    let (_, told) = listener.about(a.run);
    assert_eq!((&told["kind"], &told["state"]), (&"free".into(), &"RUNNING".into()));
    let other = SqliteStore::open(served.folder.path()).unwrap();
    other.set_tag(b.run, "k", "v").unwrap();
    let (id, _) = listener.about(b.run);
    drop(listener);
    // While nobody listens.
    other.set_tag(a.run, "k", "w").unwrap();
    let gone = start(&served, "gone");
    served.store.finish_run(gone, &uaic_study::store::RunEnd::complete([])).unwrap();
    served.store.delete_run(gone.run).unwrap();
    for (query, headers) in
        [("", format!("last-event-id: {id}\r\n")), (&*format!("?after={id}"), String::new())]
    {
        let mut listener = Listener::at(&served, query, &headers);
        listener.about(a.run);
        let (_, told) = listener.about(gone.run);
        assert_eq!((&told["kind"], &told["state"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn changes_are_asked_for_page_by_page() {
    let served = Served::start();
    let cursor = get(&served, "changes")["cursor"].as_str().unwrap().to_owned();
    let runs: Vec<Id> = (0..10).map(|at| start(&served, &at.to_string()).run).collect();
    let (mut cursor, mut told) = (cursor, Vec::new());
    for _ in 0..20 {
        let page = get(&served, &format!("changes?after={cursor}&limit=3"));
        cursor = page["cursor"].as_str().unwrap().to_owned();
        for change in page["changes"].as_array().unwrap() {
            let id = change["id"].as_str().unwrap().to_owned();
            if !told.contains(&id) {
                told.push(id);
            }
        }
    }
    assert_eq!(told, runs.iter().map(Id::to_string).collect::<Vec<_>>());
    let bad = served.send("GET", "/api/v1/changes/stream", "last-event-id: x\r\n", b"");
    is_problem(&bad, 422, "cursor");
}

#[test]
fn a_server_stops_while_somebody_listens() {
    let served = Served::start();
    let listener = Listener::at(&served, "", "");
    let begun = std::time::Instant::now();
    drop(served);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(listener);
}
