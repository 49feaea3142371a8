//! Who may do what, over HTTP: tokens for some experiments, holes that others had, and the real client with
//! its passwords, tokens and certificates.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use uaic_server::access::{ACCESS_FILE, AccessError, Directory, NewToken, Role, Scope, Settings};
use uaic_server::{ConnectionLimits, Listen, Server, ServerError, Setup, TlsFiles};
use uaic_store::SqliteStore;
use uaic_study::store::TrackingStore;
use uaic_study::store::tracking::{ExperimentId, NewExperiment};

use super::http::{Answer, Served};

const PASSWORD: &str = "seven grey herons";

fn add_users(folder: &Path) -> Directory {
    let directory = Directory::open(folder).unwrap();
    directory.add_user("ada", Role::Admin, PASSWORD).unwrap();
    directory.add_user("eve", Role::Viewer, PASSWORD).unwrap();
    directory
}

fn token(directory: &Directory, name: &str, experiments: &[i64]) -> String {
    let scope = Scope::Experiments(experiments.iter().copied().map(ExperimentId).collect());
    let scope = if experiments.is_empty() { Scope::All } else { scope };
    let new = NewToken { user: "ada".into(), name: name.into(), role: None, scope, expires_ms: None };
    directory.create_token(&new).unwrap().1
}

/// Asks with a token.
fn ask(served: &Served, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let headers = format!("content-type: application/json\r\nauthorization: Bearer {token}\r\n");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    served.send(method, path, &headers, body.as_bytes())
}

/// A server with two experiments, a run with an artifact in each, and a token for the second.
struct Two {
    served: Served,
    all: String,
    some: String,
    runs: [String; 2],
}

impl Two {
    fn start() -> Self {
        let mut directory = None;
        let served = Served::guarded(|folder| {
            directory = Some(add_users(folder));
            Settings::of(folder)
        });
        let directory = directory.unwrap();
        for name in ["mine", "theirs"] {
            let new = NewExperiment { name: name.into(), ..NewExperiment::default() };
            served.store.create_experiment(&new).unwrap();
        }
        let (all, some) = (token(&directory, "all", &[]), token(&directory, "some", &[1]));
        let mut two = Self { served, all, some, runs: Default::default() };
        two.runs = ["1", "2"].map(|experiment| {
            let made =
                two.post(&two.all, "runs/create", &json!({"experiment_id": experiment, "run_name": "r"}));
            let run = made.json()["run"]["info"]["run_id"].as_str().unwrap().to_owned();
            let metric = json!({"run_id": run, "key": "loss", "value": 1.5, "timestamp": 1});
            assert_eq!(two.post(&two.all, "runs/log-metric", &metric).status, 200);
            for path in [format!("{experiment}/{run}/artifacts/a.txt"), format!("{experiment}/loose.txt")] {
                assert_eq!(two.put(&two.all, &path).status, 200);
            }
            run
        });
        two
    }

    fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        ask(&self.served, token, "POST", &format!("/api/2.0/mlflow/{path}"), body)
    }

    fn get(&self, token: &str, path: &str) -> Answer {
        ask(&self.served, token, "GET", &format!("/api/2.0/{path}"), &Value::Null)
    }

    fn put(&self, token: &str, path: &str) -> Answer {
        ask(
            &self.served,
            token,
            "PUT",
            &format!("/api/2.0/mlflow-artifacts/artifacts/{path}"),
            &json!("content"),
        )
    }
}

