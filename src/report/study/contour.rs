//! Contours of the value over two parameters, and ranks over them.

use std::collections::HashSet;

use super::caption::{notes, with_more};
use super::dimension::Dimension;
use super::history::telling_range;
use super::view::StudyView;
use crate::report::figure::{Axis, ColourBar, Content, Figure, Mark, Paint, Panel, Scale, Sign};

/// Cells of an interpolated surface along each axis.
const CELLS: usize = 36;

/// The same for each panel of a matrix.
const MATRIX_CELLS: usize = 18;

/// Steps of colour.
const LEVELS: usize = 12;

/// Most parameters of a matrix.
const MOST: usize = 6;

/// Most trials that a surface is interpolated from: the best and an even choice of the others.
const MOST_TRIALS: usize = 1500;

/// The value over two parameters, interpolated between the trials, which are drawn.
pub fn contour(study: &StudyView, x: &Dimension, y: &Dimension) -> Figure {
    let axis = |dimension: &Dimension| Axis::new(dimension.name.clone(), dimension.scale.clone());
    let chart = |marks| Content::Chart { x: axis(x), y: axis(y), marks };
    let content = surface(study, x, y, CELLS, 3.5).map_or_else(nothing, chart);
    let panels = vec![Panel { title: String::new(), content }];
    Figure {
        title: format!("{} over {} and {}", study.metric, x.short(), y.short()),
        subtitle: format!("{} · interpolated; the diamond is the best", study.subtitle()),
        note: notes([beyond_colours(study), of_hidden(&panels)]),
        panels,
        colours: Some(colours(study)),
        aspect: 1.35,
        ..Figure::default()
    }
}

/// The contours of every pair of parameters of `only`, or of all (at most six).
pub fn contour_matrix(study: &StudyView, only: &[Dimension]) -> Figure {
    let figure = matrix(study, only, &|x, y| surface(study, x, y, MATRIX_CELLS, 1.8));
    Figure {
        title: format!("{} over pairs of parameters", study.metric),
        note: notes([beyond_colours(study), of_hidden(&figure.panels)]),
        colours: Some(colours(study)),
        ..figure
    }
}

/// The rank of every trial over pairs of parameters: 1 is the best.
pub fn rank(study: &StudyView, only: &[Dimension]) -> Figure {
    let standing = study.standing();
    let points = |x: &Dimension, y: &Dimension| {
        let placed = study.complete().zip(&standing).filter_map(|((trial, _), standing)| {
            Some((x.of(&trial.params)?, y.of(&trial.params)?, Paint::Value(*standing)))
        });
        let mut points: Vec<(f64, f64, Paint)> = placed.collect();
        // The best lie on top.
        let height = |paint: &Paint| if let Paint::Value(value) = paint { *value } else { 0.0 };
        points.sort_by(|a, b| height(&a.2).total_cmp(&height(&b.2)));
        (!points.is_empty()).then(|| vec![Mark::Points { points, sign: Sign::Disc, size: 3.2 }])
    };
    let count = standing.len() as f64;
    let figure = matrix(study, only, &points);
    Figure {
        title: "Ranks over pairs of parameters".to_owned(),
        note: of_hidden(&figure.panels),
        colours: Some(ColourBar { label: "rank (1 is the best)".to_owned(), low: count.max(2.0), high: 1.0 }),
        ..figure
    }
}

fn matrix(
    study: &StudyView,
    only: &[Dimension],
    marks: &dyn Fn(&Dimension, &Dimension) -> Option<Vec<Mark>>,
) -> Figure {
    let (mut dimensions, mut left_out) =
        if only.is_empty() { study.leading(MOST) } else { (only.to_vec(), String::new()) };
    if dimensions.len() > MOST {
        left_out = format!("the first {MOST} of the {} named", dimensions.len());
        dimensions.truncate(MOST);
    }
    let mut panels = pairs(&dimensions, marks);
    if panels.is_empty() {
        panels.push(Panel { title: String::new(), content: nothing() });
    }
    Figure {
        subtitle: with_more(&study.subtitle(), &left_out),
        columns: dimensions.len().saturating_sub(1).max(1),
        panels,
        aspect: 1.3,
        ..Figure::default()
    }
}

/// A panel for each pair of parameters; the other half stays blank. Those at the outside have labels.
fn pairs(
    dimensions: &[Dimension],
    marks: &dyn Fn(&Dimension, &Dimension) -> Option<Vec<Mark>>,
) -> Vec<Panel> {
    let count = dimensions.len();
    let axis = |dimension: &Dimension, is_outer: bool| {
        if is_outer {
            Axis::new(dimension.short(), dimension.scale.clone())
        } else {
            Axis::bare(dimension.scale.clone())
        }
    };
    let mut panels = Vec::new();
    for (row, y) in dimensions.iter().enumerate().skip(1) {
        for (column, x) in dimensions.iter().enumerate().take(count - 1) {
            let content = if column >= row {
                Content::Empty(String::new())
            } else if let Some(marks) = marks(x, y) {
                Content::Chart { x: axis(x, row == count - 1), y: axis(y, column == 0), marks }
            } else {
                Content::Empty("no complete trial".to_owned())
            };
            panels.push(Panel { title: String::new(), content });
        }
    }
    panels
}

fn nothing() -> Content {
    Content::Empty("it needs two searched parameters and a complete trial".to_owned())
}

