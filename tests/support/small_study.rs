//! A study that takes a second, with a final run.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Answer, TestDir, uaic_in};

const SPEC: &str = r#"
[experiment]
name = "small"

[data]
dataset = "tiny"
validation = { folds = 2 }

[model]
embedding_dim = 12
hidden_dim = 8

[train]
epochs = 2

[search]
"train.lr" = { log = [1e-2, 3e-2] }

[study]
trials = 1
seed = 7

[final]
epochs = 4
"#;

/// A folder with a study that has a final run, and what `run --json` said of it.
///
/// It is trained once for a program and copied for each test.
pub(crate) fn project() -> (TestDir, Value) {
    let trained = trained();
    let dir = TestDir::new();
    copy(&trained.join("project"), &dir.join(""));
    move_to(&dir.join("runs/uaic.db"), &trained.join("project"), &dir.join(""));
    let said = std::fs::read_to_string(trained.join("said.json")).unwrap();
    (dir, serde_json::from_str(&said).unwrap())
}

/// The folder with the trained study of this very program; tests of several processes share it.
fn trained() -> PathBuf {
    let program = std::fs::metadata(env!("CARGO_BIN_EXE_uaic")).unwrap();
    let built = program.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("small-study");
    let folder = all.join(format!("{}-{}", built.as_nanos(), program.len()));
    if !folder.exists() {
        std::fs::create_dir_all(&all).unwrap();
        let made = tempfile::tempdir_in(&all).unwrap().keep();
        train(&made);
        // Somebody else may have been quicker; theirs is as good.
        if std::fs::rename(&made, &folder).is_err() {
            std::fs::remove_dir_all(&made).unwrap();
        } else {
            let project = folder.join("project");
            move_to(&project.join("runs/uaic.db"), &made.join("project"), &project);
        }
    }
    folder
}

fn train(folder: &Path) {
    let project = folder.join("project");
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/flights");
    std::fs::create_dir_all(project.join("data/tiny")).unwrap();
    for (split, rows) in [("train", 200), ("test", 60), ("ood", 20), ("ood_test", 30)] {
        let text = std::fs::read_to_string(bundled.join(format!("{split}.tsv"))).unwrap();
        let every = (text.lines().count() / rows).max(1);
        let lines: Vec<&str> = text.lines().step_by(every).collect();
        std::fs::write(project.join(format!("data/tiny/{split}.tsv")), lines.join("\n")).unwrap();
    }
    std::fs::write(project.join("small.toml"), SPEC).unwrap();
    let mut command = uaic_in(&project);
    let said = Answer::of(command.args(["run", "small.toml", "--json"]).output().unwrap()).ok();
    std::fs::write(folder.join("said.json"), said).unwrap();
}

/// Copies a folder and all below it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Lets the studies of a store begin at a spec that lies elsewhere now.
fn move_to(database: &Path, from: &Path, to: &Path) {
    let store = rusqlite::Connection::open(database).unwrap();
    let [from, to] = [from, to].map(|path| path.to_str().unwrap().trim_end_matches('/'));
    let moved = store.execute("UPDATE studies SET spec_path = replace(spec_path, ?1, ?2)", [from, to]);
    assert_eq!(moved, Ok(1));
}
