//! `uaic serve` as clients, operators and abusers meet it.

// Counters are whole numbers.
#![allow(clippy::float_cmp)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::server::{Connection, RunningServer, eventually, request, server, small_model};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn the_intent_route_keeps_the_contract_of_the_server_before_it() {
    let server = server();
    let answer = server.post("/intent", r#"{"text": "show me flights from oslo to rome"}"#).ok();
    let intents = answer["intents"].as_array().unwrap();
    assert_eq!((answer.as_object().unwrap().len(), intents.len()), (1, 3));
    let confidences: Vec<f64> = intents.iter().map(|one| one["confidence"].as_f64().unwrap()).collect();
    assert!(confidences.is_sorted_by(|a, b| a >= b) && confidences.iter().sum::<f64>() <= 1.0 + 1e-9);
    assert!(intents.iter().all(|one| one["label"].is_string() && one.as_object().unwrap().len() == 2));
    for (body, label, message) in [
        ("", "BODY_MISSING", "Request body is missing."),
        ("{}", "BODY_MISSING", "Request body is missing."),
        ("null", "BODY_MISSING", "Request body is missing."),
        ("0", "BODY_MISSING", "Request body is missing."),
        ("false", "BODY_MISSING", "Request body is missing."),
        ("\"\"", "BODY_MISSING", "Request body is missing."),
        ("[]", "BODY_MISSING", "Request body is missing."),
        (r#"{"txt": "a"}"#, "TEXT_MISSING", "\"text\" missing from request body."),
        (r#"{"text": 5}"#, "INVALID_TYPE", "\"text\" is not a string."),
        (r#"{"text": null}"#, "INVALID_TYPE", "\"text\" is not a string."),
        (r#"{"text": ""}"#, "TEXT_EMPTY", "\"text\" is empty."),
        (r#"{"text": " \t"}"#, "TEXT_EMPTY", "\"text\" is empty."),
        ("{", "BAD_REQUEST", "Invalid JSON format."),
        ("5", "BAD_REQUEST", "Invalid JSON format."),
        (r#"["text"]"#, "BAD_REQUEST", "Invalid JSON format."),
    ] {
        let reply = server.post("/intent", body);
        assert_eq!(
            (reply.status, reply.json()),
            (400, json!({ "label": label, "message": message })),
            "{body}"
        );
    }
    // Whatever the type of the body is said to be.
    let typeless = request(server.address(), "POST", "/intent", &[], br#"{"text": "fares"}"#);
    assert_eq!(typeless.status, 200);
    assert_eq!((server.get("/ready").status, server.get("/ready").text()), (200, "OK".to_owned()));
    assert_eq!(
        server.metric("request_count_total{method=\"POST\",endpoint=\"/intent\",http_status=\"200\"}"),
        2.0
    );
    assert_eq!(server.metric("uaic_rejections_total{reason=\"malformed\"}"), 15.0);
}

#[test]
fn predictions_are_those_of_the_command_line() {
    let server = server();
    let texts = ["show me flights from oslo to rome", "how do i bake bread"];
    let body = json!({ "texts": texts, "top_k": 2, "explain": true }).to_string();
    let answer = server.post("/v1/predict", &body).ok();
    assert_eq!((&answer["model"], &answer["version"]), (&json!("flights"), &json!("1")));
    for (text, said) in texts.iter().zip(answer["predictions"].as_array().unwrap()) {
        let arguments = ["predict", "flights", text, "--json", "--explain", "--top", "2"];
        let line = server.dir.uaic().args(arguments).output().unwrap().stdout;
        let mut expected: Value = serde_json::from_slice(&line).unwrap();
        expected.as_object_mut().unwrap().remove("schema");
        assert_eq!(*said, expected);
    }
    // The id is the client's where it has one.
    let named = [JSON, ("x-request-id", "mine-1")];
    let reply = request(server.address(), "POST", "/v1/predict", &named, br#"{"text": "fares"}"#);
    assert_eq!((reply.header("x-request-id"), reply.json()["id"].as_str()), (Some("mine-1"), Some("mine-1")));
}

#[test]
fn a_wrong_field_is_told_with_its_place() {
    let server = RunningServer::start(small_model(), "flights --max-body 2000 --max-text 50 --max-texts 3");
    for (body, status, code, pointer) in [
        ("", 400, "malformed", None),
        ("{\"text\"", 400, "malformed", None),
        ("[1]", 422, "invalid", Some("")),
        ("{}", 422, "invalid", Some("/text")),
        (r#"{"text": 1}"#, 422, "invalid", Some("/text")),
        (r#"{"text": " "}"#, 422, "invalid", Some("/text")),
        (r#"{"text": "a", "texts": ["b"]}"#, 422, "invalid", Some("/texts")),
        (r#"{"texts": []}"#, 422, "invalid", Some("/texts")),
        (r#"{"texts": ["a", 2]}"#, 422, "invalid", Some("/texts/1")),
        (r#"{"texts": ["a", "b", "c", "d"]}"#, 413, "too_large", Some("/texts")),
        (r#"{"text": "a", "top_k": 0}"#, 422, "invalid", Some("/top_k")),
        (r#"{"text": "a", "top_k": 1.5}"#, 422, "invalid", Some("/top_k")),
        (r#"{"text": "a", "top_k": 10001}"#, 422, "invalid", Some("/top_k")),
        (r#"["a", null, null, null, null, null]"#, 422, "invalid", Some("")),
        (r#"{"text": "a", "explain": "yes"}"#, 422, "invalid", Some("/explain")),
        (r#"{"text": "a", "topk": 1}"#, 422, "invalid", Some("/topk")),
        (r#"{"text": "a", "a/b~c": 1}"#, 422, "invalid", Some("/a~1b~0c")),
        (r#"{"text": "a", "model": "fligths"}"#, 404, "not_found", None),
    ] {
        let reply = server.post("/v1/predict", body);
        let error = &reply.json()["error"];
        assert_eq!((reply.status, error["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(error["pointer"].as_str(), pointer, "{body}");
    }
    let long = server.post("/v1/predict", &json!({ "text": "x".repeat(51) }).to_string());
    assert_eq!((long.status, long.json()["error"]["pointer"].as_str()), (413, Some("/text")));
    let large = server.post("/v1/predict", &json!({ "text": "x".repeat(3000) }).to_string());
    assert_eq!((large.status, large.header("connection")), (413, Some("close")));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(request(server.address(), "POST", "/v1/predict", &form, b"{}").status, 415);
    let close = server.post("/v1/predict", r#"{"text": "a", "model": "fligths"}"#).text();
    assert!(close.contains("did you mean `flights`"), "{close}");
    assert!(server.post("/v1/predict", r#"{"text": "a", "topk": 1}"#).text().contains("`top_k`"));
    assert_eq!((server.get("/intent").status, server.get("/no").status), (405, 404));
    assert_eq!(server.get("/intent").header("allow"), Some("POST"));
}

#[test]
fn the_open_inference_protocol_is_spoken() {
    let server = server();
    assert_eq!(server.get("/v2").ok()["name"], "uaic");
    assert_eq!(server.get("/v2/health/live").ok(), json!({ "live": true }));
    assert_eq!(server.get("/v2/health/ready").ok(), json!({ "ready": true }));
    for path in ["/v2/models/flights", "/v2/models/flights/versions/1"] {
        let model = server.get(path).ok();
        assert_eq!((&model["name"], &model["versions"]), (&json!("flights"), &json!(["1"])));
        assert_eq!(model["inputs"], json!([{ "name": "text", "datatype": "BYTES", "shape": [-1] }]));
        let ready = server.get(&format!("{path}/ready")).ok();
        assert_eq!(ready, json!({ "name": "flights", "ready": true }));
        let body = json!({
            "id": "7",
            "parameters": { "top_k": 2 },
            "inputs": [{ "name": "text", "shape": [2], "datatype": "BYTES", "data": ["fares", "to oslo"] }],
            "outputs": [{ "name": "label" }, { "name": "top_confidences" }],
        });
        let answer = server.post(&format!("{path}/infer"), &body.to_string()).ok();
        assert_eq!((&answer["id"], &answer["model_version"]), (&json!("7"), &json!("1")));
        let outputs = answer["outputs"].as_array().unwrap();
        let shapes: Vec<(&str, &Value)> =
            outputs.iter().map(|one| (one["name"].as_str().unwrap(), &one["shape"])).collect();
        assert_eq!(shapes, [("label", &json!([2])), ("top_confidences", &json!([2, 2]))]);
        let said = server.post("/v1/predict", r#"{"texts": ["fares", "to oslo"]}"#).ok();
        let labels: Vec<&Value> =
            said["predictions"].as_array().unwrap().iter().map(|one| &one["label"]).collect();
        assert_eq!(outputs[0]["data"].as_array().unwrap().iter().collect::<Vec<_>>(), labels);
    }
    let wrong = |body: Value| {
        let reply = server.post("/v2/models/flights/infer", &body.to_string());
        (reply.status, reply.json()["error"].as_str().unwrap().to_owned())
    };
    let tensor = json!({ "name": "text", "shape": [2], "datatype": "BYTES", "data": ["a"] });
    assert!(wrong(json!({ "inputs": [tensor] })).1.contains("/inputs/0/shape"));
    assert!(wrong(json!({ "inputs": [] })).1.contains("one input"));
    assert!(wrong(json!({ "inputs": [["text", [1], "BYTES", ["a"]]] })).1.contains("/inputs/0)"));
    let tensor = json!({ "name": "text", "shape": [1, "x"], "datatype": "BYTES", "data": ["a"] });
    assert!(wrong(json!({ "inputs": [tensor] })).1.contains("/inputs/0/shape/1"));
    assert_eq!(server.get("/v2/models/flights/versions/2").status, 404);
    assert_eq!(server.post("/v2/models/other/infer", "{}").status, 404);
}

#[test]
fn a_server_that_is_stopped_lets_requests_end_and_exits_with_0() {
    let mut server = server();
    let (mut idle, mut slow) = (Connection::open(server.address()), Connection::open(server.address()));
    idle.send("GET", "/livez", &[], b"");
    assert_eq!(idle.read().unwrap().status, 200);
    // One whose body is on its way when the signal comes.
    let body = br#"{"text": "fares from oslo"}"#;
    let head = format!("POST /intent HTTP/1.1\r\nhost: t\r\ncontent-length: {}\r\n\r\n", body.len());
    slow.write(head.as_bytes());
    std::thread::sleep(Duration::from_millis(100));
    server.signal("TERM");
    eventually("no new connections", || std::net::TcpStream::connect(server.address()).is_err());
    slow.write(body);
    let reply = slow.read().unwrap();
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    // The idle connection does not hold it up.
    assert_eq!(server.wait().code(), Some(0));
    assert!(idle.read().is_none());
}

#[test]
fn a_request_that_is_being_answered_when_the_server_is_stopped_is_answered() {
    let mut server =
        RunningServer::start(small_model(), "flights --max-texts 4000 --deadline 20s --max-body 10000000");
    let texts: Vec<String> = (0..3000).map(|i| format!("show me flights from oslo to rome {i}")).collect();
    let body = json!({ "texts": texts }).to_string();
    let mut connection = Connection::open(server.address());
    connection.send("POST", "/v1/predict", &[JSON], body.as_bytes());
    eventually("it is in flight", || server.metric("uaic_http_requests_in_flight") >= 2.0);
    server.signal("TERM");
    let reply = connection.read().unwrap();
    assert_eq!(reply.json()["predictions"].as_array().map(Vec::len), Some(3000), "{}", reply.status);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn what_does_not_fit_is_refused_at_once_and_the_late_are_told() {
    let server = RunningServer::start(small_model(), "flights --queue 8 --batch 4 --deadline 300ms");
    let body = json!({ "texts": vec!["show me flights from oslo to rome ".repeat(20); 200] }).to_string();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = || {
            let reply = server.post("/v1/predict", &body);
            if reply.status == 429 {
                assert_eq!(reply.header("retry-after"), Some("1"));
            }
            reply.status
        };
        let asking: Vec<_> = (0..40).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [200, 429, 504].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    let refused = statuses.iter().filter(|status| **status == 429).count() as f64;
    assert_eq!(server.metric("uaic_rejections_total{reason=\"queue_full\"}"), refused);
    // Nothing is left behind.
    eventually("the queue is empty", || {
        server.metric("uaic_queue_depth{model=\"flights\",version=\"1\",role=\"live\"}") == 0.0
    });
    assert_eq!(server.post("/intent", r#"{"text": "fares"}"#).status, 200);
    drop(server);

    let server = RunningServer::start(small_model(), "flights --deadline 1ms");
    assert_eq!(server.post("/v1/predict", &body).status, 504);
    assert_eq!(server.metric("uaic_rejections_total{reason=\"deadline\"}"), 1.0);
}

#[test]
fn clients_that_take_their_time_are_left() {
    let limits = "flights --header-time 600ms --body-time 600ms --idle-time 1200ms --max-connections 4";
    let server = RunningServer::start(small_model(), limits);
    let closed_after = |start: &str| {
        let mut connection = Connection::open(server.address());
        connection.write(start.as_bytes());
        let began = Instant::now();
        let reply = connection.read().map(|reply| reply.status);
        (reply, began.elapsed())
    };
    let (reply, after) = closed_after("");
    assert!(reply.is_none() && after < Duration::from_secs(5), "silent: {after:?}");
    let (reply, after) = closed_after("POST /intent HTTP/1.1\r\nhost:");
    assert!(reply.is_none() && after < Duration::from_secs(5), "half a head: {after:?}");
    let (reply, _) = closed_after("POST /intent HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\n{");
    assert_eq!(reply, Some(408));
    let mut idle = Connection::open(server.address());
    idle.send("GET", "/livez", &[], b"");
    assert_eq!(idle.read().unwrap().status, 200);
    assert!(idle.read().is_none());
    eventually("all are closed", || server.metric("uaic_http_connections") == 1.0);
    assert!(server.metric("uaic_http_connections_refused_total{reason=\"slow\"}") >= 2.0);

    // The last of those before may still be on its way out.
    let kept = || {
        let mut connection = Connection::open(server.address());
        connection.send("GET", "/livez", &[], b"");
        (connection.read()?.status == 200).then_some(connection)
    };
    let all = std::cell::RefCell::new(Vec::new());
    eventually("four are kept", || {
        all.borrow_mut().extend(kept());
        all.borrow().len() == 4
    });
    let mut more = Connection::open(server.address());
    assert_eq!(more.read().unwrap().status, 503);
    drop(all);
    eventually("there is room again", || server.get("/livez").status == 200);
}

#[test]
fn what_was_asked_is_recorded_with_what_was_right() {
    let mut server = RunningServer::start(small_model(), "flights --redact email");
    let traced = [
        JSON,
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-request-id", "r1"),
    ];
    let body = br#"{"texts": ["fares to oslo", "write to me@example.com"]}"#;
    let reply = request(server.address(), "POST", "/v1/predict", &traced, body).ok();
    let label = reply["predictions"][0]["label"].as_str().unwrap();
    let feedback = |body: Value| server.post("/v1/feedback", &body.to_string());
    let right = feedback(json!({ "id": "r1", "label": label }));
    assert_eq!((right.status, right.json()["id"].as_str()), (202, Some("r1")));
    let unknown = feedback(json!({ "id": "nobody", "label": "x" }));
    assert_eq!((unknown.status, &unknown.json()["right"]), (202, &Value::Null));
    feedback(json!({ "id": "r1", "label": "meal", "position": 1 })).ok();
    assert_eq!(feedback(json!({ "id": "r1" })).status, 422);
    assert_eq!(feedback(json!({ "id": "r1", "label": "x", "position": -1 })).status, 422);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));

    let rows = server.dir.run("requests ls --json").json();
    let rows = rows["requests"].as_array().unwrap().clone();
    let texts: Vec<&str> = rows.iter().map(|row| row["text"].as_str().unwrap()).collect();
    assert!(texts.contains(&"fares to oslo") && texts.contains(&"write to <email>"), "{texts:?}");
    let out = server.dir.run("requests export - --only corrected").ok();
    assert!(out.contains("write to <email>\tmeal"), "{out}");
    let log = server.dir.read("runs/logs/serve.log");
    assert!(log.contains("4bf92f3577b34da6a3ce929d0e0e4736") && log.contains("r1"), "{log}");
    assert!(!log.contains("example.com"));
}

#[test]
fn a_kill_loses_no_row_that_is_older_than_the_flush_window() {
    // The writer gives way to requests and, beside other tests, to those; one of three runs is undisturbed.
    let tries: Vec<String> = (0..3).map_while(|_| lost_by_a_kill()).collect();
    assert!(tries.len() < 3, "{tries:?}");
}

/// What a kill has cost, where it was more than the window.
fn lost_by_a_kill() -> Option<String> {
    let mut server = server();
    let answered: Vec<(String, Instant)> = std::thread::scope(|scope| {
        let ask = |thread: usize| {
            let server = &server;
            move || {
                let mut connection = Connection::open(server.address());
                let mut done = Vec::new();
                for number in 0.. {
                    let id = format!("t{thread}-{number}");
                    let headers = [JSON, ("x-request-id", id.as_str())];
                    connection.send("POST", "/v1/predict", &headers, br#"{"text": "fares"}"#);
                    match connection.read() {
                        Some(reply) if reply.status == 200 => done.push((id, Instant::now())),
                        _ => break,
                    }
                }
                done
            }
        };
        let asking: Vec<_> = (0..4).map(|thread| scope.spawn(ask(thread))).collect();
        std::thread::sleep(Duration::from_millis(400));
        server.signal("KILL");
        asking.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    server.wait();
    let last = answered.iter().map(|(_, at)| *at).max().unwrap();
    let ids: std::collections::HashSet<String> = {
        let rows = server.dir.run("requests ls --json --limit 100000").json();
        let rows = rows["requests"].as_array().unwrap().clone();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    // The window, and a moment for the commit itself on a busy machine.
    let window = uaic::serve::request_log::FLUSH_WINDOW + Duration::from_millis(150);
    let old: Vec<&str> =
        answered.iter().filter(|(_, at)| *at + window < last).map(|(id, _)| id.as_str()).collect();
    assert!(!old.is_empty(), "{} answers", answered.len());
    let lost: Vec<&&str> = old.iter().filter(|id| !ids.contains(**id)).collect();
    (!lost.is_empty())
        .then(|| format!("{} of {} are lost, such as {:?}", lost.len(), old.len(), lost.first()))
}

#[test]
fn whatever_is_sent_the_server_answers_properly_and_goes_on() {
    let server = server();
    let memory = server.memory();
    let outcome = crate::support::abuse::run(server.address(), 3000, 1);
    assert_eq!(outcome.wrong, Vec::<String>::new());
    assert_eq!(server.metric("uaic_rejections_total{reason=\"panic\"}"), 0.0);
    assert!(!server.stderr().contains("panicked"), "{}", server.stderr());
    assert_eq!(server.post("/intent", r#"{"text": "fares"}"#).status, 200);
    assert!(server.memory() < memory + 30_000, "{} KiB before, {} after", memory, server.memory());
}

#[test]
#[ignore = "takes a minute and the whole machine; .ci/run runs it"]
fn a_minute_of_overload_leaves_memory_flat_and_every_request_answered_or_refused() {
    let server = RunningServer::start(small_model(), "flights --queue 64 --deadline 500ms");
    let load = |time: &str| {
        let arguments = format!("load {} --concurrency 200 --duration {time} --json", server.url);
        server.dir.run(&arguments).json()
    };
    load("5s");
    let memory = server.memory();
    let report = load("60s");
    assert!(server.memory() < memory + 8_000, "{} KiB before, {} after", memory, server.memory());
    let statuses = report["statuses"].as_object().unwrap();
    assert!(statuses.keys().all(|status| ["200", "429", "504"].contains(&status.as_str())), "{statuses:?}");
    let errors = report["errors"].as_object().unwrap();
    assert!(errors.values().all(|count| count.as_u64() == Some(0)), "{errors:?}");
    assert!(statuses["200"].as_u64().unwrap() > 1000, "{statuses:?}");
    eventually("the queue is empty", || {
        server.metric("uaic_queue_depth{model=\"flights\",version=\"1\",role=\"live\"}") == 0.0
    });
}

#[test]
fn what_cannot_be_served_is_told_with_what_to_do() {
    let dir = small_model();
    let fails = |arguments: &str, code: i32, part: &str| {
        let told = dir.run(&format!("serve {arguments}")).fails(code);
        assert!(told.contains(part), "{arguments}: {told}");
    };
    fails("fligths", 3, "flights");
    fails("none.uaic", 3, "uaic export");
    fails("flights --listen 8080", 2, "HOST:PORT");
    fails("flights --admin 127.0.0.1:0", 2, "openssl rand");
    fails("flights flights", 2, "twice");
    fails("flights --canary flights@2=10%", 3, "version `2`");
    fails("flights --canary flights=110%", 2, "below 100 %");
    fails("flights --redact phnoe", 2, "phone");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    fails(&format!("flights --listen {}", taken.local_addr().unwrap()), 4, "another program");
    let server = RunningServer::start(dir, "flights");
    server.dir.run(&format!("serve --check {}/readyz", server.url)).ok();
    let told = server.dir.run(&format!("serve --check {}/no", server.url)).fails(1);
    assert!(told.contains("404"), "{told}");
}
