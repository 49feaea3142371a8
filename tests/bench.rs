//! `uaic bench samplers`.

use crate::support::TestDir;

const SMALL: &str =
    "bench samplers --samplers random,cma-es --functions sphere5,branin --trials 40 --seeds 6";

#[test]
fn samplers_are_compared_function_by_function() {
    let table = TestDir::new().run(&format!("{SMALL} --baseline random")).ok();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("FUNCTION"), "{table}");
    for title in ["SAMPLER", "AT 10", "AT 20", "AT 40", "MIDDLE HALF", "RANK", "BETTER", "TO random"] {
        assert!(lines[0].contains(title), "{title}: {table}");
    }
    assert!(lines[1].starts_with("sphere5") && lines[1].trim_end().ends_with('–'), "{table}");
    assert!(lines[2].trim_start().starts_with("cma-es") && lines[2].contains("better (p = "), "{table}");
    assert!(lines[3].starts_with("branin"), "{table}");
    assert!(lines[6].starts_with("SAMPLER") && lines[7].starts_with("cma-es"), "best first: {table}");
}

#[test]
fn the_number_of_jobs_does_not_show() {
    let dir = TestDir::new();
    for more in ["", " --parallel 4 --at 5,40"] {
        let with = |jobs| dir.run(&format!("{SMALL} --jobs {jobs}{more}")).ok();
        assert_eq!(with(1), with(2));
    }
}

#[test]
fn the_json_has_the_promised_shape() {
    let json = TestDir::new().run(&format!("{SMALL} --json --at 10,40 --parallel 2")).json();
    assert_eq!((&json["schema"], &json["parallel"], &json["seeds"]), (&1.into(), &2.into(), &6.into()));
    assert_eq!(json["baseline"], "random", "the first, without tpe");
    let sphere = &json["functions"][0];
    assert_eq!((&sphere["function"], &sphere["minimum"]), (&"sphere5".into(), &0.0.into()));
    let cma = &sphere["samplers"][1];
    assert_eq!(cma["sampler"], "cma-es");
    assert_eq!(cma["baseline"]["verdict"], "better");
    for name in ["lower", "median", "upper"] {
        assert_eq!(cma[name].as_array().unwrap().len(), 2, "{name}");
    }
    assert_eq!(cma["best"].as_array().unwrap().len(), 6);
    assert!(cma["ms_per_proposal"].as_f64().unwrap() > 0.0);
    let duel = &sphere["duels"][0];
    assert_eq!(
        (&duel["a"], &duel["b"], &duel["verdict"]),
        (&"random".into(), &"cma-es".into(), &"worse".into())
    );
    assert_eq!((&json["overall"][1]["sampler"], &json["overall"][1]["worse"]), (&"cma-es".into(), &0.into()));
}

#[test]
fn results_of_other_programs_compete() {
    let dir = TestDir::new();
    // One seed list by name, one in order; and a function that is not played.
    dir.write(
        "others.json",
        r#"{"branin": {"oracle": {"0": [0.4, 0.4], "10": [0.4, 0.4], "2": [0.4, 0.4], "3": [0.4, 0.4]},
                       "fool": [[900, 900], [901, 900], [902, 900], [903, 900]]},
            "unplayed": {"oracle": {"0": [1]}}}"#,
    );
    let bench = "bench samplers --samplers random --functions sphere5,branin --trials 20 --seeds 5";
    let json =
        dir.run(&format!("{bench} --at 10,20 --against others.json --baseline others:fool --json")).json();
    assert_eq!(json["functions"][0]["samplers"].as_array().unwrap().len(), 1, "only branin is in the file");
    let branin = json["functions"][1]["samplers"].as_array().unwrap();
    let names: Vec<_> = branin.iter().map(|line| line["sampler"].as_str().unwrap()).collect();
    assert_eq!(names, ["random", "others:fool", "others:oracle"]);
    assert_eq!(branin[2]["baseline"]["verdict"], "better");
    assert!(branin[2]["ms_per_proposal"].is_null());

    let error = dir.run(&format!("{bench} --against others.json")).fails(2);
    assert!(error.contains("2 values for a seed where --at has 3"), "{error}");
    let error = dir.run(&format!("{bench} --against none.json")).fails(1);
    assert!(error.contains("none.json"), "{error}");
    dir.write("wrong.json", "[1]");
    let error = dir.run(&format!("{bench} --against wrong.json")).fails(2);
    assert!(error.contains("wrong.json is not {function:"), "{error}");
    let error = dir.run("bench samplers --functions levy4 --seeds 1 --against others.json").fails(2);
    assert!(error.contains("it has branin, unplayed"), "{error}");
}

#[test]
fn wrong_names_and_counts_are_told_with_what_was_meant() {
    let dir = TestDir::new();
    for (arguments, told) in [
        ("--samplers randon", "unknown sampler `randon`: did you mean `random`?"),
        ("--functions hartman6", "unknown function `hartman6`: did you mean `hartmann6`?"),
        ("--functions x", "unknown function `x`: there are branin, "),
        ("--samplers random --baseline oracle", "unknown baseline `oracle`: there are random"),
        ("--trials 50 --at 20,60", "--at 60 is not among the trials 1 to 50; `--trials 60` plays more"),
        ("--at 0", "--at counts trials from 1"),
    ] {
        let error = dir.run(&format!("bench samplers {arguments}")).fails(2);
        assert!(error.contains(told), "{error}");
    }
}
