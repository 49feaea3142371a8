//! Studies whose trials are asked for and told: nothing here evaluates them.

use serde_json::{Value, json};

use super::support::TestDir;

const SPEC: &str = r#"
[experiment]
name = "asked"
[objective]
ask = true
[search]
x = { uniform = [0, 1] }
[study]
metric = "y"
direction = "minimize"
trials = 4
"#;

fn project(spec: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write("x.toml", spec);
    dir
}

fn study(dir: &TestDir) -> Value {
    dir.run("study show --json").json()["study"].clone()
}

/// A study of which every trial is told.
fn told() -> TestDir {
    let dir = project(SPEC);
    dir.run("study create x.toml").ok();
    dir.run("ask @ -n 4").ok();
    for number in 0..4 {
        dir.run(&format!("tell @ {number} 0.{number}")).ok();
    }
    assert_eq!(study(&dir)["state"], "COMPLETE");
    dir
}

#[test]
fn resume_raises_the_number_of_trials_and_evaluates_nothing() {
    let dir = told();
    assert_eq!(dir.run("study enqueue @ x=0.25").ok().trim(), "4");
    let said = dir.run("resume @ --trials 6");
    assert!(said.code == Some(0) && said.stderr.contains("`uaic ask"), "{said:?}");
    let now = study(&dir);
    assert_eq!((&now["trials"], &now["failed"], &now["done"]), (&6.into(), &0.into(), &4.into()));
    assert_ne!(now["state"], "COMPLETE", "there is something to be done");
    let next = dir.run("ask @ -n 2 --json").json();
    assert_eq!(next["trials"][0]["number"], 4);
    assert_eq!(next["trials"][0]["params"], json!({ "x": 0.25 }));
    assert_eq!(next["trials"][1]["number"], 5);
    for number in 4..6 {
        dir.run(&format!("tell @ {number} 1")).ok();
    }
    assert_eq!(study(&dir)["state"], "COMPLETE");
    let json = dir.run("resume --trials 7 --json").json();
    assert_eq!(json["study"]["trials"].as_array().unwrap().len(), 6, "{json}");
}

#[test]
fn resume_without_a_number_says_what_to_do_and_does_not_wait() {
    let dir = project(SPEC);
    let id = dir.run("study create x.toml").ok().trim().to_owned();
    let said = dir.run("resume @").fails(2);
    assert!(
        said.contains(&format!("`uaic ask {id}`")) && said.contains(&format!("`uaic tell {id}")),
        "{said}"
    );
    dir.run("ask @ -n 2").ok();
    let before = study(&dir);
    dir.run("resume @ --jobs 3").fails(2);
    assert_eq!(study(&dir), before);
    dir.run("resume @ --trials 9").ok();
    let after = study(&dir);
    assert_eq!(
        (&after["running"], &after["failed"], &after["state"]),
        (&2.into(), &0.into(), &"RUNNING".into())
    );
    let told = told();
    let results = told.run("resume @");
    assert!(results.code == Some(0) && results.stdout.contains("4 of 4 trials complete"), "{results:?}");
}

#[test]
fn a_refused_ask_changes_nothing() {
    let dir = told();
    let before = study(&dir);
    let said = dir.run("ask @").fails(4);
    assert!(said.contains("has all of its 4 trials") && said.contains("--trials N"), "{said}");
    dir.run("ask @ -n 3 --json").fails(4);
    assert_eq!(study(&dir), before);
}

#[test]
fn run_says_how_such_a_study_is_made() {
    let dir = project(SPEC);
    for arguments in ["run x.toml", "run x.toml --dry-run"] {
        let said = dir.run(arguments).fails(2);
        assert!(said.contains("`uaic study create x.toml`"), "{said}");
    }
    let said = dir.run("run x.toml --trials 9 -P study.sampler=\"tpe\"").fails(2);
    let (_, command) = said.split_once("`uaic ").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    dir.run(&command.replace('\'', "")).ok();
    assert_eq!(study(&dir)["trials"], 9, "{command}");
}

#[test]
fn a_copy_asks_again_for_what_was_open_and_keeps_what_was_promised() {
    let dir = project(SPEC);
    dir.run("study create x.toml -P study.trials=6").ok();
    dir.run("study enqueue @ x=0.125").ok();
    dir.run("study enqueue @ x=0.25").ok();
    dir.run("study enqueue @ x=0.375").ok();
    dir.run("ask @ -n 3").ok();
    dir.run("study enqueue @ x=0.5").ok();
    dir.run("tell @ 0 1").ok();
    dir.run("tell @ 2 1").ok();
    let copy = dir.run("study copy @ --name copied").ok().trim().to_owned();
    let asked = dir.run(&format!("ask {copy} -n 2 --json")).json();
    let of = |at: usize| {
        (
            asked["trials"][at]["number"].as_u64().unwrap(),
            asked["trials"][at]["params"]["x"].as_f64().unwrap(),
        )
    };
    assert_eq!((of(0), of(1)), ((1, 0.25), (3, 0.5)), "trial 1 was open, and 3 was promised");
    for number in [1, 3] {
        dir.run(&format!("tell {copy} {number} 0.5")).ok();
    }
    dir.run(&format!("study correct {copy}/2 0.1 --reason digits")).ok();
    let best = dir.run(&format!("best {copy} -n 1 --json")).json();
    assert_eq!(best["trials"][0]["number"], 2);
}

#[test]
fn told_values_that_miss_a_condition_are_not_the_best() {
    let spec = SPEC.replace(
        "metric = \"y\"\ndirection = \"minimize\"",
        "metric = [\"y\", \"size\"]\ndirection = [\"minimize\", \"minimize\"]\nfeasible = \"size <= 10\"",
    );
    let dir = project(&spec);
    dir.run("study create x.toml").ok();
    dir.run("ask @ -n 2").ok();
    dir.run("tell @ 0 0.1 50").ok();
    dir.run("tell @ 1 0.9 5").ok();
    assert_eq!(dir.run("best -n 1 --json").json()["trials"][0]["number"], 1);
    assert_eq!(study(&dir)["best_trial"], 1);
    let front = dir.run("study pareto --json").json();
    assert_eq!(front["trials"].as_array().unwrap().len(), 1, "{front}");
}

#[test]
fn a_space_that_has_run_out_ends_the_study() {
    let dir = project(&SPEC.replace("{ uniform = [0, 1] }", "{ int = [1, 3] }"));
    dir.run("study create x.toml").ok();
    let asked = dir.run("ask @ -n 4 --json");
    assert!(asked.stderr.contains("3 of 4 trials: every point"), "{asked:?}");
    for number in 0..3 {
        dir.run(&format!("tell @ {number} {number}")).ok();
    }
    assert_eq!(study(&dir)["state"], "COMPLETE");
    assert!(dir.run("ask @").fails(4).contains("has been tried"));
    assert_eq!(study(&dir)["state"], "COMPLETE");
}
