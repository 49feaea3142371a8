//! Constraints between parameters hold for every trial, or the study stops and says why.

use serde_json::Value;

use super::support::TestDir;

const SPEC: &str = r#"
[experiment]
name = "thin"

[objective]
command = ["awk", "BEGIN {{ print {a} }}"]

[search]
a = { uniform = [0, 1] }
b = { uniform = [0, 1] }
c = { uniform = [0, 1] }
constraints = ["a + b + c <= 0.05"]

[study]
metric = "y"
direction = "maximize"
trials = 14
sampler = "SAMPLER"
"#;

fn project(spec: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write("x.toml", spec);
    dir
}

fn points(said: &Value) -> Vec<Value> {
    said["study"]["trials"].as_array().unwrap().iter().map(|trial| trial["params"].clone()).collect()
}

#[test]
fn no_sampler_breaks_a_constraint_with_any_number_of_jobs_or_after_a_stop() {
    for sampler in ["auto", "cma-es", "gp", "grid", "nsga2", "random", "sobol", "tpe"] {
        let spec = SPEC.replace("SAMPLER", sampler);
        let dir = project(&spec);
        let alone = points(&dir.run("run x.toml --json --jobs 1").json());
        assert_eq!(alone.len(), if sampler == "grid" { 1 } else { 14 }, "{sampler}");
        for point in &alone {
            let sum: f64 = ["a", "b", "c"].map(|name| point[name].as_f64().unwrap()).iter().sum();
            assert!(sum <= 0.05, "{sampler}: {point}");
        }
        let dir = project(&spec);
        dir.run("run x.toml --trials 6 --json --jobs 4").ok();
        assert_eq!(points(&dir.run("resume --trials 14 --json --jobs 3").json()), alone, "{sampler}");
    }
}

#[test]
fn what_has_no_volume_is_found_for_conditional_and_enqueued_points_too() {
    let dir = project(
        r#"
[experiment]
name = "sums"
[objective]
command = ["awk", "BEGIN {{ print {a} * {b} }}"]
[search]
a = { int = [0, 1000000] }
b = { int = [0, 1000000] }
kind = { choice = ["x", "y"] }
extra = { uniform = [0, 1], when = { kind = "y" } }
constraints = ["a + b == 10", "extra >= 0.99999"]
[study]
metric = "y"
direction = "maximize"
trials = 10
"#,
    );
    dir.run("run x.toml --trials 2").ok();
    let said = dir.run("study enqueue @ a=11").fails(2);
    assert!(said.contains("no point of 10,000 with these values satisfies `a + b == 10`"), "{said}");
    assert_eq!(dir.run("study enqueue @ a=7 extra=1").ok().trim(), "2");
    let points = points(&dir.run("resume --trials 10 --json").json());
    assert_eq!(points[2], serde_json::json!({ "a": 7, "b": 3, "kind": "y", "extra": 1.0 }));
    for point in &points {
        assert_eq!(point["a"].as_i64().unwrap() + point["b"].as_i64().unwrap(), 10, "{point}");
        assert!(point.get("extra").is_none_or(|extra| extra.as_f64().unwrap() >= 0.99999), "{point}");
    }
}

#[test]
fn a_space_in_which_nothing_is_allowed_is_refused_where_that_is_written() {
    for (constraint, said) in [
        ("a > 2", "no point of 10,000 satisfies `a > 2`"),
        ("a + b == 3", "no point of 10,000 satisfies `a + b == 3`"),
        ("log(a - 1) > 0", "no point of 10,000 satisfies `log(a - 1) > 0`"),
        ("c < b", "no point of 10,000 satisfies `b < c` and `c < b`"),
    ] {
        let both = format!("\"b < c\", \"{constraint}\"");
        let dir = project(&SPEC.replace("SAMPLER", "random").replace("\"a + b + c <= 0.05\"", &both));
        for verb in ["check", "run", "study create"] {
            let told = dir.run(&format!("{verb} x.toml")).fails(2);
            assert!(told.contains(said) && told.contains("x.toml:12:25"), "{verb}: {told}");
        }
        assert!(!dir.join("runs").exists(), "nothing was begun");
        let json = dir.run("check x.toml --json");
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!((&json["ok"], &json["errors"][0]["line"]), (&false.into(), &12.into()));
    }
}

#[test]
fn a_study_without_an_allowed_point_is_refused_its_space_and_goes_on_in_a_wider_one() {
    let dir = project(&SPEC.replace("SAMPLER", "tpe"));
    let before = points(&dir.run("run x.toml --json").json());
    let narrow = SPEC.replace("SAMPLER", "tpe").replace("\"a + b + c", "\"a > 0.5\", \"a + b + c");
    dir.write("narrow.toml", &narrow);
    let said = dir.run("resume --spec narrow.toml --trials 20").fails(2);
    assert!(said.contains("no point of 10,000 satisfies") && said.contains("narrow.toml:12"), "{said}");
    dir.write("wide.toml", SPEC.replace("SAMPLER", "tpe").replace("<= 0.05", "<= 0.5"));
    let after = points(&dir.run("resume --spec wide.toml --trials 20 --json").json());
    assert_eq!((after.len(), &after[..14]), (20, &before[..]));
}

#[test]
fn a_constraint_is_not_blamed_for_a_parameter_that_is_wrong() {
    let dir = TestDir::new();
    dir.write(
        "x.toml",
        "[experiment]\nname = \"x\"\n[objective]\ncommand = [\"true\", \"{x}\"]\n[search]\n\
         x = { unifrm = [0, 1] }\ny = { uniform = [0, 1], when = { x = 1 } }\n\
         constraints = [\"x + z <= 1\"]\n[study]\nmetric = \"y\"\ndirection = \"minimize\"\n",
    );
    let said = dir.run("check x.toml").fails(2);
    assert!(!said.contains("names `x`"), "{said}");
    assert!(said.contains("names `z`") && said.contains("[search] has `y`, `x`"), "{said}");
}
