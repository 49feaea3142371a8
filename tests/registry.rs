//! `uaic model` as whole commands.

use serde_json::Value;

use crate::support::TestDir;
use crate::support::small_study::project;

/// Two models of one experiment: `intents@1`, the champion, and `intents@2`, the challenger.
fn registered() -> TestDir {
    let (dir, said) = project();
    dir.run("run small.toml --seed 8 -P final.epochs=40 --quiet").ok();
    assert_eq!(dir.run("model register small intents --note first").ok(), "intents@1\n");
    let worse = said["final"]["run_id"].as_str().unwrap();
    assert_eq!(dir.run(&format!("model register {worse} intents")).ok(), "intents@2\n");
    dir.run("model alias intents@1 champion").ok();
    dir.run("model alias intents@2 challenger").ok();
    dir
}

#[test]
fn versions_are_listed_and_shown_with_their_lineage() {
    let dir = registered();
    let listed = dir.run("model ls intents --json").json();
    let models = listed["models"].as_array().unwrap();
    assert_eq!(models.len(), 2);
    assert_eq!((&models[0]["note"], &models[0]["aliases"][0]), (&"first".into(), &"champion".into()));
    assert_eq!((&models[1]["version"], &models[1]["metric"]), (&2.into(), &"test/accuracy".into()));
    let text = dir.run("model ls").ok();
    assert!(text.contains("intents@1") && text.contains("challenger"), "{text}");
    let run = dir.run("show intents@champion --json").json();
    let shown = dir.run("model show intents --json").json();
    assert_eq!(shown["model"]["run"], run["run"]["id"], "a bare name is its champion");
    let lineage = &shown["lineage"];
    assert_eq!((&lineage["seed"], &lineage["data"]["name"]), (&8.into(), &"tiny".into()));
    assert_eq!(lineage["spec_hash"], run["run"]["environment"]["spec.hash"]);
    assert_eq!(lineage["data"]["hashes"].as_object().unwrap().len(), 4);
    assert!(shown["estimates"]["test/accuracy"]["low"].is_f64());
    assert_eq!(shown["events"].as_array().unwrap().len(), 4);
    let text = dir.run("model show intents@2").ok();
    assert!(
        text.contains("intents@2") && text.contains("data hashes") && text.contains("registered"),
        "{text}"
    );
}

#[test]
fn an_address_will_do_wherever_a_model_is_named() {
    let dir = registered();
    let ask = |model: &str| dir.run(&format!("predict {model} --file data/tiny/test.tsv --json")).ok();
    let (first, second) = (ask("intents@1"), ask("intents@2"));
    assert_ne!(first, second);
    assert_eq!(
        (ask("intents"), ask("intents@champion"), ask("intents@challenger")),
        (first.clone(), first, second)
    );
    dir.run("export intents@2 --out second.uaic").ok();
    assert_eq!(ask("second.uaic"), ask("intents@2"));
    dir.run("evaluate intents@1").ok();
    let comparison = dir.run("compare intents@1 intents@2 --json").json();
    assert_eq!(comparison["columns"].as_array().unwrap().len(), 2);
    for (address, hint) in [
        ("intents@7", "it has champion, challenger, 1, 2"),
        ("intents@chmpion", "it has champion"),
        ("intnets@1", "did you mean `intents`?"),
    ] {
        let error = dir.run(&format!("predict {address} text")).fails(3);
        assert!(error.contains(hint), "{address}: {error}");
    }
    dir.run("model alias intents champion --remove").ok();
    assert_eq!(ask("intents"), ask("intents@2"), "without a champion, the latest");
    assert!(dir.run("model alias intents champion --remove").fails(3).contains("intents@champion"));
}

#[test]
fn a_worse_version_is_promoted_by_force_alone_and_that_is_recorded() {
    let dir = registered();
    let refused = dir.run("model promote intents@challenger --json");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let json: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!((&json["promoted"], &json["before"], &json["version"]), (&false.into(), &1.into(), &2.into()));
    assert_eq!(json["gates"][0]["broken"], true);
    assert!(json["gates"][0]["why"].as_str().unwrap().contains("p = "), "{json}");
    assert_eq!(dir.run("model show intents --json").json()["model"]["version"], 1);
    let told = dir.run("model promote intents@challenger").fails(1);
    assert!(told.contains("FAILED") && told.contains("--force"), "{told}");

    let forced = dir.run("model promote intents@challenger --force").ok();
    assert!(forced.contains("intents@champion is intents@2, and was intents@1"), "{forced}");
    let shown = dir.run("model show intents --json").json();
    let last = shown["events"].as_array().unwrap().last().unwrap()["detail"].as_str().unwrap().to_owned();
    assert!(last.starts_with("champion from 1 to 2: forced against worse than the baseline"), "{last}");

    let better = dir.run("model promote intents@1 --json").json();
    assert_eq!((&better["promoted"], &better["forced"]), (&true.into(), &false.into()));
    assert!(dir.run("model promote intents@1").ok().contains("already"));
}

