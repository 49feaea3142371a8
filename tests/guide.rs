//! The shell commands of the README and the guide are run, page by page and in their order, on the
//! bundled data cut short.

use std::path::{Path, PathBuf};
use std::process::Command;

use uaic_table::{Column, Table, Values, write_parquet};

use super::support::{Answer, TestDir};

/// What cannot be run here: what serves until it is stopped, opens a browser, or needs the network.
const LEFT_OUT: [&str; 12] = [
    "uaic serve",
    "uaic load",
    "--open",
    "uaic data fetch",
    "experiments/atis.toml",
    "experiments/minilm.toml",
    "pip download",
    "unzip",
    "curl",
    "openssl",
    "cargo ",
    "uaic bench samplers",
];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shipped specs with fewer epochs, on every eighth text; `june` has others.
fn project() -> TestDir {
    let dir = TestDir::new();
    for split in ["train", "test", "ood", "ood_test"] {
        let text = std::fs::read_to_string(top().join(format!("data/flights/{split}.tsv"))).unwrap();
        for (folder, first) in [("data/flights", 0), ("june", 4)] {
            let lines: Vec<&str> = text.lines().skip(first).step_by(8).collect();
            dir.write(format!("{folder}/{split}.tsv"), lines.join("\n"));
        }
    }
    for folder in ["experiments", "examples/command"] {
        for entry in std::fs::read_dir(top().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            let text = std::fs::read_to_string(&path).unwrap();
            let short = text.replace("epochs = 30", "epochs = 2").replace("epochs = 5 ", "epochs = 1 ");
            dir.write(&name, short.replace("folds = 5", "folds = 2"));
            let permissions = std::fs::metadata(&path).unwrap().permissions();
            std::fs::set_permissions(dir.join(name), permissions).unwrap();
        }
    }
    dir
}

/// The lines of the `sh` blocks of a page, but those that are left out, as one script.
fn script(page: &str) -> String {
    let text = std::fs::read_to_string(top().join(page)).unwrap();
    let blocks = text.split("```sh\n").skip(1).filter_map(|part| part.split("\n```").next());
    let joined = blocks.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let lines = joined.lines().filter(|line| !LEFT_OUT.iter().any(|part| line.contains(part)));
    // A gate says by its exit code that a model is worse, and may do so of these.
    let gate = |line: &str| {
        let command = line.split(" #").next().unwrap_or(line).trim_end();
        if line.contains("--fail-if") { format!("{command} || [ $? -eq 1 ]") } else { line.to_owned() }
    };
    lines.map(gate).collect::<Vec<_>>().join("\n")
}

/// Runs a script as a reader would, until a command fails.
fn shell(dir: &TestDir, script: &str) -> Answer {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_uaic"));
    let folders = [program.parent().unwrap().to_owned()];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut command = Command::new("bash");
    command.args(["-euxo", "pipefail", "-c", script]).current_dir(dir.join("")).env("PATH", path);
    for name in ["UAIC_STORE", "UAIC_LOG", "UAIC_KERNELS", "UAIC_DATA_MIRROR"] {
        command.env_remove(name);
    }
    Answer::of(command.env("NO_COLOR", "1").output().unwrap())
}

/// Runs a page, after what a reader has done before.
#[track_caller]
fn follow(page: &str, before: &str) {
    let dir = project();
    shell(&dir, before).ok();
    let script = script(page);
    assert!(script.lines().count() > 1, "{page} has no commands: {script}");
    let answer = shell(&dir, &script);
    assert_eq!(answer.code, Some(0), "{page}\n{}", answer.stderr);
}

const ATTENTION: &str = "uaic run experiments/attention.toml --quiet\n";
const BOTH: &str = "uaic run experiments/lstm.toml --quiet\nuaic run experiments/attention.toml --quiet\n";

#[test]
fn the_readme_runs() {
    follow("README.md", "uaic run experiments/lstm.toml --quiet");
}

#[test]
fn the_page_of_studies_runs() {
    follow("docs/guide/study.md", "true");
}

#[test]
fn the_page_of_searching_runs() {
    follow("docs/guide/search.md", ATTENTION);
}

#[test]
fn the_page_of_results_runs() {
    follow("docs/guide/results.md", BOTH);
}

#[test]
fn the_page_of_models_runs() {
    let texts = "cut -f1 june/test.tsv > texts.txt && cp june/test.tsv texts.tsv\n";
    follow("docs/guide/models.md", &format!("{texts}{BOTH}"));
}

#[test]
fn the_page_of_any_predictions_runs() {
    let dir = TestDir::new();
    let line = |row: usize, wrong: usize| {
        let guess = if row % 9 < wrong { 0 } else { row % 3 };
        let share = |class: usize| if class == guess { 0.6 } else { 0.2 };
        format!("{},{},{},{}\n", ["cat", "dog", "ox"][row % 3], share(0), share(1), share(2))
    };
    for (name, wrong) in [("p.csv", 2), ("q.csv", 4)] {
        let lines: String = (0..90).map(|row| line(row, wrong)).collect();
        dir.write(name, format!("y,p_cat,p_dog,p_ox\n{lines}"));
    }
    let column = |name: &str, shift: f64| Column {
        name: name.to_owned(),
        width: 1,
        values: Values::Floats(
            (0..40).map(|row| Some(f64::from(row) * 1.5 + shift * f64::from(row % 3))).collect(),
        ),
    };
    let table = Table { columns: vec![column("y", 0.0), column("yhat", 0.5)], rows: 40, ..Table::default() };
    dir.write("p.parquet", write_parquet(&table, &[]).unwrap());
    let arrays = top().join("crates/uaic-table/fixtures/scores.npz");
    dir.write("scores.npz", std::fs::read(arrays).unwrap());
    let answer = shell(&dir, &script("docs/guide/evaluate.md"));
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stdout.contains("McNemar"), "{}", answer.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn the_page_of_recorded_programs_runs() {
    follow("docs/guide/exec.md", "true");
}

#[test]
fn the_page_of_programs_runs() {
    follow("docs/guide/programs.md", "true");
}

#[test]
fn the_page_of_reproducibility_runs() {
    follow("docs/guide/reproducibility.md", "true");
}
