//! Errors of predicted numbers.

use super::histogram::Histogram;
use super::{chart, line_key, nothing};
use crate::eval::Regressed;
use crate::report::figure::{Along, Axis, Figure, Mark, Paint, Scale, Sign, Stroke};
use crate::report::series::thin;

/// Points that a cloud has room for.
const MOST_POINTS: usize = 3000;

/// Columns of a curve.
const COLUMNS: usize = 1000;

/// Predicted against true values, with the line on which both are equal.
pub fn predicted_against_true(rows: &Regressed, subtitle: &str) -> Figure {
    let all = || rows.gold().iter().chain(rows.predicted()).copied();
    let scale = Scale::around(all());
    let (low, high) = ends(all());
    let pairs = rows.gold().iter().copied().zip(rows.predicted().iter().copied());
    let marks = vec![
        Mark::Line { points: vec![(low, low), (high, high)], paint: Paint::Ink, stroke: Stroke::Dashed },
        cloud(pairs.collect()),
    ];
    Figure {
        title: "Predicted against true values".to_owned(),
        subtitle: subtitle.to_owned(),
        panels: vec![chart("", Axis::new("true", scale.clone()), Axis::new("predicted", scale), marks)],
        legend: vec![line_key(Paint::Ink, Stroke::Dashed, "as it should be")],
        note: note_of_cloud(rows.len()),
        aspect: 1.1,
        ..Figure::default()
    }
}

/// Residuals, predicted minus true, against what was predicted, and how they are spread.
pub fn residuals(rows: &Regressed, subtitle: &str) -> Figure {
    const BINS: usize = 40;
    let residuals = rows.residuals();
    let mean = residuals.iter().sum::<f64>() / residuals.len().max(1) as f64;
    let scale = Scale::around(residuals.iter().copied().chain([0.0]));
    let points = rows.predicted().iter().copied().zip(residuals.iter().copied()).collect();
    let rule = |at: f64, of: Along, paint: Paint| Mark::Rule { at, of, paint, label: String::new() };
    let beside = vec![rule(0.0, Along::Y, Paint::Ink), cloud(points)];
    let histogram = Histogram::new(&residuals, ends(residuals.iter().copied()), BINS);
    let most = histogram.shares.iter().copied().fold(0.0, f64::max);
    let mut spread = histogram.marks(Paint::Series(0), 0.0).to_vec();
    spread.extend([rule(0.0, Along::X, Paint::Ink), rule(mean, Along::X, Paint::Series(1))]);
    let x = Axis::new("predicted", Scale::around(rows.predicted().iter().copied()));
    let y = Axis::new("share of rows", Scale::Linear { low: 0.0, high: most.max(1e-3) * 1.08 });
    Figure {
        title: "Residuals".to_owned(),
        subtitle: subtitle.to_owned(),
        panels: vec![
            chart("", x, Axis::new("predicted − true", scale.clone()), beside),
            chart("", Axis::new("predicted − true", scale), y, spread),
        ],
        columns: 2,
        legend: vec![line_key(
            Paint::Series(1),
            Stroke::Dashed,
            format!("mean {}", crate::number::brief(mean)),
        )],
        note: note_of_cloud(rows.len()),
        aspect: 1.75,
        ..Figure::default()
    }
}

/// How many rows have at most an error; and of predicted quantiles, how often the true value lies below.
pub fn error_quantiles(rows: &Regressed, subtitle: &str) -> Figure {
    let mut errors: Vec<f64> = rows.residuals().iter().map(|error| error.abs()).collect();
    errors.sort_by(f64::total_cmp);
    let count = errors.len().max(1) as f64;
    let share = |place: usize| (place as f64 + 1.0) / count * 100.0;
    let curve: Vec<(f64, f64)> =
        errors.iter().enumerate().map(|(place, error)| (share(place), *error)).collect();
    let at = |level: f64| {
        let place = ((level * count).ceil() as usize).clamp(1, errors.len().max(1)) - 1;
        errors.get(place).copied().unwrap_or(0.0)
    };
    let high = errors.last().copied().unwrap_or(1.0);
    let line = Mark::Line { points: thin(&curve, COLUMNS), paint: Paint::Series(0), stroke: Stroke::Solid };
    let named: Vec<String> = [0.5, 0.9, 0.99]
        .map(|level| format!("{:.0} % ≤ {}", level * 100.0, crate::number::brief(at(level))))
        .into();
    let marks = [0.5, 0.9, 0.99].map(|level| Mark::Rule {
        at: level * 100.0,
        of: Along::X,
        paint: Paint::Muted,
        label: String::new(),
    });
    let mut panels = vec![chart(
        "",
        Axis::new("rows, %, the smallest errors first", Scale::Linear { low: 0.0, high: 101.0 }),
        Axis::new(
            "absolute error",
            Scale::Linear { low: 0.0, high: if high > 0.0 { high * 1.04 } else { 1.0 } },
        ),
        marks.into_iter().chain([line]).collect(),
    )];
    panels.extend(quantile_panel(rows));
    if errors.is_empty() {
        panels = vec![nothing("no rows")];
    }
    Figure {
        title: "Quantiles of the error".to_owned(),
        subtitle: subtitle.to_owned(),
        columns: panels.len(),
        aspect: if panels.len() > 1 { 1.75 } else { 1.5 },
        panels,
        legend: vec![line_key(Paint::Series(0), Stroke::Solid, named.join(" · "))],
        ..Figure::default()
    }
}

