//! Errors worth reading.

use super::super::answers::mistakes;
use super::super::error::PlotError;
use super::super::page::{Block, Section, Table};
use super::super::subject::ReportSubject;
use super::super::wording::share;
use super::confusion::confusion;
use crate::eval::Predictions;

/// Rows of the tables of confused pairs.
const PAIRS: usize = 15;

/// Errors worth reading.
pub(super) fn errors(
    subject: &ReportSubject<'_>,
    predictions: Option<&Predictions>,
) -> Result<Section, PlotError> {
    let mut section = Section::new("errors", "Errors worth reading");
    let Some(predictions) = predictions else { return Ok(section) };
    section.blocks.push(Block::Table(mistakes(subject, predictions)?));
    let confusion = confusion(predictions);
    let classes = confusion.classes();
    let mut pairs: Vec<(u32, usize, usize)> = (0..classes * classes)
        .map(|cell| (cell / classes, cell % classes))
        .filter(|(gold, predicted)| gold != predicted)
        .map(|(gold, predicted)| (confusion.get(gold, predicted), gold, predicted))
        .filter(|(count, _, _)| *count > 0)
        .collect();
    pairs.sort_by_key(|(count, gold, predicted)| (std::cmp::Reverse(*count), *gold, *predicted));
    let mut table = Table::new(
        "Pairs that are confused",
        &["right", "predicted instead", ">texts", ">share of the class"],
    );
    for (count, gold, predicted) in pairs.into_iter().take(PAIRS) {
        let name = |label: usize| predictions.gold_name(label as u32).to_owned();
        let support = f64::from(confusion.support(gold).max(1));
        table.rows.push(vec![
            name(gold),
            name(predicted),
            count.to_string(),
            share(f64::from(count) / support),
        ]);
    }
    section.blocks.push(Block::Table(table));
    Ok(section)
}
