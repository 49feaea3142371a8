//! On which code it ran.

use super::super::page::{Block, Section, Table};
use super::diff::changed;
use super::recorded::Recorded;
use crate::number::counted;
use crate::store::StoreError;

/// Most rows of a table.
const ROWS: usize = 50;

/// The artifact with what was not committed.
pub(super) const PATCH: &str = "code/diff.patch";

/// The artifact with names of files that git does not know.
pub(super) const UNTRACKED: &str = "code/untracked.txt";

/// Commit, branch, and what differed from it.
pub(super) fn code(recorded: &Recorded<'_>) -> Result<Section, StoreError> {
    let mut section = Section::new("code", "Code");
    let shown = |name: &str| match name {
        "git.dirty" => "uncommitted changes".to_owned(),
        other => other.trim_start_matches("git.").replace('_', " "),
    };
    let facts = recorded.run.start.environment.iter().filter(|(name, _)| name.starts_with("git."));
    let facts: Vec<_> = facts.map(|(name, value)| (shown(name), value.clone())).collect();
    if !facts.is_empty() {
        section.blocks.push(Block::Facts(facts));
    }
    if let Some(patch) = recorded.text(PATCH)? {
        let files = changed(&patch);
        let sum = |of: fn(&super::diff::Changed) -> usize| files.iter().map(of).sum::<usize>();
        section.text(format!(
            "Not committed were changes of {}: {} added, {} removed (`{PATCH}`).",
            counted(files.len(), "file"),
            counted(sum(|file| file.added), "line"),
            sum(|file| file.removed),
        ));
        let mut table = Table::new("", &["file", ">added", ">removed"]);
        for file in files.iter().take(ROWS) {
            let cell = |count: usize| if file.is_binary { "binary".to_owned() } else { count.to_string() };
            table.rows.push(vec![file.path.clone(), cell(file.added), cell(file.removed)]);
        }
        section.blocks.push(Block::Table(table));
        if files.len() > ROWS {
            section.text(format!("{} more.", counted(files.len() - ROWS, "file")));
        }
    }
    if let Some(names) = recorded.text(UNTRACKED)? {
        let all: Vec<&str> = names.lines().collect();
        section.text(format!("{} that git does not know, not kept:", counted(all.len(), "file")));
        section.blocks.push(Block::Code(all[..all.len().min(ROWS)].join("\n")));
    }
    Ok(section)
}