#[test]
fn rules_of_ones_own_can_refuse_a_promotion() {
    let dir = registered();
    dir.run("model alias intents@2 champion").ok();
    let rule = ["model", "promote", "intents@1", "--fail-if", "test/accuracy < 2", "--json"];
    let refused = dir.uaic().args(rule).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((&json["gates"][0]["broken"], &json["gates"][1]["broken"]), (&true.into(), &false.into()));
    let wrong = dir.uaic().args(["model", "promote", "intents@1", "--fail-if", "test/accuracy"]).output();
    assert_eq!(wrong.unwrap().status.code(), Some(2));
    let first = dir.run("model promote intents@1 --to staging").ok();
    assert_eq!(first, "intents@staging is intents@1\n", "nobody there to be worse than");
}

#[test]
fn an_imported_model_cannot_be_judged_and_so_needs_force() {
    let dir = registered();
    dir.run("export intents@1 --out first.uaic").ok();
    let run = dir.run("import first.uaic").ok();
    assert_eq!(dir.run(&format!("model register {} intents", run.trim())).ok(), "intents@3\n");
    let told = dir.run("model promote intents@3").fails(1);
    assert!(told.contains("cannot be judged") && told.contains("no predictions"), "{told}");
    dir.run("model promote intents@3 --force").ok();
    let shown = dir.run("model show intents --json").json();
    assert_eq!(shown["lineage"]["kind"], "imported");
    assert_eq!(shown["lineage"]["package"]["run"], dir.run("show intents@1 --json").json()["run"]["id"]);
}

#[test]
fn a_diff_has_settings_metrics_labels_and_sizes() {
    let dir = registered();
    let json = dir.run("model diff intents@1 intents@2 --json").json();
    let metrics = json["comparison"]["metrics"].as_array().unwrap();
    let accuracy = metrics.iter().find(|metric| metric["key"] == "test/accuracy").unwrap();
    assert!(accuracy["deltas"][1]["p"].is_f64(), "{accuracy}");
    assert_eq!(json["labels"]["only_a"], Value::Array(vec![]));
    assert!(json["labels"]["common"].as_u64().unwrap() > 3);
    let weights =
        json["sizes"].as_array().unwrap().iter().find(|size| size["file"] == "model/weights.safetensors");
    assert_eq!(weights.unwrap()["a"], weights.unwrap()["b"]);
    let text = dir.run("model diff intents@1 intents@2").ok();
    for part in ["Difference", "test/accuracy", "in common", "model/weights.safetensors"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn names_and_runs_are_checked() {
    let dir = registered();
    assert!(dir.run("model register small a@b").fails(2).contains("`a@b` cannot name a model"));
    assert!(dir.run("model alias intents@1 3").fails(2).contains("a number alone is a version"));
    assert!(dir.run("model register best intents").fails(3).contains("was not kept"));
    assert!(dir.run("model show intnets").fails(3).contains("did you mean `intents`?"));
    assert!(dir.run("model ls nothing").fails(3).contains("there are intents"));
    assert_eq!(dir.run("model register small intents").ok(), "intents@1\n", "the same run keeps its version");
}

#[test]
fn the_help_documents_all_of_the_json() {
    fn keys(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(key, value)| {
                // Names of metrics, parameters and splits are data.
                if !["metrics", "estimates", "absent", "params", "hashes", "comparison", "package"]
                    .contains(&key.as_str())
                {
                    keys(value, found);
                }
                found.push(key.clone());
            }),
            Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let dir = registered();
    for (verb, arguments) in [
        ("ls", "ls"),
        ("show", "show intents"),
        ("alias", "alias intents@2 other"),
        ("diff", "diff intents@1 intents@2"),
        ("promote", "promote intents@2 --force"),
        ("register", "register small intents"),
    ] {
        let json = dir.run(&format!("model {arguments} --json")).json();
        let own = dir.run(&format!("model {verb} --help")).ok() + &dir.run("model ls --help").ok();
        let mut found = Vec::new();
        keys(&json, &mut found);
        for key in found {
            assert!(own.contains(&format!("\"{key}\"")), "`{key}` of model {verb}: {own}");
        }
    }
}
