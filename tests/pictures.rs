//! Pictures and importance of studies at the edges: values that are infinite, huge, tiny or equal, hundreds
//! of parameters, long names, other scripts, choices that are numbers.

use serde_json::Value;

use crate::support::TestDir;

/// A study of a program that prints what `says` gives, over `search`.
fn study(says: &str, search: &str, more: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write(
        "x.toml",
        format!(
            "[experiment]\nname = \"edges\"\n[objective]\ncommand = [\"sh\", \"-c\", {says:?}]\n\
             [search]\n{search}\n[study]\ntrials = 14\nsampler = \"random\"\n{more}\n"
        ),
    );
    dir
}

const ONE: &str = "x = { uniform = [0, 1] }";

/// The texts of a picture, from its SVG.
fn texts(dir: &TestDir, arguments: &str) -> Vec<String> {
    let svg = dir.run(&format!("plot {arguments} --svg --out -")).ok();
    svg.split("<text")
        .skip(1)
        .filter_map(|part| Some(part.split_once('>')?.1.split("</text>").next()?.trim().to_owned()))
        .collect()
}

#[test]
fn an_infinite_value_is_complete_the_best_everywhere_and_outside_the_range() {
    let dir = study(
        "if [ {trial} = 3 ]; then echo inf; else echo {x}; fi",
        ONE,
        "direction = \"maximize\"\nmetric = \"y\"",
    );
    dir.run("run x.toml").ok();
    let best = dir.run("best --json").json();
    assert_eq!(
        (&best["trials"][0]["number"], &best["trials"][0]["value"]),
        (&Value::from(3), &Value::from("inf"))
    );
    let history = texts(&dir, "history");
    assert!(history.contains(&"1 outside the range (infinite)".to_owned()), "{history:?}");
    assert!(!history.iter().any(|text| text.contains("failed")), "{history:?}");
    let parallel = texts(&dir, "parallel");
    assert!(parallel.contains(&"best (trial 3)".to_owned()), "{parallel:?}");
    assert!(parallel.iter().any(|text| text.starts_with("The value of 1 trial is infinite")), "{parallel:?}");
    for kind in ["slice", "edf"] {
        let found = texts(&dir, kind);
        assert!(found.iter().any(|text| text.contains("1 trial is infinite")), "{kind}: {found:?}");
    }
    dir.run("report --out told").ok();
    let page = dir.read("told/report.md");
    assert!(page.contains("The best 10") && page.contains("- trial: 3\n- y: inf"), "{page}");
}

#[test]
fn an_infinite_trial_of_a_front_is_in_its_picture() {
    let says = "if [ {trial} = 3 ]; then a=-Infinity; else a={x}; fi; echo '{{\"a\": '$a', \"b\": {trial}}}'";
    let dir = study(says, ONE, "metric = [\"a\", \"b\"]\ndirection = [\"minimize\", \"minimize\"]");
    dir.run("run x.toml").ok();
    let front = dir.run("study pareto --json").json();
    let count = front["trials"].as_array().unwrap().len();
    assert!(front["trials"].as_array().unwrap().iter().any(|trial| trial["number"] == 3), "{front}");
    let told = texts(&dir, "pareto_front");
    assert!(told.contains(&format!("front ({count} of 14 trials)")), "{told:?}");
    assert!(told.contains(&"1 beyond the axis (1 infinite)".to_owned()), "{told:?}");
    let told = texts(&dir, "hypervolume");
    assert!(told.iter().any(|text| text.contains("infinite value is left out")), "{told:?}");
    assert_eq!(
        dir.run("plot pareto-front --out front.png").ok().trim(),
        "front.png",
        "as the help writes it"
    );
}

#[test]
fn importance_and_pictures_of_values_at_the_ends_of_all_numbers() {
    for (says, of) in [
        ("if [ {trial} = 3 ]; then echo 1e200; else echo {x}; fi", "ranks"),
        (
            "if [ {trial} = 3 ]; then echo 1.7e308; elif [ {trial} = 4 ]; then echo -1.7e308; else echo {x}; fi",
            "ranks",
        ),
        ("echo {x}e-200", "values"),
        ("echo {x}e300", "values"),
    ] {
        let dir = study(says, ONE, "");
        let told = dir.run("run x.toml");
        assert!(told.stderr.lines().chain(told.stdout.lines()).all(|line| line.len() < 120), "{told:?}");
        assert!(!told.stderr.contains("value 0.0000"), "{told:?}");
        let found = dir.run("study importance --json").json();
        assert_eq!(found["of"], of, "{says}: {found}");
        assert_eq!(found["importance"]["fanova"]["x"], 1.0, "{says}: {found}");
        let shown = dir.run("show @/3").ok();
        assert!(shown.lines().all(|line| line.len() < 200), "{shown}");
        // Numbers stand at both axes.
        let numbers =
            texts(&dir, "history").iter().filter(|text| text.replace(',', "").parse::<f64>().is_ok()).count();
        assert!(numbers >= 8, "{says}: {:?}", texts(&dir, "history"));
        dir.run("report --out told").ok();
    }
}

