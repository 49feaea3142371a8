//! Slices: the value against one parameter at a time.

use super::caption::with_more;
use super::dimension::Dimension;
use super::history::telling_range;
use super::view::{StudyView, TrialView};
use crate::report::figure::{Axis, ColourBar, Content, Figure, Mark, Paint, Panel, Scale, Sign};

/// Most parameters where none is named.
const MOST: usize = 12;

/// One panel per parameter of `only` (all of them when empty, or those that matter most); later trials
/// are stronger.
pub fn slice(study: &StudyView, only: &[Dimension]) -> Figure {
    let (dimensions, left_out) =
        if only.is_empty() { study.leading(MOST) } else { (only.to_vec(), String::new()) };
    let range = telling_range(study);
    let last = study.trials.last().map_or(1, |trial| trial.number).max(1);
    let columns = dimensions.len().clamp(1, 3);
    let panel = |(place, dimension): (usize, &Dimension)| {
        let scale = Scale::Linear { low: range.0, high: range.1 };
        let y = if place % columns == 0 { Axis::new(study.metric.clone(), scale) } else { Axis::bare(scale) };
        let x = Axis::new(dimension.name.clone(), dimension.scale.clone());
        let content = Content::Chart { x, y, marks: marks(study, dimension, range, last) };
        Panel { title: String::new(), content }
    };
    let panels: Vec<Panel> = dimensions.iter().enumerate().map(panel).collect();
    Figure {
        title: "Slices".to_owned(),
        subtitle: with_more(&format!("{} · the diamond is the best", study.subtitle()), &left_out),
        note: study.beyond(range, "drawn at the end of the axis"),
        columns,
        aspect: aspect(&dimensions, columns),
        colours: Some(ColourBar { label: "trial".to_owned(), low: 0.0, high: f64::from(last) }),
        panels,
        ..Figure::default()
    }
}

/// The trials over one parameter, stronger towards the `last`, and the best.
fn marks(study: &StudyView, dimension: &Dimension, (low, high): (f64, f64), last: u32) -> Vec<Mark> {
    let point = |(trial, value): (&TrialView, f64)| {
        // Equal choices would hide one another: they are spread by their number.
        let spread = f64::from(trial.number.wrapping_mul(0x9E37_79B9) >> 8) / f64::from(1 << 24) - 0.5;
        let aside = if dimension.scale.has_names() { spread * 0.5 } else { 0.0 };
        let share = f64::from(trial.number) / f64::from(last);
        let x = dimension.of(&trial.params)? + aside;
        Some((x, value.clamp(low, high), Paint::Value(0.15 + 0.85 * share)))
    };
    let points: Vec<(f64, f64, Paint)> = study.complete().filter_map(point).collect();
    let size = if points.len() > 500 { 2.2 } else { 4.0 };
    let mut marks = vec![Mark::Points { points, sign: Sign::Disc, size }];
    let at_best =
        |(trial, value): (&TrialView, f64)| Some((dimension.of(&trial.params)?, value.clamp(low, high)));
    if let Some((x, y)) = study.best().and_then(at_best) {
        marks.push(Mark::Points { points: vec![(x, y, Paint::Accent)], sign: Sign::Diamond, size: 5.5 });
    }
    marks
}

/// The shape in which panels have room, and names that have to stand, too.
fn aspect(dimensions: &[Dimension], columns: usize) -> f64 {
    let rows = dimensions.len().div_ceil(columns).max(1);
    let longest = dimensions.iter().map(Dimension::longest_name).max().unwrap_or(0);
    let for_names = if longest > 6 { (longest as f64 * 8.0).min(120.0) } else { 0.0 };
    let (width, height) = if columns == 3 { (900.0, 300.0) } else { (800.0, 380.0) };
    width / (rows as f64 * (height + for_names) + 40.0)
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::*;

    #[test]
    fn each_parameter_has_a_panel_and_the_best_a_diamond_in_each() {
        let figure = slice(&study(&[(1e-3, 32, Some(0.5)), (2e-3, 64, Some(0.7)), (1e-3, 64, None)]), &[]);
        assert_eq!(figure.panels.len(), 2);
        for panel in &figure.panels {
            let Content::Chart { marks, .. } = &panel.content else { panic!() };
            let Mark::Points { points, .. } = &marks[0] else { panic!() };
            assert_eq!(points.len(), 2, "failed trials have no value");
            assert!(
                matches!(&marks[1], Mark::Points { points, sign: Sign::Diamond, .. } if (points[0].1 - 0.7).abs() < 1e-12)
            );
        }
    }
}
