//! A comparison as titled tables, for the terminal and for Markdown.

use std::fmt::Write;

use owo_colors::OwoColorize;

use crate::comparison::{Comparison, Row, Value, measured, signed, tested};

use super::super::table::{self, one_line, shortened};

/// Which parameters and facts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Those that differ.
    Differing,
    /// All of them.
    All,
}

impl Rows {
    fn show(self, row: &Row) -> bool {
        self == Self::All || row.differs()
    }
}

/// A table under a title.
struct Sheet {
    title: &'static str,
    /// As [`table::table`] takes them.
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Lines below it.
    notes: Vec<String>,
}

/// Tables as wide as the terminal.
pub(super) fn terminal(comparison: &Comparison, shown: Rows) -> String {
    let mut text = String::new();
    for sheet in sheets(comparison, shown) {
        let mut listing = table::table(&sheet.titles);
        for row in &sheet.rows {
            listing.add_row(row);
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", sheet.title.bold());
        if !sheet.rows.is_empty() {
            let _ = writeln!(text, "{}", table::render(&listing));
        }
        for note in &sheet.notes {
            let _ = writeln!(text, "{note}");
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// Tables that Markdown knows.
pub(super) fn markdown(comparison: &Comparison, shown: Rows) -> String {
    let mut text = String::new();
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    for sheet in sheets(comparison, shown) {
        let _ = write!(text, "### {}\n\n", sheet.title);
        if !sheet.rows.is_empty() {
            let plain = |title: &String| title.trim_start_matches('>').trim_end_matches('…').to_lowercase();
            text.push_str(&line(&sheet.titles.iter().map(plain).collect::<Vec<_>>()));
            let rules = sheet.titles.iter().map(|title| if title.starts_with('>') { "---:" } else { "---" });
            text.push_str(&line(&rules.map(str::to_owned).collect::<Vec<_>>()));
            sheet.rows.iter().for_each(|row| text.push_str(&line(row)));
            text.push('\n');
        }
        for note in &sheet.notes {
            let _ = write!(text, "{note}\n\n");
        }
    }
    text.trim_end().to_owned()
}

fn sheets(comparison: &Comparison, shown: Rows) -> Vec<Sheet> {
    let mut sheets = vec![columns(comparison), params(comparison, shown), metrics(comparison)];
    sheets.push(differences(comparison));
    sheets.push(facts(comparison, shown));
    sheets
}

fn columns(comparison: &Comparison) -> Sheet {
    let row = |(at, column): (usize, &crate::comparison::Column)| {
        let role = if at == comparison.baseline { "baseline" } else { "" };
        vec![column.name.clone(), one_line(&column.experiment), column.what.clone(), role.to_owned()]
    };
    Sheet {
        title: "Compared",
        titles: ["RUN", "EXPERIMENT", "IS…", "ROLE"].map(str::to_owned).to_vec(),
        rows: comparison.columns.iter().enumerate().map(row).collect(),
        notes: vec![],
    }
}

/// A table of texts with a column for each column of the comparison.
fn side_by_side(
    comparison: &Comparison,
    head: &[&str],
    rows: Vec<Vec<String>>,
) -> (Vec<String>, Vec<Vec<String>>) {
    let titles = head.iter().map(|title| (*title).to_owned());
    let names = comparison.columns.iter().map(|column| format!(">{}", column.name));
    (titles.chain(names).collect(), rows)
}

fn cells(row: &Row, limit: usize) -> impl Iterator<Item = String> {
    row.values.iter().map(move |value| value.as_ref().map(|text| shortened(text, limit)).unwrap_or_default())
}

fn params(comparison: &Comparison, shown: Rows) -> Sheet {
    let shown: Vec<&Row> = comparison.params.iter().filter(|row| shown.show(row)).collect();
    let hidden = comparison.params.len() - shown.len();
    let rows =
        shown.iter().map(|row| std::iter::once(one_line(&row.key)).chain(cells(row, 40)).collect()).collect();
    let (titles, rows) = side_by_side(comparison, &["PARAMETER"], rows);
    let notes = match (shown.len(), hidden) {
        (0, _) => vec!["no parameter differs".to_owned()],
        (_, 0) => vec![],
        (_, hidden) => vec![format!("{hidden} more are equal; `--all` shows them")],
    };
    Sheet { title: "Parameters", titles, rows, notes }
}

fn facts(comparison: &Comparison, shown: Rows) -> Sheet {
    let shown: Vec<&Row> = comparison.facts.iter().filter(|row| shown.show(row)).collect();
    let mut rows: Vec<Vec<String>> = ["data", "spec", "code", "environment"]
        .iter()
        .flat_map(|area| shown.iter().filter(move |row| row.area() == *area))
        .map(|row| {
            let head = [row.area().to_owned(), one_line(&row.key)];
            let letters = if row.key == "spec.command" { 48 } else { 16 };
            head.into_iter().chain(cells(row, letters)).collect()
        })
        .collect();
    rows.dedup();
    let (titles, rows) = side_by_side(comparison, &["OF", "FACT"], rows);
    let notes = if rows.is_empty() {
        vec!["data, spec, code and environment are the same".to_owned()]
    } else {
        vec![]
    };
    Sheet { title: "Data, spec, code and environment", titles, rows, notes }
}

fn metrics(comparison: &Comparison) -> Sheet {
    let rows = comparison
        .metrics
        .iter()
        .map(|metric| {
            let cell = |value: &Option<Value>| value.as_ref().map(measured).unwrap_or_default();
            std::iter::once(one_line(&metric.key)).chain(metric.values.iter().map(cell)).collect()
        })
        .collect();
    let (titles, rows) = side_by_side(comparison, &["METRIC"], rows);
    let has_ends = comparison
        .metrics
        .iter()
        .flat_map(|metric| &metric.values)
        .flatten()
        .any(|value| value.ends.is_some());
    let title = if has_ends { "Metrics, with 95 % intervals" } else { "Metrics" };
    Sheet { title, titles, rows, notes: vec![] }
}

fn differences(comparison: &Comparison) -> Sheet {
    let mut rows = Vec::new();
    // Reasons with the metrics that they are given for.
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for metric in &comparison.metrics {
        for (column, delta) in metric.deltas.iter().enumerate() {
            let Some(delta) = delta else { continue };
            let name = comparison.columns[column].name.clone();
            if let Err(why) = &delta.tested {
                let told = format!("no test against {name}: {why}");
                match reasons.iter_mut().find(|(known, _)| *known == told) {
                    Some((_, metrics)) => metrics.push(&metric.key),
                    None => reasons.push((told, vec![&metric.key])),
                }
            }
            let mut row = vec![one_line(&metric.key), name, signed(delta.value)];
            row.extend(tested(delta));
            rows.push(row);
        }
    }
    let titles = ["METRIC", "RUN", ">DIFFERENCE", ">95 % INTERVAL", ">P", "TEST"].map(str::to_owned).to_vec();
    let mut notes: Vec<String> =
        reasons.iter().map(|(told, metrics)| format!("{told} ({})", some_of(metrics))).collect();
    if rows.is_empty() {
        notes.push("no metric is recorded of the baseline and of another run".to_owned());
    }
    Sheet { title: "Difference to the baseline", titles, rows, notes }
}

/// The first of many names, and how many more there are.
fn some_of(names: &[&str]) -> String {
    const MOST: usize = 6;
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    format!("{}{more}", names[..names.len().min(MOST)].join(", "))
}