#[test]
fn what_differs_by_rounding_alone_is_no_story() {
    let dir = study("if [ {trial} = 3 ]; then echo 0.30000000000000004; else echo 0.3; fi", ONE, "");
    dir.run("run x.toml").ok();
    let why = dir.run("study importance").fails(1);
    assert!(why.contains("equal but for rounding") && !why.contains("same value"), "{why}");
    let told = texts(&dir, "importance");
    assert!(told.iter().any(|text| text.contains("equal but for rounding")), "{told:?}");
    let dir = study("echo 0.3", ONE, "");
    dir.run("run x.toml").ok();
    assert!(dir.run("study importance").fails(1).contains("have the same value"));
}

#[test]
fn of_hundreds_of_parameters_those_that_matter_are_shown_and_the_rest_is_counted() {
    let search: Vec<String> = (0..200).map(|place| format!("p{place} = {{ uniform = [0, 1] }}")).collect();
    let dir = study("echo {p123}", &search.join("\n"), "");
    dir.run("run x.toml").ok();
    for (kind, most) in [("parallel", 12), ("slice", 12), ("contour", 6), ("rank", 6)] {
        let told = texts(&dir, kind);
        assert!(
            told.iter().any(|text| text.contains(&format!("the {most} most important of 200"))),
            "{kind}: {told:?}"
        );
        assert!(told.contains(&"p123".to_owned()), "{kind}: {told:?}");
    }
    let told = texts(&dir, "importance");
    assert!(told.contains(&"p123".to_owned()));
    assert!(told.iter().any(|text| text.contains("The other 170 parameters")), "{told:?}");
    let chosen = texts(&dir, "parallel --params p7,p8");
    assert!(chosen.contains(&"p7".to_owned()) && !chosen.contains(&"p123".to_owned()), "{chosen:?}");
    dir.run("report --out told").ok();
    let page = dir.read("told/report.md");
    assert!(
        page.lines().all(|line| line.matches(" | ").count() < 20),
        "the table of the best has some columns only"
    );
}

#[test]
fn long_names_are_cut_in_the_middle_and_stay_apart() {
    let long = "a_parameter_with_a_name_that_goes_on_".repeat(4);
    let search = format!(
        "{long}1 = {{ uniform = [0, 1] }}\n{long}2 = {{ choice = [\"{0}_first\", \"{0}_second\"] }}",
        "a choice of many words ".repeat(8)
    );
    let dir = study(
        &format!("echo {{{long}1}}"),
        &search,
        &format!("metric = \"{long}\"\ndirection = \"minimize\""),
    );
    dir.run("run x.toml").ok();
    for kind in
        ["history", "parallel", "contour", "slice", "rank", "importance", "importance_top", "edf", "timeline"]
    {
        let told = texts(&dir, kind);
        assert!(told.iter().all(|text| text.chars().count() < 130), "{kind}: {told:?}");
        dir.run(&format!("plot {kind} --out {kind}.png")).ok();
    }
    let told = texts(&dir, "parallel");
    let ends = |end: &str| told.iter().filter(|text| text.contains('…') && text.ends_with(end)).count();
    assert_eq!((ends("on_1"), ends("on_2"), ends("_first"), ends("_second")), (1, 1, 1, 1), "{told:?}");
}

#[test]
fn letters_of_other_scripts_are_told_of_and_are_text_in_svg() {
    let search = "\"学習率\" = { log = [1e-4, 0.1] }\n\"مفتاح\" = { choice = [\"一\", \"🚀 two\"] }";
    let dir = study("echo {学習率}", search, "metric = \"損失\"\ndirection = \"minimize\"");
    dir.run("run x.toml").ok();
    let said = dir.run("plot parallel");
    assert!(
        said.stderr.contains("no letters for") && said.stderr.contains('学') && said.stderr.contains("--svg")
    );
    said.ok();
    let svg = dir.run("plot parallel --svg --out -");
    assert_eq!(svg.stderr, "");
    let svg = svg.ok();
    for text in ["学習率", "損失", "مفتاح", "🚀 two"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(svg.contains("font-family=\"sans-serif\"") && !svg.contains("Boxes"));
    assert_eq!(dir.run("plot timeline").stderr, "", "only where there are such letters");
    dir.run("report --out told").ok();
    assert!(dir.read("told/parallel.svg").contains("学習率") && !dir.join("told/parallel.png").exists());
    assert!(dir.read("told/report.md").contains("(parallel.svg)"));
    assert!(dir.read("told/index.html").contains("data:image/svg+xml;base64,"));
}

#[test]
fn choices_that_are_numbers_are_in_their_order_and_line_breaks_are_no_trouble() {
    let search =
        "n = { choice = [64, 8, 128, 16] }\nlabel = { choice = [\"a,b\", \"line\\nbreak\", \"\\u0001\"] }";
    let dir = study("echo {n}", search, "");
    dir.run("run x.toml").ok();
    let svg = dir.run("plot parallel --svg --out -").ok();
    // Higher values are higher up: a smaller y.
    let height = |name: &str| -> i64 {
        let text = svg.split("<text").find(|part| part.contains(&format!(">\n{name}\n"))).expect(name);
        text.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    assert!(height("8") > height("16") && height("16") > height("64") && height("64") > height("128"));
    assert!(svg.contains("line break") && !svg.contains('\u{1}'));
}
