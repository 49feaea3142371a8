//! How well texts without an intent are told from those with one.

use super::super::error::PlotError;
use super::super::page::{Block, Section, Table};
use super::super::subject::ReportSubject;
use super::super::wording::{estimate, number};
use super::metrics;
use crate::eval::Calibration;
use crate::training::{FittedCalibration, ScopeMethods, load_scope_methods};

/// How well texts without an intent are told from those with one.
pub(super) fn scope(subject: &ReportSubject<'_>) -> Result<Section, PlotError> {
    let mut section = Section::new("scope", "Out of scope");
    let table = metrics::table(&metrics::measures(subject)?.values, "oos/");
    if table.rows.is_empty() {
        return Ok(section);
    }
    if let Some(FittedCalibration { fitted, .. }) = subject.calibration()? {
        let method = fitted.method.describe();
        if !fitted.reason.is_empty() {
            section.text(format!("How the method was chosen: {}.", fitted.reason));
        }
        section.text(format!(
            "A text is taken to be out of scope when its score, {method}, is below {}. That threshold lets 95 % of {} validation texts pass; \
             the figures here are of other texts.",
            number(fitted.threshold), fitted.threshold_texts
        ));
    }
    section.blocks.push(Block::Table(table));
    let run = subject.model_run()?.id;
    if let Some(found) = load_scope_methods(subject.store, run)? {
        let chosen = subject.calibration()?;
        section.blocks.push(Block::Table(methods(&found, chosen.as_ref().map(|known| &known.fitted))));
    }
    Ok(section)
}

/// All out-of-scope methods side by side: on the validation texts that one was chosen by, and on test
/// texts.
fn methods(found: &ScopeMethods, chosen: Option<&Calibration>) -> Table {
    const KEYS: [&str; 4] = ["auroc", "aupr_in", "aupr_out", "fpr_at_95_tpr"];
    let columns = [
        "method",
        ">AUROC, validation",
        ">AUROC, test",
        ">95 % interval",
        ">AUPR in",
        ">AUPR out",
        ">FPR@95TPR",
    ];
    let mut table = Table::new("Every method on the test texts; the one in use is marked *", &columns);
    for (method, measures) in &found.methods {
        let is_chosen = chosen.is_some_and(|known| known.method == *method);
        let validated = chosen.and_then(|known| known.choice.as_ref()?.areas.get(method).copied());
        let values = KEYS.map(|key| measures.values.get(key));
        let value = |at: usize| values[at].map_or("–".to_owned(), |figure| estimate(figure).0);
        table.rows.push(vec![
            format!("{}{}", method.name().replace('_', " "), if is_chosen { " *" } else { "" }),
            validated.map_or("–".to_owned(), number),
            value(0),
            values[0].map_or("–".to_owned(), |figure| estimate(figure).1),
            value(1),
            value(2),
            value(3),
        ]);
    }
    table
}
