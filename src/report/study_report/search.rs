//! How it was searched.

use super::super::error::PlotError;
use super::super::page::{Block, Section, Table};
use super::super::study::{Dimension, StudyView, TrialView};
use super::super::subject::ReportSubject;
use super::super::wording::{number, param};
use crate::trial::Rank;

/// Rows of the table of best trials.
const BEST: usize = 10;

/// Most columns of parameters in a table.
const COLUMNS: usize = 12;

/// How it was searched.
pub(super) fn search(subject: &ReportSubject<'_>) -> Result<Section, PlotError> {
    let mut section = Section::new("search", "Search");
    let view = subject.view()?;
    if view.space.is_empty() {
        return Ok(section);
    }
    let tally = subject.store.tally(subject.study.id)?;
    let failed = if tally.failed > 0 { format!(", {} failed", tally.failed) } else { String::new() };
    let (complete, aside) = (tally.complete, tally.aside());
    section.text(format!("{complete} of {} trials are complete{failed}{aside}.", subject.study.plan.trials));
    if view.trials.is_empty() && tally.hidden + tally.excluded > 0 {
        section.text(format!(
            "There is nothing to show: every trial is hidden or excluded. `uaic ls --study {} --all` lists \
             them, and `uaic restore` brings hidden ones back.",
            subject.study.id.short()
        ));
    }
    let ranked = view.ranked();
    if ranked.is_empty() {
        return Ok(section);
    }
    if ranked.first().is_some_and(|(_, rank)| !rank.is_feasible()) {
        section.text(
            "No trial holds the constraints of `study.feasible`; those that miss them least come first.",
        );
    }
    let (dimensions, left_out) = view.leading(COLUMNS);
    if !left_out.is_empty() {
        section.text(
            format!("The table has {left_out}; `trials.csv` has all.").replace("; choose with --params", ""),
        );
    }
    let best = Table { caption: format!("The best {}", BEST.min(ranked.len())), ..table(view, &dimensions) };
    section.blocks.push(Block::Table(best));
    Ok(section)
}

/// The best trials, with some of their parameters.
fn table(view: &StudyView, dimensions: &[Dimension]) -> Table {
    let mut columns = vec![">trial".to_owned(), format!(">{}", view.metric)];
    columns.extend(dimensions.iter().map(|dimension| format!(">{}", dimension.short())));
    let row = |(trial, rank): &(&TrialView, Rank)| {
        let param = |dimension: &Dimension| trial.params.get(&dimension.name).map_or("–".to_owned(), param);
        let head = [trial.number.to_string(), number(rank.value())];
        head.into_iter().chain(dimensions.iter().map(param)).collect()
    };
    Table { rows: view.ranked().iter().take(BEST).map(row).collect(), columns, ..Table::default() }
}
