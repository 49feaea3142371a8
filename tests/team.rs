//! `uaic server`: one store for a team, for clients of MLflow and Optuna, and for uaic itself.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::server::request;
use super::support::{Answer, TestDir};

/// A server on the store of a folder, which ends with the test.
struct Team {
    process: Child,
    url: String,
}

impl Team {
    fn start(dir: &TestDir, options: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_uaic"))
            .args(["server", "--listen", "127.0.0.1:0"])
            .args(options)
            .current_dir(dir.join(""))
            .env("UAIC_STORE", dir.join("runs"))
            .env_remove("UAIC_LOG")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let team = Self { process, url: url.trim().to_owned() };
        assert!(team.url.starts_with("http://127.0.0.1:"), "{url}");
        team
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let address = self.url.trim_start_matches("http://");
        let headers = [("content-type", "application/json")];
        let reply = request(address, "POST", path, &headers, body.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        serde_json::from_str(&reply.text()).unwrap()
    }

    /// Ends it as an operator does.
    fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(told.unwrap().success());
        let start = Instant::now();
        while self.process.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(15), "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        // Nothing is left to be done about a process that has ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn shown(dir: &TestDir, selector: &str) -> Value {
    dir.ask(&["show", selector, "--json"]).json()["run"].take()
}

/// A program that logs to MLflow as its client does, in a language that every machine has.
const LOGS: &str = r#"
import json, os, urllib.request
base = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/"
run = os.environ["MLFLOW_RUN_ID"]
def post(path, **body):
    request = urllib.request.Request(base + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))
post("runs/log-parameter", run_id=run, key="depth", value="3")
for step in range(4):
    post("runs/log-metric", run_id=run, key="val/loss", value=1 / (step + 1), timestamp=1000 + step, step=step)
post("runs/update", run_id=run, status="FINISHED", end_time=5000)
print(json.dumps({"loss": float(os.environ.get("UAIC_PARAM_X", "0.5"))}))
"#;

fn python() -> Option<String> {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    found.then(|| "python3".to_owned())
}

fn exec(dir: &TestDir, options: &[&str], program: &[&str]) -> Answer {
    dir.ask(&[&["exec"], options, &["--"], program].concat())
}

#[test]
fn what_a_client_of_mlflow_logs_is_a_run_like_any_other() {
    let dir = TestDir::new();
    let team = Team::start(&dir, &[]);
    let experiment = team.post("/api/2.0/mlflow/experiments/create", &json!({ "name": "nets" }));
    let id = &experiment["experiment_id"];
    let new = json!({ "experiment_id": id, "run_name": "first", "start_time": 1_700_000_000_000_i64 });
    let run = team.post("/api/2.0/mlflow/runs/create", &new)["run"]["info"]["run_id"].clone();
    let batch = json!({
        "run_id": run,
        "params": [{ "key": "lr", "value": "1e-05" }],
        "metrics": (0..5).map(|step| json!({
            "key": "acc", "value": f64::from(step) / 5.0, "timestamp": 1_700_000_000_000_i64 + i64::from(step), "step": step
        })).collect::<Vec<_>>(),
        "tags": [{ "key": "team", "value": "nlp" }, { "key": "mlflow.note.content", "value": "**good**" }],
    });
    team.post("/api/2.0/mlflow/runs/log-batch", &batch);
    team.post(
        "/api/2.0/mlflow/runs/update",
        &json!({ "run_id": run, "status": "FINISHED", "end_time": 1_700_000_001_000_i64 }),
    );
    let run = shown(&dir, run.as_str().unwrap());
    assert_eq!((run["name"].as_str(), run["experiment"].as_str()), (Some("first"), Some("nets")));
    assert_eq!((run["state"].as_str(), run["note"].as_str()), (Some("COMPLETE"), Some("**good**")));
    assert_eq!((&run["params"]["lr"], run["tags"]["team"].as_str()), (&json!("1e-05"), Some("nlp")));
    assert_eq!(
        (run["metrics"][0]["count"].as_u64(), run["metrics"][0]["value"].as_f64()),
        (Some(5), Some(0.8))
    );
    let found = dir.ask(&["ls", "-w", "params.lr < 0.001 and metrics.acc > 0.7", "--csv"]).ok();
    assert!(found.contains("first"), "{found}");
    team.stop();
    assert!(!dir.join("runs/server.json").exists(), "a server that has ended is announced no more");
}

