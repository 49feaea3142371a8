//! `uaic run` and `uaic resume` as whole commands: what they print, that the result depends on
//! nothing but spec, data and seed, and that nothing is lost when they are stopped or killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use uaic::kernel::Kernels;

use crate::support::{Answer, TestDir};

/// A study of seconds on a slice of the bundled data.
const SPEC: &str = r#"
[experiment]
name = "small"

[data]
dataset = "tiny"
validation = { folds = 2 }

[model]
architecture = "lstm-attention"
embedding_dim = 12
hidden_dim = 8

[train]
epochs = 3
batch_size = 16

[search]
"train.lr" = { log = [1e-3, 1e-1] }
"model.dropout" = { uniform = [0.0, 0.5] }
"model.hidden_dim" = { choice = [8, 12] }

[study]
trials = 6
parallel = 3
seed = 7

[final]
epochs = 3
"#;

/// A folder with the spec and its data.
fn project() -> TestDir {
    let dir = TestDir::new();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/flights");
    for (split, rows) in [("train", 300), ("test", 80), ("ood_test", 30)] {
        let text = std::fs::read_to_string(bundled.join(format!("{split}.tsv"))).unwrap();
        // Every n-th row, so that all parts of the file are there.
        let every = text.lines().count() / rows;
        let lines: Vec<&str> = text.lines().step_by(every.max(1)).collect();
        dir.write(format!("data/tiny/{split}.tsv"), lines.join("\n"));
    }
    dir.write("small.toml", SPEC);
    dir
}

/// Everything of `run --json` that must be reproducible: all but ids and durations.
fn result_of(json: &Value) -> Value {
    let trials = json["study"]["trials"].as_array().unwrap();
    let trials: Vec<Value> = trials
        .iter()
        .map(|trial| serde_json::json!([trial["number"], trial["state"], trial["value"], trial["params"]]))
        .collect();
    serde_json::json!([
        trials,
        json["study"]["best"]["number"],
        json["final"]["metrics"],
        json["final"]["estimates"]
    ])
}

/// The content hash of the final model's weights.
fn weights_of(dir: &TestDir, json: &Value) -> String {
    let shown = dir.run(&format!("show {} --json", json["final"]["run_id"].as_str().unwrap())).json();
    let artifacts = shown["run"]["artifacts"].as_array().unwrap();
    let weights = artifacts.iter().find(|artifact| artifact["name"] == "model/weights.safetensors").unwrap();
    weights["hash"].as_str().unwrap().to_owned()
}

/// The metric history of a trial, as `show --metric` gives it.
fn history_of(dir: &TestDir, json: &Value, trial: usize, metric: &str) -> Vec<Value> {
    let run = json["study"]["trials"][trial]["run_id"].as_str().unwrap();
    let shown = dir.run(&format!("show {run} --metric {metric} --json")).json();
    shown["points"].as_array().unwrap().iter().map(|point| point["value"].clone()).collect()
}

