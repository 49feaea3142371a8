//! Parameters, metrics and artifacts as tables, as CSV and as JSON.

use serde_json::{Map, Value, json};

use super::super::curves::SYSTEM;
use super::super::page::{Block, Section, Table};
use super::super::sheet::Sheet;
use super::super::wording::{estimate, number, param};
use super::recorded::Recorded;
use crate::number::{counted, exact, grouped};
use crate::store::LatestMetric;
use crate::wording::{bytes, json_number, json_params};

/// Most rows of a table.
const ROWS: usize = 300;

/// Its parameters.
pub(super) fn params(recorded: &Recorded<'_>) -> Section {
    let mut section = Section::new("params", "Parameters");
    let params = &recorded.run.start.params;
    if params.is_empty() {
        return section;
    }
    let mut table = Table::new("", &["parameter", "value"]);
    table.rows = params.iter().take(ROWS).map(|(name, value)| vec![name.clone(), param(value)]).collect();
    section.blocks.push(Block::Table(table));
    more(&mut section, params.len(), "parameter", "metrics.json");
    section
}

fn more(section: &mut Section, all: usize, what: &str, file: &str) {
    if all > ROWS {
        section.text(format!("{} are in `{file}`.", counted(all - ROWS, &format!("more {what}"))));
    }
}

fn is_of_system(metric: &LatestMetric) -> bool {
    metric.key.starts_with(SYSTEM)
}

/// What came out: the latest value of each metric, its range, and its interval where it was measured.
pub(super) fn metrics(recorded: &Recorded<'_>) -> Section {
    let mut section = Section::new("metrics", "Metrics");
    let is_own = |metric: &&LatestMetric| !is_of_system(metric) && !is_of_evaluation(recorded, metric);
    let own: Vec<&LatestMetric> = recorded.metrics.iter().filter(is_own).collect();
    if !own.is_empty() {
        section.blocks.push(Block::Table(listing(recorded, &own)));
        more(&mut section, own.len(), "metric", "metrics.csv");
    }
    section
}

/// Whether a metric is a figure of predictions, which are told apart.
fn is_of_evaluation(recorded: &Recorded<'_>, metric: &LatestMetric) -> bool {
    !recorded.predictions.is_empty() && recorded.estimate(metric).is_some()
}

/// The figures of its predictions, with their intervals, and why others have none.
pub(super) fn figures(section: &mut Section, recorded: &Recorded<'_>) {
    if recorded.predictions.is_empty() {
        return;
    }
    let mut table = Table::new("", &["metric", ">value", ">95 % interval", ">n"]);
    for metric in &recorded.metrics {
        if let Some(found) = recorded.estimate(metric) {
            let (value, interval) = estimate(found);
            table.rows.push(vec![metric.key.clone(), value, interval, found.n.to_string()]);
        }
    }
    section.blocks.push(Block::Table(table));
    if !recorded.measures.absent.is_empty() {
        let mut table = Table::new("Figures without a value", &["metric", "why"]);
        let absent = recorded.measures.absent.iter();
        table.rows = absent.map(|(name, why)| vec![name.clone(), why.to_string()]).collect();
        section.blocks.push(Block::Table(table));
    }
}

/// What it used of the machine.
pub(super) fn system(recorded: &Recorded<'_>) -> Section {
    let mut section = Section::new("system", "Use of the machine");
    let own: Vec<&LatestMetric> = recorded.metrics.iter().filter(|metric| is_of_system(metric)).collect();
    if own.is_empty() {
        return section;
    }
    let mut table = Table::new("", &["of", ">latest", ">smallest", ">largest", ">points"]);
    for metric in own.iter().take(ROWS) {
        let name = metric.key.trim_start_matches(SYSTEM);
        let shown = |value: f64| {
            let is_size = name.ends_with("_bytes") && value >= 0.0;
            if is_size { bytes(value as u64) } else { number(value) }
        };
        let end = |value: Option<f64>| value.map_or("–".to_owned(), shown);
        table.rows.push(vec![
            name.to_owned(),
            shown(metric.value),
            end(metric.min),
            end(metric.max),
            grouped(metric.count),
        ]);
    }
    section.blocks.push(Block::Table(table));
    section
}

