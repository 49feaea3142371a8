//! Enqueued points: what no trial can have is refused, and what is promised is kept.

use serde_json::json;

use super::support::TestDir;

const SPEC: &str = r#"
[experiment]
name = "enqueued"
[objective]
command = ["awk", "BEGIN {{ print {x} }}"]
[search]
opt = { choice = ["sgd", "adam"] }
momentum = { uniform = [0, 1], when = { opt = "sgd" } }
nesterov = { choice = [true, false], when = { momentum = [0.5, 0.9] } }
depth = { int = [2, 10], step = 2 }
x = { uniform = [0, 1] }
seed = 5
constraints = ["x + momentum <= 1.5"]
[study]
metric = "y"
direction = "minimize"
trials = 6
"#;

fn project(spec: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write("x.toml", spec);
    dir
}

#[test]
fn what_no_trial_can_have_is_refused_and_nothing_is_promised() {
    let dir = project(SPEC);
    dir.run("study create x.toml").ok();
    for (point, said) in [
        ("opt=adam momentum=0.5", "`momentum` exists only when `opt` is sgd"),
        ("momentum=1.5", "`momentum` is searched over"),
        ("depth=3", "`depth` is searched over"),
        ("depth=12", "not 12"),
        ("depth=2.5", "not 2.5"),
        ("opt=lion", "not lion"),
        ("x=nan", "not NaN"),
        ("x=abc", "not abc"),
        ("seed=6", "`seed` is fixed at 5, so it cannot be 6"),
        ("momentun=0.5", "did you mean `momentum`?"),
        ("x=0.9 x=0.8", "`x` is given twice"),
        ("x=0.9 momentum=0.8", "no point of 10,000 with these values satisfies `x + momentum <= 1.5`"),
        ("nesterov=true momentum=0.6", "`nesterov` exists only when `momentum` is 0.5 or 0.9"),
    ] {
        let told = dir.run(&format!("study enqueue @ {point}")).fails(2);
        assert!(told.contains(said), "{point}: {told}");
    }
    assert_eq!(dir.run("study show --json").json()["changes"], json!([]));
}

#[test]
fn a_value_brings_what_it_needs_through_all_levels() {
    let dir = project(SPEC);
    dir.run("study create x.toml").ok();
    let said = dir.run("study enqueue @ momentum=0.9");
    assert!(said.code == Some(0) && said.stderr.contains("opt=sgd comes along"), "{said:?}");
    let json = dir.run("study enqueue @ nesterov=true depth=4 --json").json();
    assert_eq!(json["params"], json!({ "depth": 4, "momentum": 0.5, "nesterov": true, "opt": "sgd" }));
    dir.run("study enqueue @ x=0 seed=5").ok();
    let trials = dir.run("resume --json").json()["study"]["trials"].clone();
    assert_eq!((&trials[0]["params"]["momentum"], &trials[0]["params"]["opt"]), (&0.9.into(), &"sgd".into()));
    let second = &trials[1]["params"];
    assert_eq!(
        (&second["nesterov"], &second["depth"], &second["momentum"]),
        (&true.into(), &4.into(), &0.5.into())
    );
    assert_eq!((&trials[2]["params"]["x"], &trials[2]["state"]), (&0.0.into(), &"COMPLETE".into()));
}

#[test]
fn what_is_promised_is_kept_beyond_the_number_of_trials_and_in_another_space() {
    let dir = project(SPEC);
    dir.run("run x.toml").ok();
    let said = dir.run("study enqueue @ x=0.75");
    assert!(said.stderr.contains("--trials 7` lets it run"), "{said:?}");
    dir.run("study enqueue @ x=0.25").ok();
    let said = dir.run("resume");
    assert!(said.stderr.contains("the enqueued point of trial 7 has not had its turn"), "{said:?}");
    dir.write("narrow.toml", SPEC.replace("x = { uniform = [0, 1] }", "x = { uniform = [0, 0.5] }"));
    let said = dir.run("resume --spec narrow.toml --trials 10").fails(4);
    assert!(
        said.contains("enqueued for trial 6") && said.contains("--trials 7` evaluates it first"),
        "{said}"
    );
    dir.run("resume --trials 7").ok();
    let trials = dir.run("resume --spec narrow.toml --trials 10 --json").json()["study"]["trials"].clone();
    assert_eq!((&trials[6]["params"]["x"], &trials[7]["params"]["x"]), (&0.75.into(), &0.25.into()));
    assert_eq!(trials.as_array().unwrap().len(), 10);
}

#[test]
fn a_copy_keeps_what_is_promised() {
    let dir = project(SPEC);
    dir.run("run x.toml --trials 3").ok();
    dir.run("study enqueue @ x=0.75").ok();
    dir.run("study enqueue @ x=0.25").ok();
    let copy = dir.run("study copy @ --to other").ok().trim().to_owned();
    let trials =
        dir.run(&format!("resume {copy} --trials 6 --json --store other")).json()["study"]["trials"].clone();
    assert_eq!((&trials[3]["params"]["x"], &trials[4]["params"]["x"]), (&0.75.into(), &0.25.into()));
    let original = dir.run("resume --trials 6 --json").json()["study"]["trials"].clone();
    for at in 0..6 {
        assert_eq!(trials[at]["params"], original[at]["params"], "trial {at}");
    }
}
