//! Numbers are what they say, from the spec and the command line to the program, the store and back.

use std::collections::BTreeSet;

use serde_json::Value;

use super::support::TestDir;

/// A spec of a program that says what it was given, in the order of the trials.
fn spec(search: &str, sampler: &str, trials: u32) -> String {
    let script = r#"echo "$UAIC_TRIAL {x} $UAIC_PARAM_X $(cat $UAIC_PARAMS)" >> seen; echo 1"#;
    format!(
        "[experiment]\nname = \"numbers\"\n[objective]\ncommand = [\"sh\", \"-c\", '''{script}''']\n\
         [search]\nx = {search}\n\
         [study]\nmetric = \"y\"\ndirection = \"minimize\"\ntrials = {trials}\nsampler = \"{sampler}\"\n"
    )
}

/// What the program was given in each trial: as an argument, a variable and a file, which agree.
fn seen(dir: &TestDir, search: &str, sampler: &str, trials: u32) -> Vec<String> {
    let _ = std::fs::remove_file(dir.join("seen"));
    dir.write("x.toml", spec(search, sampler, trials));
    dir.run("run x.toml --quiet --jobs 1").ok();
    let text = dir.read("seen");
    let value = |line: &str| {
        let parts: Vec<&str> = line.split(' ').collect();
        let [_, argument, variable, file] = parts[..] else { panic!("{line}") };
        assert_eq!(argument, variable);
        assert_eq!(file, format!("{{\"x\":{argument}}}"));
        argument.to_owned()
    };
    text.lines().map(value).collect()
}

const SAMPLERS: [&str; 8] = ["auto", "cma-es", "gp", "grid", "nsga2", "random", "sobol", "tpe"];

#[test]
fn whole_numbers_beyond_2_to_the_53_are_exact_for_every_sampler() {
    let dir = TestDir::new();
    for sampler in SAMPLERS {
        let values = seen(&dir, "{ int = [9007199254740992, 9007199254740996] }", sampler, 40);
        let distinct: BTreeSet<&String> = values.iter().collect();
        assert!(distinct.len() == 5, "{sampler}: {distinct:?}");
    }
    let grid = seen(&dir, "{ int = [9223372036854775803, 9223372036854775807] }", "grid", 12);
    assert_eq!(grid.len(), 5, "each once");
    let log = seen(&dir, "{ int_log = [9223372036854775803, 9223372036854775807] }", "random", 40);
    assert_eq!(log.iter().collect::<BTreeSet<_>>().len(), 5);
}

#[test]
fn a_whole_number_keeps_all_its_digits_on_every_way() {
    let dir = TestDir::new();
    for range in ["[0, 9223372036854775807]", "[-9223372036854775808, 9223372036854775807]"] {
        let values = seen(&dir, &format!("{{ int = {range} }}"), "random", 40);
        let odd = values.iter().filter(|value| value.ends_with(['1', '3', '5', '7', '9'])).count();
        assert!((8..=32).contains(&odd), "{odd} of 40 are odd: {values:?}");
        let listed = dir.run("best @ -n 0 --json").json();
        let stored: BTreeSet<String> =
            listed["trials"].as_array().unwrap().iter().map(|run| run["params"]["x"].to_string()).collect();
        assert_eq!(stored, values.into_iter().collect(), "as the program was given them");
    }
    dir.write("x.toml", spec("{ int = [0, 9223372036854775807] }", "random", 2));
    dir.run("run x.toml --quiet -P x=9223372036854775806").ok();
    assert!(dir.read("seen").lines().last().unwrap().contains(" 9223372036854775806 "));

    dir.write("ask.toml", dir.read("x.toml").replace("command = ", "ask = true #"));
    let study = dir.run("study create ask.toml").ok();
    let study = study.trim();
    dir.run(&format!("study enqueue {study} x=9007199254740993")).ok();
    let asked = dir.run(&format!("ask {study} --json")).json();
    assert_eq!(asked["trials"][0]["params"]["x"], 9_007_199_254_740_993_i64);
    dir.run(&format!("tell {study} 0 1")).ok();
    let best = dir.run(&format!("best {study} --json")).json();
    assert_eq!(best["trials"][0]["params"]["x"], 9_007_199_254_740_993_i64);
}

