//! Two values of every run against each other.

use super::figure::{Axis, Content, Figure, Mark, Paint, Panel, Scale, Sign};

/// A figure of points `(x, y)`; `log` says which axes are logarithmic. What has no place on such an axis is
/// counted in the note.
pub fn scatter(title: &str, (x, y): (&str, &str), points: &[(f64, f64)], log: (bool, bool)) -> Figure {
    let fits = |value: f64, log: bool| value.is_finite() && (!log || value > 0.0);
    let shown: Vec<(f64, f64)> =
        points.iter().copied().filter(|point| fits(point.0, log.0) && fits(point.1, log.1)).collect();
    let scale =
        |values: Vec<f64>, log: bool| if log { Scale::log_around(values) } else { Scale::around(values) };
    let content = if shown.is_empty() {
        Content::Empty(format!("no run has both {x} and {y}"))
    } else {
        Content::Chart {
            x: Axis::new(x, scale(shown.iter().map(|point| point.0).collect(), log.0)),
            y: Axis::new(y, scale(shown.iter().map(|point| point.1).collect(), log.1)),
            marks: vec![Mark::Points {
                points: shown.iter().map(|&(x, y)| (x, y, Paint::Series(0))).collect(),
                sign: Sign::Disc,
                size: if shown.len() > 500 { 2.0 } else { 3.5 },
            }],
        }
    };
    let left = points.len() - shown.len();
    Figure {
        title: format!("{y} against {x}"),
        subtitle: title.to_owned(),
        panels: vec![Panel { title: String::new(), content }],
        note: if left > 0 {
            format!("{left} of {} have no place on the axes.", points.len())
        } else {
            String::new()
        },
        ..Figure::default()
    }
}
