//! Spaces with fewer points than a study has trials.

use super::support::TestDir;

const SPEC: &str = r#"
[experiment]
name = "few"
[objective]
command = ["awk", "BEGIN {{ print {a} }}"]
[search]
a = { int = [1, 3] }
b = { choice = ["p", "q"] }
[study]
metric = "y"
direction = "minimize"
trials = 20
sampler = "SAMPLER"
duplicates = "avoid"
"#;

fn project(spec: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write("x.toml", spec);
    dir
}

#[test]
fn a_study_tries_each_point_once_and_says_that_there_is_no_other() {
    for sampler in ["auto", "cma-es", "gp", "grid", "nsga2", "random", "sobol", "tpe"] {
        let dir = project(&SPEC.replace("SAMPLER", sampler));
        let said = dir.run("run x.toml");
        assert!(
            said.code == Some(0) && said.stderr.contains("ends after 6 of 20 trials"),
            "{sampler}: {said:?}"
        );
        let json = dir.run("resume --json").json();
        assert_eq!(
            (json["study"]["trials"].as_array().unwrap().len(), &json["study"]["spent"]),
            (6, &true.into())
        );
        assert_eq!(dir.run("study show --json").json()["study"]["state"], "COMPLETE");
        dir.write("wide.toml", SPEC.replace("SAMPLER", sampler).replace("[1, 3]", "[1, 4]"));
        let json = dir.run("resume --spec wide.toml --json").json();
        assert_eq!(json["study"]["trials"].as_array().unwrap().len(), 8, "{sampler}: {json}");
        assert_eq!(dir.run("study enqueue @ a=1 b=p").ok().trim(), "8");
        let json = dir.run("resume --json").json();
        assert_eq!(json["study"]["trials"].as_array().unwrap().len(), 9, "{sampler}: a promise is kept");
    }
}

#[test]
fn check_counts_points_through_conditions_steps_choices_and_constraints() {
    let spec = SPEC.replace("SAMPLER", "random");
    for (search, points) in [
        ("", Some("6 points")),
        ("c = { uniform = [0, 0.3], step = 0.1 }\nconstraints = [\"a + c <= 1.15\"]", Some("4 points")),
        ("c = { int = [0, 9], when = { b = \"q\" } }\nconstraints = [\"a == 1\"]", Some("11 points")),
        ("c = 5", Some("6 points")),
        ("c = { uniform = [0, 1] }", None),
        ("c = { uniform = [0, 1], when = { b = \"q\" } }", None),
        ("c = { int_log = [1, 4] }", None),
    ] {
        let dir = project(&spec.replace("[study]", &format!("{search}\n[study]")));
        let said = dir.run("check x.toml");
        assert_eq!(said.code, Some(0), "{said:?}");
        let json = dir.run("check x.toml --json").json();
        let notes = json["notes"].as_array().map_or(0, Vec::len);
        match points {
            Some(points) => {
                let wanted = format!("20 trials, but the space has {points}");
                assert!(said.stderr.contains(&wanted) && notes == 1, "{search}: {said:?}");
            }
            None => assert!(said.stderr.is_empty() && notes == 0, "{search}: {said:?}"),
        }
    }
    for (from, to) in [("\"avoid\"", "\"repeat\""), ("\"avoid\"", "\"reuse\""), ("trials = 20", "trials = 6")]
    {
        let dir = project(&spec.replace(from, to));
        assert!(dir.run("check x.toml").stderr.is_empty(), "{to}");
    }
    let dir = project(&SPEC.replace("SAMPLER", "grid").replace("{ int = [1, 3] }", "{ uniform = [0, 1] }"));
    assert!(dir.run("check x.toml").stderr.contains("20 trials, but the grid has 10 points"));
}