fn listing(recorded: &Recorded<'_>, metrics: &[&LatestMetric]) -> Table {
    let has_intervals = metrics.iter().any(|metric| recorded.estimate(metric).is_some());
    let mut table = Table::new("", &["metric", ">latest", ">step", ">smallest", ">largest", ">points"]);
    if has_intervals {
        table.columns.extend([">95 % interval", ">n"].map(str::to_owned));
    }
    for metric in metrics.iter().take(ROWS) {
        let end = |value: Option<f64>| value.map_or("–".to_owned(), number);
        let mut row = vec![
            metric.key.clone(),
            number(metric.value),
            metric.step.to_string(),
            end(metric.min),
            end(metric.max),
            grouped(metric.count),
        ];
        if has_intervals {
            let found = recorded.estimate(metric);
            let dash = || "–".to_owned();
            row.push(found.map_or_else(dash, |found| estimate(found).1));
            row.push(found.map_or_else(dash, |found| found.n.to_string()));
        }
        table.rows.push(row);
    }
    table
}

/// The files that it keeps.
pub(super) fn artifacts(recorded: &Recorded<'_>) -> Section {
    let mut section = Section::new("artifacts", "Artifacts");
    if recorded.artifacts.is_empty() {
        return section;
    }
    let sum: u64 = recorded.artifacts.iter().map(|artifact| artifact.size).sum();
    let id = recorded.run.id.short();
    section.text(format!(
        "{}, {} in all; `uaic show {id} --artifact NAME --out FILE` gives one.",
        counted(recorded.artifacts.len(), "file"),
        bytes(sum)
    ));
    let mut table = Table::new("", &["artifact", ">size", "BLAKE3"]);
    let row = |artifact: &crate::store::ArtifactRecord| {
        let hash = artifact.hash.get(..16).unwrap_or(&artifact.hash).to_owned();
        vec![artifact.name.clone(), bytes(artifact.size), hash]
    };
    table.rows = recorded.artifacts.iter().take(ROWS).map(row).collect();
    section.blocks.push(Block::Table(table));
    if recorded.artifacts.len() > ROWS {
        section.text(format!("{} more; `uaic show {id}` lists all.", recorded.artifacts.len() - ROWS));
    }
    section
}

/// Every metric as a row, to the last bit.
pub(super) fn csv(recorded: &Recorded<'_>) -> Vec<u8> {
    let names = ["metric", "latest", "step", "min", "max", "points", "n", "low", "high"];
    let row = |metric: &LatestMetric| {
        let found = recorded.estimate(metric);
        let end = |value: Option<f64>| value.map(exact).unwrap_or_default();
        vec![
            metric.key.clone(),
            exact(metric.value),
            metric.step.to_string(),
            end(metric.min),
            end(metric.max),
            metric.count.to_string(),
            found.map(|found| found.n.to_string()).unwrap_or_default(),
            end(found.map(|found| found.low)),
            end(found.map(|found| found.high)),
        ]
    };
    Sheet { names: names.map(str::to_owned).to_vec(), rows: recorded.metrics.iter().map(row).collect() }.csv()
}

/// The same for programs, with parameters.
pub(super) fn as_json(recorded: &Recorded<'_>) -> Value {
    let run = &recorded.run;
    let shape = |metric: &LatestMetric| {
        let found = recorded.estimate(metric);
        json!({
            "value": json_number(metric.value),
            "step": metric.step,
            "min": metric.min.map(json_number),
            "max": metric.max.map(json_number),
            "count": metric.count,
            "n": found.map(|found| found.n),
            "low": found.map(|found| json_number(found.low)),
            "high": found.map(|found| json_number(found.high)),
        })
    };
    let metrics: Map<String, Value> =
        recorded.metrics.iter().map(|metric| (metric.key.clone(), shape(metric))).collect();
    let absent: Map<String, Value> =
        recorded.measures.absent.iter().map(|(name, why)| (name.clone(), why.to_string().into())).collect();
    json!({
        "schema": 1,
        "experiment": run.experiment,
        "run": run.id,
        "name": run.name,
        "state": run.state,
        "params": json_params(&run.start.params),
        "metrics": metrics,
        "absent": absent,
        "parts": recorded.parts.iter().map(|part| part.id).collect::<Vec<_>>(),
    })
}