#[test]
fn a_program_that_logs_to_mlflow_logs_to_the_run_that_exec_made() {
    let Some(python) = python() else { return };
    let dir = TestDir::new();
    dir.write("logs.py", LOGS);
    let answer = exec(&dir, &["--server", "--name", "own"], &[&python, "logs.py"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let run = shown(&dir, "own");
    assert_eq!((run["params"]["depth"].as_str(), run["state"].as_str()), (Some("3"), Some("COMPLETE")));
    let metrics = run["metrics"].as_array().unwrap();
    assert!(metrics.iter().any(|metric| metric["key"] == "val/loss" && metric["count"] == 4), "{run}");
    // And with a server that is up, without being told of it.
    let team = Team::start(&dir, &[]);
    assert_eq!(exec(&dir, &["--name", "found"], &[&python, "logs.py"]).code, Some(0));
    assert_eq!(shown(&dir, "found")["params"]["depth"], "3");
    team.stop();
    // A program that cannot be started leaves no run that seems to run.
    assert_eq!(exec(&dir, &["--server", "--name", "none"], &["no-such-program"]).code, Some(127));
    assert_eq!(shown(&dir, "none")["state"], "FAILED");
}

#[test]
fn a_trial_that_logs_to_mlflow_logs_to_its_own_run() {
    let Some(python) = python() else { return };
    let dir = TestDir::new();
    dir.write("logs.py", LOGS);
    let spec = format!(
        "[experiment]\nname = \"logs\"\n[objective]\ncommand = [\"{python}\", \"logs.py\"]\n\
         [search]\nx = {{ uniform = [0.0, 1.0] }}\n\
         [study]\nsampler = \"random\"\ntrials = 3\nmetric = \"loss\"\ndirection = \"minimize\"\n"
    );
    dir.write("logs.toml", &spec);
    dir.run("run logs.toml --server -q").ok();
    let runs = dir.run("ls --json").json();
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3, "{runs:?}");
    for run in runs {
        let run = shown(&dir, run["id"].as_str().unwrap());
        assert_eq!(
            (run["state"].as_str(), run["params"]["depth"].as_str()),
            (Some("COMPLETE"), Some("3")),
            "{run}"
        );
        let metrics = run["metrics"].as_array().unwrap();
        assert!(metrics.iter().any(|metric| metric["key"] == "val/loss" && metric["count"] == 4), "{run}");
    }
}

#[test]
fn every_verb_works_through_a_server() {
    let dir = TestDir::new();
    let team = Team::start(&dir, &[]);
    let far = |arguments: &[&str]| dir.ask(&[&["--store", &team.url], arguments].concat());
    let script = "echo 'epoch 1 - loss: 0.5'; echo 'epoch 2 - loss: 0.25'; mkdir -p out; echo x > out/model";
    let answer = far(&["exec", "--name", "far", "--artifacts", "out", "--", "sh", "-c", script]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    let near = dir.ask(&["show", "far", "--json"]).ok();
    assert_eq!(far(&["show", "far", "--json"]).ok(), near, "the same through a server as in the folder");
    let spec = "[experiment]\nname = \"sum\"\n[objective]\ncommand = [\"sh\", \"-c\", \"echo loss {x}; echo '{{\\\"loss\\\": {x}}}'\"]\n\
         [search]\nx = { uniform = [0.0, 1.0] }\n\
         [study]\nsampler = \"tpe\"\ntrials = 12\nmetric = \"loss\"\ndirection = \"minimize\"\nseed = 3\n";
    dir.write("sum.toml", spec);
    far(&["run", "sum.toml", "-q"]).ok();
    let best = far(&["best", "sum", "--json"]).ok();
    assert_eq!(dir.ask(&["best", "sum", "--json"]).ok(), best);
    // The same study in a folder: the same points and values, to the bit.
    dir.ask(&["--store", "alone", "run", "sum.toml", "-q"]).ok();
    let values = |answer: Answer| {
        let shown = answer.json();
        let trials = shown["trials"].as_array().unwrap().clone();
        trials
            .iter()
            .map(|trial| (trial["params"].to_string(), trial["value"].to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        values(far(&["best", "sum", "--json"])),
        values(dir.ask(&["--store", "alone", "best", "sum", "--json"]))
    );
    assert!(far(&["ls", "-w", "metrics.loss < 0.3 and kind = free", "--csv"]).ok().contains("far"));
    far(&["plot", "history", "sum", "--out", "history.png"]).ok();
    far(&["report", "sum", "--out", "report"]).ok();
    assert!(dir.join("report/index.html").exists() && dir.join("history.png").exists());
    far(&["edit", "far", "--note", "seen"]).ok();
    assert_eq!(shown(&dir, "far")["note"], "seen");
    far(&["rm", "far"]).ok();
    assert!(!dir.run("ls --csv").ok().contains("far"));
    let away = dir.ask(&["--store", "http://127.0.0.1:9", "ls"]);
    assert!(away.code == Some(1) && away.stderr.contains("127.0.0.1:9"), "{away:?}");
    team.stop();
}

#[test]
fn a_server_with_users_asks_who_is_there() {
    let dir = TestDir::new();
    dir.write("secret", "correct horse battery\n");
    let add = ["server", "user", "add", "ada", "--role", "editor", "--password-file", "secret"];
    dir.ask(&add).ok();
    let token = dir.ask(&["server", "token", "create", "ada", "laptop", "--role", "viewer"]).ok();
    let team = Team::start(&dir, &[]);
    let far = |token: Option<&str>, arguments: &[&str]| {
        let mut command = dir.uaic();
        command.args(["--store", &team.url]).args(arguments);
        match token {
            Some(token) => command.env("UAIC_TOKEN", token),
            None => command.env_remove("UAIC_TOKEN"),
        };
        Answer::of(command.output().unwrap())
    };
    let refused = far(None, &["ls"]);
    assert!(refused.code != Some(0) && refused.stderr.contains("UAIC_TOKEN"), "{refused:?}");
    far(Some(token.trim()), &["ls"]).ok();
    let viewer = far(Some(token.trim()), &["exec", "--", "true"]);
    assert!(viewer.code == Some(0) && viewer.stderr.contains("not recorded"), "the program runs: {viewer:?}");
    let listed = dir.run("server token ls --json").json();
    assert_eq!(listed["tokens"][0]["role"], "viewer");
    assert_eq!(dir.run("server user ls --json").json()["users"][0]["name"], "ada");
    assert!(!dir.run("server user ls --json").stdout.contains("correct"));
    // What other machines reach needs users, and says how to add one.
    let open = TestDir::new();
    let told = open.run("server --listen 0.0.0.0:0").fails(2);
    assert!(told.contains("uaic server user add"), "{told}");
    team.stop();
}

#[test]
fn a_backup_is_a_store_and_a_doctor_finds_what_is_wrong() {
    let dir = TestDir::new();
    let script = "mkdir -p out; echo x > out/model; echo loss=0.5";
    assert_eq!(exec(&dir, &["--name", "kept", "--artifacts", "out"], &["sh", "-c", script]).code, Some(0));
    let team = Team::start(&dir, &[]);
    let told = dir.run("server backup copy --json").json();
    assert!(told["copied"].as_u64() > Some(1), "{told}");
    team.stop();
    assert_eq!(
        dir.ask(&["--store", "copy", "show", "kept", "--json"]).ok(),
        dir.run("show kept --json").ok()
    );
    let sound = dir.run("doctor --store copy --json").json();
    assert_eq!(sound["ailments"], json!([]));
    dir.run("server restore copy").fails(4);
    assert!(dir.run("server restore copy --store back --json").json()["copied"].as_u64() > Some(1));
    let blob = std::fs::read_dir(dir.join("back/blobs"))
        .unwrap()
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).into_iter().flatten())
        .find_map(|file| file.ok().map(|file| file.path()).filter(|path| path.is_file()))
        .unwrap();
    std::fs::write(&blob, "something else of another length").unwrap();
    let ill = dir.ask(&["--store", "back", "doctor"]);
    assert!(ill.code == Some(1) && ill.stdout.contains("damaged"), "{ill:?}");
}
