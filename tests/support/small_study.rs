//! A study that takes a second, with a final run.

use std::path::Path;

use serde_json::Value;

use super::TestDir;

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
pub(crate) fn project() -> (TestDir, Value) {
    let dir = TestDir::new();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/flights");
    for (split, rows) in [("train", 200), ("test", 60), ("ood", 20), ("ood_test", 30)] {
        let text = std::fs::read_to_string(bundled.join(format!("{split}.tsv"))).unwrap();
        let every = (text.lines().count() / rows).max(1);
        let lines: Vec<&str> = text.lines().step_by(every).collect();
        dir.write(format!("data/tiny/{split}.tsv"), lines.join("\n"));
    }
    dir.write("small.toml", SPEC);
    let said = dir.run("run small.toml --json").json();
    (dir, said)
}