#[test]
fn a_token_for_some_experiments_finds_these_alone() {
    let two = Two::start();
    let names = |answer: &Answer| -> Vec<String> {
        let all = answer.json()["experiments"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&two.post(&two.all, "experiments/search", &json!({}))).len(), 3);
    assert_eq!(names(&two.post(&two.some, "experiments/search", &json!({}))), ["mine"]);
    assert_eq!(
        names(&two.get(&two.some, "mlflow/experiments/search?filter=name%20LIKE%20%27%25e%25%27")),
        ["mine"]
    );
    let none = two.post(&two.some, "experiments/search", &json!({"filter": "name = 'theirs'"}));
    assert!(names(&none).is_empty());
    let search = |token: &str, ids: Value| {
        let answer = two.post(token, "runs/search", &json!({"experiment_ids": ids}));
        answer.json()["runs"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(search(&two.all, json!(["1", "2"])), 2);
    assert_eq!(search(&two.some, json!(["1", "2"])), 1);
    assert_eq!(search(&two.some, json!(["2"])), 0);
    assert_eq!(search(&two.some, json!([])), 0);
    let datasets = two.post(&two.some, "experiments/search-datasets", &json!({"experiment_ids": ["1", "2"]}));
    assert_eq!(datasets.status, 200);
    let bulk = format!("run_id={}&run_id={}&metric_key=loss", two.runs[0], two.runs[1]);
    let count =
        |token: &str, path: &str| two.get(token, path).json()["metrics"].as_array().map_or(0, Vec::len);
    assert_eq!(count(&two.all, &format!("mlflow/metrics/get-history-bulk?{bulk}")), 2);
    assert_eq!(count(&two.some, &format!("mlflow/metrics/get-history-bulk?{bulk}")), 1);
    let spaced = bulk.replace("run_id", "run_ids");
    assert_eq!(count(&two.some, &format!("mlflow/metrics/get-history-bulk-interval?{spaced}")), 1);
    for (run, points) in two.runs.iter().zip([1, 0]) {
        let path = format!("mlflow/metrics/get-history?run_id={run}&metric_key=loss");
        assert_eq!(count(&two.some, &path), points);
    }
}

#[test]
fn what_a_token_is_not_for_is_not_there() {
    let two = Two::start();
    let [mine, theirs] = &two.runs;
    for (experiment, run, is_there) in [("1", mine, true), ("2", theirs, false), ("0", theirs, false)] {
        let name = if is_there { "mine" } else { "theirs" };
        let gets = [
            format!("mlflow/experiments/get?experiment_id={experiment}"),
            format!("mlflow/experiments/get-by-name?experiment_name={name}"),
            format!("mlflow/runs/get?run_id={run}"),
            format!("mlflow/runs/get?run_uuid={run}"),
            format!("mlflow/artifacts/list?run_id={run}"),
            format!("mlflow-artifacts/artifacts?path={experiment}"),
            format!("mlflow-artifacts/artifacts?path={experiment}/{run}/artifacts"),
            format!("mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/a.txt"),
        ];
        for path in gets {
            let status = two.get(&two.some, &path).status;
            assert_eq!(status, if is_there { 200 } else { 404 }, "{path}");
        }
        if experiment != "0" {
            let loose = two.get(&two.some, &format!("mlflow-artifacts/artifacts/{experiment}/loose.txt"));
            assert_eq!(loose.status, if is_there { 200 } else { 404 });
        }
        let posts = [
            ("runs/create", json!({"experiment_id": experiment})),
            ("runs/update", json!({"run_id": run, "status": "FINISHED"})),
            ("runs/set-tag", json!({"run_id": run, "key": "k", "value": "v"})),
            ("runs/delete-tag", json!({"run_id": run, "key": "k"})),
            ("runs/log-metric", json!({"run_id": run, "key": "k", "value": 1, "timestamp": 1})),
            ("runs/log-parameter", json!({"run_uuid": run, "key": "p", "value": "v"})),
            ("runs/log-batch", json!({"run_id": run, "tags": [{"key": "t", "value": "v"}]})),
            ("runs/log-inputs", json!({"run_id": run})),
            ("runs/outputs", json!({"run_id": run})),
            ("runs/delete", json!({"run_id": run})),
            ("runs/restore", json!({"run_id": run})),
            (
                "experiments/set-experiment-tag",
                json!({"experiment_id": experiment, "key": "k", "value": "v"}),
            ),
            ("experiments/delete-experiment-tag", json!({"experiment_id": experiment, "key": "k"})),
            ("experiments/update", json!({"experiment_id": experiment, "new_name": format!("{name}!")})),
            ("experiments/delete", json!({"experiment_id": experiment})),
            ("experiments/restore", json!({"experimentId": experiment})),
        ];
        for (path, body) in posts {
            let status = two.post(&two.some, path, &body).status;
            assert_eq!(status, if is_there { 200 } else { 404 }, "{path} {body}");
        }
        for path in [format!("{experiment}/{run}/artifacts/b.txt"), format!("{experiment}/b.txt")] {
            assert_eq!(two.put(&two.some, &path).status, if is_there { 200 } else { 404 }, "{path}");
            let path = format!("/ajax-api/2.0/mlflow-artifacts/artifacts/{path}");
            let status = ask(&two.served, &two.some, "DELETE", &path, &Value::Null).status;
            assert_eq!(status, if is_there { 200 } else { 404 }, "{path}");
        }
    }
    // Neither by another experiment's number in front of a run, nor by one that is none.
    for path in [
        format!("1/{theirs}/artifacts/a.txt"),
        format!("x/{theirs}/artifacts/a.txt"),
        "+2/loose.txt".into(),
        "02/loose.txt".into(),
    ] {
        assert_eq!(two.get(&two.some, &format!("mlflow-artifacts/artifacts/{path}")).status, 404, "{path}");
    }
    // What is of all experiments is for other tokens, and the wrong id beside the right one gains nothing.
    assert_eq!(two.get(&two.some, "mlflow-artifacts/artifacts?path=").status, 404);
    assert_eq!(two.post(&two.some, "experiments/create", &json!({"name": "new"})).status, 403);
    let both = json!({"run_id": theirs, "run_uuid": mine, "key": "k", "value": "v"});
    assert_eq!(two.post(&two.some, "runs/set-tag", &both).status, 404);
    let twice = json!({"run_id": mine, "runId": theirs, "key": "k", "value": "v"});
    assert_eq!(two.post(&two.some, "runs/set-tag", &twice).status, 400);
    let run = two.get(&two.all, &format!("mlflow/runs/get?run_id={theirs}")).json();
    let tags = &run["run"]["data"]["tags"];
    assert!(!tags.to_string().contains("\"k\""), "{tags}");
    let list = two.get(&two.all, &format!("mlflow/artifacts/list?run_id={theirs}")).json();
    assert_eq!(list["files"].as_array().unwrap().len(), 1, "{list}");
}

#[test]
fn models_are_of_their_experiments_too() {
    let two = Two::start();
    let ids = ["1", "2"].map(|experiment| {
        let made = two.post(&two.all, "logged-models", &json!({"experiment_id": experiment, "name": "m"}));
        made.json()["model"]["info"]["model_id"].as_str().unwrap().to_owned()
    });
    for (id, status) in ids.iter().zip([200, 404]) {
        assert_eq!(two.get(&two.some, &format!("mlflow/logged-models/{id}")).status, status);
        let point = json!({"run_id": two.runs[0], "key": "k", "value": 1, "timestamp": 1, "model_id": id});
        assert_eq!(two.post(&two.some, "runs/log-metric", &point).status, status);
        let batch = json!({"run_id": two.runs[0], "metrics": [point]});
        assert_eq!(two.post(&two.some, "runs/log-batch", &batch).status, status);
        let path = format!("/api/2.0/mlflow/logged-models/{id}/tags");
        let tags = json!({"tags": [{"key": "k", "value": "v"}]});
        assert_eq!(ask(&two.served, &two.some, "PATCH", &path, &tags).status, status);
    }
    let found = two.post(&two.some, "logged-models/search", &json!({"experiment_ids": ["1", "2"]}));
    assert_eq!(found.json()["models"].as_array().map(Vec::len), Some(1));
    let made = two.post(&two.some, "logged-models", &json!({"experiment_id": "2"}));
    assert_eq!(made.status, 404);
    // What is of all experiments, or not known to be of one, is for other tokens.
    for (method, path) in [
        ("GET", "/api/2.0/mlflow/registered-models/search"),
        ("POST", "/api/3.0/mlflow/traces/search"),
        ("POST", "/v1/traces"),
        ("GET", "/api/v1/runs"),
        ("POST", "/api/v1/store/read"),
        ("GET", "/metrics"),
    ] {
        assert_eq!(ask(&two.served, &two.some, method, path, &json!({})).status, 403, "{path}");
    }
}

#[test]
fn paths_lead_nowhere_else() {
    let served = Served::start();
    let experiment = served.experiment("e");
    let run = served.run(&experiment);
    std::fs::write(served.folder.path().join("secret.txt"), "secret").unwrap();
    for path in [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        "%252e%252e%252fsecret.txt",
        "..%5csecret.txt",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "a%00b",
        "a%23b",
        "a/%2e%2e/%2e%2e/b",
        "c%3a%5cwindows",
        "%c0%ae%c0%ae/secret.txt/..",
        "a/./b",
        "....//secret.txt",
        "..;/secret.txt/%2e%2e",
    ] {
        for (method, target) in [
            ("GET", format!("/api/2.0/mlflow-artifacts/artifacts/{path}")),
            ("PUT", format!("/ajax-api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{path}")),
            ("DELETE", format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{path}")),
            ("GET", format!("/api/2.0/mlflow-artifacts/artifacts?path={path}")),
            ("GET", format!("/get-artifact?run_uuid={run}&path={path}")),
            ("GET", format!("/api/2.0/mlflow/artifacts/list?run_id={run}&path={path}")),
            ("POST", format!("/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path={path}")),
        ] {
            let answer = served.send(method, &target, "", b"x");
            // A listing decodes a path as every field: `..%2fx` is refused, what means itself may be listed.
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!text.contains("secret") || answer.status >= 400, "{method} {target}: {text}");
            assert!(answer.status < 500, "{method} {target}: {}", answer.status);
        }
        let put =
            served.send("PUT", &format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{path}"), "", b"x");
        let is_odd = path.contains("%c0") || path.starts_with("....") || path.contains("windows");
        assert!(put.status == 400 || is_odd, "{path}: {}", put.status);
    }
    assert_eq!(std::fs::read_to_string(served.folder.path().join("secret.txt")).unwrap(), "secret");
}

#[test]
fn what_a_client_names_is_never_opened() {
    let served = Served::start();
    let file = served.folder.path().join("secret.txt");
    std::fs::write(&file, "secret").unwrap();
    let (path, folder) = (file.display().to_string(), served.folder.path().display().to_string());
    for (at, location) in
        [folder.clone(), format!("file://{folder}"), "http://127.0.0.1:1/x".into()].iter().enumerate()
    {
        let name = format!("e{at}");
        let made = served.post("experiments/create", json!({"name": name, "artifact_location": location}));
        let run = served.run(made["experiment_id"].as_str().unwrap());
        let tag = json!({"run_id": run, "key": "mlflow.prompt.is_prompt", "value": "true"});
        served.post("runs/set-tag", tag);
        for target in [
            format!("/get-artifact?run_uuid={run}&path=secret.txt"),
            format!("/get-artifact?run_uuid={run}&path=../../secret.txt"),
            format!("/api/2.0/mlflow-artifacts/artifacts/{}", path.trim_start_matches('/')),
        ] {
            let answer = served.send("GET", &target, "", b"");
            assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
        }
        let listed = served.get(&format!("artifacts/list?run_id={run}"));
        assert!(listed["files"].is_null(), "{listed}");
    }
    // Whatever routes there are for versions of models: none reads a file of the server.
    served.ask("POST", "registered-models/create", &json!({"name": "m"}));
    for source in
        [path.clone(), format!("file://{path}"), format!("{folder}/../x"), "file:///etc/passwd".into()]
    {
        let body = json!({"name": "m", "source": source, "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]});
        let answer = served.ask("POST", "model-versions/create", &body);
        assert!(matches!(answer.status, 400 | 404), "{source}: {}", answer.status);
        let got =
            served.send("GET", "/model-versions/get-artifact?name=m&version=1&path=secret.txt", "", b"");
        assert!(matches!(got.status, 400 | 404), "{}", got.status);
    }
}

#[test]
fn what_comes_is_bounded() {
    let served = Served::start();
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = served.send(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        "content-type: application/json\r\n",
        deep.as_bytes(),
    );
    assert_eq!(answer.status, 400);
    let large = vec![b' '; (32 << 20) + 1];
    let answer = served.send(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        "content-type: application/json\r\n",
        &large,
    );
    assert_eq!(answer.status, 400);
    let head = format!("x-long: {}\r\n", "a".repeat(60 << 10));
    let answer = served.send("GET", "/api/2.0/mlflow/experiments/search", &head, b"");
    assert_eq!(answer.status, 431);
}

#[test]
fn artifacts_are_never_shown_as_pages() {
    let served = Served::start();
    let path = "/api/2.0/mlflow-artifacts/artifacts/0/page.html";
    assert_eq!(served.send("PUT", path, "", b"<script>alert(1)</script>").status, 200);
    let answer = served.send("GET", path, "", b"");
    assert!(answer.header("content-disposition").unwrap().starts_with("attachment"), "{}", answer.head);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

fn start(listen: &str, access: Settings, folder: &Path) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = Arc::new(SqliteStore::open(folder).unwrap());
    let setup = Setup {
        store,
        desk: None,
        listen: Listen::Tcp(listen.into()),
        limits: ConnectionLimits::default(),
        access,
    };
    runtime.block_on(async {
        Server::start(setup).await?.stop().await;
        Ok(())
    })
}

#[test]
fn other_machines_need_users() {
    let folder = tempfile::tempdir().unwrap();
    start("127.0.0.1:0", Settings::of(folder.path()), folder.path()).unwrap();
    let told = start("0.0.0.0:0", Settings::of(folder.path()), folder.path()).unwrap_err();
    assert!(matches!(told, ServerError::NoUsers { .. }));
    let told = told.to_string();
    assert!(told.contains("uaic server user add") && told.contains("127.0.0.1"), "{told}");
    assert!(!folder.path().join(ACCESS_FILE).exists());
    add_users(folder.path());
    start("0.0.0.0:0", Settings::of(folder.path()), folder.path()).unwrap();
    // A file that is none is told of, and opens nothing.
    std::fs::write(folder.path().join(ACCESS_FILE), "no database at all, but long enough to be one").unwrap();
    for side in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("{ACCESS_FILE}{side}")));
    }
    let told = start("127.0.0.1:0", Settings::of(folder.path()), folder.path()).unwrap_err();
    assert!(matches!(told, ServerError::Access(AccessError::Database(_) | AccessError::Sqlite(_))), "{told}");
}

/// A certificate for this machine that vouches for itself.
fn certify(folder: &Path, name: &str) -> TlsFiles {
    let files =
        TlsFiles { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
    let done = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"])
        .arg("-keyout")
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .output()
        .expect("openssl");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    files
}

fn run(script: &str, arguments: &Value) {
    let python = std::env::var_os("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/integration").join(script);
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .arg(script)
        .arg(arguments.to_string())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{told}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with mlflow")]
fn the_client_of_mlflow_says_who_it_is() {
    let two = Two::start();
    let uri = format!("http://{}", two.served.address);
    run("access.py", &json!({"uri": uri, "password": PASSWORD, "token": two.all, "scoped": two.some}));
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with mlflow")]
fn the_client_of_mlflow_trusts_a_certificate_that_may_change() {
    let certificates = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| certify(certificates.path(), name));
    let own = TlsFiles {
        certificate: certificates.path().join("own.pem"),
        key: certificates.path().join("own.key"),
    };
    let put = |files: &TlsFiles| {
        std::fs::copy(&files.certificate, &own.certificate).unwrap();
        std::fs::copy(&files.key, &own.key).unwrap();
    };
    put(&first);
    let mut all = String::new();
    let served = Served::guarded(|folder| {
        all = token(&add_users(folder), "all", &[]);
        Settings { tls: Some(own.clone()), ..Settings::of(folder) }
    });
    let uri = format!("https://{}", served.address);
    let check = |trusted: &TlsFiles, other: &TlsFiles| {
        let (trusted, other) = (&trusted.certificate, &other.certificate);
        run(
            "access.py",
            &json!({"uri": uri, "password": PASSWORD, "token": all, "trusted": trusted, "other": other}),
        );
    };
    check(&first, &second);
    put(&second);
    std::thread::sleep(std::time::Duration::from_millis(1200));
    check(&second, &first);
    // One half of a pair changes nothing.
    std::fs::copy(&first.key, &own.key).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1200));
    check(&second, &first);
}