/// How many trials lie exactly on others, in words: on choices and whole numbers many do.
fn of_hidden(panels: &[Panel]) -> String {
    let hidden = |panel: &Panel| {
        let Content::Chart { marks, .. } = &panel.content else { return 0 };
        let places = marks.iter().find_map(|mark| match mark {
            Mark::Points { points, .. } => Some(points),
            _ => None,
        });
        let mut seen = HashSet::new();
        let points = places.map_or(&[][..], |points| points);
        points.iter().filter(|(x, y, _)| !seen.insert((x.to_bits(), y.to_bits()))).count()
    };
    match (panels.iter().map(hidden).max().unwrap_or(0), panels.len()) {
        (0, _) => String::new(),
        (1, 1) => "1 trial lies exactly on another.".to_owned(),
        (some, 1) => format!("{some} trials lie exactly on others."),
        (most, _) => format!("Up to {most} trials of a panel lie exactly on others."),
    }
}

fn beyond_colours(study: &StudyView) -> String {
    study.beyond(telling_range(study), "coloured as the end of the scale")
}

fn colours(study: &StudyView) -> ColourBar {
    let (low, high) = telling_range(study);
    let (low, high) = match study.direction {
        crate::trial::Direction::Maximize => (low, high),
        crate::trial::Direction::Minimize => (high, low),
    };
    ColourBar { label: study.metric.clone(), low, high }
}

/// The surface over two parameters with the trials on it; none without complete trials.
fn surface(study: &StudyView, x: &Dimension, y: &Dimension, cells: usize, size: f64) -> Option<Vec<Mark>> {
    let (low, high) = telling_range(study);
    let scale = Scale::Linear { low, high };
    let goodness = |value: f64| {
        let share = scale.share(value).clamp(0.0, 1.0);
        match study.direction {
            crate::trial::Direction::Maximize => share,
            crate::trial::Direction::Minimize => 1.0 - share,
        }
    };
    let placed = study.complete().filter_map(|(trial, value)| {
        Some((x.share(&trial.params)?, y.share(&trial.params)?, goodness(value)))
    });
    let samples: Vec<(f64, f64, f64)> = placed.collect();
    let every = samples.len().div_ceil(MOST_TRIALS).max(1);
    let kept: Vec<(f64, f64, f64)> = samples.iter().step_by(every).copied().collect();
    if kept.is_empty() {
        return None;
    }
    let at = |cell: usize| cell as f64 / (cells - 1) as f64;
    let row = |row: usize| (0..cells).map(|column| interpolated(&kept, at(column), at(row))).collect();
    let rows: Vec<Vec<f64>> = (0..cells).map(row).collect();
    let points: Vec<(f64, f64, Paint)> = study
        .complete()
        .filter_map(|(trial, _)| Some((x.of(&trial.params)?, y.of(&trial.params)?, Paint::Ink)))
        .collect();
    let size = if points.len() > 500 { size * 0.4 } else { size * 0.75 };
    // A bright rim, so that trials are seen on dark ground, too.
    let rims = points.iter().map(|(x, y, _)| (*x, *y, Paint::Value(0.0))).collect();
    let mut marks = vec![
        Mark::Surface { rows, levels: LEVELS },
        Mark::Points { points: rims, sign: Sign::Disc, size: size + 1.2 },
        Mark::Points { points, sign: Sign::Disc, size },
    ];
    if let Some((x, y)) = study.best().and_then(|(best, _)| Some((x.of(&best.params)?, y.of(&best.params)?)))
    {
        marks.push(Mark::Points {
            points: vec![(x, y, Paint::Accent)],
            sign: Sign::Diamond,
            size: size * 1.3 + 2.0,
        });
    }
    Some(marks)
}

/// The mean of the samples around a place, nearer ones weighing more (Nadaraya 1964, Watson 1964,
/// with a Gaussian kernel); far from all of them the nearest decide.
fn interpolated(samples: &[(f64, f64, f64)], x: f64, y: f64) -> f64 {
    const BANDWIDTH: f64 = 0.09;
    let (mut sum, mut weights) = (0.0, 0.0);
    for (sx, sy, value) in samples {
        let distance = (sx - x) * (sx - x) + (sy - y) * (sy - y);
        let far = 1e-5 / (distance * distance + 1e-4);
        let weight = (-distance / (2.0 * BANDWIDTH * BANDWIDTH)).exp() + far;
        sum += weight * value;
        weights += weight;
    }
    sum / weights
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::*;

    #[test]
    fn the_surface_is_high_where_the_trials_are_good() {
        let samples = [(0.1, 0.1, 0.0), (0.9, 0.9, 1.0), (0.85, 0.9, 0.9)];
        assert!(interpolated(&samples, 0.1, 0.1) < 0.1);
        assert!(interpolated(&samples, 0.9, 0.9) > 0.9);
        let between = interpolated(&samples, 0.5, 0.5);
        assert!((0.1..0.9).contains(&between), "{between}");
    }

    #[test]
    fn of_each_pair_there_is_one_panel() {
        let study = study(&[(1e-3, 32, Some(0.5)), (2e-3, 64, Some(0.7))]);
        let figure = contour_matrix(&study, &[]);
        assert_eq!((figure.panels.len(), figure.columns), (1, 1));
        let Content::Chart { x, y, marks } = &figure.panels[0].content else { panic!() };
        assert_eq!((x.label.as_str(), y.label.as_str()), ("hidden_dim", "lr"));
        assert!(matches!(&marks[1], Mark::Points { points, .. } if points.len() == 2));
        assert!(matches!(rank(&study, &[]).panels[0].content, Content::Chart { .. }));
    }

    #[test]
    fn where_less_is_better_the_bar_is_turned_around() {
        let mut study = study(&[(1e-3, 32, Some(0.5)), (2e-3, 64, Some(0.7))]);
        study.direction = crate::trial::Direction::Minimize;
        let bar = colours(&study);
        assert!(bar.low > bar.high, "the worst end of the map has the largest value");
    }
}
