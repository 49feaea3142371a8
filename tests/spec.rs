//! Specs: what is read, what is refused and in which words, and the verbs around them.

mod distributions;
mod errors;
mod files;
mod programs;
mod properties;
mod schema;
mod values;
mod verbs;

use std::fs;
use std::path::Path;

use uaic::spec::{Spec, SpecErrors};

fn shipped(name: &str) -> String {
    fs::read_to_string(format!("experiments/{name}.toml")).unwrap()
}

fn parse(text: &str, overrides: &[(&str, &str)]) -> Result<Spec, SpecErrors> {
    let overrides: Vec<_> =
        overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Spec::parse(text, Path::new("x.toml"), &overrides)
}

/// A spec with `lines` after what every spec needs.
fn spec_with(lines: &str) -> String {
    format!("[experiment]\nname = \"a\"\n[data]\ndataset = \"b\"\n{lines}\n")
}

/// `line:column message | help` of each error.
fn complaints(text: &str) -> Vec<String> {
    let Err(errors) = parse(text, &[]) else { return Vec::new() };
    let words = |error: &uaic::spec::SpecError| {
        let place = error.place.line().zip(error.place.column());
        let place = place.map_or_else(|| error.place.path(), |(line, column)| format!("{line}:{column}"));
        format!("{place} {} | {}", error.message, error.help.as_deref().unwrap_or("-"))
    };
    errors.0.iter().map(words).collect()
}

/// Asserts the one error of a line put after a minimal spec, where it is line 6 of `section`.
fn assert_refused(section: &str, line: &str, complaint: &str) {
    assert_eq!(complaints(&spec_with(&format!("[{section}]\n{line}"))), [complaint], "{line}");
}
