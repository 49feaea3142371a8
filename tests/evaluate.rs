//! `uaic evaluate` and `uaic errors` as whole commands, on the model of a small study.

use serde_json::Value;

use crate::support::small_study::project;

fn names(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|segment| segment["name"].as_str().unwrap()).collect()
}

#[test]
fn a_stored_model_gives_the_figures_of_its_run_again() {
    let (dir, said) = project();
    let run = said["final"]["run_id"].as_str().unwrap();
    let stored: Value = serde_json::from_str(&dir.run("show @ --artifact metrics.json").ok()).unwrap();
    for selector in ["@", "small", "small/final", &run[..8]] {
        let again = dir.run(&format!("evaluate {selector} --json")).json();
        assert_eq!(again["run"], *run, "{selector}");
        assert_eq!(again["metrics"], said["final"]["metrics"]);
        assert_eq!(again["estimates"], stored);
        assert_eq!((&again["dataset"], &again["split"]), (&"tiny".into(), &"test".into()));
    }
    let metrics = &said["final"]["metrics"];
    for name in ["test/accuracy", "test/brier", "test/ece", "test/ece_calibrated", "oos/auroc", "oos/recall"]
    {
        assert!(metrics[name].is_f64(), "{name}: {metrics}");
    }
    let text = dir.run("evaluate @");
    assert!(text.stderr.contains("test texts of tiny"), "{}", text.stderr);
    assert!(text.stdout.contains("95 % INTERVAL") && text.stdout.contains("oos/fpr_at_95_tpr"), "{text:?}");
}

#[test]
fn a_final_run_keeps_its_predictions_and_its_calibration() {
    let (dir, _) = project();
    let calibration: Value =
        serde_json::from_str(&dir.run("show @ --artifact calibration.json").ok()).unwrap();
    assert!(calibration["temperature"].as_f64().unwrap() > 0.0);
    let choice = calibration["choice"].as_object().unwrap();
    let method = calibration["method"].as_str().unwrap();
    assert!(choice.contains_key(method) && choice.contains_key("mahalanobis"), "{calibration}");
    assert!(choice.iter().all(|(name, area)| name == "texts" || area.as_f64() <= choice[method].as_f64()));
    assert_eq!(calibration["schema"], 2);
    assert_eq!(calibration["reference"]["texts"], calibration["threshold_texts"]);
    assert_eq!(calibration["reference"]["score"].as_array().unwrap().len(), 21);
    assert!(calibration["how"].as_str().unwrap().starts_with("the first of 2 folds"), "{calibration}");
    assert_eq!(calibration["choice"]["texts"], 20);
    assert!(calibration["threshold_texts"].as_u64().unwrap() > 80);
    let shown = dir.run("show @").ok();
    for split in ["train", "validation", "test", "ood", "ood_test"] {
        assert!(shown.contains(&format!("predictions/{split}.safetensors")), "{split}: {shown}");
    }
    let absent: Value = serde_json::from_str(&dir.run("show @ --artifact metrics_absent.json").ok()).unwrap();
    assert!(absent.as_object().unwrap().values().all(Value::is_string), "{absent}");
}

#[test]
fn any_data_and_any_split_can_be_evaluated() {
    let (dir, _) = project();
    // Without a training split, and one text of the model's own.
    let own = dir.read("data/tiny/train.tsv").lines().next().unwrap().to_owned();
    dir.write("elsewhere/dev.tsv", format!("{own}\nfly me to the moon\tnever_seen\n"));
    let answer = dir.run("evaluate small --dataset ./elsewhere --split dev --out dev.csv");
    assert!(answer.stderr.contains("note: 1 of 2 dev texts also occur in train"), "{}", answer.stderr);
    assert!(answer.stdout.contains("dev/accuracy") && answer.stdout.contains("ABSENT"), "{}", answer.stdout);
    let table = dir.read("dev.csv");
    let head = table.lines().next().unwrap();
    assert_eq!(head, "text,gold,predicted,confidence,score,words,unknown_words");
    assert!(table.lines().nth(2).unwrap().starts_with("fly me to the moon,never_seen,"), "{table}");

    let outside = dir.run("evaluate small --split ood_test --json").json();
    assert!(outside["metrics"]["oos/auroc"].is_f64() && outside["metrics"]["test/accuracy"].is_null());
    let trained_on = dir.run("evaluate small --split train");
    assert!(trained_on.stderr.contains("the model was trained on these texts"), "{}", trained_on.stderr);
    dir.write("data/tiny/test.tsv", "show flights to oslo\tflight\n");
    assert!(dir.run("evaluate small").stderr.contains("note: test.tsv has changed since the run"));
}

