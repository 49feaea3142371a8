//! `uaic report` of runs of no study, one or several.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::small_study::project;
use crate::support::{Answer, TestDir};

/// Runs a program, and gives what came of it.
fn exec(dir: &TestDir, options: &[&str], program: &[&str]) -> Answer {
    dir.ask(&[&["exec"], options, &["--"], program].concat())
}

/// A program that says ten steps of a loss that falls by `lr`, and of an accuracy.
const TRAIN: &str = r#"i=1; while [ $i -le 10 ]; do
awk -v i=$i -v lr=$1 'BEGIN { printf "{\"step\": %d, \"train/loss\": %f, \"val/accuracy\": %f}\n", i, exp(-i * lr), 1 - exp(-i * lr) / 2 }'
i=$((i+1)); done; mkdir -p out; echo weights > out/model; echo 'the last line'"#;

fn train(dir: &TestDir, options: &[&str], lr: &str) {
    exec(dir, options, &["sh", "-c", TRAIN, "sh", lr]).ok();
}

/// Predictions of 120 rows of which every so manieth is wrong.
fn predictions(every: usize) -> String {
    let line = |row: usize| {
        let gold = row % 2;
        let sure = 0.55 + 0.4 * (row * 37 % 100) as f64 / 100.0;
        let p = if (gold == 0) == row.is_multiple_of(every) { 1.0 - sure } else { sure };
        format!("{},{p},{}\n", ["cat", "dog"][gold], 1.0 - p)
    };
    format!("y,p_cat,p_dog\n{}", (0..120).map(line).collect::<String>())
}

