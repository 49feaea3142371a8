//! Losses and metrics over training.

use std::collections::BTreeMap;

use super::{chart, line_key, nothing};
use crate::report::figure::{Axis, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign, Stroke};

/// What a series was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is learned from.
    Train,
    /// What is not.
    Validation,
}

/// The values of one fold, or of a run without folds.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What it was measured on.
    pub part: Part,
    /// Steps and values.
    pub points: Vec<(u64, f64)>,
}

/// What was recorded while one run trained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingCurves {
    /// What the run is called beside others.
    pub name: String,
    /// Losses, a curve per part and fold.
    pub loss: Vec<Curve>,
    /// The name of the metric: `accuracy`.
    pub metric_name: String,
    /// Its values, a curve per part and fold.
    pub metric: Vec<Curve>,
}

/// Losses and metrics over steps, which `unit` names (`epoch`): the mean of the folds as a line,
/// their lowest and highest value as a band. Of several runs each has a colour.
pub fn curves(runs: &[TrainingCurves], unit: &str, subtitle: &str) -> Figure {
    let metric = runs.iter().map(|run| run.metric_name.as_str()).find(|name| !name.is_empty());
    let loss: Vec<&[Curve]> = runs.iter().map(|run| run.loss.as_slice()).collect();
    let others: Vec<&[Curve]> = runs.iter().map(|run| run.metric.as_slice()).collect();
    let all = || runs.iter().flat_map(|run| run.loss.iter().chain(&run.metric));
    let has_folds = runs.iter().any(|run| {
        [&run.loss, &run.metric].into_iter().any(|curves| {
            [Part::Train, Part::Validation]
                .into_iter()
                .any(|part| curves.iter().filter(|curve| curve.part == part).count() > 1)
        })
    });
    let has = |part: Part| all().any(|curve| curve.part == part && !curve.points.is_empty());
    let note = if has_folds {
        "Lines are means over the folds that reach a step, bands go from the lowest fold to the highest."
    } else {
        ""
    };
    Figure {
        title: "Training curves".to_owned(),
        subtitle: subtitle.to_owned(),
        panels: vec![
            panel("loss", &loss, unit, true),
            panel(metric.unwrap_or("metric"), &others, unit, false),
        ],
        columns: 2,
        legend: legend(runs, &has),
        note: note.to_owned(),
        aspect: 1.9,
        ..Figure::default()
    }
}

fn legend(runs: &[TrainingCurves], has: &dyn Fn(Part) -> bool) -> Vec<Key> {
    let is_one = runs.len() < 2;
    let mut legend: Vec<Key> = Vec::new();
    if !is_one {
        let key = |(place, run): (usize, &TrainingCurves)| Key {
            paint: Paint::Series(place),
            look: Look::Area,
            text: run.name.clone(),
        };
        legend.extend(runs.iter().enumerate().map(key));
    }
    for (part, text) in [(Part::Train, "training"), (Part::Validation, "validation")] {
        if has(part) {
            let (paint, stroke) = look(part, (!is_one).then_some(0));
            legend.push(line_key(if is_one { paint } else { Paint::Ink }, stroke, text));
        }
    }
    legend
}

/// One run has a colour per part; several have one each and training is dashed.
fn look(part: Part, run: Option<usize>) -> (Paint, Stroke) {
    match (part, run) {
        (Part::Train, None) => (Paint::Series(0), Stroke::Solid),
        (Part::Validation, None) => (Paint::Series(1), Stroke::Solid),
        (Part::Train, Some(run)) => (Paint::Series(run), Stroke::Dashed),
        (Part::Validation, Some(run)) => (Paint::Series(run), Stroke::Solid),
    }
}