/// How often the true value is at most a predicted quantile, against its level.
fn quantile_panel(rows: &Regressed) -> Option<crate::report::figure::Panel> {
    if rows.quantiles().is_empty() {
        return None;
    }
    let point = |(level, column): &(f64, Vec<f64>)| {
        let below = rows.gold().iter().zip(column).filter(|(gold, quantile)| gold <= quantile).count();
        (*level, below as f64 / rows.len() as f64)
    };
    let points: Vec<(f64, f64)> = rows.quantiles().iter().map(point).collect();
    let discs = points.iter().map(|point| (point.0, point.1, Paint::Series(1))).collect();
    let marks = vec![
        Mark::Line { points: vec![(0.0, 0.0), (1.0, 1.0)], paint: Paint::Muted, stroke: Stroke::Dashed },
        Mark::Line { points, paint: Paint::Series(1), stroke: Stroke::Solid },
        Mark::Points { points: discs, sign: Sign::Disc, size: 4.0 },
    ];
    let axis = |label: &str| Axis::new(label, Scale::Linear { low: 0.0, high: 1.02 });
    Some(chart("predicted quantiles", axis("level"), axis("true values below"), marks))
}

/// Points of the same weight; of very many an even choice, and the outermost.
fn cloud(points: Vec<(f64, f64)>) -> Mark {
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let shown = points.into_iter().step_by(every).map(|(x, y)| (x, y, Paint::Series(0)));
    Mark::Points { points: shown.collect(), sign: Sign::Disc, size: 2.6 }
}

fn note_of_cloud(rows: usize) -> String {
    match rows.div_ceil(MOST_POINTS) {
        0 | 1 => String::new(),
        every => format!("Of {} rows every {every}th is shown.", crate::number::grouped(rows)),
    }
}

/// Smallest and largest; apart, so that there is a range.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low < high { (low, high) } else { (low - 0.5, low + 0.5) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::marks;
    use super::*;

    fn rows(count: usize) -> Regressed {
        let gold: Vec<f64> = (0..count).map(|row| row as f64 / 7.0).collect();
        let predicted = gold.iter().enumerate().map(|(row, gold)| gold + (row % 5) as f64 - 2.0).collect();
        let quantile = |shift: f64| gold.iter().map(|gold| gold + shift).collect();
        Regressed::new(gold.clone(), predicted, vec![(0.1, quantile(-1.0)), (0.9, quantile(1.0))]).unwrap()
    }

    #[test]
    fn every_row_is_a_point_and_of_very_many_a_choice() {
        for (count, shown) in [(50, 50), (7000, 2334)] {
            let figure = predicted_against_true(&rows(count), "x");
            let Mark::Points { points, .. } = &marks(&figure.panels[0])[1] else { panic!() };
            assert_eq!(points.len(), shown);
            assert_eq!(figure.note.is_empty(), count == 50);
        }
        let figure = residuals(&rows(50), "x");
        assert!(figure.panels.len() == 2 && figure.legend[0].text.starts_with("mean "));
    }

    #[test]
    fn errors_rise_and_their_quantiles_are_named() {
        let figure = error_quantiles(&rows(50), "x");
        let Some(Mark::Line { points, .. }) = marks(&figure.panels[0]).last() else { panic!() };
        let last = points.last().unwrap();
        assert!(points.is_sorted_by(|a, b| a.1 <= b.1) && last.0 >= 100.0 && (last.1 - 2.0).abs() < 1e-9);
        assert_eq!(figure.legend[0].text, "50 % ≤ 1 · 90 % ≤ 2 · 99 % ≤ 2");
        assert_eq!(figure.panels.len(), 2, "quantiles were predicted");
    }

    #[test]
    fn one_row_without_an_error_is_no_trouble() {
        let one = Regressed::new(vec![3.0], vec![3.0], vec![]).unwrap();
        for figure in [predicted_against_true(&one, "x"), residuals(&one, "x"), error_quantiles(&one, "x")] {
            assert!(!figure.is_empty());
        }
    }
}