#[test]
fn segments_divide_the_texts() {
    let (dir, _) = project();
    let json = dir.run("evaluate @ --by length --by unknown --by label --by words>9 --json").json();
    let segments = json["segments"].as_array().unwrap();
    for by in ["length", "unknown", "label", "words>9"] {
        let own: Vec<&Value> = segments.iter().filter(|segment| segment["by"] == by).collect();
        let n: u64 = own.iter().map(|segment| segment["n"].as_u64().unwrap()).sum();
        assert_eq!(json["texts"], n, "{by}");
        assert!(own.iter().all(|segment| segment["accuracy"]["low"].is_f64()), "{own:?}");
    }
    assert!(names(&json["segments"]).contains(&"not words>9"));
    let text = dir.run("evaluate @ --by length").ok();
    assert!(text.contains("BY LENGTH") && text.contains(" words"), "{text}");
    let error = dir.run("evaluate @ --by letters>3").fails(2);
    assert!(error.contains("`letters>3` is no rule") && error.contains("contains:TEXT"), "{error}");
    assert!(dir.run("evaluate @ --split ood_test --by length").fails(2).contains("have no label"));
}

#[test]
fn mistakes_come_most_confident_first_with_the_nearest_training_text() {
    let (dir, said) = project();
    let all = dir.run("errors @ -n 0 --json").json();
    let mistakes = all["mistakes"].as_array().unwrap();
    assert_eq!(all["wrong"], mistakes.len());
    let accuracy = said["final"]["metrics"]["test/accuracy"].as_f64().unwrap();
    let texts = all["texts"].as_f64().unwrap();
    assert!((1.0 - mistakes.len() as f64 / texts - accuracy).abs() < 1e-9, "{accuracy}");
    assert!(mistakes.len() > 2, "too good a model to test with");
    let confidences: Vec<f64> = mistakes.iter().map(|one| one["confidence"].as_f64().unwrap()).collect();
    assert!(confidences.is_sorted_by(|a, b| a >= b), "{confidences:?}");
    let train = dir.read("data/tiny/train.tsv");
    let test: Vec<String> = dir.read("data/tiny/test.tsv").lines().map(str::to_owned).collect();
    for one in mistakes {
        assert_ne!(one["gold"], one["predicted"]);
        let line = format!("{}\t{}", one["text"].as_str().unwrap(), one["gold"].as_str().unwrap());
        assert_eq!(test[one["row"].as_u64().unwrap() as usize - 1], line);
        let nearest = &one["nearest"];
        let line = format!("{}\t{}", nearest["text"].as_str().unwrap(), nearest["label"].as_str().unwrap());
        assert!(train.lines().any(|known| known == line), "{nearest}");
    }
    let some = dir.run("errors small -n 1");
    assert!(some.stdout.contains("nearest in train (0.") && some.stdout.contains("taken for"), "{some:?}");
    assert!(some.stderr.contains(&format!("{} more; `-n 0` lists all", mistakes.len() - 1)), "{some:?}");
}

#[test]
fn what_has_no_model_is_told_where_one_is() {
    let (dir, said) = project();
    let study = &said["study"]["id"].as_str().unwrap()[..8];
    for verb in ["evaluate", "errors"] {
        let error = dir.run(&format!("{verb} best")).fails(3);
        assert!(
            error.contains("the model of trial 0") && error.contains(&format!("uaic {verb} {study}/final"))
        );
        let error = dir.run(&format!("{verb} @ --split tset")).fails(3);
        assert!(error.contains("did you mean `test`?"), "{error}");
        assert!(dir.run(&format!("{verb} @ --dataset ./nowhere")).fails(3).contains("nowhere"));
    }
    std::fs::rename(dir.join("data"), dir.join("moved")).unwrap();
    let error = dir.run("errors @").fails(3);
    assert!(error.contains("the data set `tiny`") && error.contains("`--dataset DIR`"), "{error}");
    let elsewhere = dir.run("errors @ --dataset ./moved/tiny");
    assert!(elsewhere.stderr.contains("the training texts are not here"), "{elsewhere:?}");
    dir.run("evaluate @ --dataset ./moved/tiny").ok();

    std::fs::rename(dir.join("moved"), dir.join("data")).unwrap();
    dir.run("run small.toml --no-final --seed 8").ok();
    assert!(dir.run("evaluate small").fails(3).contains("has no final run"));
}

#[test]
fn the_help_documents_all_of_the_json() {
    let (dir, _) = project();
    for (verb, inner) in [("evaluate", "segments"), ("errors", "mistakes")] {
        let by = if verb == "evaluate" { "--by length" } else { "" };
        let json = dir.run(&format!("{verb} @ {by} --json")).json();
        let help = dir.run(&format!("{verb} --help")).ok();
        let outer = json.as_object().unwrap().keys();
        for key in outer.chain(json[inner][0].as_object().unwrap().keys()) {
            assert!(help.contains(&format!("\"{key}\"")), "`{key}` of {verb}: {help}");
        }
    }
}

#[test]
fn the_example_of_an_artifact_in_the_help_of_show_works() {
    let (dir, _) = project();
    let help = dir.run("show --help").ok();
    let example = help.lines().find(|line| line.contains("--artifact model/config.json")).unwrap();
    let example = example.trim().strip_prefix("uaic ").unwrap().replace("attention", "small");
    dir.run(&example).ok();
    assert!(dir.read("config.json").contains("hidden_dim"));
    let error = dir.run("show best --artifact ../model").fails(2);
    assert!(error.contains("cannot name an artifact"), "{error}");
}
