//! The best trial is one and the same wherever it is named.

use serde_json::Value;

use super::support::TestDir;

/// The larger y is, the better; half of the trials miss the condition on c.
const FEASIBLE: &str = r#"
[experiment]
name = "judged"

[objective]
command = ["awk", "BEGIN {{ printf \"{{\\\"y\\\": %.17g, \\\"c\\\": %.17g}}\\n\", {x}, {x} - 0.5 }}"]

[search]
x = { uniform = [0, 1] }

[study]
metric = "y"
direction = "maximize"
feasible = "c <= 0"
trials = 12
sampler = "random"
"#;

const PLAIN: &str = r#"
[experiment]
name = "plain"
[objective]
command = ["awk", "BEGIN {{ print {x} }}"]
[search]
x = { uniform = [0, 1] }
[study]
metric = "y"
direction = "minimize"
trials = 8
"#;

fn project(spec: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write("x.toml", spec);
    dir
}

/// The number of the best trial, by everything that names one; each is asked and must agree.
fn best_everywhere(dir: &TestDir) -> (u64, String) {
    let best = dir.run("best -n 1 --json").json();
    let number = best["trials"][0]["number"].as_u64().unwrap();
    let value = best["trials"][0]["value"].to_string();
    let resumed = dir.run("resume --json").json();
    assert_eq!(resumed["study"]["best"]["number"], number, "the run summary");
    let listed = &dir.run("ls --studies --json").json()["studies"][0];
    assert_eq!((&listed["best_trial"], listed["best"].to_string()), (&number.into(), value.clone()), "ls");
    let shown = &dir.run("study show --json").json()["study"];
    assert_eq!(
        (&shown["best_trial"], shown["best"].to_string()),
        (&number.into(), value.clone()),
        "study show"
    );
    let told = dir.run("study show").ok();
    assert!(told.contains(&format!("of trial {number}")), "{told}");
    for selector in ["best", "@/best"] {
        let run = dir.run(&format!("show {selector} --json")).json();
        assert_eq!(run["run"]["number"], number, "{selector}");
    }
    dir.run("report --out report").ok();
    let report = dir.read("report/report.md");
    assert!(report.contains(&format!("- trial: {number}\n")), "{report}");
    let (_, table) = report.split_once("The best ").expect("a table of the best");
    let mut rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    let first = rows.find_map(|row| row.split(' ').next()?.parse::<u64>().ok());
    assert_eq!(first, Some(number), "the report's table: {table}");
    let picture = dir.run("plot parallel --svg --out -").ok();
    assert!(picture.contains(&format!("best (trial {number})")), "the parallel picture");
    (number, value)
}

#[test]
fn a_trial_that_misses_a_condition_is_the_best_nowhere() {
    let dir = project(FEASIBLE);
    let said = dir.run("run x.toml --json").json();
    let trials = said["study"]["trials"].as_array().unwrap();
    let value = |trial: &Value| trial["value"].as_f64().unwrap();
    assert!(trials.iter().any(|trial| value(trial) > 0.5), "{said}");
    let (number, _) = best_everywhere(&dir);
    let best = &trials[number as usize];
    assert!(value(best) <= 0.5 && best["violation"] == 0.0, "{best}");
    assert!(trials.iter().all(|trial| value(trial) > 0.5 || value(trial) <= value(best)));
}

#[test]
fn where_no_trial_holds_the_conditions_that_is_said() {
    let dir = project(&FEASIBLE.replace("c <= 0", "c <= -2"));
    let said = dir.run("run x.toml");
    assert!(said.stdout.contains("none holds the constraints, the best misses them by"), "{said:?}");
    let (number, _) = best_everywhere(&dir);
    let best = dir.run("best -n 1");
    assert!(best.stderr.contains("no trial holds the constraints of study.feasible"), "{best:?}");
    let all = dir.run("best -n 0 --json").json();
    let missed: Vec<f64> =
        all["trials"].as_array().unwrap().iter().map(|trial| trial["violation"].as_f64().unwrap()).collect();
    assert!(
        missed.len() == 12 && missed.iter().all(|other| *other >= missed[0]),
        "trial {number}: {missed:?}"
    );
}

#[test]
fn a_hidden_or_excluded_trial_is_the_best_nowhere_and_counted_apart() {
    let dir = project(PLAIN);
    dir.run("run x.toml").ok();
    let (first, _) = best_everywhere(&dir);
    dir.run(&format!("rm @/{first}")).ok();
    let (second, _) = best_everywhere(&dir);
    assert_ne!(first, second);
    dir.run(&format!("study exclude @/{second} --reason odd")).ok();
    let (third, value) = best_everywhere(&dir);
    assert!(![first, second].contains(&third));
    let study = &dir.run("ls --studies --json").json()["studies"][0];
    let counts = ["done", "complete", "hidden", "excluded"].map(|key| study[key].as_u64().unwrap());
    assert_eq!(counts, [6, 6, 1, 1], "{study}");
    assert!(dir.run("study show").ok().contains("6 of 8 done: 6 complete, 1 hidden, 1 excluded"));
    assert!(dir.run("ls --studies").ok().contains("6/8, 1 hidden, 1 excluded"));
    assert!(dir.run("best").stderr.contains("6 of 8 trials done, 1 hidden, 1 excluded"));
    assert!(dir.run("resume").stdout.contains("6 of 8 trials complete, 1 hidden, 1 excluded"));
    dir.run("report --out report").ok();
    assert!(dir.read("report/report.md").contains("6 of 8 trials are complete, 1 hidden, 1 excluded."));
    dir.run(&format!("restore @/{first}")).ok();
    assert_eq!(best_everywhere(&dir).0, first);
    dir.run(&format!("rm @/{first}")).ok();
    assert_eq!(best_everywhere(&dir), (third, value));
}

#[test]
fn a_study_whose_runs_are_all_hidden_says_so() {
    let dir = project(PLAIN);
    dir.run("run x.toml").ok();
    for number in 0..8 {
        dir.run(&format!("rm @/{number}")).ok();
    }
    let said = dir.run("report @").fails(3);
    assert!(said.contains("all 8 are hidden") && said.contains("uaic ls --all"), "{said}");
    dir.run("report plain --out report").ok();
    let report = dir.read("report/report.md");
    assert!(
        report.contains("0 of 8 trials are complete, 8 hidden.") && report.contains("every trial is hidden")
    );
    assert!(dir.run("best").stderr.contains("none that is complete is left"));
    assert!(dir.run("show @/best").fails(3).contains("8 are hidden"));
    let resumed = dir.run("resume");
    assert!(resumed.stderr.contains("every complete trial"), "{resumed:?}");
    assert_eq!(
        (resumed.code, &dir.run("study ls --json").json()["studies"][0]["state"]),
        (Some(0), &"COMPLETE".into())
    );
}

#[test]
fn an_infinite_value_is_the_best_everywhere_or_nowhere() {
    let infinite = "BEGIN {{ if ({trial} == 3) print \\\"inf\\\"; else print {x} }}";
    let dir = project(&PLAIN.replace("BEGIN {{ print {x} }}", infinite).replace("minimize", "maximize"));
    dir.run("run x.toml").ok();
    assert_eq!(best_everywhere(&dir), (3, "\"inf\"".to_owned()));
    assert!(dir.read("report/report.md").contains("The best 8"));
    let dir = project(&PLAIN.replace("BEGIN {{ print {x} }}", infinite));
    dir.run("run x.toml").ok();
    assert_ne!(best_everywhere(&dir).0, 3);
}