fn files(dir: &TestDir, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(dir.join(folder)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Both folders have the same files with the same bytes; gives their names.
#[track_caller]
fn same(dir: &TestDir, one: &str, other: &str) -> Vec<String> {
    let names = files(dir, one);
    assert_eq!(names, files(dir, other));
    for name in &names {
        let read = |folder: &str| fs::read(dir.join(folder).join(name)).unwrap();
        assert_eq!(read(one), read(other), "{name}");
    }
    names
}

#[track_caller]
fn has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

/// Every picture of a folder is in its page.
#[track_caller]
fn all_are_linked(page: &str, names: &[String]) {
    let is_picture = |name: &&String| Path::new(name).extension().is_some_and(|end| end == "png");
    for name in names.iter().filter(is_picture) {
        assert!(page.contains(&format!("]({name})")), "{name}");
    }
}

#[test]
fn a_program_has_a_report_that_tells_everything_and_twice_the_same() {
    let dir = TestDir::new();
    let note = "# Why\n\nA **first** try with `awk`, <script>x</script>";
    let options = ["--name", "baseline", "--experiment", "own", "--tag", "team=nlp", "--note", note];
    train(&dir, &[&options[..], &["--artifacts", "out", "--param", "opt=adam"]].concat(), "0.3");
    dir.write("p.csv", predictions(7));
    dir.run("evaluate --predictions p.csv --run baseline").ok();
    let folder = dir.run("report").ok().trim().to_owned();
    assert!(folder.starts_with("reports/own-"), "the latest run, as there is no study: {folder}");
    dir.run("report baseline --out one").ok();
    dir.run("report name:baseline --out two").ok();
    let names = same(&dir, "one", "two");
    for name in ["curves_train.png", "curves_val.png", "roc.png", "lift.png", "gain.png", "metrics.csv"] {
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
    let page = dir.read("one/report.md");
    all_are_linked(&page, &names);
    has(
        &page,
        &[
            "# baseline: report\n",
            "> # Why\n",
            "\\<script>",
            "| team | nlp |",
            "| opt | adam |",
            "- exit code: 0",
            "the last line",
            "| train/loss | 0.0498 | 10 | 0.0498 | 0.7408 | 10 |",
            "Predictions of test: 120 rows, binary, 2 classes.",
            "| artifacts/model | 8 B |",
            "uaic exec --experiment own --name baseline -- sh -c ",
        ],
    );
    let web = dir.read("one/index.html");
    has(
        &web,
        &["A <strong>first</strong> try with <code>awk</code>", "&lt;script&gt;x", "<section id=\"again\">"],
    );
    assert!(!web.contains("http://") && !web.contains("https://"), "nothing is fetched");
    let metrics: Value = serde_json::from_str(&dir.read("one/metrics.json")).unwrap();
    let accuracy = &metrics["metrics"]["test/accuracy"];
    assert!(accuracy["low"].as_f64() < accuracy["value"].as_f64() && accuracy["n"] == 120, "{accuracy}");
    assert_eq!(
        (&metrics["params"]["opt"], &metrics["metrics"]["train/loss"]["count"]),
        (&"adam".into(), &10.into())
    );
    assert!(
        dir.read("one/metrics.csv").starts_with("metric,latest,step,min,max,points,n,low,high\ntrain/loss,")
    );
}

#[test]
fn a_run_that_failed_says_how() {
    let dir = TestDir::new();
    exec(&dir, &["--name", "bad"], &["sh", "-c", "echo 'epoch 1 - loss: nan'; echo oh no >&2; exit 3"]);
    dir.run("report bad --out told").ok();
    let page = dir.read("told/report.md");
    has(
        &page,
        &["- state: failed", "- exit code: 3", "Why: exit", "oh no", "| loss | NaN | 1 | – | – | 1 |"],
    );
    assert!(!page.contains("## Curves"), "{page}");
}

#[test]
fn an_imported_run_has_a_report() {
    let dir = TestDir::new();
    dir.write(
        "lightning_logs/version_0/metrics.csv",
        "epoch,step,train_loss\n0,9,0.5\n1,19,0.25\n2,29,0.125\n",
    );
    dir.write("lightning_logs/version_0/hparams.yaml", "lr: 0.001\nmodel: mlp\n");
    dir.run("import lightning_logs").ok();
    dir.run("report @ --out told").ok();
    let page = dir.read("told/report.md");
    has(&page, &["| model | mlp |", "| train\\_loss | 0.1250 |", "![Curves](curves.png)", "uaic bundle "]);
    assert!(!page.contains("uaic exec"), "{page}");
}

#[test]
fn several_runs_have_a_report_with_what_differs_and_whether_it_is_real() {
    let dir = TestDir::new();
    for (name, lr, opt) in
        [("a", "0.1", "adam"), ("b", "0.2", "adam"), ("c", "0.3", "sgd"), ("d", "0.4", "sgd")]
    {
        let options = ["--name", name, "--experiment", "sweep", "--param", "epochs=10"];
        train(
            &dir,
            &[&options[..], &["--param", &format!("lr={lr}"), "--param", &format!("opt={opt}")]].concat(),
            lr,
        );
    }
    train(&dir, &["--name", "e", "--experiment", "other", "--param", "lr=0.05"], "0.05");
    for (name, every) in [("a", 5), ("d", 40)] {
        dir.write("p.csv", predictions(every));
        dir.run(&format!("evaluate --predictions p.csv --run {name}")).ok();
    }
    dir.run("report a --out told").ok();
    assert!(files(&dir, "told").contains(&"roc.png".to_owned()));
    dir.run("report a d b c e --metric train/loss --metric val/accuracy --out told").ok();
    dir.run("report a d b c e --metric train/loss --metric val/accuracy --out again").ok();
    let names = same(&dir, "told", "again");
    assert!(!names.contains(&"roc.png".to_owned()), "what an earlier report left is gone: {names:?}");
    for name in
        ["parallel.png", "slice.png", "history.png", "scatter.png", "curves_train.png", "comparison.png"]
    {
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
    let page = dir.read("told/report.md");
    all_are_linked(&page, &names);
    has(
        &page,
        &[
            "# Report of 5 runs of 2 experiments\n",
            "5 runs of 2 experiments: 5 complete",
            "The lowest train/loss is that of d: 0.0183 (the latest value of each, of 5 of 5 runs).",
            "Differences to a on the same rows",
            "| test/accuracy | d | +0.1750 |",
            "McNemar, n = 120 |",
            ", n = 120 |",
        ],
    );
    let table = dir.read("told/runs.csv");
    let head = table.lines().next().unwrap();
    assert!(head.contains(",lr,") && head.contains("metrics.test/accuracy"), "{head}");
    assert_eq!(table.lines().count(), 6, "predictions are with their run: {table}");
    let metrics: Value = serde_json::from_str(&dir.read("told/metrics.json")).unwrap();
    assert_eq!((&metrics["metric"], &metrics["direction"]), (&"train/loss".into(), &"minimize".into()));
    assert!(metrics["comparison"]["tests"][0]["p_holm"].is_f64(), "{metrics}");
    dir.ask(&["report", "-w", "experiment = sweep order by metrics.train/loss", "--out", "where"]).ok();
    let page = dir.read("where/report.md");
    has(&page, &["# sweep: report of 4 runs\n", "The same in all of them:\n\n- epochs: 10"]);
    assert!(dir.ask(&["report", "-w", "name = nothing"]).fails(3).contains("no run"));
    assert!(dir.run("report a b --direction up").fails(2).contains("minimize"));
}

#[test]
fn parts_are_told_with_their_run() {
    let dir = TestDir::new();
    let uaic = env!("CARGO_BIN_EXE_uaic");
    let script = format!(
        "for lr in 0.1 0.2 0.3; do {uaic} exec --param lr=$lr -- sh -c 'for i in 1 2 3; do echo \"step=$i loss=0.$i\"; done'; done"
    );
    exec(&dir, &["--name", "whole"], &["sh", "-c", &script]).ok();
    dir.run("report whole --out told").ok();
    let page = dir.read("told/report.md");
    has(
        &page,
        &["- parts: 3 runs", "## Parts\n", "## Parts: curves\n", "](parts_curves.png)", "](parts_slice.png)"],
    );
    assert_eq!(dir.read("told/runs.csv").lines().count(), 4);
    let part = dir.run("ls --parent whole --json").json()["runs"][0]["id"].as_str().unwrap().to_owned();
    dir.run(&format!("report {part} --out part")).ok();
    assert!(dir.read("part/report.md").contains("(whole)"), "a part names what it is part of");
}

#[test]
fn runs_of_studies_stand_beside_runs_of_none() {
    let (dir, said) = project();
    exec(&dir, &["--name", "own"], &["sh", "-c", "echo 'epoch 1 - loss: 0.5'"]).ok();
    dir.run("report small/0 small own --out told").ok();
    let page = dir.read("told/report.md");
    let study = &said["study"]["id"].as_str().unwrap()[..8];
    has(&page, &[&format!("| {study}/final |"), &format!("| {study}/0 |"), "| own |"]);
    let told = dir.run("report").ok();
    assert!(told.starts_with("reports/small-"), "a study before a run: {told}");
}
