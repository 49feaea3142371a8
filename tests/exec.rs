//! `uaic exec` and `uaic log`: any program, recorded in a store.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{Answer, TestDir};

/// Runs a program and gives what came of it.
fn exec(dir: &TestDir, options: &[&str], program: &[&str]) -> Answer {
    dir.ask(&[&["exec"], options, &["--"], program].concat())
}

/// What is recorded of a run.
fn shown(dir: &TestDir, selector: &str) -> Value {
    dir.ask(&["show", selector, "--json"]).json()["run"].take()
}

fn texts(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_program_is_a_run_like_any_other() {
    let dir = TestDir::new();
    let script =
        r#"echo "epoch 1 - loss: 0.5"; echo "epoch 2 - loss: 0.25"; mkdir out; echo x > out/model; exit 3"#;
    let options = ["--name", "baseline", "--experiment", "own", "--tag", "team=nlp", "--param", "lr=3e-4"];
    let more = ["--note", "**first**", "--artifacts", "out"];
    let answer = exec(
        &dir,
        &[&options[..], &more].concat(),
        &["sh", "-c", script, "sh", "--depth", "3", "-x", "-1e-3"],
    );
    assert_eq!(answer.code, Some(3));
    assert_eq!(answer.stdout, "epoch 1 - loss: 0.5\nepoch 2 - loss: 0.25\n");
    let run = shown(&dir, "@");
    assert_eq!((run["name"].as_str(), run["experiment"].as_str()), (Some("baseline"), Some("own")));
    assert_eq!((run["state"].as_str(), run["note"].as_str()), (Some("FAILED"), Some("**first**")));
    assert_eq!(run["params"], serde_json::json!({ "depth": 3, "lr": 0.0003, "x": -0.001 }));
    assert_eq!((run["tags"]["team"].as_str(), run["tags"]["exit_code"].as_str()), (Some("nlp"), Some("3")));
    let loss = &run["metrics"][0];
    assert_eq!(
        (loss["key"].as_str(), loss["step"].as_i64(), loss["value"].as_f64()),
        (Some("loss"), Some(2), Some(0.25))
    );
    assert_eq!(texts(&run["artifacts"], "name"), ["artifacts/model", "output/stdout.txt"]);
    assert!(run["environment"]["argv"].as_str().unwrap().contains("-1e-3"), "{run}");
    assert!(dir.run("ls --csv").ok().contains("baseline"));
}

#[test]
fn scripts_add_to_their_run_and_programs_nest() {
    let dir = TestDir::new();
    let uaic = env!("CARGO_BIN_EXE_uaic");
    let script = format!(
        "{uaic} log acc=0.5 loss=1; {uaic} log acc=0.75; {uaic} log acc=0.9 --step 10 --tag a=b --param depth=3
         echo hello > note.txt; {uaic} log --file note.txt --file note.txt=other/name.txt --note one
         {uaic} log --note two; {uaic} exec --name part -- true"
    );
    assert_eq!(exec(&dir, &["--name", "whole"], &["sh", "-ec", &script]).code, Some(0));
    let part = shown(&dir, "name:part");
    let whole = shown(&dir, "name:whole");
    assert_eq!(part["parent"], whole["id"]);
    let steps = dir.ask(&["show", whole["id"].as_str().unwrap(), "--metric", "acc", "--json"]).json();
    let steps: Vec<i64> =
        steps["points"].as_array().unwrap().iter().map(|point| point["step"].as_i64().unwrap()).collect();
    assert_eq!(steps, [1, 2, 10]);
    assert_eq!(texts(&whole["artifacts"], "name"), ["artifacts/note.txt", "artifacts/other/name.txt"]);
    assert_eq!((whole["note"].as_str(), whole["tags"]["a"].as_str()), (Some("one\n\ntwo"), Some("b")));
    assert_eq!(whole["params"]["depth"], 3);
    let id = whole["id"].as_str().unwrap();
    assert!(dir.ask(&["log", "--run", id, "acc=1"]).fails(4).contains("nothing can be added"));
    assert_eq!(dir.ask(&["log", "--run", id, "--tag", "late=yes"]).code, Some(0));
    assert!(dir.ask(&["log", "acc=1"]).fails(2).contains("UAIC_RUN_ID"));
    assert!(dir.ask(&["log", "--run", id]).fails(2).contains("nothing to add"));
}

#[test]
fn what_cannot_be_started_is_no_run() {
    let dir = TestDir::new();
    assert!(exec(&dir, &[], &["no-such-program"]).fails(127).contains("cannot start `no-such-program`"));
    dir.write("plain", "text");
    exec(&dir, &[], &["./plain"]).fails(126);
    assert!(exec(&dir, &["--metric-pattern", "("], &["true"]).fails(2).contains("no regular expression"));
    assert!(!dir.join("runs").exists());
}

#[test]
fn a_store_that_cannot_be_written_stops_nothing_and_its_file_comes_in() {
    let dir = TestDir::new();
    dir.write("bad", "no folder");
    let answer = exec(
        &dir,
        &["--store", "bad", "--name", "kept", "--experiment", "own"],
        &["sh", "-c", "echo loss: 0.5; exit 4"],
    );
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(4), "loss: 0.5\n"));
    assert!(
        answer.stderr.contains("is not recorded whole") && answer.stderr.contains("uaic import"),
        "{}",
        answer.stderr
    );
    let record = record_in(&dir.join("")).unwrap();
    for _ in 0..2 {
        dir.ask(&["import", record.to_str().unwrap()]).ok();
        let run = shown(&dir, "name:kept");
        assert_eq!(run["experiment"], "own");
        assert_eq!((run["state"].as_str(), run["metrics"][0]["count"].as_u64()), (Some("FAILED"), Some(1)));
    }
}

