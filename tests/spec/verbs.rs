//! `uaic check` and `uaic init`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

pub(super) fn uaic(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uaic")).current_dir(folder).args(args).output().unwrap()
}

pub(super) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder set up by `uaic init`, with data.
fn initialised() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let output = uaic(root.path(), &["init"]);
    assert!(output.status.success(), "{}", stderr(&output));
    fs::create_dir_all(root.path().join("data/flights")).unwrap();
    fs::write(root.path().join("data/flights/train.tsv"), "a\tx\nb\ty\nc\tx\nd\ty\ne\tx\n").unwrap();
    root
}

#[test]
fn the_spec_that_init_writes_passes_check() {
    let root = initialised();
    let output = uaic(root.path(), &["check", "experiments/attention.toml"]);
    assert_eq!(
        stdout(&output),
        "experiments/attention.toml: ok — 16 trials of 5 parameters, tpe, 4 in parallel, 5 folds × 5 epochs, then 30 epochs\n"
    );
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn check_says_what_overrides_make_of_a_study() {
    let root = initialised();
    let output = uaic(
        root.path(),
        &[
            "check",
            "experiments/attention.toml",
            "-P",
            "study.trials=1",
            "-Pdata.validation.fraction=0.15",
            "-P",
            "search.train.epochs={ int = [2, 8] }",
            "-P",
            "final.epochs=0",
        ],
    );
    assert_eq!(
        stdout(&output),
        "experiments/attention.toml: ok — 1 trial of 6 parameters, tpe, 4 in parallel, 15 % kept aside, 2 to 8 epochs, no final stage\n"
    );
}

#[test]
fn check_prints_errors_on_stderr_and_exits_with_2() {
    let root = initialised();
    let output = uaic(root.path(), &["check", "experiments/attention.toml", "-P", "train.lr=0"]);
    assert_eq!(stdout(&output), "");
    assert_eq!(stderr(&output), "error: `train.lr` must be a number > 0, not 0\n --> -P train.lr=0\n");
    assert_eq!(output.status.code(), Some(2));
    let output = uaic(root.path(), &["check", "experiments/attention.toml", "-P", "train.lr"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn check_as_json_has_the_documented_shape() {
    let root = initialised();
    fs::write(root.path().join("x.toml"), "[experiment]\nname = \"x\"\n[data]\ndataset = \"fligths\"\n")
        .unwrap();
    let output = uaic(root.path(), &["check", "x.toml", "--json"]);
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let expected = json!({ "schema": 1, "ok": false, "errors": [{
        "message": "there is no data set `fligths`; looked for data/fligths/train.tsv",
        "path": "x.toml", "line": 4, "column": 11, "help": "did you mean `flights`?",
    }] });
    assert_eq!(answer, expected);
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(2));
    let output = uaic(root.path(), &["check", "experiments/attention.toml", "--json"]);
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(answer, json!({ "schema": 1, "ok": true, "errors": [] }));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn init_overwrites_nothing_without_force() {
    let root = initialised();
    let spec = root.path().join("experiments/attention.toml");
    fs::write(&spec, "mine").unwrap();
    let output = uaic(root.path(), &["init"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("`uaic init --force` overwrites it"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&spec).unwrap(), "mine");
    assert!(uaic(root.path(), &["init", "--force"]).status.success());
    assert_ne!(fs::read_to_string(&spec).unwrap(), "mine");
}

#[test]
fn init_adds_to_a_gitignore_what_it_lacks_and_keeps_the_rest() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(".gitignore"), "target\nruns").unwrap();
    assert!(uaic(root.path(), &["init"]).status.success());
    let expected = "target\nruns\n/reports/\n";
    assert_eq!(fs::read_to_string(root.path().join(".gitignore")).unwrap(), expected);
}

#[test]
fn init_makes_the_folders_and_says_what_comes_next() {
    let root = tempfile::tempdir().unwrap();
    let output = uaic(root.path(), &["init", "my lab"]);
    assert_eq!(stdout(&output), "wrote my lab/experiments/attention.toml\nwrote my lab/.gitignore\n");
    assert_eq!(
        stderr(&output),
        "next:\n  cd 'my lab'\n  uaic data generate flights --out data/flights\n  uaic run experiments/attention.toml\n"
    );
    for folder in ["experiments", "data", "runs", "reports"] {
        assert!(root.path().join("my lab").join(folder).is_dir(), "{folder}");
    }
}
