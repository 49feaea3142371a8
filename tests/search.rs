//! The search engine from the command line: spaces, budgets, several processes, asking and telling, and
//! what a user may change of a study that goes on.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::support::TestDir;

/// A study of an arithmetic program: `awk` is everywhere and starts in a millisecond.
const SPEC: &str = r#"
[experiment]
name = "arithmetic"

[objective]
command = ["awk", "BEGIN {{ print ({x} - 2) ^ 2 + {y} }}"]

[search]
x = { uniform = [-5, 5] }
y = { int = [0, 3] }

[study]
trials = 12
parallel = 4
seed = 3
sampler = "tpe"
"#;

/// A study whose trials are asked for.
const ASKED: &str = r#"
[experiment]
name = "asked"
[objective]
ask = true
[search]
x = { uniform = [-5, 5] }
kind = { choice = ["a", "b"] }
depth = { int = [1, 4], when = { kind = "b" } }
[study]
trials = 40
"#;

fn project(spec: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write("x.toml", spec);
    dir
}

/// Number, state, value and point of every trial of `run --json`.
fn essence(json: &Value) -> Vec<Value> {
    let of =
        |trial: &Value| serde_json::json!([trial["number"], trial["state"], trial["value"], trial["params"]]);
    json["study"]["trials"].as_array().unwrap().iter().map(of).collect()
}

fn start(dir: &TestDir, arguments: &[&str]) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("uaic"));
    command.args(arguments).arg("--store").arg(dir.join("runs")).current_dir(dir.join(""));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn every_sampler_gives_the_same_study_with_any_number_of_jobs() {
    for sampler in ["auto", "cma-es", "gp", "grid", "nsga2", "random", "sobol", "tpe"] {
        let run = |jobs: u32| {
            let dir = project(&SPEC.replace("\"tpe\"", &format!("\"{sampler}\"")));
            essence(&dir.run(&format!("run x.toml --json --jobs {jobs}")).json())
        };
        let alone = run(1);
        assert_eq!(alone.len(), 12, "{sampler}");
        assert_eq!(run(8), alone, "{sampler}");
    }
}

#[test]
fn every_pruner_gives_the_same_study_with_any_number_of_jobs_and_after_a_stop() {
    let steps = r#"BEGIN {{ for (s = 1; s <= 6; s++) printf \"{{\\\"step\\\": %d, \\\"value\\\": %g}}\\n\", s, ({x} - 2) ^ 2 + {y} + 3 / s }}"#;
    let spec =
        SPEC.replace("BEGIN {{ print ({x} - 2) ^ 2 + {y} }}", steps).replace("trials = 12", "trials = 20");
    for pruner in [
        "kind = \"median\"\nstartup_trials = 3",
        "kind = \"percentile\"\nstartup_trials = 3",
        "kind = \"successive-halving\"",
        "kind = \"hyperband\"\nmax_resource = 6",
        "kind = \"threshold\"\nupper = 9",
        "kind = \"patience\"\npatience = 1\naround = \"median\"",
        "kind = \"wilcoxon\"",
    ] {
        let spec = format!("{spec}\n[pruner]\n{pruner}\n");
        let alone = essence(&project(&spec).run("run x.toml --json --jobs 1").json());
        let together = essence(&project(&spec).run("run x.toml --json --jobs 8").json());
        assert_eq!(together, alone, "{pruner}");
        let dir = project(&spec);
        dir.run("run x.toml --trials 9 --json").ok();
        assert_eq!(essence(&dir.run("resume --trials 20 --json").json()), alone, "{pruner}");
        let pruned = alone.iter().filter(|trial| trial[1] == "PRUNED").count();
        assert!(pruned > 0 || pruner.contains("patience") || pruner.contains("wilcoxon"), "{pruner}");
    }
}

