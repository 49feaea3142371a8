//! Artifacts: sent, listed, taken, removed.

use serde_json::json;
use uaic_study::store::{Id, Store};

use super::http::{Served, assert_refused};

const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";
const INVALID: &str = "INVALID_PARAMETER_VALUE";

#[test]
fn a_file_comes_back_as_it_went_in_and_is_an_artifact_of_its_run() {
    let served = Served::start();
    let run = served.run("0");
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| ((at * 31) >> 7) as u8).collect();
    let target = format!("{PROXY}/0/{run}/artifacts/sub/data.bin");
    let answer = served.send("PUT", &target, "", &content);
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"{}".as_slice()));
    let answer = served.send("GET", &target, "", b"");
    assert!(answer.status == 200 && answer.body == content);
    assert_eq!(answer.header("content-length"), Some("3000000"));
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"data.bin\""));
    let own = served.store.artifacts(Id::parse(&run).unwrap()).unwrap();
    assert_eq!((own[0].name.as_str(), own[0].size), ("sub/data.bin", 3_000_000));
    assert_eq!(served.store.read_artifact(Id::parse(&run).unwrap(), "sub/data.bin").unwrap(), content);
    served.send("PUT", &target, "content-type: text/plain\r\n", b"other");
    assert_eq!(served.send("GET", &target, "", b"").body, b"other", "it is replaced");
    let answer = served.send("GET", &format!("/get-artifact?run_id={run}&path=sub/data.bin"), "", b"");
    assert_eq!(answer.body, b"other");
}

#[test]
fn names_of_all_kinds_survive() {
    let served = Served::start();
    let run = served.run("0");
    for (raw, name) in [
        ("gr%C3%B6%C3%9Fe%20%C3%BC.txt", "größe ü.txt"),
        ("per%25cent.txt", "per%cent.txt"),
        ("a%2Bb%26c%3Dd,e;f~g!h$i'(j).txt", "a+b&c=d,e;f~g!h$i'(j).txt"),
        ("a+b", "a+b"),
        ("a%3Ab", "a:b"),
        (&"x".repeat(300), &"x".repeat(300)),
    ] {
        let target = format!("{PROXY}/0/{run}/artifacts/{raw}");
        assert_eq!(served.send("PUT", &target, "", name.as_bytes()).status, 200, "{name}");
        let answer = served.send("GET", &target, "", b"");
        assert_eq!((answer.status, answer.body.as_slice()), (200, name.as_bytes()), "{name}");
        let listed = served.get(&format!("artifacts/list?run_id={run}"));
        let files = listed["files"].as_array().unwrap();
        assert!(files.iter().any(|file| file["path"] == name), "{name}: {listed}");
        if name.starts_with("größe") {
            let expected = "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%C3%BC.txt";
            assert_eq!(answer.header("content-disposition"), Some(expected));
        }
    }
    assert_eq!(served.get(&format!("artifacts/list?run_id={run}"))["files"].as_array().unwrap().len(), 6);
}

#[test]
fn folders_are_listed_by_both_ways() {
    let served = Served::start();
    let run = served.run("0");
    for path in ["b.txt", "a/x.txt", "a/deep/y.txt", "a-b.txt", "empty"] {
        let content = if path == "empty" { "" } else { path };
        served.send("PUT", &format!("{PROXY}/0/{run}/artifacts/{path}"), "", content.as_bytes());
    }
    let listed = served.get(&format!("artifacts/list?run_id={run}"));
    assert_eq!(listed["root_uri"], format!("mlflow-artifacts:/0/{run}/artifacts"));
    assert_eq!(
        listed["files"],
        json!([{"path": "a", "is_dir": true}, {"path": "a-b.txt", "is_dir": false, "file_size": 7},
            {"path": "b.txt", "is_dir": false, "file_size": 5}, {"path": "empty", "is_dir": false, "file_size": 0}])
    );
    let deep =
        json!([{"path": "a/deep", "is_dir": true}, {"path": "a/x.txt", "is_dir": false, "file_size": 7}]);
    assert_eq!(served.get(&format!("artifacts/list?run_id={run}&path=a"))["files"], deep);
    let proxy = |path: &str| served.send("GET", &format!("{PROXY}?path={path}"), "", b"").json();
    let own = json!([{"path": "deep", "is_dir": true}, {"path": "x.txt", "is_dir": false, "file_size": 7}]);
    assert_eq!(proxy(&format!("0/{run}/artifacts/a"))["files"], own, "by their names alone");
    for nothing in [format!("0/{run}/artifacts/b.txt"), format!("0/{run}/artifacts/x"), "nothing".into()] {
        assert_eq!(proxy(&nothing), json!({}));
    }
    let answer = served.send("GET", &format!("{PROXY}/0/{run}/artifacts/a"), "", b"");
    assert_refused(&answer, INVALID, "folder", "a folder");
    let answer = served.send("GET", &format!("{PROXY}/0/{run}/artifacts/x"), "", b"");
    assert_refused(&answer, "RESOURCE_DOES_NOT_EXIST", "No such artifact", "nothing");
    let remove =
        |path: &str| served.send("DELETE", &format!("{PROXY}/0/{run}/artifacts/{path}"), "", b"").status;
    assert_eq!([remove("a"), remove("a"), remove("b.txt"), remove("nothing")], [200; 4]);
    assert_eq!(served.get(&format!("artifacts/list?run_id={run}"))["files"].as_array().unwrap().len(), 2);
}

