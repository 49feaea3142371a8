//! `uaic load` against small servers of our own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, TestDir};

/// A request as it came: head and body.
#[derive(Clone, Debug)]
struct Asked {
    head: String,
    body: String,
}

/// A server whose answers are bytes made by a function of the request and its number; nothing closes
/// the connection.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

type Respond = dyn Fn(usize, &Asked) -> Vec<u8> + Send + Sync;

impl Server {
    fn new(respond: impl Fn(usize, &Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (shared, respond): (_, Arc<Respond>) = (Arc::clone(&asked), Arc::new(respond));
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, respond) = (Arc::clone(&shared), Arc::clone(&respond));
                thread::spawn(move || answer_all(stream.unwrap(), &shared, &*respond));
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Runs `uaic load URL …`.
    fn load(&self, arguments: &str) -> Answer {
        TestDir::new().run(&format!("load {} {arguments}", self.url))
    }
}

fn answer_all(mut stream: TcpStream, asked: &Mutex<Vec<Asked>>, respond: &Respond) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        let number = {
            let mut asked = asked.lock().unwrap();
            asked.push(request.clone());
            asked.len() - 1
        };
        let answer = respond(number, &request);
        let closes = answer.is_empty() || answer.windows(17).any(|part| part == b"Connection: close");
        if stream.write_all(&answer).is_err() || closes {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { head, body: String::from_utf8(body).unwrap() })
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn fine() -> Vec<u8> {
    answer("200 OK", "{}")
}

/// A server that answers at once.
fn quick() -> Server {
    Server::new(|_, _| fine())
}

/// A server that takes one request at a time, and once 200 ms for one.
fn stalling() -> Server {
    let turn = Mutex::new(());
    Server::new(move |number, _| {
        let _turn = turn.lock().unwrap();
        if number == 100 {
            thread::sleep(Duration::from_millis(200));
        }
        fine()
    })
}

fn milliseconds(shape: &Value, times: &str, figure: &str) -> f64 {
    shape[times][figure].as_f64().unwrap()
}

#[test]
fn a_closed_loop_sends_what_it_is_told_to_and_says_what_it_is() {
    let server = quick();
    let answer = server.load("-n 200 -c 4");
    assert!(answer.stderr.contains("closed loop") && answer.stderr.contains("--rate"), "{}", answer.stderr);
    let text = answer.ok();
    for told in ["POST", "/v1/predict", "closed loop, 4 connections", "p99.99", "200 × 200", "answers/s"] {
        assert!(text.contains(told), "{told} in {text}");
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 200);
    assert!(asked[0].head.starts_with("POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1:"), "{:?}", asked[0]);
    assert!(asked[0].body.starts_with("{\"text\":\""), "{:?}", asked[0]);
}

#[test]
fn a_stall_shows_in_an_open_loop_and_hides_in_a_closed_one() {
    let open = stalling().load("-n 500 --rate 500 -c 1 --json").json();
    // 100 of 500 requests are due while the server stalls; half of them wait at least 100 ms.
    assert!(milliseconds(&open, "response_time", "p90_ms") > 90.0, "{open}");
    // One of them is served slowly.
    assert!(milliseconds(&open, "service_time", "p90_ms") < milliseconds(&open, "response_time", "p90_ms"));
    assert_eq!((&open["loop"], &open["requests"]), (&Value::from("open"), &Value::from(500)));

    let closed = stalling().load("-n 500 -c 1 --json").json();
    assert!(milliseconds(&closed, "response_time", "max_ms") >= 200.0, "{closed}");
    assert!(milliseconds(&closed, "response_time", "p50_ms") < 100.0, "{closed}");
    assert_eq!(closed["loop"], "closed");
}

#[test]
fn texts_of_a_file_are_sent_in_order_and_again() {
    let folder = TestDir::new();
    folder.write("texts.tsv", "a \"b\"\tx\nc\ty\n\nd\tz\n");
    let bodies = |options: &str| {
        let server = quick();
        let url = &server.url;
        folder.run(&format!("load {url} -c 1 --file texts.tsv {options}")).ok();
        server.asked().into_iter().map(|asked| asked.body).collect::<Vec<_>>()
    };
    let [a, c, d] = [r#"{"text":"a \"b\""}"#, r#"{"text":"c"}"#, r#"{"text":"d"}"#];
    assert_eq!(bodies("-n 5"), [a, c, d, a, c]);
    assert_eq!(bodies("-n 2 --batch 2"), [r#"{"texts":["a \"b\"","c"]}"#, r#"{"texts":["d","a \"b\""]}"#]);
}

#[test]
fn method_path_body_and_headers_are_as_given() {
    let server = quick();
    let folder = TestDir::new();
    let url = format!("{}/readyz?x=1", server.url);
    let given = ["load", &url, "-n", "1", "--method", "get", "-H", "Authorization: Bearer a:b"];
    folder.uaic().args(given).assert().success();
    let url = format!("{}/intent", server.url);
    folder
        .uaic()
        .args(["load", &url, "-n", "1", "--body", "[1]", "-H", "content-type: x/y"])
        .assert()
        .success();
    let asked = server.asked();
    assert!(asked[0].head.starts_with("GET /readyz?x=1 HTTP/1.1\r\n"), "{:?}", asked[0]);
    assert!(asked[0].head.contains("\r\nAuthorization: Bearer a:b\r\n") && asked[0].body.is_empty());
    assert!(asked[1].head.starts_with("POST /intent ") && asked[1].body == "[1]", "{:?}", asked[1]);
    assert!(asked[1].head.contains("content-type: x/y") && !asked[1].head.contains("application/json"));
}

#[test]
fn answers_in_chunks_and_closed_connections_are_answers() {
    let server = Server::new(|number, _| match number % 3 {
        0 => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec(),
        1 => b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end".to_vec(),
    });
    let shape = server.load("-n 30 -c 2 --json").json();
    assert_eq!((&shape["succeeded"], &shape["error_share"]), (&Value::from(30), &Value::from(0.0)));
    // Two of three are closed by the server, and opened again for the next request.
    assert!(shape["connections"].as_u64().unwrap() >= 19, "{shape}");
}

#[test]
fn quick_refusals_do_not_make_the_others_look_quick() {
    let server = || {
        Server::new(|number, _| {
            if number % 4 != 0 {
                return answer("429 Too Many Requests", "{\"error\": \"full\"}");
            }
            thread::sleep(Duration::from_millis(20));
            fine()
        })
    };
    let told = server().load("-n 40 -c 1 --json");
    assert!(told.stderr.contains("429 {\"error\": \"full\"}"), "{}", told.stderr);
    let shape = told.json();
    assert!(milliseconds(&shape, "response_time", "min_ms") >= 20.0, "{shape}");
    assert_eq!(shape["statuses"], serde_json::json!({ "200": 10, "429": 30 }));
    assert_eq!(
        (&shape["error_share"], &shape["refusal_time"]["count"]),
        (&Value::from(0.75), &Value::from(30))
    );

    let answer = server().load("-n 40 -c 1 --max-errors 80% --max-p99 1h");
    assert!(answer.stderr.contains("passed  errors at most 80 %"), "{}", answer.stderr);
    answer.ok();
    let broken = server().load("-n 40 -c 1 --max-errors 1% --max-p50 1ms --min-rate 1000000").fails(1);
    for told in ["FAILED  errors at most 1.0 %: 30 of 40", "FAILED  p50 at most 1.00 ms", "FAILED  at least"]
    {
        assert!(broken.contains(told), "{told} in {broken}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let told = TestDir::new().run(&format!("load http://{address}")).fails(1);
    assert!(told.contains(&format!("cannot connect to {address}")) && told.contains("running"), "{told}");
}

#[test]
fn a_server_that_goes_away_is_counted_as_refusing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        // The first connection only looks whether somebody is there.
        drop(listener.accept().unwrap());
        let (stream, _) = listener.accept().unwrap();
        read_request(&mut BufReader::new(stream.try_clone().unwrap())).unwrap();
        drop(listener);
        (&stream).write_all(&fine()).unwrap();
    });
    let answer = TestDir::new().run(&format!("load http://{address} -n 4 -c 1 --json"));
    server.join().unwrap();
    let shape = answer.json();
    // The second request may still find the connection that is just being closed.
    let refused = shape["errors"]["refused"].as_u64().unwrap();
    assert!(shape["succeeded"] == 1 && refused >= 2 && shape["failure_time"]["count"] == 3, "{shape}");
}

#[test]
fn what_is_no_answer_is_an_error_of_its_class() {
    let count = |server: Server, options: &str, class: &str, told: &str| {
        let answer = server.load(&format!("-n 3 -c 1 --json {options}"));
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.stderr.contains(told), "{}", answer.stderr);
        let shape: Value = serde_json::from_str(&answer.stdout).unwrap();
        assert_eq!(shape["errors"][class], 3, "{shape}");
        assert_eq!(
            (&shape["error_share"], &shape["response_time"]["p50_ms"]),
            (&Value::from(1.0), &Value::Null)
        );
    };
    let none = "none of 3 requests was answered with 2xx";
    count(Server::new(|_, _| b"220 mail.example ESMTP\r\n".to_vec()), "", "bad_answer", "no status line");
    count(
        Server::new(|_, _| b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab".to_vec()),
        "",
        "bad_answer",
        none,
    );
    count(Server::new(|_, _| Vec::new()), "", "closed", none);
    let torn = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhalf";
    count(Server::new(|_, _| torn.to_vec()), "", "closed", none);
    let silent = Server::new(|_, _| {
        thread::sleep(Duration::from_secs(60));
        fine()
    });
    count(silent, "--timeout 50ms", "timeout", none);
}

#[test]
fn what_an_overloaded_server_leaves_waiting_too_long_is_never_sent_and_counted() {
    let server = Server::new(|_, _| {
        thread::sleep(Duration::from_millis(100));
        fine()
    });
    let answer = server.load("-n 60 --rate 200 -c 1 --timeout 200ms --json");
    let shape = answer.json();
    let unsent = shape["errors"]["unsent"].as_u64().unwrap();
    assert!(unsent > 0 && shape["requests"] == 60, "{shape}");
    assert_eq!(server.asked().len() as u64, 60 - unsent);
}

#[test]
fn the_warm_up_is_sent_and_does_not_count() {
    let server = Server::new(|_, _| {
        thread::sleep(Duration::from_millis(1));
        fine()
    });
    let shape = server.load("-n 10 -c 2 --warm-up 100ms --threads 2 --json").json();
    assert_eq!((&shape["requests"], &shape["threads"]), (&Value::from(10), &Value::from(2)));
    assert!(server.asked().len() > 10);
    let server = quick();
    server.load("-n 10 --rate 1000 --warm-up 100ms").ok();
    assert_eq!(server.asked().len(), 110);
}

#[test]
fn a_picture_is_drawn_as_its_ending_says() {
    let folder = TestDir::new();
    let url = quick().url;
    folder.run(&format!("load {url} -n 100 --rate 2000 --histogram a.png")).ok();
    folder.run(&format!("load {url} -n 100 --histogram a.svg")).ok();
    assert!(std::fs::read(folder.join("a.png")).unwrap().starts_with(b"\x89PNG"));
    let shapes = folder.read("a.svg");
    assert!(shapes.contains("Latency of POST") && shapes.contains("100 answers of 2xx"), "{shapes}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_with_a_report_of_what_was_done() {
    use rustix::process::{Pid, Signal, kill_process};
    let server = quick();
    let child = Command::new(assert_cmd::cargo::cargo_bin!("uaic"))
        .args(["load", &server.url, "--rate", "500", "--duration", "10m", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while server.asked().len() < 50 {
        thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let shape: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shape["interrupted"], true);
    assert!(shape["succeeded"].as_u64().unwrap() >= 49, "{shape}");
}

#[test]
fn wrong_usage_is_told_before_anything_is_sent() {
    for (arguments, code, told) in [
        ("https://127.0.0.1/", 2, "TLS is not spoken"),
        ("127.0.0.1:8080", 2, "http://127.0.0.1:8080"),
        ("http://h --duration 10", 2, "10s or 10ms"),
        ("http://h --rate 0", 2, "requests a second"),
        ("http://h --max-errors 5", 2, "0.1% or 0.001"),
        ("http://h --method GET --body {}", 2, "has no body"),
        ("http://h --method FETCH", 2, "GET, HEAD, POST"),
        ("http://h -H nonsense", 2, "Name: value"),
        ("http://h --histogram a.gif", 2, ".png or .svg"),
        ("http://h --file none.txt", 3, "none.txt"),
        ("http://h -n 5 -d 5s", 2, "cannot be used with"),
    ] {
        let error = TestDir::new().run(&format!("load {arguments}")).fails(code);
        assert!(error.contains(told), "{arguments}: {error}");
    }
}
