//! The measures of the final run, as a table and as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::error::PlotError;
use super::super::page::Table;
use super::super::subject::ReportSubject;
use super::super::wording::estimate;
use crate::eval::{Estimate, Measures};
use crate::training::load_measures;

/// The measures of the final run; none without one.
pub(super) fn measures(subject: &ReportSubject<'_>) -> Result<Measures, PlotError> {
    match subject.model_run() {
        Ok(run) => Ok(load_measures(subject.store, run.id)?),
        Err(_) => Ok(Measures { values: BTreeMap::new(), absent: BTreeMap::new() }),
    }
}

/// Every metric with its interval, and why others have none.
pub(super) fn as_json(subject: &ReportSubject<'_>) -> Result<Value, PlotError> {
    let Measures { values, absent } = measures(subject)?;
    let absent: BTreeMap<String, String> =
        absent.into_iter().map(|(name, why)| (name, why.to_string())).collect();
    Ok(json!({
        "schema": 1,
        "experiment": subject.study.plan.experiment,
        "study": subject.study.id,
        "run": subject.run.as_ref().map(|run| run.id),
        "metrics": values,
        "absent": absent,
    }))
}

/// The table of those metrics whose names begin in one way.
pub(super) fn table(metrics: &BTreeMap<String, Estimate>, prefix: &str) -> Table {
    let mut table = Table::new("", &["metric", ">value", ">95 % interval", ">n"]);
    for (name, figure) in metrics.iter().filter(|(name, _)| name.starts_with(prefix)) {
        let (value, interval) = estimate(figure);
        table.rows.push(vec![name.clone(), value, interval, figure.n.to_string()]);
    }
    table
}