fn panel(title: &str, runs: &[&[Curve]], unit: &str, is_loss: bool) -> Panel {
    let (mut bands, mut lines) = (Vec::new(), Vec::new());
    let (mut steps, mut values) = (Vec::new(), Vec::new());
    for (run, curves) in runs.iter().enumerate() {
        for part in [Part::Train, Part::Validation] {
            let (paint, stroke) = look(part, (runs.len() > 1).then_some(run));
            let folds: Vec<&Curve> = curves.iter().filter(|curve| curve.part == part).collect();
            let spread = spread(&folds);
            steps.extend(spread.iter().map(|at| at.step));
            values.extend(spread.iter().flat_map(|at| [at.low, at.high]));
            // The training bands of several runs would hide one another.
            if folds.len() > 1 && (runs.len() == 1 || part == Part::Validation) {
                let points = spread.iter().map(|at| (at.step, at.low, at.high)).collect();
                bands.push(Mark::Band { points, paint });
            }
            if let [only] = &spread[..] {
                let points = vec![(only.step, only.mean, paint)];
                lines.push(Mark::Points { points, sign: Sign::Disc, size: 4.0 });
            }
            let points = spread.iter().map(|at| (at.step, at.mean)).collect();
            lines.push(Mark::Line { points, paint, stroke });
        }
    }
    let (Some(first), Some(last)) =
        (steps.iter().copied().reduce(f64::min), steps.iter().copied().reduce(f64::max))
    else {
        return Panel { title: title.to_owned(), ..nothing("nothing was recorded") };
    };
    let room = ((last - first) * 0.02).max(0.5);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let y = if is_loss && least > 0.0 && most / least > 30.0 {
        Scale::log_around(values)
    } else {
        Scale::around(values)
    };
    bands.append(&mut lines);
    let x = Axis::new(unit, Scale::Count { low: first - room, high: last + room });
    chart(title, x, Axis::new("", y), bands)
}

struct Spread {
    step: f64,
    low: f64,
    mean: f64,
    high: f64,
}

/// The folds' values at every step that one of them has, by step.
fn spread(folds: &[&Curve]) -> Vec<Spread> {
    let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for &(step, value) in folds.iter().flat_map(|fold| &fold.points) {
        if value.is_finite() {
            at.entry(step).or_default().push(value);
        }
    }
    at.into_iter()
        .map(|(step, values)| Spread {
            step: step as f64,
            low: values.iter().copied().fold(f64::INFINITY, f64::min),
            mean: values.iter().sum::<f64>() / values.len() as f64,
            high: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{is_empty, marks};
    use super::*;

    fn curve(part: Part, points: &[(u64, f64)]) -> Curve {
        Curve { part, points: points.to_vec() }
    }

    #[test]
    fn the_line_is_the_mean_of_the_folds_that_are_still_there_and_the_band_holds_them() {
        let run = TrainingCurves {
            loss: vec![
                curve(Part::Validation, &[(1, 1.0), (2, 0.4), (3, 0.2)]),
                curve(Part::Validation, &[(1, 2.0), (2, 0.6), (3, f64::NAN)]),
            ],
            ..TrainingCurves::default()
        };
        let figure = curves(&[run], "epoch", "x");
        let [Mark::Band { points: band, .. }, Mark::Line { .. }, Mark::Line { points, .. }] =
            marks(&figure.panels[0])
        else {
            panic!("{figure:?}")
        };
        assert_eq!(points, &[(1.0, 1.5), (2.0, 0.5), (3.0, 0.2)]);
        assert_eq!(band[0], (1.0, 1.0, 2.0));
        assert!(figure.note.contains("lowest fold"));
        assert!(matches!(figure.panels[1].content, crate::report::figure::Content::Empty(_)));
    }

    #[test]
    fn runs_have_colours_of_their_own() {
        let run = |name: &str| TrainingCurves {
            name: name.to_owned(),
            loss: vec![curve(Part::Train, &[(1, 1.0), (2, 0.5)])],
            ..TrainingCurves::default()
        };
        let figure = curves(&[run("a"), run("b")], "epoch", "x");
        assert_eq!(
            figure.legend.iter().map(|key| key.text.as_str()).collect::<Vec<_>>(),
            ["a", "b", "training"]
        );
        assert!(is_empty(&curves(&[], "epoch", "x")));
    }
}
