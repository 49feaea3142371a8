//! What was asked.

use super::super::page::{Block, Section};
use super::super::program::Evaluator;
use super::super::subject::ReportSubject;
use super::super::wording::utc;

/// What was asked.
pub(super) fn asked(subject: &ReportSubject<'_>, evaluator: &Evaluator) -> Section {
    let new = &subject.study.plan;
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
        facts.push(("sampler".to_owned(), spec.study.sampler.to_string()));
        let training = spec.training().into_iter();
        facts.extend(training.flat_map(|training| {
            let architecture = training.model.architecture().to_owned();
            [
                ("data set".to_owned(), training.data.dataset.clone()),
                ("architecture".to_owned(), architecture),
            ]
        }));
    }
    section.blocks.push(Block::Facts(facts));
    section
}

/// `minimize val/loss, maximize val/accuracy`.
fn objectives(subject: &ReportSubject<'_>) -> String {
    let goals = subject.study.goals().iter();
    goals.map(|goal| format!("{} {}", goal.direction, goal.metric)).collect::<Vec<_>>().join(", ")
}
