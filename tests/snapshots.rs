//! What people see, word for word: help, tables, errors, and the files that are written for them.
//! `INSTA_UPDATE=always cargo test snapshots` writes them anew; a review then reads the difference.

use std::path::Path;

use clap::CommandFactory as _;
use insta::assert_snapshot;
use uaic::cli::Cli;

use super::support::{TestDir, small_study};

/// Takes out what differs from run to run: ids, times, durations, and this machine.
fn settled(text: &str) -> String {
    let patterns = [
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "TIME"),
        (r"\b[0-9a-f]{64}\b", "HASH"),
        (r"\b[0-9a-f]{32}\b", "ID"),
        (r"\b[0-9a-f]{8}\b", "SHORTID1"),
        (r"\b\d+(\.\d+)? (ms|s|min)\b", "DURATION"),
        (r"\b[0-9a-f]{16}\b", "HASH"),
        (r"DURATION ago|\bnow\b", "AGO"),
        (r"/tmp/\.?[A-Za-z0-9_.-]+", "FOLDER"),
        (r"(?m)^process .*", "process PROCESS"),
        (r"(?m)^  (cores|cpu|host|kernels|os) .*", "  $1  MACHINE"),
        (r"(?m)^- (cores|cpu|host|kernels|os): .*", "- $1: MACHINE"),
        (r"(?m)^((  |- )git\.|commit ).*\n", ""),
        (r"(?m)^  (log.txt) .*", "  $1  SIZE"),
    ];
    let mut text = text.to_owned();
    for (pattern, name) in patterns {
        text = regex::Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
    }
    // The width of such columns depends on what was taken out.
    let is_flexible = ["STARTED", "CREATED", "TOOK", "REGISTERED"].iter().any(|name| text.contains(name));
    let blanks = regex::Regex::new(r"(\S)  +").unwrap();
    let tidy = |line: &str| {
        if is_flexible { blanks.replace_all(line, "$1  ").into_owned() } else { line.to_owned() }
    };
    text.lines().map(|line| tidy(line.trim_end())).collect::<Vec<_>>().join("\n")
}

/// A command and all that it said.
fn said(dir: &TestDir, arguments: &[&str]) -> String {
    let answer = dir.ask(arguments);
    let code = answer.code.unwrap();
    let parts = [format!("$ uaic {}", arguments.join(" ")), answer.stdout, answer.stderr];
    let mut text = parts
        .iter()
        .filter(|part| !part.is_empty())
        .fold(String::new(), |all, part| all + part.trim_end() + "\n");
    if code != 0 {
        text = format!("{text}(exit {code})\n");
    }
    let folder = dir.join("");
    settled(&text.replace(folder.to_str().unwrap().trim_end_matches('/'), "FOLDER"))
}

/// Several commands, one after the other.
fn session(dir: &TestDir, lines: &[&str]) -> String {
    let each = lines.iter().map(|line| said(dir, &line.split_whitespace().collect::<Vec<_>>()));
    each.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_help_of_every_verb() {
    fn visit(command: &clap::Command, path: &mut Vec<String>, dir: &TestDir) {
        let name = if path.is_empty() { "uaic".to_owned() } else { path.join("-") };
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        assert_snapshot!(format!("help-{name}"), said(dir, &arguments));
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            path.push(inner.get_name().to_owned());
            visit(inner, path, dir);
            path.pop();
        }
    }
    visit(&Cli::command(), &mut vec![], &TestDir::new());
}

#[test]
fn what_is_written_for_people_to_fill_in() {
    let dir = TestDir::new();
    assert_snapshot!("init", said(&dir, &["init", "mine"]));
    assert_snapshot!("init-spec", dir.read("mine/experiments/attention.toml"));
    assert_snapshot!("schema", dir.run("schema").ok());
}

#[test]
fn tables_and_pages_of_a_study() {
    let (dir, _) = small_study::project();
    assert_snapshot!(
        "tables",
        session(
            &dir,
            &[
                "check small.toml",
                "ls",
                "ls --studies",
                "best",
                "show best",
                "study show @",
                "study ls",
                "evaluate small",
                "evaluate small --by length",
                "compare @/0 small/final",
                "data stats tiny",
                "data ls",
                "model register small intents",
                "model ls",
                "model show intents@1",
            ],
        )
    );
    dir.run("report small --out page").ok();
    assert_snapshot!("report", settled(&dir.read("page/report.md")));
}