#[test]
fn a_run_prints_one_json_object_of_the_promised_shape() {
    let dir = project();
    let json = dir.run("run small.toml --json").json();
    assert_eq!(json["schema"], 1);
    let study = &json["study"];
    assert_eq!((study["experiment"].as_str(), study["seed"].as_u64()), (Some("small"), Some(7)));
    let trials = study["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 6);
    for (number, trial) in trials.iter().enumerate() {
        assert_eq!(trial["number"], number);
        assert_eq!(trial["state"], "COMPLETE");
        assert!(trial["value"].as_f64().unwrap() > 0.0 && trial["duration_s"].as_f64().unwrap() > 0.0);
        assert!(trial["params"]["train.lr"].is_f64() && trial["params"]["model.hidden_dim"].is_i64());
        assert_eq!(trial["run_id"].as_str().unwrap().len(), 32);
    }
    let values = trials.iter().map(|trial| trial["value"].as_f64().unwrap());
    assert_eq!(study["best"]["value"], values.fold(0.0, f64::max));
    let metrics = &json["final"]["metrics"];
    for name in
        ["test/accuracy", "test/accuracy_any", "test/f1_macro", "test/f1_weighted", "test/loss", "oos/auroc"]
    {
        assert!(metrics[name].is_f64(), "{name}: {metrics}");
        let estimate = &json["final"]["estimates"][name];
        assert!(estimate["low"].as_f64() <= metrics[name].as_f64(), "{name}: {estimate}");
        assert!(estimate["high"].as_f64() >= metrics[name].as_f64(), "{name}: {estimate}");
        assert!(estimate["n"].as_u64().unwrap() > 50);
    }
}

#[test]
fn a_piped_run_prints_tables_on_stdout_and_a_line_per_trial_on_stderr() {
    let answer = project().run("run small.toml");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(answer.stderr.lines().filter(|line| line.contains("trial ")).count(), 6, "{}", answer.stderr);
    assert!(answer.stderr.contains("uaic show "), "the next commands: {}", answer.stderr);
    assert!(answer.stderr.contains("everything is stored in /"), "the place: {}", answer.stderr);
    for part in ["6 of 6 trials complete", "val/accuracy", "hidden_dim", "95 % INTERVAL", "test/f1_macro"] {
        assert!(answer.stdout.contains(part), "{part}: {}", answer.stdout);
    }
    assert!(!answer.stdout.contains('\u{1b}'), "no colour where nobody sees it");
}

#[test]
fn results_do_not_depend_on_the_number_of_jobs() {
    let dir = project();
    let one = dir.run("run small.toml --json --jobs 1").json();
    let metric = "fold=1/train/loss";
    for jobs in [2, 4] {
        let other = dir.run(&format!("run small.toml --json --jobs {jobs}")).json();
        assert_eq!(result_of(&other), result_of(&one), "{jobs} jobs");
        assert_eq!(weights_of(&dir, &other), weights_of(&dir, &one), "{jobs} jobs");
        for trial in 0..6 {
            assert_eq!(history_of(&dir, &other, trial, metric), history_of(&dir, &one, trial, metric));
        }
    }
    let reseeded = dir.run("run small.toml --json --seed 8").json();
    assert_ne!(result_of(&reseeded), result_of(&one));
}

/// Starts `uaic` in the background.
fn start(dir: &TestDir, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_uaic"))
        .args(arguments)
        .current_dir(dir.join(""))
        .env("UAIC_STORE", dir.join("runs"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_study_killed_again_and_again_ends_as_if_nothing_had_happened() {
    let undisturbed = project();
    let expected = undisturbed.run("run small.toml --json").json();

    let dir = project();
    let started = Instant::now();
    let mut child = start(&dir, &["run", "small.toml", "--json"]);
    // Instants spread over the study by the golden ratio; each kill comes later into its process.
    for round in 0..6_u32 {
        let wait = 60 + u64::from((f64::from(round) * 0.618).fract().mul_add(1000.0, 0.0) as u32) / 2;
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        if dir.join("runs/uaic.db").exists() && !dir.run("ls --studies --json").stdout.contains("\"id\"") {
            // Killed before the study was there: start it again.
            child = start(&dir, &["run", "small.toml", "--json"]);
            continue;
        }
        let listed = dir.run("ls --json");
        assert!(!listed.stdout.contains("RUNNING"), "a killed run is not running: {}", listed.stdout);
        child = start(&dir, &["resume", "--json"]);
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let resumed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result_of(&resumed), result_of(&expected), "after {:?}", started.elapsed());
    assert_eq!(weights_of(&dir, &resumed), weights_of(&undisturbed, &expected));
    let trials = resumed["study"]["trials"].as_array().unwrap();
    let attempts = |trial: &Value| {
        dir.run(&format!("show {} --json", trial["run_id"].as_str().unwrap())).json()["run"]["attempts"]
            .as_u64()
    };
    assert!(trials.iter().any(|trial| attempts(trial) > Some(1)), "no kill hit a running trial");
    let metric = "fold=0/val/accuracy";
    for trial in 0..6 {
        let history = history_of(&dir, &resumed, trial, metric);
        assert_eq!(history, history_of(&undisturbed, &expected, trial, metric), "no point twice, none lost");
    }
}

#[test]
fn ctrl_c_stops_at_the_next_epoch_and_says_how_to_go_on() {
    let dir = project();
    let expected = project().run("run small.toml --json --trials 40 --no-final").json();
    let child = start(&dir, &["run", "small.toml", "--trials", "40", "--no-final"]);
    wait_for_a_finished_trial(&dir);
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let advice = stderr.lines().find(|line| line.contains("uaic resume ")).unwrap();
    let study = advice.split("uaic resume ").nth(1).unwrap().split('`').next().unwrap();
    let resumed = dir.run(&format!("resume {study} --json --no-final")).json();
    assert_eq!(result_of(&resumed), result_of(&expected));
}

#[test]
fn a_second_ctrl_c_stops_at_once_and_loses_nothing() {
    let dir = project();
    let mut child =
        start(&dir, &["run", "small.toml", "--trials", "40", "-P", "train.epochs=400", "--no-final"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !dir.run("ls --json").stdout.contains("RUNNING") {
        assert!(Instant::now() < deadline, "no trial started within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    let status = loop {
        assert!(Instant::now() < deadline, "it did not stop");
        let _ = Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status().unwrap();
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!(status.code(), Some(130));
    let listed = dir.run("ls --json").ok();
    assert!(listed.contains("CRASHED") || listed.contains("INTERRUPTED"), "{listed}");
}

fn wait_for_a_finished_trial(dir: &TestDir) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if dir.run("ls --json").stdout.contains("COMPLETE") {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no trial ended within a minute");
}

#[test]
fn a_failing_trial_is_recorded_and_the_study_goes_on() {
    let dir = project();
    // Half of the learning rates are absurd.
    dir.write("wild.toml", SPEC.replace("{ log = [1e-3, 1e-1] }", "{ choice = [1e-2, 1e36] }"));
    let json = dir.run("run wild.toml --json").json();
    let trials = json["study"]["trials"].as_array().unwrap();
    let failed: Vec<&Value> = trials.iter().filter(|trial| trial["state"] == "FAILED").collect();
    assert!(!failed.is_empty() && failed.len() < trials.len(), "{trials:?}");
    let shown = dir.run(&format!("show {}", failed[0]["run_id"].as_str().unwrap())).ok();
    assert!(shown.contains("the loss became"), "{shown}");
}

#[test]
fn a_study_without_a_complete_trial_fails_with_the_reason() {
    let answer = project().run("run small.toml -P train.lr=1e36 --trials 2");
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(
        answer.stderr.contains("the loss became") && answer.stderr.contains("train.lr"),
        "{}",
        answer.stderr
    );
}

#[test]
fn the_test_split_is_read_by_the_final_stage_only() {
    let dir = project();
    let before = dir.run("run small.toml --json --no-final").json();
    dir.write("data/tiny/test.tsv", "show flights to oslo\tflight\n");
    let after = dir.run("run small.toml --json --no-final").json();
    assert_eq!(result_of(&before), result_of(&after));
}

#[test]
fn a_run_keeps_its_log_and_all_that_led_to_it() {
    let dir = project();
    let json = dir.run("run small.toml --json --trials 1").json();
    let run = json["study"]["trials"][0]["run_id"].as_str().unwrap();
    let log = dir.run(&format!("show {run} --log")).ok();
    assert!(log.contains("epoch 3/3") && log.contains("trial done"), "{log}");
    let shown = dir.run(&format!("show {run} --json")).json();
    for fact in ["uaic.version", "cpu", "seed", "spec.hash", "data.train.hash", "host"] {
        assert!(shown["run"]["environment"][fact].is_string(), "{fact}: {}", shown["run"]["environment"]);
    }
    assert_eq!(shown["run"]["config"]["train"]["epochs"], 3);
    assert_eq!(shown["run"]["config"]["train"]["lr"], json["study"]["trials"][0]["params"]["train.lr"]);
}

#[test]
fn a_changed_data_set_cannot_be_resumed() {
    let dir = project();
    let json = dir.run("run small.toml --json --trials 1 --no-final").json();
    dir.write(
        "data/tiny/train.tsv",
        "a flight\tflight\nthe fare\tairfare\nb flight\tflight\nb fare\tairfare\n",
    );
    let answer = dir.run(&format!("resume {} --trials 2", json["study"]["id"].as_str().unwrap()));
    assert_eq!(answer.code, Some(4), "{answer:?}");
    assert!(answer.stderr.contains("data of study"), "{}", answer.stderr);
}

#[test]
fn a_study_can_be_extended_as_if_it_had_been_longer_from_the_start() {
    let long = project().run("run small.toml --json --trials 6").json();
    let dir = project();
    // Its final run retrains another trial than the longer study's may.
    dir.run("run small.toml --json --trials 2").ok();
    let extended = dir.run("resume --trials 6 --json").json();
    assert_eq!(result_of(&extended), result_of(&long));
}

#[test]
fn a_second_process_helps_with_a_study_that_runs() {
    let alone = project().run("run small.toml --json --no-final --trials 12").json();
    let dir = project();
    let mut first = start(&dir, &["run", "small.toml", "--trials", "12", "--no-final"]);
    wait_for_a_finished_trial(&dir);
    let together = dir.run("resume --json --no-final").json();
    assert!(first.wait().unwrap().success());
    assert_eq!(result_of(&together), result_of(&alone));
}

#[test]
fn a_dry_run_changes_nothing() {
    let dir = project();
    let said = dir.run("run small.toml --dry-run").ok();
    assert!(said.contains("6 trials") && said.contains("train.lr"), "{said}");
    assert!(!dir.join("runs").exists());
}

#[test]
fn wrong_options_and_specs_are_told_apart_by_exit_code() {
    let dir = project();
    assert_eq!(dir.run("run small.toml -P train.learning_rate=1").code, Some(2));
    assert_eq!(dir.run("run small.toml -P nonsense").code, Some(2));
    assert_eq!(dir.run("run small.toml --jobs 0").code, Some(2));
    assert_eq!(dir.run("resume").code, Some(3), "there is no store");
    assert_eq!(dir.run("run missing.toml").code, Some(2));
}

#[test]
fn an_instruction_set_can_be_forced_and_gives_the_same_bits() {
    let dir = project();
    let with = |name: &str, arguments: &[&str]| {
        Answer::of(dir.uaic().args(arguments).env("UAIC_KERNELS", name).output().unwrap())
    };
    let mut results = Vec::new();
    for kernels in Kernels::all() {
        let json = with(kernels.name(), &["run", "small.toml", "--json"]).json();
        let shown = dir.run(&format!("show {} --json", json["final"]["run_id"].as_str().unwrap())).json();
        assert_eq!(shown["run"]["environment"]["kernels"], kernels.name());
        results.push((kernels.name(), result_of(&json), weights_of(&dir, &json)));
    }
    for (name, result, weights) in &results[1..] {
        assert_eq!((result, weights), (&results[0].1, &results[0].2), "{name}");
    }
    let error = with("sse9", &["ls"]).fails(2);
    assert!(error.contains("UAIC_KERNELS=sse9") && error.contains("scalar, avx2, avx512, neon"), "{error}");
    assert!(!with("", &["ls"]).ok().is_empty());
}
