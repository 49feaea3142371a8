//! Tables for other programs: every table as CSV, quoted as RFC 4180 says, numbers to the last bit.

use std::collections::BTreeMap;

use clap::CommandFactory;
use uaic::cli::Cli;

use crate::support::TestDir;
use crate::support::small_study::project;

type Row = BTreeMap<String, String>;

/// Names and rows of a CSV, read by the rules.
#[track_caller]
fn read(csv: &str) -> (Vec<String>, Vec<Row>) {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        assert_eq!(record.len(), names.len());
        names.iter().cloned().zip(record.iter().map(str::to_owned)).collect()
    });
    let rows = rows.collect();
    (names, rows)
}

/// The bits of a number.
fn bits(text: &str) -> Option<u64> {
    text.parse().ok().map(f64::to_bits)
}

fn program() -> TestDir {
    let dir = TestDir::new();
    let spec = r#"
[experiment]
name = "a, \"b\""
[objective]
command = ["sh", "-c", "if [ {trial} = 1 ]; then echo inf; elif [ {trial} = 2 ]; then exit 3; else echo {x}; fi"]
[search]
x = { uniform = [0, 1] }
label = { choice = ["a,b", "c \"d\"", "e\nf"] }
depth = { int = [1, 4], when = { label = "a,b" } }
state = { uniform = [0, 1] }
[study]
metric = "y"
direction = "minimize"
trials = 30
sampler = "random"
"#;
    dir.write("x.toml", spec);
    dir.run("run x.toml").ok();
    dir
}

#[test]
fn all_trials_of_a_study_are_one_table() {
    let dir = program();
    let (names, rows) = read(&dir.run("ls --study @ --csv").ok());
    assert_eq!(rows.len(), 30, "all of them, not the 20 latest");
    assert_eq!(names[..7], ["number", "state", "id", "study", "experiment", "kind", "y"]);
    for name in ["x", "label", "depth", "params.state", "duration_s", "reason"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    let json = dir.run("ls --study @ --limit 0 --json").json();
    for run in json["runs"].as_array().unwrap() {
        let number = run["number"].to_string();
        let row = rows.iter().find(|row| row["number"] == number).unwrap();
        assert_eq!(row["state"], run["state"].as_str().unwrap());
        assert_eq!(row["experiment"], "a, \"b\"");
        assert_eq!(row["label"], run["params"]["label"].as_str().unwrap());
        assert_eq!(bits(&row["x"]), run["params"]["x"].as_f64().map(f64::to_bits), "to the last bit");
        assert_eq!(
            row["depth"].is_empty(),
            run["params"].get("depth").is_none(),
            "empty where it does not exist"
        );
        match number.as_str() {
            "1" => assert_eq!(row["y"], "inf"),
            "2" => assert!(row["y"].is_empty() && row["reason"].contains('3')),
            _ => assert_eq!(bits(&row["y"]), run["value"].as_f64().map(f64::to_bits)),
        }
    }
    let (best_names, best) = read(&dir.run("best -n 0 --csv").ok());
    assert_eq!((best_names, best.len()), (names.clone(), 29), "the same columns, complete trials");
    dir.run("report --out told").ok();
    let (report_names, trials) = read(&dir.read("told/trials.csv"));
    let mut sorted = rows.clone();
    sorted.sort_by_key(|row| row["number"].parse::<u32>().unwrap());
    assert_eq!((report_names, trials), (names, sorted));
}

#[test]
fn tables_of_studies_metrics_and_parameters() {
    let dir = program();
    let (_, studies) = read(&dir.run("ls --studies --csv").ok());
    assert_eq!((studies.len(), studies[0]["experiment"].as_str()), (1, "a, \"b\""));
    assert_eq!(dir.run("study ls --csv").ok(), dir.run("ls --studies --csv").ok());
    let (_, points) = read(&dir.run("show @/0 --metric y --csv").ok());
    assert_eq!((points.len(), points[0]["step"].as_str()), (1, "1"));
    let (_, metrics) = read(&dir.run("show @/1 --csv").ok());
    assert_eq!((metrics[0]["metric"].as_str(), metrics[0]["last"].as_str()), ("y", "inf"));
    let (names, shares) = read(&dir.run("study importance --csv").ok());
    assert_eq!(names, ["parameter", "fanova", "ped_anova"]);
    let sum: f64 = shares.iter().map(|row| row["fanova"].parse::<f64>().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{shares:?}");
    let (_, front) = read(&dir.run("study pareto --csv").ok());
    assert_eq!(front.len(), 1);
    let (_, params) = read(&dir.run("explain @/0 --csv").ok());
    assert!(params.iter().any(|row| row["parameter"] == "x"));
    let (_, compared) = read(&dir.run("compare @/0 @/3 --csv").ok());
    assert_eq!(compared.len(), 2);
    assert!(dir.run("show @ --study --csv").code == Some(2));
}

#[test]
fn tables_of_data_models_and_samplers() {
    let (dir, _) = project();
    let (_, data) = read(&dir.run("data ls --csv").ok());
    assert!(data.iter().any(|row| row["name"] == "tiny" && row["split"] == "train" && row["rows"] != "0"));
    let (_, stats) = read(&dir.run("data stats tiny --csv").ok());
    assert!(stats.iter().any(|row| row["split"] == "test" && row["figure"] == "length_mean"));
    dir.run("model register small/final intents").ok();
    let (_, models) = read(&dir.run("model ls --csv").ok());
    assert_eq!((models[0]["name"].as_str(), models[0]["version"].as_str()), ("intents", "1"));
    let (_, figures) = read(&dir.run("evaluate small --by label --csv").ok());
    assert!(figures.iter().any(|row| row["name"] == "test/accuracy" && !row["low"].is_empty()));
    assert!(figures.iter().any(|row| row["by"] == "label"));
    let (_, wrong) = read(&dir.run("errors small -n 0 --csv").ok());
    assert!(wrong.iter().all(|row| row["gold"] != row["predicted"]));
    let samplers = "bench samplers --samplers random --functions branin --trials 4 --seeds 2 --csv";
    let (_, played) = read(&dir.run(samplers).ok());
    assert_eq!(played.len(), 2 * 3, "seeds times checkpoints");
}

/// Whatever prints CSV has JSON, too, and excludes it.
fn visit(command: &clap::Command, path: &str, found: &mut Vec<String>) {
    let has = |name: &str| command.get_arguments().any(|argument| argument.get_long() == Some(name));
    if has("csv") {
        assert!(has("json"), "{path}");
        let conflicts = |argument: &clap::Arg| {
            command.get_arg_conflicts_with(argument).iter().any(|other| other.get_long() == Some("json"))
        };
        let csv = command.get_arguments().find(|argument| argument.get_long() == Some("csv")).unwrap();
        assert!(conflicts(csv), "{path} takes --csv with --json");
        found.push(path.to_owned());
    }
    for inner in command.get_subcommands() {
        visit(inner, &format!("{path} {}", inner.get_name()), found);
    }
}

#[test]
fn a_command_prints_one_form() {
    let dir = program();
    let told = dir.run("ls --csv --json").fails(2);
    assert!(
        told.contains("--csv") && told.contains("cannot be used with") && told.contains("--json"),
        "{told}"
    );
    let mut found = Vec::new();
    visit(&Cli::command(), "uaic", &mut found);
    assert!(found.len() >= 15, "{found:?}");
}
