//! What it was.

use super::super::page::{Block, Section, Table};
use super::super::shell::quoted;
use super::super::wording::utc;
use super::recorded::Recorded;
use crate::number::counted;

/// Tags that are told elsewhere.
const ELSEWHERE: [&str; 3] = ["exit_code", "signal", "duration_s"];

/// What it was: its command, its place among others, what somebody wrote about it.
pub(super) fn identity(recorded: &Recorded<'_>) -> Section {
    let run = &recorded.run;
    let mut section = Section::new("what", "What it was");
    if let Some(command) = command(recorded) {
        section.blocks.push(Block::Code(command));
    }
    let mut facts = vec![("run".to_owned(), run.id.to_string())];
    facts.extend(run.name.clone().map(|name| ("name".to_owned(), name)));
    facts.push(("experiment".to_owned(), run.experiment.clone()));
    if let Some(parent) = &recorded.parent {
        let name = parent.name.clone().map(|name| format!(" ({name})")).unwrap_or_default();
        facts.push(("part of".to_owned(), format!("run {}{name}", parent.id.short())));
    }
    if !recorded.parts.is_empty() {
        facts.push(("parts".to_owned(), counted(recorded.parts.len(), "run")));
    }
    facts.push(("started".to_owned(), utc(run.started_ms)));
    facts.extend(recorded.fact("cwd").cloned().map(|folder| ("working folder".to_owned(), folder)));
    section.blocks.push(Block::Facts(facts));
    if let Some(note) = run.note.as_ref().filter(|note| !note.trim().is_empty()) {
        section.blocks.push(Block::Note(note.clone()));
    }
    let tags: Vec<_> = recorded.tags.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())).collect();
    if !tags.is_empty() {
        let mut table = Table::new("", &["tag", "value"]);
        table.rows = tags.into_iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
        section.blocks.push(Block::Table(table));
    }
    section
}

/// The command line as a shell reads it; what is secret in it was never kept.
pub(super) fn command(recorded: &Recorded<'_>) -> Option<String> {
    let words: Vec<String> = serde_json::from_str(recorded.fact("argv")?).ok()?;
    Some(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
}
