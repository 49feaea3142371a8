//! What was asked.

use super::super::page::{Block, Section};
use super::super::program::Evaluator;
use super::super::subject::ReportSubject;
use super::super::wording::utc;

/// What was asked.
pub(super) fn asked(subject: &ReportSubject<'_>, evaluator: &Evaluator) -> Section {
    let new = &subject.study.new;
    let mut section = Section::new("asked", "What was asked");
    let mut facts = vec![
        ("experiment".to_owned(), new.experiment.clone()),
        ("objective".to_owned(), objectives(subject)),
        ("trials".to_owned(), new.trials.to_string()),
        ("seed".to_owned(), new.seed.to_string()),
        ("started".to_owned(), utc(subject.study.created_ms)),
    ];
    facts.extend(evaluator.facts());
    if let (Evaluator::Training, Ok(spec)) = (evaluator, subject.spec()) {
        facts.push(("sampler".to_owned(), spec.study.sampler.clone()));
        facts.push(("data set".to_owned(), spec.training.data.dataset.clone()));
        facts.push(("architecture".to_owned(), spec.training.model.architecture().to_owned()));
    }
    section.blocks.push(Block::Facts(facts));
    section
}

/// `minimize val/loss, maximize val/accuracy`.
fn objectives(subject: &ReportSubject<'_>) -> String {
    let new = &subject.study.new;
    let first = std::iter::once((&new.metric, new.direction));
    let more = new.more_objectives.iter().map(|(metric, direction)| (metric, *direction));
    let all: Vec<String> =
        first.chain(more).map(|(metric, direction)| format!("{direction} {metric}")).collect();
    all.join(", ")
}
