//! `uaic calibrate` as a whole command, on the model of a small study.

use serde_json::Value;

use crate::support::TestDir;
use crate::support::small_study::project;

fn calibration(dir: &TestDir, run: &str) -> Value {
    serde_json::from_str(&dir.run(&format!("show {run} --artifact calibration.json")).ok()).unwrap()
}

/// A folder beside the data set of the study with other texts.
fn other_data(dir: &TestDir) {
    let every = |split: &str, skip: usize| -> String {
        let text =
            std::fs::read_to_string(format!("{}/data/flights/{split}.tsv", env!("CARGO_MANIFEST_DIR")));
        text.unwrap()
            .lines()
            .skip(skip)
            .step_by(7)
            .take(80)
            .fold(String::new(), |all, line| all + line + "\n")
    };
    dir.write("june/asked.tsv", every("train", 3));
    dir.write("june/ood.tsv", every("ood", 1));
}

#[test]
fn a_new_calibration_is_a_run_of_its_own_and_the_old_run_stays() {
    let (dir, said) = project();
    other_data(&dir);
    let old = said["final"]["run_id"].as_str().unwrap();
    let before = calibration(&dir, old);
    let json = dir.run("calibrate @ --dataset ./june --split asked --json").json();
    let new = json["run"].as_str().unwrap();
    assert_ne!(new, old);
    assert_eq!((&json["from"], &json["was_there"]), (&old.into(), &false.into()));
    assert_eq!(calibration(&dir, old), before);
    assert_eq!(calibration(&dir, new), json["calibration"]);
    assert_ne!(json["calibration"]["temperature"], before["temperature"]);
    let how = json["calibration"]["how"].as_str().unwrap();
    assert!(how.contains("`asked` and `ood` of the data set june"), "{how}");
    let unused = json["calibration"]["left_out"].as_u64().unwrap();
    assert_eq!(json["calibration"]["threshold_texts"].as_u64().unwrap() + unused, 80);

    let again = dir.run("calibrate small/final --dataset ./june --split asked --json");
    assert_eq!(again.json()["from"], new, "the experiment's latest model is the calibrated one");
    let again = dir.run(&format!("calibrate {old} --dataset ./june --split asked --json")).json();
    assert_eq!((&again["run"], &again["was_there"]), (&new.into(), &true.into()));
    assert!(dir.run(&format!("show {new}")).ok().contains("calibrated_from"));
}

#[test]
fn the_calibrated_run_has_the_model_and_the_answers_of_the_old_one() {
    let (dir, said) = project();
    other_data(&dir);
    let text = dir.run("calibrate small --dataset ./june --split asked");
    assert!(text.stdout.contains("BEFORE") && text.stdout.contains("out-of-scope method"), "{text:?}");
    assert!(text.stderr.contains("keeps its own"), "{text:?}");
    let evaluated = dir.run("evaluate @ --json").json();
    let metrics = &said["final"]["metrics"];
    for name in ["test/accuracy", "test/loss", "oos/auroc"] {
        assert_eq!(evaluated["metrics"][name], metrics[name], "{name}");
    }
    assert_ne!(evaluated["metrics"]["test/loss_calibrated"], metrics["test/loss_calibrated"]);
    let stored: Value = serde_json::from_str(&dir.run("show @ --artifact metrics.json").ok()).unwrap();
    assert_eq!(evaluated["estimates"], stored);
    dir.run("report @ --out page").ok();
    dir.run("ls --studies").ok();
}

#[test]
fn what_the_model_was_tested_by_or_has_learnt_from_calibrates_nothing() {
    let (dir, _) = project();
    let error = dir.run("calibrate @ --split test").fails(2);
    assert!(error.contains("`test` of tiny is what run") && error.contains("was tested by"), "{error}");
    assert!(dir.run("calibrate @ --split train --oos ood_test").fails(2).contains("`ood_test`"));
    // Under another name it is the same.
    dir.write("copy/other.tsv", dir.read("data/tiny/test.tsv"));
    assert!(dir.run("calibrate @ --dataset ./copy --split other").fails(2).contains("was tested by"));
    let error = dir.run("calibrate @").fails(2);
    assert!(error.contains("of `train` are among those that the model has learnt from"), "{error}");
    let error = dir.run("calibrate @ --dataset ./copy").fails(3);
    assert!(error.contains("copy has no dev or train; it has: other"), "{error}");
    assert!(dir.run("calibrate @ --split ood").fails(2).contains("`--oos NAME`"));
    assert!(dir.run("calibrate @ --split train --oos train").fails(2).contains("begin with `ood_`"));
    assert_eq!(dir.run("ls --json").json()["runs"].as_array().map(Vec::len), Some(2), "nothing was recorded");
}

#[test]
fn a_package_gives_another_package_and_stays_as_it_is() {
    let (dir, _) = project();
    other_data(&dir);
    dir.run("export @ --out small.uaic").ok();
    let before = std::fs::read(dir.join("small.uaic")).unwrap();
    assert!(dir.run("calibrate small.uaic --dataset ./june").fails(2).contains("`--out FILE`"));
    let json = dir.run("calibrate small.uaic --dataset ./june --split asked --out june.uaic --json").json();
    assert_eq!(json["calibration"]["threshold_texts"], 80);
    assert_eq!(std::fs::read(dir.join("small.uaic")).unwrap(), before);
    let ask = |package: &str| dir.run(&format!("predict {package} flights --json")).json();
    let (old, new) = (ask("small.uaic"), ask("june.uaic"));
    assert_eq!(old["label"], new["label"]);
    assert_ne!(old["confidence"], new["confidence"]);
    let error = dir.run("calibrate small.uaic --dataset ./june --split asked --out june.uaic").fails(4);
    assert!(error.contains("june.uaic is there already"), "{error}");
    dir.write("copy/other.tsv", dir.read("data/tiny/test.tsv"));
    let error = dir.run("calibrate small.uaic --dataset ./copy --split other --out x.uaic").fails(2);
    assert!(error.contains("was tested by"), "{error}");
    assert!(
        dir.run("calibrate @ --dataset ./june --split asked --out x.uaic").fails(2).contains("uaic export")
    );

    // A run made of it, calibrated, is a package of its own.
    dir.run("import june.uaic").ok();
    dir.run("calibrate @ --dataset ./june --split asked").ok();
    dir.run("export @ --out again.uaic").ok();
    assert_eq!(ask("again.uaic")["label"], new["label"]);
}
