//! Whether what differs between runs is real: their predictions on the same rows, pair by pair.

use serde_json::{Value, json};

use super::super::comparison::forest;
use super::super::error::PlotError;
use super::super::figure::Figure;
use super::super::page::{Block, Section, Table};
use super::members::{Member, Members};
use crate::comparison::{ComparedRun, Comparison, Delta, Metric, compare, measured, signed, tested};
use crate::predictions::filed;
use crate::store::{RunRecord, Store, StoreError};
use crate::wording::json_number;

/// Most runs that are compared.
const COMPARED: usize = 12;

/// The split whose predictions are compared.
const SPLIT: &str = "test";

/// What the tests say.
#[derive(Default)]
pub(super) struct Tests {
    /// Differences with their intervals; none where nothing could be tested.
    pub(super) figure: Option<Figure>,
    /// The same for programs.
    pub(super) json: Value,
}

/// Compares those that keep predictions with the first of them; writes what can be told of it.
pub(super) fn write(section: &mut Section, store: &dyn Store, members: &Members) -> Result<Tests, PlotError> {
    let found = with_predictions(store, members)?;
    let [first, _, ..] = &found[..] else { return Ok(Tests::default()) };
    let baseline = first.0.label.clone();
    let shown = &found[..found.len().min(COMPARED)];
    let mut runs = Vec::with_capacity(shown.len());
    for (_, run) in shown {
        runs.push(ComparedRun::load(store, run.clone())?);
    }
    let mut comparison = compare(store, &runs, 0)?;
    for (column, (member, _)) in comparison.columns.iter_mut().zip(shown) {
        column.name.clone_from(&member.label);
    }
    let json = as_json(&comparison, shown);
    reasons(section, &comparison);
    comparison.metrics.retain(|metric| metric.deltas.iter().flatten().any(|delta| delta.tested.is_ok()));
    if comparison.metrics.is_empty() {
        return Ok(Tests { figure: None, json });
    }
    section.text(format!(
        "Differences to {baseline} on the same rows, with 95 % intervals. p-values are corrected (Holm) for the \
         number of runs, metric by metric; * marks those below 0.05. `uaic compare` has more."
    ));
    if found.len() > shown.len() {
        section.text(format!("Only the first {} that keep predictions are compared.", shown.len()));
    } else if found.len() < members.all.len() {
        section.text(format!("{} of {} runs keep predictions.", found.len(), members.all.len()));
    }
    section.blocks.push(Block::Table(differences(&comparison)));
    section.blocks.push(Block::Table(values(&comparison)));
    let figure = forest(&comparison, "", &Vec::new());
    Ok(Tests { figure: Some(figure), json })
}

/// The runs that keep predictions of the test split, with the run that has them: what was evaluated when
/// a run had ended is a part of it.
fn with_predictions<'a>(
    store: &dyn Store,
    members: &'a Members,
) -> Result<Vec<(&'a Member, RunRecord)>, StoreError> {
    let keeps = |run: &RunRecord| -> Result<bool, StoreError> {
        let rows = filed::artifact(SPLIT);
        let names = [rows.as_str(), "predictions/test.safetensors"];
        Ok(store.artifacts(run.id)?.iter().any(|artifact| names.contains(&artifact.name.as_str())))
    };
    let mut found = Vec::new();
    for member in &members.all {
        for run in std::iter::once(&member.run).chain(&member.evaluations) {
            if keeps(run)? {
                found.push((member, run.clone()));
                break;
            }
        }
        if found.len() > COMPARED {
            break;
        }
    }
    Ok(found)
}

/// Why runs were not tested at all.
fn reasons(section: &mut Section, comparison: &Comparison) {
    for (at, column) in comparison.columns.iter().enumerate().skip(1) {
        let of_split = |metric: &&Metric| metric.key.starts_with("test/");
        let mut deltas =
            comparison.metrics.iter().filter(of_split).filter_map(|metric| metric.deltas[at].as_ref());
        let is_tested = deltas.clone().any(|delta| delta.tested.is_ok());
        if let Some(Delta { tested: Err(why), .. }) = deltas.next().filter(|_| !is_tested) {
            section.text(format!("No test of {}: {why}.", column.name));
        }
    }
}

fn differences(comparison: &Comparison) -> Table {
    let columns = ["metric", "run", ">difference", ">95 % interval", ">p", "test"];
    let mut table = Table::new("", &columns);
    for metric in &comparison.metrics {
        for (column, delta) in comparison.columns.iter().zip(&metric.deltas) {
            let Some(delta) = delta.as_ref().filter(|delta| delta.tested.is_ok()) else { continue };
            let mut row = vec![metric.key.clone(), column.name.clone(), signed(delta.value)];
            row.extend(tested(delta));
            table.rows.push(row);
        }
    }
    table
}

fn values(comparison: &Comparison) -> Table {
    let mut table = Table::new("Each with its 95 % interval and number of rows", &["metric"]);
    table.columns.extend(comparison.columns.iter().map(|column| format!(">{}", column.name)));
    for metric in &comparison.metrics {
        let cell = |value: &Option<crate::comparison::Value>| {
            let Some(value) = value else { return "–".to_owned() };
            let n = value.n.map(|n| format!(", n = {n}")).unwrap_or_default();
            format!("{}{n}", measured(value))
        };
        table.rows.push(std::iter::once(metric.key.clone()).chain(metric.values.iter().map(cell)).collect());
    }
    table
}

fn as_json(comparison: &Comparison, shown: &[(&Member, RunRecord)]) -> Value {
    let mut tests = Vec::new();
    for metric in &comparison.metrics {
        for ((member, _), delta) in shown.iter().zip(&metric.deltas) {
            let Some(Delta { value, tested: Ok(tested) }) = delta else { continue };
            tests.push(json!({
                "metric": metric.key,
                "run": member.run.id,
                "difference": json_number(*value),
                "low": json_number(tested.low),
                "high": json_number(tested.high),
                "p": json_number(tested.p),
                "p_holm": json_number(tested.adjusted),
                "test": tested.method.name(),
                "n": tested.n,
            }));
        }
    }
    json!({ "baseline": shown.first().map(|(member, _)| member.run.id), "tests": tests })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::{Column, Method, Tested};
    use crate::store::Id;

    #[test]
    fn a_reason_is_given_where_nothing_was_tested() {
        let column = |name: &str| Column {
            name: name.to_owned(),
            experiment: String::new(),
            what: String::new(),
            runs: vec![Id([1; 16])],
        };
        let ok = Tested { method: Method::Mcnemar, n: 20, low: 0.1, high: 0.3, p: 0.01, adjusted: 0.02 };
        let delta = |tested| Some(Delta { value: 0.2, tested });
        let metric = Metric {
            key: "test/accuracy".to_owned(),
            direction: None,
            values: vec![None; 3],
            deltas: vec![None, delta(Ok(ok)), delta(Err("other rows".to_owned()))],
        };
        let comparison = Comparison {
            columns: ["a", "b", "c"].map(column).to_vec(),
            baseline: 0,
            decisive: String::new(),
            params: vec![],
            facts: vec![],
            metrics: vec![metric],
        };
        let mut section = Section::new("comparison", "Comparison");
        reasons(&mut section, &comparison);
        assert_eq!(section.blocks, [Block::Text("No test of c: other rows.".to_owned())]);
        let rows = differences(&comparison).rows;
        assert_eq!(
            rows,
            [["test/accuracy", "b", "+0.2000", "+0.1000 – +0.3000", "0.0200 *", "McNemar, n = 20"]]
        );
    }
}