/// Specs with one mistake each.
const SPECS: [(&str, &str); 14] = [
    ("key", "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[train]\nlearning_rate = 1e-3\n"),
    ("section", "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[trian]\nlr = 1e-3\n"),
    ("value", "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[train]\nepochs = 0\n"),
    ("kind", "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[train]\nepochs = \"ten\"\n"),
    ("missing", "[experiment]\nname = \"x\"\n"),
    ("dataset", "[experiment]\nname = \"x\"\n[data]\ndataset = \"tinny\"\n"),
    ("syntax", "[experiment]\nname = \"x\n"),
    (
        "range",
        "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[search]\n\"train.lr\" = { log = [1, 0] }\n",
    ),
    (
        "form",
        "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[search]\n\"train.lr\" = { lgo = [0.1, 1] }\n",
    ),
    (
        "constraint",
        "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[search]\n\"train.lr\" = { log = [0.1, 1] }\nconstraints = [\"train.lr > 2\"]\n",
    ),
    ("sampler", "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[study]\nsampler = \"tpee\"\n"),
    ("metric", "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[study]\nmetric = \"val/accurac\"\n"),
    ("timeout", "[experiment]\nname = \"x\"\n[data]\ndataset = \"tiny\"\n[study]\ntimeout = \"soon\"\n"),
    (
        "command",
        "[experiment]\nname = \"x\"\n[objective]\ncommand = [\"true\", \"{lr}\"]\n[search]\nlrr = { log = [0.1, 1] }\n[study]\nmetric = \"m\"\ndirection = \"minimize\"\n",
    ),
];

#[test]
fn mistakes_in_specs() {
    let dir = TestDir::new();
    let rows = (0..40).map(|row| format!("text {row}\t{}\n", ["flight", "airfare"][row % 2]));
    dir.write("data/tiny/train.tsv", rows.collect::<String>());
    let mut all = Vec::new();
    for (name, text) in SPECS {
        dir.write(format!("{name}.toml"), text);
        all.push(said(&dir, &["check", &format!("{name}.toml")]));
    }
    assert_snapshot!("mistakes-in-specs", all.join("\n\n"));
}

#[test]
fn mistakes_on_the_command_line() {
    let dir = TestDir::new();
    let without_a_store = session(
        &dir,
        &["", "rnu", "run", "run missing.toml", "ls", "show", "report", "best x", "plot history", "resume"],
    );
    let (dir, _) = small_study::project();
    dir.write("broken.uaic", "no zip");
    let with_one = session(
        &dir,
        &[
            "show nothing",
            "show smal",
            "show small/7",
            "show zzzzzzzz",
            "show @/0 --artifact nothing",
            "show @/0 --metric val/los",
            "best nothing",
            "run small.toml -P train.lrr=1",
            "run small.toml -P train.lr=fast",
            "run small.toml --jobs 0",
            "resume small",
            "plot histroy",
            "plot contour small",
            "plot roc @/0",
            "compare @/0",
            "compare small/final @/0 --fail-if nonsense",
            "export @/0",
            "export small --format pickle",
            "predict broken.uaic text",
            "predict nothing.uaic text",
            "import broken.uaic",
            "evaluate small --split nothing",
            "evaluate small --by nothing",
            "errors small --split nothing",
            "study enqueue @ train.lrr=1",
            "study exclude @/9",
            "tell @ 0 1.0",
            "ask @",
            "model show nothing",
            "model register small in/valid",
            "model alias nothing@1 champion",
            "explain @/9",
            "data stats nothing",
            "data fetch nothing",
            "rm nothing",
            "requests ls",
        ],
    );
    assert_snapshot!("mistakes-on-the-command-line", format!("{without_a_store}\n\n{with_one}"));
}

#[test]
fn every_environment_variable_is_in_the_guide() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = std::fs::read_to_string(top.join("docs/guide/environment.md")).unwrap();
    let mut folders = vec![top.join("src"), top.join("crates")];
    let name = regex::Regex::new(r#""(UAIC_[A-Z_]+)"|env = "([A-Z_]+)""#).unwrap();
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // What tests tell their own scripts is nobody else's.
            if path.ends_with("tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let product = source.split("#[cfg(test)]").next().unwrap();
                for captured in name.captures_iter(product) {
                    let variable = captured.get(1).or(captured.get(2)).unwrap().as_str();
                    assert!(guide.contains(variable), "{}: `{variable}` is not in the guide", path.display());
                    found += 1;
                }
            }
        }
    }
    assert!(found > 10, "{found}");
}
