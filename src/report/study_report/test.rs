//! What the test says.

use super::super::error::PlotError;
use super::super::page::{Block, Section, Table};
use super::super::subject::ReportSubject;
use super::super::wording::{estimate, number};
use super::confusion::confusion;
use super::metrics;
use crate::eval::{Measures, Predictions};

/// What the test says.
pub(super) fn test(
    subject: &ReportSubject<'_>,
    predictions: Option<&Predictions>,
) -> Result<Section, PlotError> {
    let mut section = Section::new("test", "Test result");
    let Measures { values, absent } = metrics::measures(subject)?;
    if let Some(accuracy) = values.get(crate::select::FINAL_METRIC) {
        section.text(format!(
            "The best point was retrained on all training data and tested once: accuracy {} (95 % interval {}), on {} texts.",
            estimate(accuracy).0, estimate(accuracy).1, accuracy.n
        ));
    }
    section.blocks.push(Block::Table(metrics::table(&values, "test/")));
    if !absent.is_empty() {
        let mut table = Table::new("Figures without a value", &["metric", "why"]);
        table.rows = absent.into_iter().map(|(name, why)| vec![name, why.to_string()]).collect();
        section.blocks.push(Block::Table(table));
    }
    if let Some(predictions) = predictions {
        section.blocks.push(Block::Table(classes(predictions)));
    }
    Ok(section)
}

/// Precision, recall and F1 of every class.
fn classes(predictions: &Predictions) -> Table {
    let confusion = confusion(predictions);
    let mut table =
        Table::new("Every class", &["class", ">texts", ">predicted", ">precision", ">recall", ">F1"]);
    let mut rows: Vec<_> = confusion.per_class().into_iter().enumerate().collect();
    // The largest first; of equally large ones those that need looking at.
    let f1 = |class: &crate::eval::ClassFigures| class.f1.as_ref().map_or(0.0, |value| *value);
    rows.sort_by(|(_, a), (_, b)| b.support.cmp(&a.support).then(f1(a).total_cmp(&f1(b))));
    for (label, class) in rows.into_iter().filter(|(_, class)| class.support + class.predicted > 0) {
        let cell = |value: Result<f64, crate::eval::Undefined>| value.map_or("–".to_owned(), number);
        table.rows.push(vec![
            predictions.gold_name(label as u32).to_owned(),
            class.support.to_string(),
            class.predicted.to_string(),
            cell(class.precision),
            cell(class.recall),
            cell(class.f1),
        ]);
    }
    table
}
