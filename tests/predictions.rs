//! `uaic evaluate --predictions` as a whole command.

use serde_json::Value;
use uaic_table::{Column, Table, Values, write_parquet};

use crate::support::TestDir;
use crate::support::small_study::project;

/// 200 rows of three classes, with probabilities.
fn rows() -> Vec<(String, [f64; 3])> {
    let row = |row: usize| {
        let (gold, guess) = (row % 3, if row.is_multiple_of(7) { row % 2 } else { row % 3 });
        let sure = 0.5 + 0.4 * (row * 37 % 100) as f64 / 100.0;
        let mut shares = [(1.0 - sure) / 2.0; 3];
        shares[guess] = sure;
        (["cat", "dog", "ox"][gold].to_owned(), shares)
    };
    (0..200).map(row).collect()
}

fn csv() -> String {
    let line = |(gold, p): &(String, [f64; 3])| format!("{gold},{},{},{}\n", p[0], p[1], p[2]);
    let lines: String = rows().iter().map(line).collect();
    format!("y,p_cat,p_dog,p_ox\n{lines}")
}

fn parquet() -> Vec<u8> {
    let column = |name: &str, values| Column { name: name.to_owned(), width: 1, values };
    let class = |class: usize| Values::Floats(rows().iter().map(|(_, p)| Some(p[class])).collect());
    let columns = vec![
        column("y", Values::Texts(rows().into_iter().map(|(gold, _)| Some(gold)).collect())),
        column("p_cat", class(0)),
        column("p_dog", class(1)),
        column("p_ox", class(2)),
    ];
    write_parquet(&Table { columns, rows: 200, ..Table::default() }, &[]).unwrap()
}

fn json_lines() -> String {
    let line = |(gold, p): &(String, [f64; 3])| {
        format!("{{\"y\": \"{gold}\", \"p\": [{}, {}, {}]}}\n", p[0], p[1], p[2])
    };
    rows().iter().map(line).collect()
}

#[test]
fn every_format_gives_the_same_figures() {
    let dir = TestDir::new();
    dir.write("p.csv", csv());
    dir.write("p.parquet", parquet());
    dir.write("p.jsonl", json_lines());
    let csv = dir.run("evaluate --predictions p.csv --json").json();
    assert_eq!(
        (&csv["rows"], &csv["task"], &csv["format"]),
        (&200.into(), &"multiclass".into(), &"CSV".into())
    );
    for arguments in ["--predictions p.parquet", "--predictions p.jsonl --classes cat,dog,ox"] {
        let other = dir.run(&format!("evaluate {arguments} --json")).json();
        assert_eq!(other["estimates"], csv["estimates"], "{arguments}");
        assert_eq!(other["classes"], csv["classes"]);
    }
    let accuracy = &csv["estimates"]["test/accuracy"];
    assert!(accuracy["low"].as_f64() < accuracy["value"].as_f64() && accuracy["n"] == 200, "{accuracy}");
    for name in ["auroc_macro", "average_precision_micro", "loss", "brier", "ece", "mcc", "kappa"] {
        assert!(csv["metrics"][format!("test/{name}")].is_f64(), "{name}: {}", csv["metrics"]);
    }
}

#[test]
fn people_see_a_table_and_what_was_found_out() {
    let dir = TestDir::new();
    dir.write("p.csv", csv());
    let said = dir.run("evaluate --predictions p.csv --split dev");
    assert!(said.stderr.contains("p.csv: CSV, 200 rows, multiclass, 3 classes"), "{}", said.stderr);
    assert!(
        said.stderr.contains("note: the right answers are in `y`, scores in 3 columns"),
        "{}",
        said.stderr
    );
    assert!(
        said.stdout.contains("dev/auroc_macro") && said.stdout.contains("95 % INTERVAL"),
        "{}",
        said.stdout
    );
    let named = dir.ask(&["evaluate", "--predictions", "p.csv", "--gold", "y", "--score", "p_*", "--csv"]);
    assert!(named.ok().contains(",test/accuracy,"));
}

