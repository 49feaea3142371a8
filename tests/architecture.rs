//! The import levels of ARCHITECTURE.md, enforced: a module may use only modules of lower levels,
//! and only those its row allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module → the modules it may use. The table of ARCHITECTURE.md, written out.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let ground = ["trial", "text", "eval", "rng", "fsx", "platform", "nearest", "run_log"];
    let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for module in ground {
        rules.insert(module, vec![]);
    }
    rules.insert("fsx", vec!["platform"]);
    rules.insert("spec", vec!["trial", "nearest"]);
    rules.insert("store", vec!["trial", "fsx", "platform"]);
    rules.insert("text", vec!["spec"]);
    rules.insert("data", vec!["spec", "text", "fsx", "rng", "nearest"]);
    rules.insert("model", vec!["spec", "text", "rng"]);
    rules.insert("train", vec!["spec", "data", "text", "model", "eval", "rng", "trial"]);
    rules.insert("study", vec!["spec", "trial", "store", "rng", "platform", "run_log"]);
    let mut experiment = vec!["spec", "store", "data", "model", "train", "study"];
    experiment.extend(ground);
    rules.insert("experiment", experiment.clone());
    experiment.push("experiment");
    rules.insert("cli", experiment);
    rules
}

#[test]
fn modules_import_downwards_only() {
    let rules = allowed();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in rust_files(Path::new("src")) {
        let Some(module) = top_module(&file) else { continue };
        seen.insert(module.clone());
        let Some(allowed) = rules.get(module.as_str()) else {
            wrong.push(format!("{}: module `{module}` has no row in the table", file.display()));
            continue;
        };
        let source = fs::read_to_string(&file).unwrap();
        for (line, used) in uses_of(&source) {
            if used != module && rules.contains_key(used.as_str()) && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}:{line}: `{module}` must not use `{used}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for module in rules.keys() {
        assert!(seen.contains(*module), "the table names `{module}`, which does not exist");
    }
}

#[test]
fn the_check_sees_every_way_to_import() {
    let source = "use crate::store::Id;\n    use crate::{data, rng::SeedTree};\nlet x = crate::train::fit();\n// crate::cli is a comment\n";
    let used: Vec<_> = uses_of(source).into_iter().map(|(_, module)| module).collect();
    assert_eq!(used, ["store", "data", "rng", "train"]);
}

#[test]
fn only_the_command_line_prints() {
    for file in rust_files(Path::new("src")) {
        if file.starts_with("src/cli") || file == Path::new("src/main.rs") {
            continue;
        }
        let source = fs::read_to_string(&file).unwrap();
        for (number, line) in source.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for macro_name in ["println!", "eprintln!", "print!(", "eprint!(", "dbg!"] {
                assert!(!code.contains(macro_name), "{}:{}: {macro_name}", file.display(), number + 1);
            }
        }
    }
}

/// `(line, module)` of each `crate::module` in the code part of `source`.
fn uses_of(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            if let Some(group) = part.strip_prefix('{') {
                let mut depth = 0;
                let mut start = true;
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        _ if depth == 0 && start && character.is_alphanumeric() => {
                            found.push((number + 1, identifier(&group[at..])));
                            start = false;
                        }
                        _ => {}
                    }
                }
            } else {
                found.push((number + 1, identifier(part)));
            }
        }
    }
    found
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// `src/store/sqlite.rs` → `store`; `main.rs` and `lib.rs` belong to no module.
fn top_module(file: &Path) -> Option<String> {
    let inside = file.strip_prefix("src").ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (name != "main" && name != "lib").then(|| name.to_owned())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
