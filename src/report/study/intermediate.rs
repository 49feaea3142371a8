//! Intermediate values: how each trial got where it is.

use super::caption::notes;
use super::history::{telling_range, telling_range_of};
use super::view::{StudyView, TrialView};
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign, Stroke};
use crate::report::wording::share;
use crate::study::pruner::saved;
use crate::trial::{Direction, FinishedTrial, RunState};

/// The recorded series of one trial.
pub type Series = (u32, Vec<(u64, f64)>);

/// One line per trial over the steps of `series`, the best in colour. Pruned trials are dimmed, and a
/// ring marks where each was stopped.
pub fn intermediate(study: &StudyView, series: &[Series]) -> Figure {
    let steps = series.iter().flat_map(|(_, points)| points.iter().map(|(step, _)| *step as f64));
    let (first, last) =
        steps.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), step| (a.min(step), b.max(step)));
    let content = if first < last {
        let ends = ends(study, series);
        let (low, high) = range(study, series, &ends);
        Content::Chart {
            x: Axis::new("step", Scale::Count { low: first, high: last }),
            y: Axis::new(study.metric.clone(), Scale::Linear { low, high }),
            marks: marks(study, series, stops(&ends, (low, high))),
        }
    } else {
        Content::Empty("no trial has recorded more than one value".to_owned())
    };
    let saved = saved_steps(study, series).filter(|_| count(study, RunState::Pruned) > 0);
    let told = saved.map_or(String::new(), |saved| format!(" · pruning saved {} of all steps", share(saved)));
    Figure {
        title: "Intermediate values".to_owned(),
        subtitle: format!("{}{told}", study.subtitle()),
        panels: vec![Panel { title: String::new(), content }],
        legend: legend(study),
        note: notes([of_folds(study), of_infinite(series)]),
        ..Figure::default()
    }
}

/// What a step is where training is ours.
fn of_folds(study: &StudyView) -> String {
    if study.is_of_program {
        return String::new();
    }
    "With folds, a step is a fold and its value the mean over the folds so far.".to_owned()
}

/// Values that no line can reach, in words.
fn of_infinite(series: &[Series]) -> String {
    let values = series.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| *value));
    match values.filter(|value| !value.is_finite()).count() {
        0 => String::new(),
        1 => "1 value is not finite; its line has a gap there.".to_owned(),
        more => format!("{more} values are not finite; lines have gaps there."),
    }
}

fn state_of(study: &StudyView, number: u32) -> Option<RunState> {
    study.trials.iter().find(|trial| trial.number == number).map(|trial| trial.state)
}

fn count(study: &StudyView, state: RunState) -> usize {
    study.trials.iter().filter(|trial| trial.state == state).count()
}

/// The dimmed lines, the others, the marks where trials were stopped, and over all the best.
fn marks(study: &StudyView, series: &[Series], stops: Mark) -> Vec<Mark> {
    let best = study.best().map(|(trial, _)| trial.number);
    let line = |(number, points): &Series| {
        let (height, paint, stroke) = match state_of(study, *number) {
            _ if Some(*number) == best => (3, Paint::Accent, Stroke::Solid),
            Some(RunState::Pruned) => (0, Paint::Muted, Stroke::Thin),
            Some(RunState::Failed) => (1, Paint::Wrong, Stroke::Thin),
            _ => (1, Paint::Series(0), Stroke::Thin),
        };
        let points = points.iter().map(|(step, value)| (*step as f64, *value)).collect();
        (height, Mark::Line { points, paint, stroke })
    };
    let mut marks: Vec<(u8, Mark)> = series.iter().map(line).collect();
    marks.push((2, stops));
    marks.sort_by_key(|(height, _)| *height);
    marks.into_iter().map(|(_, mark)| mark).collect()
}

/// The last step and value of each pruned trial.
fn ends(study: &StudyView, series: &[Series]) -> Vec<(f64, f64)> {
    let pruned = series.iter().filter(|(number, _)| state_of(study, *number) == Some(RunState::Pruned));
    let last = pruned.filter_map(|(_, points)| points.last()).filter(|(_, value)| value.is_finite());
    last.map(|(step, value)| (*step as f64, *value)).collect()
}

/// Rings where trials were stopped, at the edge where the range leaves them out.
fn stops(ends: &[(f64, f64)], (low, high): (f64, f64)) -> Mark {
    let inset = high * 0.012 - low * 0.012;
    // Not `clamp`, which panics where the range is too large for its width to be a number.
    let inside = |value: f64| value.max(low + inset).min(high - inset);
    let points = ends.iter().map(|(step, value)| (*step, inside(*value), Paint::Series(4))).collect();
    Mark::Points { points, sign: Sign::Ring, size: 2.6 }
}

/// The telling range of complete trials, with all that is better, and with most `ends`.
fn range(study: &StudyView, series: &[Series], ends: &[(f64, f64)]) -> (f64, f64) {
    let (low, high) = telling_range(study);
    let values = series.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| *value));
    // The good end is not cut, but for what would leave nothing to see of the others.
    let good = telling_range_of(values.collect(), study.direction);
    let range = match study.direction {
        Direction::Maximize => (low, good.1.max(high)),
        Direction::Minimize => (good.0.min(low), high),
    };
    with_most(ends, study.direction, range)
}

fn legend(study: &StudyView) -> Vec<Key> {
    let line = |paint, stroke, text: String| Key { paint, look: Look::Line(stroke), text };
    let best = study.best().map_or("best".to_owned(), |(trial, _)| format!("best (trial {})", trial.number));
    let mut keys = vec![
        line(Paint::Accent, Stroke::Solid, best),
        line(Paint::Series(0), Stroke::Thin, "complete".to_owned()),
    ];
    let pruned = count(study, RunState::Pruned);
    if pruned > 0 {
        let text = format!("stopped here ({pruned} pruned)");
        keys.push(Key { paint: Paint::Series(4), look: Look::Sign(Sign::Ring), text });
    }
    if count(study, RunState::Failed) > 0 {
        keys.push(line(Paint::Wrong, Stroke::Thin, "failed".to_owned()));
    }
    keys
}

/// The range with three quarters of the places where trials were stopped in it; the others are marked
/// at its edge.
fn with_most(ends: &[(f64, f64)], direction: Direction, (low, high): (f64, f64)) -> (f64, f64) {
    let mut values: Vec<f64> = ends.iter().map(|(_, value)| *value).collect();
    values.sort_by(|a, b| direction.compare(*a, *b));
    let Some(worst) = values.get((values.len() * 3).div_ceil(4).saturating_sub(1)) else {
        return (low, high);
    };
    let room = high * 0.05 - low * 0.05;
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

    #[test]
    fn ranges_beyond_all_numbers_are_no_trouble() {
        let mut study = study(&[(1e-3, 32, Some(f64::MAX)), (1e-3, 32, Some(f64::MIN)), (1e-3, 32, None)]);
        study.trials[2].state = RunState::Pruned;
        let series = vec![(0, vec![(1, f64::MIN), (2, f64::MAX)]), (2, vec![(1, 0.0), (2, f64::NAN)])];
        assert!(!intermediate(&study, &series).is_empty());
    }
}