#[test]
fn decimals_with_a_step_are_short_and_reach_the_end() {
    let dir = TestDir::new();
    let tenths = "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0";
    let legal: BTreeSet<&str> = tenths.split(' ').collect();
    for sampler in SAMPLERS {
        let values = seen(&dir, "{ uniform = [0, 1], step = 0.1 }", sampler, 25);
        assert!(values.iter().all(|value| legal.contains(value.as_str())), "{sampler}: {values:?}");
    }
    let mut values = seen(&dir, "{ uniform = [0.1, 0.7], step = 0.2 }", "grid", 9);
    values.sort();
    assert_eq!(values, ["0.1", "0.3", "0.5", "0.7"]);
    let mut values = seen(&dir, "{ uniform = [0, 1], step = 0.3 }", "grid", 9);
    values.sort();
    assert_eq!(values, ["0.0", "0.3", "0.6", "0.9"], "a step that does not divide the range");
}

#[test]
fn a_grid_has_levels_on_the_scale_of_each_range() {
    let dir = TestDir::new();
    let sorted = |search: &str| {
        let mut values: Vec<f64> =
            seen(&dir, search, "grid", 9).iter().map(|value| value.parse().unwrap()).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    assert_eq!(sorted("{ int_log = [1, 10000] }"), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
    assert_eq!(sorted("{ log = [1e-4, 1] }"), [1e-4, 1e-3, 1e-2, 0.1, 1.0]);
    assert_eq!(sorted("{ uniform = [0, 0.3] }"), [0.0, 0.075, 0.15, 0.225, 0.3]);
    assert_eq!(sorted("{ int = [1, 7] }"), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
}

#[test]
fn exponents_are_written_as_yaml_reads_them() {
    let dir = TestDir::new();
    let mut values = seen(&dir, "{ choice = [1e-5, 1e16, 0.001, 2.5e-7] }", "grid", 4);
    values.sort();
    assert_eq!(values, ["0.001", "1.0e+16", "1.0e-5", "2.5e-7"]);
}

#[test]
fn negative_numbers_and_exponents_are_arguments() {
    let dir = TestDir::new();
    dir.write("x.toml", spec("{ uniform = [-1, 1] }", "random", 8).replace("command = ", "ask = true #"));
    dir.run("study create x.toml").ok();
    dir.run("study enqueue @ x=-1e-5").ok();
    let asked = dir.run("ask @ -n 5 --json").json();
    assert_eq!(asked["trials"][0]["params"]["x"], -1e-5);
    for (number, value) in [(0, "-7.5e-05"), (1, "-1e-3"), (2, "-inf"), (3, "-5"), (4, "-.5")] {
        dir.run(&format!("tell @ {number} {value}")).ok();
    }
    let value = |number: u32| dir.run(&format!("show @/{number} --json")).json()["run"]["value"].clone();
    let expected: [Value; 5] =
        [(-7.5e-5).into(), (-1e-3).into(), "-inf".into(), (-5.0).into(), (-0.5).into()];
    assert_eq!([0, 1, 2, 3, 4].map(value), expected);
    dir.run("study correct @/0 -1e-5 --reason typo").ok();
    assert_eq!(value(0), -1e-5);
    let said = dir.run("tell @ 9 -nan");
    assert!(said.code != Some(0) && !said.stderr.contains("unexpected argument"), "{said:?}");
    // Where no negative number makes sense, it is the number that is refused.
    let said = dir.run("ask @ -n -1e3").fails(2);
    assert!(said.contains("'-1000'") && said.contains("invalid value"), "{said}");
    dir.write("y.toml", spec("{ uniform = [-1, 1] }", "random", 1));
    dir.run("run y.toml --quiet -P x=-1e-5").ok();
    assert!(dir.read("seen").contains(" -1.0e-5 "));
    dir.run("run y.toml --quiet -P study.target=-1e-3").ok();
}

#[test]
fn whole_ranges_are_compared_to_the_last_digit() {
    let dir = TestDir::new();
    dir.write("x.toml", spec("{ int = [9007199254740993, 9007199254740992] }", "random", 1));
    let said = dir.run("check x.toml").fails(2);
    assert!(said.contains("9007199254740993 is above 9007199254740992"), "{said}");
    dir.write("x.toml", spec("{ int = [9007199254740992, 9007199254740993] }", "random", 1));
    dir.run("check x.toml").ok();
}
