//! A comparison as a picture: differences with their intervals, and curves over each other.

use super::figure::{Along, Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign, Stroke};
use crate::comparison::{Comparison, Delta, Metric};

/// Most metrics in one picture.
const ROWS: usize = 12;

/// Curves of one metric, a line for each column: its name and the points by step.
pub type Curves = Vec<Vec<(f64, f64)>>;

/// A forest plot of the differences to the baseline, a row for each metric, and beside it the course
/// of `metric` in each column where there is one.
pub fn forest(comparison: &Comparison, metric: &str, curves: &Curves) -> Figure {
    let others: Vec<usize> =
        (0..comparison.columns.len()).filter(|column| *column != comparison.baseline).collect();
    let name = |column: usize| comparison.columns[column].name.clone();
    let mut legend: Vec<Key> = others
        .iter()
        .map(|column| Key {
            paint: Paint::Series(*column),
            look: Look::Sign(Sign::Disc),
            text: name(*column),
        })
        .collect();
    let mut panels = vec![deltas(comparison, &others)];
    if curves.iter().any(|points| points.len() > 1) {
        panels.push(overlay(metric, curves));
        let baseline = comparison.baseline;
        let text = format!("{} (baseline)", name(baseline));
        legend.insert(0, Key { paint: Paint::Series(baseline), look: Look::Line(Stroke::Solid), text });
    }
    Figure {
        title: "Comparison".to_owned(),
        subtitle: format!("difference to {}, with 95 % intervals", name(comparison.baseline)),
        columns: panels.len(),
        aspect: if panels.len() > 1 { 1.8 } else { 1.4 },
        panels,
        legend,
        ..Figure::default()
    }
}

/// Metrics that have been tested, or all where none has; without those that are another one by a
/// different name.
fn shown(comparison: &Comparison) -> Vec<&Metric> {
    let has = |metric: &Metric, tested: bool| {
        let mut deltas = metric.deltas.iter().flatten();
        deltas.any(|delta| delta.value.is_finite() && (delta.tested.is_ok() || !tested))
    };
    let tested = comparison.metrics.iter().any(|metric| has(metric, true));
    let mut shown: Vec<&Metric> = Vec::new();
    for metric in comparison.metrics.iter().filter(|metric| has(metric, tested)) {
        if shown.iter().all(|known| known.deltas != metric.deltas) {
            shown.push(metric);
        }
    }
    shown.truncate(ROWS);
    shown
}

fn deltas(comparison: &Comparison, others: &[usize]) -> Panel {
    let shown = shown(comparison);
    if shown.is_empty() {
        let why = "no metric is recorded of two of these runs".to_owned();
        return Panel { title: "differences".to_owned(), content: Content::Empty(why) };
    }
    let (mut points, mut intervals, mut ends) = (Vec::new(), Vec::new(), vec![0.0]);
    for (row, metric) in shown.iter().enumerate() {
        for (place, column) in others.iter().enumerate() {
            let Some(Delta { value, tested }) = &metric.deltas[*column] else { continue };
            // Columns stand beside each other within a row.
            let room = 0.6 / others.len() as f64;
            let at = row as f64 + (place as f64 - (others.len() as f64 - 1.0) / 2.0) * room;
            points.push((*value, at, Paint::Series(*column)));
            ends.push(*value);
            if let Ok(tested) = tested {
                intervals.push((at, tested.low, tested.high, Paint::Series(*column)));
                ends.extend([tested.low, tested.high]);
            }
        }
    }
    let names = shown.iter().map(|metric| metric.key.clone()).collect();
    let zero = Mark::Rule { at: 0.0, of: Along::X, paint: Paint::Muted, label: String::new() };
    let content = Content::Chart {
        x: Axis::new("difference to the baseline", Scale::around(ends)),
        y: Axis::new("", Scale::Categories(names)),
        marks: vec![
            zero,
            Mark::Intervals { intervals, along: Along::X },
            Mark::Points { points, sign: Sign::Disc, size: 4.0 },
        ],
    };
    Panel { title: "differences".to_owned(), content }
}

fn overlay(metric: &str, curves: &Curves) -> Panel {
    let all = || curves.iter().flatten();
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let first = all().map(|point| point.0).fold(last, f64::min);
    let line = |(column, points): (usize, &Vec<(f64, f64)>)| Mark::Line {
        points: points.clone(),
        paint: Paint::Series(column),
        stroke: Stroke::Solid,
    };
    let content = Content::Chart {
        x: Axis::new("step", Scale::Count { low: first.min(last - 1.0), high: last }),
        y: Axis::new(metric, Scale::around(all().map(|point| point.1))),
        marks: curves.iter().enumerate().map(line).collect(),
    };
    Panel { title: format!("{metric} by step"), content }
}
