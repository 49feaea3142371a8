//! Versions of a model that change while a server runs.

// Counters are whole numbers.
#![allow(clippy::float_cmp)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::server::{Connection, RunningServer, TOKEN, eventually, request, small_model};

#[test]
fn a_swap_drops_no_request() {
    let server = RunningServer::start(small_model(), "flights --admin 127.0.0.1:0");
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut connection = Connection::open(server.address());
                while !stop.load(Ordering::Relaxed) {
                    connection.send("POST", "/intent", &[], br#"{"text": "flights to oslo"}"#);
                    let reply = connection.read().expect("an answer");
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 0..10 {
            let address = ["flights.uaic", "flights@1"][round % 2];
            let body = json!({ "address": address }).to_string();
            let changed = server.admin("POST", "/admin/models/flights/load", &body).ok();
            assert_eq!(changed["changed"], true);
            let before = answered.load(Ordering::Relaxed);
            eventually("requests go on", || answered.load(Ordering::Relaxed) > before + 20);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(server.metric("uaic_model_swaps_total{model=\"flights\",outcome=\"done\"}"), 11.0);
    // The series of versions that are gone have gone, too.
    let info: Vec<String> = server.get("/metrics").text().lines().map(str::to_owned).collect();
    let infos = info.iter().filter(|line| line.starts_with("uaic_model_info")).count();
    assert_eq!(infos, 1);
}

#[test]
fn versions_are_changed_by_holders_of_the_token_alone() {
    let server = RunningServer::start(small_model(), "flights@1 --admin 127.0.0.1:0");
    let admin = server.admin.clone().unwrap();
    for headers in [vec![], vec![("authorization", "Bearer wrong")], vec![("authorization", TOKEN)]] {
        let reply = request(&admin, "GET", "/admin/models", &headers, b"");
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")));
    }
    // On a socket in the file system, too, which is for this user alone.
    let other = RunningServer::start(small_model(), "flights@1 --admin unix:admin.sock");
    let socket = other.dir.join("admin.sock");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    let get = format!(
        "GET /admin/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
    );
    std::io::Write::write_all(&mut stream, get.as_bytes()).unwrap();
    let said = std::io::read_to_string(stream).unwrap();
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("\"live\""), "{said}");
    // Nor are the routes to be found where everybody asks.
    assert_eq!(server.get("/admin/models").status, 404);
    let versions = |role: &str| {
        let models = server.get("/v1/models").ok();
        let all = models["models"].as_array().unwrap().clone();
        let of_role = all.into_iter().filter(|model| model["role"] == role);
        of_role.map(|model| model["version"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let post = |action: &str, body: Value| {
        server.admin("POST", &format!("/admin/models/flights/{action}"), &body.to_string())
    };
    assert_eq!(post("rollback", json!({})).status, 409);
    assert_eq!(post("load", json!({ "address": "none.uaic" })).status, 404);
    assert_eq!(post("lod", json!({})).status, 404);
    assert_eq!(server.admin("DELETE", "/admin/models/flights/load", "").status, 405);
    assert_eq!(server.admin("POST", "/admin/models/fligths/load", "").status, 404);
    assert_eq!(versions("live"), ["1"]);

    post("load", json!({ "address": "flights.uaic" })).ok();
    let package = versions("live");
    assert_ne!(package, ["1"]);
    post("rollback", json!({})).ok();
    assert_eq!(versions("live"), ["1"]);

    assert_eq!(post("canary", json!({ "address": "flights.uaic" })).status, 422);
    assert_eq!(post("canary", json!({ "address": "flights.uaic", "share": 1 })).status, 422);
    post("canary", json!({ "address": "flights.uaic", "share": 0.5 })).ok();
    assert_eq!(versions("canary"), package);
    // About half of the keys meet it, each of them always.
    let asked = |key: &str| {
        let body = json!({ "text": "fares", "key": key }).to_string();
        server.post("/v1/predict", &body).ok()["version"].as_str().unwrap().to_owned()
    };
    let first: Vec<String> = (0..60).map(|key| asked(&key.to_string())).collect();
    let again: Vec<String> = (0..60).map(|key| asked(&key.to_string())).collect();
    assert_eq!(first, again);
    let met = first.iter().filter(|version| **version == package[0]).count();
    assert!((15..=45).contains(&met), "{met} of 60");
    let canary = format!("{{model=\"flights\",version=\"{}\",role=\"canary\"}}", package[0]);
    assert_eq!(server.metric(&format!("uaic_prediction_confidence_count{canary}")), 2.0 * met as f64);
    assert_eq!(server.metric("uaic_canary_share{model=\"flights\"}"), 0.5);
    post("promote", json!({})).ok();
    assert_eq!((versions("live"), versions("canary")), (package.clone(), vec![]));

    post("shadow", json!({ "address": "flights@1" })).ok();
    server.post("/v1/predict", r#"{"texts": ["fares", "to oslo"]}"#).ok();
    eventually("the shadow is compared", || {
        server.metric("uaic_shadow_texts_total{model=\"flights\"}") == 2.0
    });
    assert_eq!(server.metric("uaic_shadow_disagreements_total{model=\"flights\"}"), 0.0);
    server.admin("DELETE", "/admin/models/flights/shadow", "").ok();
    assert_eq!(server.admin("DELETE", "/admin/models/flights/shadow", "").status, 409);
}

#[test]
fn an_alias_that_moves_is_followed_on_sighup_or_by_watching() {
    let dir = small_model();
    dir.run("model alias flights@1 champion").ok();
    dir.run("run small.toml --seed 8").ok();
    dir.run("model register @ flights").ok();
    let server = RunningServer::start(dir, "flights@champion");
    let version = || server.get("/v1/models").ok()["models"][0]["version"].as_str().unwrap().to_owned();
    assert_eq!(version(), "1");
    server.dir.run("model alias flights@2 champion").ok();
    server.signal("HUP");
    eventually("version 2 is live", || version() == "2");
    drop(server);

    let dir = small_model();
    let server = RunningServer::start(dir, "flights.uaic --watch");
    let before = server.get("/v1/models").ok()["models"][0]["digest"].clone();
    let digest = || server.get("/v1/models").ok()["models"][0]["digest"].clone();
    // A damaged package changes nothing; a good one is taken.
    std::fs::write(server.dir.join("flights.uaic"), "no package").unwrap();
    eventually("the failure is counted", || {
        server.metric("uaic_model_swaps_total{model=\"flights\",outcome=\"failed\"}") == 1.0
    });
    assert_eq!(digest(), before);
    assert_eq!(server.post("/intent", r#"{"text": "fares"}"#).status, 200);
    server.dir.run("run small.toml --seed 9").ok();
    server.dir.run("export @ --out flights.uaic --force").ok();
    eventually("the new package is served", || digest() != before);
}
