//! What surrounded it: the machine, variables, packages.

use super::super::page::{Block, Section, Table};
use super::recorded::Recorded;
use crate::number::counted;
use crate::store::StoreError;
use crate::wording::bytes;

/// The artifact with the packages of an interpreter.
const PACKAGES: &str = "environment/packages.txt";

/// Most packages that are listed.
const LISTED: usize = 1000;

/// Facts about the machine, then variables and packages.
pub(super) fn surroundings(recorded: &Recorded<'_>) -> Result<Section, StoreError> {
    let mut section = Section::new("environment", "Environment");
    let all = &recorded.run.start.environment;
    let is_told = |name: &str| ["argv", "cwd"].contains(&name) || name.starts_with("git.");
    let facts: Vec<(String, String)> = all
        .iter()
        .filter(|(name, _)| !is_told(name) && !name.starts_with("env."))
        .map(|(name, value)| shown(name, value))
        .collect();
    if !facts.is_empty() {
        section.blocks.push(Block::Facts(facts));
    }
    let mut variables = Table::new("", &["variable", "value"]);
    let of_env = all.iter().filter_map(|(name, value)| Some((name.strip_prefix("env.")?, value)));
    variables.rows = of_env.map(|(name, value)| vec![name.to_owned(), value.clone()]).collect();
    if !variables.rows.is_empty() {
        section.blocks.push(Block::Table(variables));
    }
    if let Some(text) = recorded.text(PACKAGES)? {
        let lines: Vec<&str> = text.lines().collect();
        section.text(format!("{} (`{PACKAGES}`):", counted(lines.len(), "package")));
        section.blocks.push(Block::Code(lines[..lines.len().min(LISTED)].join("\n")));
    }
    Ok(section)
}

/// A size in the unit that suits.
fn shown(name: &str, value: &str) -> (String, String) {
    match (name.strip_suffix("_bytes"), value.parse()) {
        (Some(name), Ok(size)) => (name.to_owned(), bytes(size)),
        _ => (name.to_owned(), value.to_owned()),
    }
}
