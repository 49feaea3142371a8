//! The import levels of ARCHITECTURE.md, enforced: a module may use only modules of lower levels,
//! and only those its row allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module → the modules it may use. The table of ARCHITECTURE.md, written out.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let ground =
        ["trial", "text", "eval", "rng", "fsx", "platform", "nearest", "number", "run_log", "kernel"];
    let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for module in ground {
        rules.insert(module, vec![]);
    }
    rules.insert("fsx", vec!["platform"]);
    rules.insert("spec", vec!["trial", "nearest"]);
    rules.insert("store", vec!["trial", "fsx", "platform"]);
    rules.insert("text", vec!["spec"]);
    rules.insert("data", vec!["spec", "text", "fsx", "rng", "nearest"]);
    rules.insert("model", vec!["spec", "text", "rng", "kernel", "eval", "fsx"]);
    rules.insert("onnx", vec!["spec", "text", "model"]);
    rules.insert("train", vec!["spec", "data", "text", "model", "kernel", "eval", "rng", "trial"]);
    rules.insert(
        "study",
        vec!["spec", "trial", "store", "kernel", "rng", "number", "platform", "run_log", "nearest"],
    );
    rules.insert("package", vec!["spec", "text", "model", "eval", "fsx", "rng"]);
    let mut experiment = vec!["spec", "store", "data", "model", "train", "study", "package"];
    experiment.extend(ground);
    rules.insert("experiment", experiment.clone());
    rules.insert(
        "command",
        vec!["study", "spec", "store", "trial", "rng", "run_log", "fsx", "platform", "nearest", "number"],
    );
    rules.insert(
        "serve",
        vec!["package", "model", "spec", "text", "eval", "fsx", "platform", "nearest", "rng"],
    );
    rules.insert("load", vec!["fsx", "platform"]);
    experiment.extend(["experiment", "command", "onnx"]);
    rules.insert("report", experiment.clone());
    experiment.extend(["report", "serve", "load"]);
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
        for (line, used) in uses_of(&source, depth(&file)) {
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
    let uses = |source| uses_of(source, 1).into_iter().map(|(_, module)| module).collect::<Vec<_>>();
    let source =
        "use crate::store::Id;\n    use crate::{data, rng::{self, SeedTree}};\nlet x = crate::train::fit();";
    assert_eq!(uses(source), ["store", "data", "rng", "train"]);
    assert_eq!(
        uses("use crate::{\n    data::{\n        Dataset, Example,\n    },\n    rng,\n};"),
        ["data", "rng"]
    );
    assert_eq!(uses("use crate::{ // why\n    /* and\n how */ data,\n};"), ["data"]);
    assert_eq!(uses("fn f<'a>(x: &'a str) -> char { '\"' }\nuse crate::cli; // '\"'"), ["cli"]);

    assert_eq!(uses("// crate::cli\n/* crate::a /* nested */ crate::b */"), [""; 0]);
    assert_eq!(uses(r##"let x = ["crate::a \" crate::b", r#"crate::c " crate::d"#];"##), [""; 0]);
}

#[test]
fn the_check_sees_imports_through_the_module_above() {
    let uses = |source, depth| uses_of(source, depth).into_iter().map(|(_, used)| used).collect::<Vec<_>>();
    assert_eq!(
        uses("use super::store::Id;\nuse super::{\n    data,\n    rng,\n};", 1),
        ["store", "data", "rng"]
    );
    assert_eq!(uses("use super::store::Id;", 2), [""; 0]);
    assert_eq!(uses("use super::super::cli;", 2), ["cli"]);
    let inline = "mod tests {\n    use super::own;\n    use super::super::cli;\n}\nuse super::data;";
    assert_eq!(uses(inline, 1), ["cli", "data"]);

    assert_eq!(depth(Path::new("src/fsx.rs")), 1);
    assert_eq!(depth(Path::new("src/study/mod.rs")), 1);
    assert_eq!(depth(Path::new("src/study/record.rs")), 2);
}

#[test]
fn line_numbers_survive_comments_and_strings() {
    assert_eq!(
        uses_of("/* a\nb */\nlet x = \"\n\";\nuse crate::{\n    data,\n};", 1),
        [(6, "data".to_owned())]
    );
}

#[test]
fn the_study_knows_the_store_by_its_trait_alone() {
    for file in rust_files(Path::new("src/study")) {
        let source = fs::read_to_string(&file).unwrap();
        for (line, token) in tokens(&source) {
            let is_concrete = ["SqliteStore", "sqlite", "rusqlite"].contains(&token.as_str());
            assert!(!is_concrete, "{}:{line}: `study` must not name `{token}`", file.display());
        }
    }
}

#[test]
fn only_the_command_line_prints() {
    for file in rust_files(Path::new("src")) {
        if file.starts_with("src/cli") || file == Path::new("src/main.rs") {
            continue;
        }
        let source = fs::read_to_string(&file).unwrap();
        for (number, code) in code_of(&source).lines().enumerate() {
            for macro_name in ["println!", "eprintln!", "print!(", "eprint!(", "dbg!"] {
                assert!(!code.contains(macro_name), "{}:{}: {macro_name}", file.display(), number + 1);
            }
        }
    }
}

/// `(line, module)` of each use of a top-level module, be it through `crate::` or `super::`, in a
/// file that is `depth` modules below the crate's root.
fn uses_of(source: &str, depth: usize) -> Vec<(usize, String)> {
    let tokens = tokens(source);
    let at = |index: usize| tokens.get(index).map_or("", |(_, token)| token.as_str());
    let mut found = Vec::new();
    // Open braces, and for each whether it belongs to a module.
    let mut braces = Vec::new();
    for index in 0..tokens.len() {
        let inside = depth + braces.iter().filter(|is_module| **is_module).count();
        match at(index) {
            "{" => braces.push(index > 1 && at(index - 2) == "mod"),
            "}" => drop(braces.pop()),
            "crate" if at(index + 1) == "::" => found.extend(heads(&tokens[index + 2..])),
            "super" if index == 0 || at(index - 1) != "::" => {
                let ups =
                    (index..).step_by(2).take_while(|&up| at(up) == "super" && at(up + 1) == "::").count();
                if ups == inside {
                    found.extend(heads(&tokens[index + 2 * ups..]));
                }
            }
            _ => {}
        }
    }
    found
}

/// The first segments of the path, or of the paths of the group, that begins here.
fn heads(tokens: &[(usize, String)]) -> Vec<(usize, String)> {
    let is_name = |token: &str| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let Some((_, first)) = tokens.first() else { return Vec::new() };
    if first != "{" {
        return tokens[..1].iter().filter(|(_, token)| is_name(token)).cloned().collect();
    }
    let (mut depth, mut heads) = (0, Vec::new());
    for pair in tokens.windows(2) {
        match pair[0].1.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && ["{", ","].contains(&pair[0].1.as_str()) && is_name(&pair[1].1) {
            heads.push(pair[1].clone());
        }
    }
    heads
}

/// The names, `::` and other characters of the code part of `source`, with their lines.
fn tokens(source: &str) -> Vec<(usize, String)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    for (number, mut rest) in code_of(source).lines().enumerate() {
        while let Some(first) = rest.chars().next() {
            let length = match first {
                _ if is_part(first) => rest.find(|c| !is_part(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            let (token, after) = rest.split_at(length);
            if !first.is_whitespace() {
                tokens.push((number + 1, token.to_owned()));
            }
            rest = after;
        }
    }
    tokens
}

/// `source` with comments and the texts of literals left out, and its line ends kept.
fn code_of(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = not_code(rest, code.chars().next_back());
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            // A blank, so that what stands on either side stays apart.
            code.push(' ');
            code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

/// The length of the comment or literal that `rest` begins with, or 0.
fn not_code(rest: &str, before: Option<char>) -> usize {
    let end_after =
        |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    let in_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        let mut depth = 0;
        for (at, _) in rest.char_indices() {
            depth += i32::from(rest[at..].starts_with("/*")) - i32::from(rest[at..].starts_with("*/"));
            if depth == 0 {
                return at + 2;
            }
        }
        return rest.len();
    }
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !in_name || before == Some('b')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return end_after(hashes + 2, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    // A character; what has no quote after one character is a lifetime.
    let is_character = rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'');
    if rest.starts_with('\'') && is_character { quoted(rest, '\'') } else { 0 }
}

/// The length of a literal between two `quote`s, in which a backslash takes the next character.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// How many modules a file is below the crate's root.
fn depth(file: &Path) -> usize {
    let inside = file.strip_prefix("src").unwrap_or(file).with_extension("");
    inside.components().filter(|part| part.as_os_str() != "mod").count()
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
