//! What came out, and what it hangs on.

use super::super::error::PlotError;
use super::super::page::{Block, Section};
use super::super::study::importances;
use super::super::subject::ReportSubject;
use super::super::wording::{number, param, share};

/// Most parameters of the best trial that are written out.
const PARAMS: usize = 60;

/// What came out, and what it hangs on.
pub(super) fn best(subject: &ReportSubject<'_>) -> Result<Section, PlotError> {
    let mut section = Section::new("best", "The best trial, and why");
    let view = subject.view()?;
    let Some((trial, value)) = view.best() else { return Ok(section) };
    let mut facts =
        vec![("trial".to_owned(), trial.number.to_string()), (view.metric.clone(), number(value))];
    facts.extend(trial.params.iter().take(PARAMS).map(|(name, value)| (name.clone(), param(value))));
    section.blocks.push(Block::Facts(facts));
    if trial.params.len() > PARAMS {
        let more = trial.params.len() - PARAMS;
        section.text(format!("{more} more parameters are in `trials.csv`."));
    }
    if let Ok(shares) = importances(view, &mut subject.seeds().rng("importance"))
        && let Some((name, part)) = shares.first()
    {
        let rest = shares
            .get(1)
            .map_or(String::new(), |(name, part)| format!(", then {name} with {}", share(*part)));
        section.text(format!(
            "{name} explains most of what parameters explain one by one ({}{rest}).",
            share(*part)
        ));
    }
    Ok(section)
}