#[test]
fn processes_that_are_killed_leave_a_study_to_the_others() {
    let trials = 60;
    let spec =
        SPEC.replace("trials = 12", &format!("trials = {trials}")).replace("parallel = 4", "parallel = 8");
    let alone = essence(&project(&spec).run("run x.toml --json").json());
    let dir = project(&spec);
    let id = dir.run("study create x.toml").ok().trim().to_owned();
    let mut workers: Vec<Child> = (0..5).map(|_| start(&dir, &["resume", &id, "--jobs", "1"])).collect();
    for worker in workers.iter_mut().take(2) {
        std::thread::sleep(std::time::Duration::from_millis(60));
        worker.kill().unwrap();
    }
    for worker in &mut workers {
        worker.wait().unwrap();
    }
    let together = dir.run("resume --json").json();
    assert_eq!(essence(&together), alone);
    let listed = dir.run("ls --json -n 0").json();
    let runs = listed["runs"].as_array().unwrap();
    let numbers: BTreeSet<u64> = runs.iter().map(|run| run["number"].as_u64().unwrap()).collect();
    assert_eq!((runs.len(), numbers.len()), (trials, trials));
    assert!(runs.iter().all(|run| run["state"] == "COMPLETE"), "{listed}");
}

#[test]
fn trials_are_asked_for_once_and_told_once() {
    let dir = project(ASKED);
    let id = dir.run("study create x.toml").ok().trim().to_owned();
    let asked = dir.run(&format!("ask {id} -n 3 --json")).json();
    let trials = asked["trials"].as_array().unwrap();
    let numbers: Vec<u64> = trials.iter().map(|trial| trial["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2]);
    for trial in trials {
        let params = trial["params"].as_object().unwrap();
        assert_eq!(params.contains_key("depth"), params["kind"] == "b", "{trial}");
    }
    assert_eq!(dir.run(&format!("tell {id} 0 -1.5 --json")).json()["news"], true);
    assert_eq!(dir.run(&format!("tell {id} 0 -1.5 --json")).json()["news"], false, "told again");
    let said = dir.run(&format!("tell {id} 0 2")).fails(4);
    assert!(said.contains("trial 0 is COMPLETE already"), "{said}");
    dir.run(&format!("tell {id} 1 --pruned")).ok();
    dir.run(&format!("tell {id} 2 --fail no-oil")).ok();
    let said = dir.run(&format!("tell {id} 7 1")).fails(3);
    assert!(said.contains("there is no trial 7"), "{said}");
    let listed = dir.run("ls --json").json();
    let states: Vec<&str> =
        listed["runs"].as_array().unwrap().iter().rev().map(|run| run["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["COMPLETE", "PRUNED", "FAILED"]);
    let next = dir.run(&format!("ask {id} --json")).json();
    assert_eq!(next["trials"][0]["number"], 3);
    let explained = dir.run(&format!("explain {id}/3 --json")).json();
    assert!(!explained["reason"].as_str().unwrap().is_empty());
}

#[test]
fn many_who_ask_at_once_get_different_trials() {
    let dir = project(ASKED);
    let id = dir.run("study create x.toml").ok().trim().to_owned();
    let mut askers: Vec<Child> = (0..4).map(|_| start(&dir, &["ask", &id, "-n", "5"])).collect();
    for asker in &mut askers {
        assert!(asker.wait().unwrap().success());
    }
    let listed = dir.run("ls --json -n 0").json();
    let runs = listed["runs"].as_array().unwrap();
    let numbers: BTreeSet<u64> = runs.iter().map(|run| run["number"].as_u64().unwrap()).collect();
    assert_eq!((runs.len(), numbers.len()), (20, 20));
    assert!(runs.iter().all(|run| run["state"] == "RUNNING" && run["attempts"] == 1));
}

#[test]
fn an_enqueued_point_is_the_next_trial_and_the_rest_is_as_it_would_be() {
    let dir = project(SPEC);
    dir.run("run x.toml --trials 4 --json").ok();
    assert_eq!(dir.run("study enqueue @ x=2 y=0").ok().trim(), "4");
    let json = dir.run("resume --trials 8 --json").json();
    let trials = json["study"]["trials"].as_array().unwrap();
    assert_eq!(trials[4]["params"], serde_json::json!({ "x": 2.0, "y": 0 }));
    assert_eq!(json["study"]["best"]["number"], 4);
    let again = dir.run("resume --json").json();
    assert_eq!(essence(&again), essence(&json), "it can be replayed");
    let said = dir.run("study enqueue @ x=9").fails(2);
    assert!(said.contains("`x` is searched over"), "{said}");
    let said = dir.run("study enqueue @ xx=1").fails(2);
    assert!(said.contains("`xx` is not searched"), "{said}");
}

#[test]
fn an_excluded_trial_is_no_longer_the_best_and_a_corrected_one_has_its_new_value() {
    let dir = project(SPEC);
    let json = dir.run("run x.toml --json").json();
    let best = json["study"]["best"]["number"].as_u64().unwrap();
    dir.run(&format!("study exclude @/{best} --reason typo")).ok();
    let after = dir.run("resume --json").json();
    assert_ne!(after["study"]["best"]["number"].as_u64().unwrap(), best);
    dir.run(&format!("study include @/{best} --reason sorry")).ok();
    let other = u64::from(best == 0);
    dir.run(&format!("study correct @/{other} -100 --reason digits")).ok();
    let longer = dir.run("resume --json --trials 16").json();
    assert_eq!(longer["study"]["best"]["number"].as_u64().unwrap(), other);
    assert_eq!(longer["study"]["trials"].as_array().unwrap().len(), 16);
    assert_eq!(essence(&dir.run("resume --json").json()), essence(&longer), "changes can be replayed");
    let shown = dir.run("study show @").ok();
    assert!(shown.contains("excluded: typo") && shown.contains("corrected from"), "{shown}");
}

#[test]
fn a_study_goes_on_in_a_wider_space_and_nothing_else_may_change() {
    let dir = project(SPEC);
    let before = dir.run("run x.toml --json").json();
    dir.write("wider.toml", SPEC.replace("[-5, 5]", "[-50, 50]"));
    let after = dir.run("resume --spec wider.toml --trials 30 --json").json();
    assert_eq!(essence(&after)[..12], essence(&before)[..]);
    let far = |trial: &Value| trial["params"]["x"].as_f64().unwrap().abs() > 5.0;
    assert!(after["study"]["trials"].as_array().unwrap()[12..].iter().any(far), "{after}");
    assert_eq!(essence(&dir.run("resume --json").json()), essence(&after));
    dir.write("other.toml", SPEC.replace("seed = 3", "seed = 4"));
    let said = dir.run("resume --spec other.toml").fails(4);
    assert!(said.contains("with nothing else changed"), "{said}");
}

#[test]
fn a_target_ends_a_study_at_the_same_trial_on_any_machine() {
    let spec = SPEC.replace("trials = 12", "trials = 200\ntarget = 0.5");
    let run = |jobs: u32| {
        let dir = project(&spec);
        dir.run(&format!("run x.toml --json --jobs {jobs}")).json()
    };
    let one = run(1);
    let count = one["study"]["trials"].as_array().unwrap().len();
    assert!((5..200).contains(&count), "{count}");
    assert_eq!(essence(&run(6)), essence(&one));
}

#[test]
fn a_timeout_lets_running_trials_end_and_the_study_be_complete() {
    let slow = SPEC
        .replace("BEGIN {{", "BEGIN {{ system(\\\"sleep 0.2\\\");")
        .replace("trials = 12", "trials = 1000\ntimeout = 1");
    let json = project(&slow).run("run x.toml --json --jobs 2").json();
    let trials = json["study"]["trials"].as_array().unwrap();
    assert!((2..100).contains(&trials.len()), "{}", trials.len());
    assert!(trials.iter().all(|trial| trial["state"] == "COMPLETE"));
}

#[test]
fn duplicates_are_avoided_reused_or_repeated() {
    let finite = SPEC
        .replace("{ uniform = [-5, 5] }", "{ int = [1, 2] }")
        .replace("trials = 12", "trials = 12\nduplicates = \"DUP\"");
    let count = |policy: &str, counter: &str| {
        let script =
            format!("BEGIN {{{{ print \\\"x\\\" >> \\\"{counter}\\\"; print ({{x}} - 2) ^ 2 + {{y}} }}}}");
        let dir =
            project(&finite.replace("DUP", policy).replace("BEGIN {{ print ({x} - 2) ^ 2 + {y} }}", &script));
        let json = dir.run("run x.toml --json --jobs 1").json();
        let trials = json["study"]["trials"].as_array().unwrap().clone();
        let first_eight: BTreeSet<String> =
            trials[..8].iter().map(|trial| trial["params"].to_string()).collect();
        (first_eight.len(), dir.read(counter).lines().count())
    };
    assert_eq!(count("avoid", "c").0, 8, "each of the eight points once");
    let (_, evaluated) = count("reuse", "c");
    assert!(evaluated < 12, "{evaluated} of 12 were evaluated");
    assert_eq!(count("repeat", "c").1, 12);
}

#[test]
fn several_metrics_have_a_front() {
    let spec = SPEC
        .replace("print ({x} - 2) ^ 2 + {y}", "printf \\\"{{\\\\\\\"a\\\\\\\": %g, \\\\\\\"b\\\\\\\": %g}}\\\\n\\\", ({x} - 2) ^ 2, ({x} + 2) ^ 2")
        .replace("trials = 12", "trials = 20\nmetric = [\"a\", \"b\"]\ndirection = [\"minimize\", \"minimize\"]");
    let dir = project(&spec);
    dir.run("run x.toml --json").json();
    let front = dir.run("study pareto @ --json").json();
    let trials = front["trials"].as_array().unwrap();
    assert!(trials.len() > 1, "{front}");
    let values: Vec<(f64, f64)> = trials
        .iter()
        .map(|trial| (trial["values"][0].as_f64().unwrap(), trial["values"][1].as_f64().unwrap()))
        .collect();
    assert!(values.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 >= pair[1].1), "{values:?}");
}

#[test]
fn a_copy_has_all_trials_and_goes_on_as_the_original_would() {
    let dir = project(SPEC);
    dir.run("run x.toml --json").ok();
    dir.run("study exclude @/2 --reason odd").ok();
    let copy = dir.run("study copy @ --to other").ok().trim().to_owned();
    let original = dir.run("resume --json --trials 20").json();
    let copied = dir.run(&format!("resume {copy} --json --trials 20 --store other")).json();
    assert_eq!(essence(&copied), essence(&original));
}

#[test]
fn specs_with_conditions_and_constraints_are_read_or_refused_where_they_stand() {
    let dir = project(&SPEC.replace(
        "[study]",
        "z = { uniform = [0, 1], when = { y = [1, 2] } }\nconstraints = [\"x <= 2 * y\"]\n\n[study]",
    ));
    let json = dir.run("run x.toml --json").json();
    for trial in json["study"]["trials"].as_array().unwrap() {
        let params = trial["params"].as_object().unwrap();
        let (x, y) = (params["x"].as_f64().unwrap(), params["y"].as_f64().unwrap());
        assert!(x <= 2.0 * y, "{params:?}");
        assert_eq!(params.contains_key("z"), (1.0..=2.0).contains(&y), "{params:?}");
    }
    for (line, said) in [
        ("z = { uniform = [0, 1], when = { yy = 1 } }", "`yy`, which is not searched"),
        ("z = { uniform = [0, 1], when = { y = 9 } }", "`y` never is 9"),
        ("z = { uniform = [0, 1], when = { z = 0.5 } }", "go in a circle"),
        ("constraints = [\"x <\"]", "ends too early"),
        ("constraints = [\"x < q\"]", "`q`, which is not searched"),
    ] {
        dir.write("bad.toml", SPEC.replace("[study]", &format!("{line}\n\n[study]")));
        let told = dir.run("check bad.toml").fails(2);
        assert!(told.contains(said) && told.contains("bad.toml:"), "{line}: {told}");
    }
    dir.write("bad.toml", SPEC.replace("seed = 3", "seed = 3\nmetric = \"accuracy\""));
    let told = dir.run("check bad.toml").fails(2);
    assert!(told.contains("which end of `accuracy` is better?"), "{told}");
    dir.write("bad.toml", format!("{SPEC}\n[train]\nlr = 0.1\n"));
    let told = dir.run("check bad.toml").fails(2);
    assert!(told.contains("a spec with [objective] has no [train]"), "{told}");
}
