//! Intermediate values: how each trial got where it is.

use super::history::telling_range;
use super::{StudyView, TrialView};
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign, Stroke};
use crate::report::wording::share;
use crate::study::pruner::saved;
use crate::trial::{Direction, FinishedTrial, RunState};

/// The recorded series of one trial.
pub type Series = (u32, Vec<(u64, f64)>);

/// One line per trial over the steps of `series`, the best in colour. Pruned trials are dimmed, and a
/// ring marks where each was stopped.
pub fn intermediate(study: &StudyView, series: &[Series]) -> Figure {
    let best = study.best().map(|(trial, _)| trial.number);
    let steps = series.iter().flat_map(|(_, points)| points.iter().map(|(step, _)| *step as f64));
    let (first, last) =
        steps.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), step| (a.min(step), b.max(step)));
    let state_of = |number: u32| {
        let trial = study.trials.iter().find(|trial| trial.number == number);
        trial.map(|trial| trial.state)
    };
    let mut lines: Vec<(u8, Mark)> = series
        .iter()
        .map(|(number, points)| {
            let (height, paint, stroke) = match state_of(*number) {
                _ if Some(*number) == best => (2, Paint::Accent, Stroke::Solid),
                Some(RunState::Pruned) => (0, Paint::Muted, Stroke::Thin),
                Some(RunState::Failed) => (1, Paint::Wrong, Stroke::Thin),
                _ => (1, Paint::Series(0), Stroke::Thin),
            };
            let points = points.iter().map(|(step, value)| (*step as f64, *value)).collect();
            (height, Mark::Line { points, paint, stroke })
        })
        .collect();
    lines.sort_by_key(|(height, _)| *height);
    let (low, high) = telling_range(study);
    let values = || series.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| *value));
    // The good end is never cut.
    let (low, high) = match study.direction {
        Direction::Maximize => (low, values().filter(|value| value.is_finite()).fold(high, f64::max)),
        Direction::Minimize => (values().filter(|value| value.is_finite()).fold(low, f64::min), high),
    };
    let ends: Vec<(f64, f64)> = series
        .iter()
        .filter(|(number, _)| state_of(*number) == Some(RunState::Pruned))
        .filter_map(|(_, points)| points.last())
        .filter(|(_, value)| value.is_finite())
        .map(|(step, value)| (*step as f64, *value))
        .collect();
    let (low, high) = with_most(&ends, study.direction, (low, high));
    let content = if first < last {
        let x = Axis::new("step", Scale::Count { low: first, high: last });
        let y = Axis::new(study.metric.clone(), Scale::Linear { low, high });
        let inset = (high - low) * 0.012;
        let points = ends
            .iter()
            .map(|(step, value)| (*step, value.clamp(low + inset, high - inset), Paint::Series(4)));
        let points = points.collect();
        let stops = Mark::Points { points, sign: Sign::Ring, size: 2.6 };
        // Over the dimmed lines, under the best.
        let at = lines.len().saturating_sub(usize::from(best.is_some()));
        let mut marks: Vec<Mark> = lines.into_iter().map(|(_, mark)| mark).collect();
        marks.insert(at, stops);
        Content::Chart { x, y, marks }
    } else {
        Content::Empty("no trial has recorded more than one value".to_owned())
    };
    let key = |paint, stroke, text: &str| Key { paint, look: Look::Line(stroke), text: text.to_owned() };
    let mut legend = vec![key(
        Paint::Accent,
        Stroke::Solid,
        &best.map_or("best".to_owned(), |number| format!("best (trial {number})")),
    )];
    legend.push(key(Paint::Series(0), Stroke::Thin, "complete"));
    let count = |state| study.trials.iter().filter(|trial| trial.state == state).count();
    let pruned = count(RunState::Pruned);
    if pruned > 0 {
        legend.push(Key {
            paint: Paint::Series(4),
            look: Look::Sign(Sign::Ring),
            text: format!("stopped here ({pruned} pruned)"),
        });
    }
    if count(RunState::Failed) > 0 {
        legend.push(key(Paint::Wrong, Stroke::Thin, "failed"));
    }
    let saved = saved_steps(study, series).filter(|_| pruned > 0);
    let told = saved.map_or(String::new(), |saved| format!(" · pruning saved {} of all steps", share(saved)));
    Figure {
        title: "Intermediate values".to_owned(),
        subtitle: format!("{}{told}", study.subtitle()),
        panels: vec![Panel { title: String::new(), content }],
        legend,
        note: "With folds, a step is a fold and its value the mean over the folds so far.".to_owned(),
        ..Figure::default()
    }
}

/// The range with three quarters of the places where trials were stopped in it; the others are marked
/// at its edge.
fn with_most(ends: &[(f64, f64)], direction: Direction, (low, high): (f64, f64)) -> (f64, f64) {
    let mut values: Vec<f64> = ends.iter().map(|(_, value)| *value).collect();
    values.sort_by(|a, b| direction.compare(*a, *b));
    let Some(worst) = values.get((values.len() * 3).div_ceil(4).saturating_sub(1)) else {
        return (low, high);
    };
    let room = (high - low) * 0.05;
    match direction {
        Direction::Maximize => (low.min(worst - room), high),
        Direction::Minimize => (low, high.max(worst + room)),
    }
}

/// The share of steps that pruning has saved.
fn saved_steps(study: &StudyView, series: &[Series]) -> Option<f64> {
    let finished = |trial: &TrialView| {
        let steps = series.iter().find(|(number, _)| *number == trial.number);
        FinishedTrial {
            state: trial.state,
            values: trial.values.clone(),
            ..FinishedTrial::pruned(
                trial.number,
                trial.params.clone(),
                steps.map(|(_, points)| points.clone()).unwrap_or_default(),
            )
        }
    };
    saved(&study.trials.iter().map(finished).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::*;

    #[test]
    fn the_best_trial_is_drawn_over_the_others() {
        let study = study(&[(1e-3, 32, Some(0.9)), (1e-3, 32, Some(0.5))]);
        let series = vec![(0, vec![(1, 0.4), (2, 0.9)]), (1, vec![(1, 0.3), (2, 0.5)])];
        let figure = intermediate(&study, &series);
        let Content::Chart { marks, .. } = &figure.panels[0].content else { panic!() };
        assert!(
            matches!(marks.last().unwrap(), Mark::Line { paint: Paint::Accent, points, .. } if points[1] == (2.0, 0.9))
        );
    }
    #[test]
    fn pruned_trials_are_dimmed_and_end_in_a_ring() {
        let mut study = study(&[(1e-3, 32, Some(0.9)), (1e-3, 32, None), (1e-3, 32, None)]);
        study.trials[1].state = RunState::Pruned;
        let series = vec![
            (0, vec![(1, 0.4), (2, 0.6), (3, 0.8), (4, 0.9)]),
            (1, vec![(1, 0.85), (2, 0.86)]),
            (2, vec![(1, 0.1)]),
        ];
        let figure = intermediate(&study, &series);
        let Content::Chart { marks, .. } = &figure.panels[0].content else { panic!() };
        assert!(matches!(&marks[0], Mark::Line { paint: Paint::Muted, points, .. } if points.len() == 2));
        let Mark::Points { points, sign: Sign::Ring, .. } = &marks[2] else { panic!("{marks:?}") };
        assert_eq!(points, &[(2.0, 0.86, Paint::Series(4))]);
        // Of 8 steps 2 are missing.
        assert!(figure.subtitle.ends_with("pruning saved 25.0 % of all steps"), "{}", figure.subtitle);
        assert_eq!(figure.legend[2].text, "stopped here (1 pruned)");
    }
}
