//! How to get the same again.

use super::super::error::PlotError;
use super::super::page::{Block, Section};
use super::super::program::Evaluator;
use super::super::subject::ReportSubject;

/// How to get the same again.
pub(super) fn again(subject: &ReportSubject<'_>, evaluator: &Evaluator) -> Result<Section, PlotError> {
    let new = &subject.study.plan;
    let mut section = Section::new("again", "Reproduction");
    section.text(evaluator.repeats(subject)?);
    let facts = new.environment.iter().filter(|(name, _)| !name.starts_with("host"));
    let facts = Block::Facts(facts.map(|(name, value)| (name.clone(), value.clone())).collect());
    if new.spec_text.is_empty() {
        section.blocks.push(facts);
        return Ok(section);
    }
    let verb = evaluator.verb();
    let mut command = format!("uaic {verb} again.toml     # the text below");
    if !new.overrides.is_empty() {
        let fixed: Vec<String> =
            new.overrides.iter().map(|(key, value)| format!(" -P '{key}={value}'")).collect();
        command = format!("uaic {verb} again.toml{}     # the text below", fixed.concat());
    }
    section.blocks.push(Block::Code(command));
    section.blocks.push(facts);
    section.blocks.push(Block::Code(new.spec_text.clone()));
    Ok(section)
}
