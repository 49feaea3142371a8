//! The commented spec that `uaic init` writes.

use std::fmt::Write as _;

use super::keys::{KEYS, Key, OBJECTIVE, SEARCH, SECTIONS};
use super::kind::{Kind, TextRule};
use super::read;

/// The shipped spec, whose keys the template sets; it names all others in comments.
const SHIPPED: &str = include_str!("../../experiments/attention.toml");

/// A spec that names every key, with its default and one line on it. What the shipped
/// `attention.toml` sets is set, and the rest is there as comments, so both mean the same.
pub fn commented() -> String {
    let shipped = read::read(SHIPPED, &[]);
    let mut text =
        "# An experiment spec for uaic. Every key is named here; commented ones show their default.\n\
                    # Check it with `uaic check`, run it with `uaic run`.\n"
            .to_owned();
    for (section, doc) in SECTIONS.iter().filter(|(section, _)| !section.contains('.')) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "\n# {doc}.\n[{section}]");
        if *section == OBJECTIVE {
            text.truncate(text.len() - format!("\n# {doc}.\n[{section}]\n").len());
            continue;
        }
        if *section == SEARCH {
            text.push_str(FORMS);
            for (path, distribution) in shipped.search.iter() {
                let _ = writeln!(text, "{:<21} = {}", format!("\"{path}\""), distribution.value);
            }
            continue;
        }
        for key in &KEYS {
            let Some(name) = key.path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let line = match shipped.values.get(key.path) {
                Some(set) => format!("{name} = {}", set.value.to_toml()),
                None => format!("# {name} = {}", shown_default(key)),
            };
            let _ = writeln!(text, "{line:<34} # {}{}", key.doc, choices(key.kind));
        }
    }
    text
}

/// The forms of distributions, as comments.
const FORMS: &str = "\
# { uniform = [low, high] }            a real number; beside it `step = 0.1` where wanted
# { log = [low, high] }                a real number whose logarithm is uniform
# { int = [low, high] }                a whole number; beside it `step = 8` where wanted
# { int_log = [low, high] }            a whole number whose logarithm is uniform
# { choice = [\"adam\", \"adamw\"] }       one of several values
";

/// The default of a key; the ways of validation that are not the default one show an example.
fn shown_default(key: &Key) -> String {
    match (key.default(), key.kind) {
        (Some(default), _) => default.to_toml(),
        (None, Kind::Float(_)) => "0.1".to_owned(),
        (None, Kind::Int { min, .. }) => min.to_string(),
        (None, Kind::Text(TextRule::Split)) => "\"dev\"".to_owned(),
        (None, Kind::Text(TextRule::OutOfScope)) => "\"ood\"".to_owned(),
        (None, _) => "\"\"".to_owned(),
    }
}

fn choices(kind: Kind) -> String {
    match kind {
        Kind::Name(names) => format!(": {}", names.join(", ")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Spec;
    use super::*;

    #[test]
    fn the_template_means_the_same_as_the_shipped_spec() {
        let read = |text: &str| Spec::parse(text, Path::new("x.toml"), &[]).unwrap();
        assert_eq!(read(&commented()).effective_toml(), read(SHIPPED).effective_toml());
    }

    #[test]
    fn every_key_stands_in_the_template_and_is_legal_when_uncommented() {
        let text = commented();
        for key in &KEYS {
            let section = key.path.split('.').next().unwrap();
            let name = &key.path[section.len() + 1..];
            let in_section = text.split(&format!("\n[{section}]\n")).nth(1).unwrap();
            let in_section = in_section.split("\n[").next().unwrap();
            let line = in_section
                .lines()
                .find_map(|line| line.trim_start_matches("# ").strip_prefix(&format!("{name} = ")))
                .unwrap_or_else(|| panic!("{} is missing", key.path));
            let value = line.split(" # ").next().unwrap().trim();
            // The template is a spec of one architecture; keys of another one are legal in theirs.
            let other = match key.condition.as_ref().map(|condition| condition.names) {
                Some([name @ ("bert" | "cnn")]) => Some(*name),
                _ => None,
            };
            let of_other = |name| {
                format!("experiment.name = \"x\"\ndata.dataset = \"x\"\nmodel.architecture = \"{name}\"")
            };
            let text = other.map_or_else(|| text.clone(), of_other);
            let spec = Spec::parse(&text, Path::new("x.toml"), &[(key.path.to_owned(), value.to_owned())]);
            assert!(spec.is_ok(), "{} = {value}: {}", key.path, spec.unwrap_err());
        }
    }
}