/// The record that a recorder has left in a folder.
fn record_in(folder: &Path) -> Option<std::path::PathBuf> {
    let mut paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_recorder_leaves_a_crashed_run_that_import_completes() {
    let dir = TestDir::new();
    let script =
        "i=0; while [ $i -lt 200 ]; do echo \"step $i loss: 0.5\"; i=$((i+1)); sleep 0.005; done; echo done";
    let mut command = Command::new(env!("CARGO_BIN_EXE_uaic"));
    command.args(["exec", "--name", "killed", "--", "sh", "-c", script]).current_dir(dir.join(""));
    let out = std::fs::File::create(dir.join("out")).unwrap();
    let mut exec =
        command.env("UAIC_STORE", dir.join("runs")).stdout(out).stderr(Stdio::null()).spawn().unwrap();
    until("it writes", || dir.read("out").lines().count() > 50);
    exec.kill().unwrap();
    exec.wait().unwrap();
    assert_eq!(shown(&dir, "name:killed")["state"], "CRASHED");
    until("the rest comes", || dir.read("out").ends_with("done\n"));
    assert_eq!(dir.read("out").lines().count(), 201);
    let whole = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap().contains(r#""type":"end""#);
    until("the record is whole", || record_in(&dir.join("")).is_some_and(whole));
    let record = record_in(&dir.join("")).unwrap();
    for _ in 0..2 {
        dir.ask(&["import", record.to_str().unwrap()]).ok();
        let run = shown(&dir, "name:killed");
        assert_eq!((run["state"].as_str(), run["metrics"][0]["count"].as_u64()), (Some("FAILED"), Some(200)));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn tables_that_grow_are_read_while_they_do() {
    let dir = TestDir::new();
    let script =
        "echo 'epoch,val_loss' > log.csv; sleep 0.2; for i in 1 2 3; do echo \"$i,0.$i\" >> log.csv; done";
    assert_eq!(exec(&dir, &[], &["sh", "-c", script]).code, Some(0));
    let run = shown(&dir, "@");
    let metric =
        run["metrics"].as_array().unwrap().iter().find(|metric| metric["key"] == "val_loss").cloned();
    let metric = metric.unwrap_or_else(|| panic!("{run}"));
    assert_eq!(
        (metric["count"].as_u64(), metric["step"].as_i64(), metric["value"].as_f64()),
        (Some(3), Some(3), Some(0.3))
    );
}

#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON")]
#[test]
fn a_program_of_python_has_its_packages() {
    let dir = TestDir::new();
    let python = std::env::var("UAIC_TEST_PYTHON").unwrap();
    dir.write("train.py", "print({'loss': 0.5, 'epoch': 1})\nimport sys\nsys.exit(0)\n");
    let answer = exec(&dir, &[], &[&python, "train.py", "--lr", "0.1"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let run = shown(&dir, "@");
    assert_eq!(run["params"]["lr"], 0.1);
    assert!(run["environment"]["python.packages"].as_str().unwrap().parse::<u32>().unwrap() > 0);
    assert!(texts(&run["artifacts"], "name").contains(&"environment/packages.txt".to_owned()));
    assert_eq!(
        (run["metrics"][0]["key"].as_str(), run["metrics"][0]["step"].as_i64()),
        (Some("loss"), Some(1))
    );
}