#[test]
fn files_of_no_run_have_their_place() {
    let served = Served::start();
    for path in ["0/models/m-1/artifacts/MLmodel", "0/models/m-1/artifacts/data/w.bin", "elsewhere/x"] {
        assert_eq!(served.send("PUT", &format!("{PROXY}/{path}"), "", path.as_bytes()).status, 200);
        assert_eq!(served.send("GET", &format!("{PROXY}/{path}"), "", b"").body, path.as_bytes());
    }
    let listed = served.send("GET", &format!("{PROXY}?path=0/models/m-1/artifacts"), "", b"").json();
    assert_eq!(listed["files"].as_array().unwrap().len(), 2);
    let made = served
        .post("experiments/create", json!({"name": "e", "artifact_location": "mlflow-artifacts:/own/place"}));
    let run = served.run(made["experiment_id"].as_str().unwrap());
    served.send("PUT", &format!("{PROXY}/own/place/{run}/artifacts/a.txt"), "", b"a");
    assert_eq!(
        served.store.artifacts(Id::parse(&run).unwrap()).unwrap()[0].name,
        "a.txt",
        "an artifact of its run"
    );
    served.send("PUT", &format!("{PROXY}/other/{run}/artifacts/b.txt"), "", b"b");
    assert_eq!(
        served.store.artifacts(Id::parse(&run).unwrap()).unwrap().len(),
        1,
        "and elsewhere it is none"
    );
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let served = Served::start();
    let run = served.run("0");
    for path in [
        "../x",
        "a/../../x",
        "%2e%2e/x",
        "%252e%252e/x",
        "a%00b",
        "a%5Cb",
        "a%23b",
        "/etc/passwd",
        "%2Fetc/passwd",
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = served.send(method, &format!("{PROXY}/0/{run}/artifacts/{path}"), "", b"");
            assert!(matches!(answer.status, 400 | 404), "{method} {path}: {}", answer.status);
            assert!(
                answer.status == 404
                    || answer.json()["message"].as_str().unwrap().starts_with("Invalid path")
            );
        }
        for address in [
            format!("/api/2.0/mlflow/artifacts/list?run_id={run}&path={path}"),
            format!("{PROXY}?path={path}"),
            format!("/get-artifact?run_id={run}&path={path}"),
        ] {
            assert_refused(&served.send("GET", &address, "", b""), INVALID, "Invalid path", &address);
        }
    }
    assert!(served.store.artifacts(Id::parse(&run).unwrap()).unwrap().is_empty());
}

#[test]
fn browsers_send_small_files_for_runs() {
    let served = Served::start();
    let run = served.run("0");
    let target = format!("/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=notes/a.txt");
    assert_eq!(served.send("POST", &target, "", b"hello").status, 200);
    let answer = served.send("GET", &format!("/get-artifact?run_uuid={run}&path=notes/a.txt"), "", b"");
    assert_eq!(
        (answer.body.as_slice(), answer.header("content-type")),
        (b"hello".as_slice(), Some("text/plain"))
    );
    let answer = served.send("POST", &target, "", &vec![0; (10 << 20) + 1]);
    assert_refused(&answer, INVALID, "at most", "too large");
    assert_eq!(
        served.send("GET", &format!("/get-artifact?run_id={run}&path=notes/a.txt"), "", b"").body,
        b"hello"
    );
}