#[test]
fn pictures_of_classifiers_and_of_regressions_are_written() {
    let dir = TestDir::new();
    dir.write("p.csv", csv());
    let said = dir.run("evaluate --predictions p.csv --plots pictures --json").json();
    let names = |said: &Value| -> Vec<String> {
        let path = |path: &Value| path.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        said["plots"].as_array().unwrap().iter().map(path).collect()
    };
    for name in ["roc", "precision_recall", "lift", "gain", "calibration", "confusion"] {
        assert!(names(&said).contains(&format!("{name}.png")), "{name}: {:?}", names(&said));
        assert!(std::fs::read(dir.join(format!("pictures/{name}.png"))).unwrap().starts_with(b"\x89PNG"));
    }
    let lines: String = (0..90)
        .map(|row| format!("{},{}\n", f64::from(row) / 9.0, f64::from(row * 41 % 90) / 9.0))
        .collect::<Vec<String>>()
        .concat();
    dir.write("r.csv", format!("y,yhat\n{lines}"));
    let said = dir.run("evaluate --predictions r.csv --plots pictures --json").json();
    assert_eq!(names(&said), ["predicted_against_true.png", "residuals.png", "error_quantiles.png"]);
    assert!(said["metrics"]["test/r2"].is_f64() && said["absent"]["test/mape"].is_string(), "{said}");
    dir.write("labels.csv", "y,pred\na,a\nb,a\nb,b\n");
    let said = dir.run("evaluate --predictions labels.csv --plots labels --json").json();
    assert_eq!(names(&said), ["confusion.png", "confusion_share.png", "f1.png"], "there are no scores");
    assert_eq!(said["positive"], "b");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let dir = TestDir::new();
    dir.write("p.csv", "y,p_a,p_b\na,1,0\nb,0.5\n");
    let told = dir.run("evaluate --predictions p.csv").fails(1);
    assert!(told.contains("p.csv:3: 2 cells where the head has 3"), "{told}");
    assert!(dir.run("evaluate --predictions q.csv").fails(3).contains("cannot read q.csv"));
    let told = dir.run("evaluate --predictions p.csv --gold x").fails(2);
    assert!(told.contains("p.csv has no column `x`"), "{told}");
    assert!(dir.run("evaluate --gold y").fails(2).contains("--predictions"));
    assert!(dir.run("evaluate @ --predictions p.csv").fails(2).contains("cannot be used with"));
    assert!(
        dir.run("evaluate --predictions p.csv --task ranking")
            .fails(2)
            .contains("binary, multiclass and regression")
    );
}

#[test]
fn what_a_model_of_ours_predicted_is_measured_as_its_run_was() {
    let (dir, said) = project();
    let again = dir.run("evaluate --predictions @:predictions/test.safetensors --json").json();
    let metrics = &said["final"]["metrics"];
    for name in ["accuracy", "f1_macro", "mcc", "loss", "brier", "ece", "auroc_macro"] {
        let key = format!("test/{name}");
        assert_eq!(again["metrics"][&key], metrics[&key], "{name}");
    }
    let told = dir.run("evaluate --predictions @:predictions/tset.safetensors").fails(3);
    assert!(told.contains("did you mean `predictions/test.safetensors`?"), "{told}");
}

/// 120 rows of two classes, a share of which the program gets wrong.
fn program(name: &str, wrong: usize, dir: &TestDir) {
    let line = |row: usize| {
        let is_yes = (row + usize::from(row % 20 < wrong)) % 2 == 1;
        let p = 0.5 + if is_yes { 0.1 } else { -0.1 } * (1.0 + (row % 7) as f64 / 2.0);
        format!("{row},{},{p}\n", ["no", "yes"][row % 2])
    };
    let lines: String = (0..120).map(line).collect();
    dir.write(format!("{name}.csv"), format!("id,y,score\n{lines}"));
}

#[test]
fn programs_are_kept_as_runs_and_compared_in_pairs() {
    let dir = TestDir::new();
    program("good", 1, &dir);
    program("bad", 7, &dir);
    let run = |name: &str| {
        let said = dir.run(&format!("evaluate --predictions {name}.csv --name {name} --json")).json();
        said["run"].as_str().unwrap().to_owned()
    };
    let (good, bad) = (run("good"), run("bad"));
    let shown = dir.run(&format!("show {good}")).ok();
    assert!(shown.contains("predictions/test.parquet") && shown.contains("test/auroc"), "{shown}");
    let again = dir.run(&format!("evaluate --predictions {good}:predictions/test.parquet --json")).json();
    let said = dir.run("evaluate --predictions good.csv --json").json();
    assert_eq!(again["estimates"], said["estimates"], "what is kept is all of it");

    let compared = dir.run(&format!("compare {good} {bad} --json")).json();
    let metric = |key: &str| {
        let metrics = compared["metrics"].as_array().unwrap();
        metrics.iter().find(|metric| metric["key"] == key).unwrap().clone()
    };
    let accuracy = metric("test/accuracy");
    assert_eq!(accuracy["deltas"][1]["method"], "McNemar", "{accuracy}");
    assert!((accuracy["deltas"][1]["delta"].as_f64().unwrap() + 0.3).abs() < 1e-9, "{accuracy}");
    for key in ["test/auroc", "test/brier_positive", "test/f1", "test/average_precision"] {
        let delta = &metric(key)["deltas"][1];
        assert!(
            delta["p"].as_f64().unwrap() < 0.05 && delta["method"] == "paired bootstrap",
            "{key}: {delta}"
        );
    }
    dir.run(&format!("plot roc {good}")).ok();
    assert!(std::fs::read(dir.join("roc.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(
        dir.run(&format!("plot residuls {good}")).fails(2).contains("of these predictions there are roc")
    );
    let worse = dir.run(&format!("compare {good} {bad} --fail-if-worse"));
    assert_eq!(worse.code, Some(1), "{worse:?}");
}

#[test]
fn a_run_that_has_ended_gets_a_part() {
    let dir = TestDir::new();
    program("good", 1, &dir);
    let first = dir.run("evaluate --predictions good.csv --name first --json").json();
    let first = first["run"].as_str().unwrap();
    let part = dir.run(&format!("evaluate --predictions good.csv --split dev --run {first} --json")).json();
    assert_ne!(part["run"], first);
    let shown = dir.run(&format!("show {}", part["run"].as_str().unwrap())).ok();
    assert!(shown.contains("dev/accuracy"), "{shown}");
}
