//! Intermediate values: how each trial got where it is.

use super::StudyView;
use super::history::telling_range;
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Scale, Stroke};
use crate::trial::{Direction, RunState};

/// The recorded series of one trial.
pub type Series = (u32, Vec<(u64, f64)>);

/// One line per trial over the steps of `series`, the best in colour.
pub fn intermediate(study: &StudyView, series: &[Series]) -> Figure {
    let best = study.best().map(|(trial, _)| trial.number);
    let steps = series.iter().flat_map(|(_, points)| points.iter().map(|(step, _)| *step as f64));
    let (first, last) =
        steps.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), step| (a.min(step), b.max(step)));
    let mut lines: Vec<(bool, Mark)> = series
        .iter()
        .map(|(number, points)| {
            let is_best = Some(*number) == best;
            let state = study.trials.iter().find(|trial| trial.number == *number).map(|trial| trial.state);
            let (paint, stroke) = match state {
                _ if is_best => (Paint::Accent, Stroke::Solid),
                Some(RunState::Pruned) => (Paint::Series(4), Stroke::Thin),
                Some(RunState::Failed) => (Paint::Wrong, Stroke::Thin),
                _ => (Paint::Series(0), Stroke::Thin),
            };
            let points = points.iter().map(|(step, value)| (*step as f64, *value)).collect();
            (is_best, Mark::Line { points, paint, stroke })
        })
        .collect();
    lines.sort_by_key(|(is_best, _)| *is_best);
    let (low, high) = telling_range(study);
    let values = || series.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| *value));
    // The good end is never cut.
    let (low, high) = match study.direction {
        Direction::Maximize => (low, values().filter(|value| value.is_finite()).fold(high, f64::max)),
        Direction::Minimize => (values().filter(|value| value.is_finite()).fold(low, f64::min), high),
    };
    let content = if first < last {
        let x = Axis::new("step", Scale::Count { low: first, high: last });
        let y = Axis::new(study.metric.clone(), Scale::Linear { low, high });
        Content::Chart { x, y, marks: lines.into_iter().map(|(_, mark)| mark).collect() }
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
    for (state, paint) in [(RunState::Pruned, Paint::Series(4)), (RunState::Failed, Paint::Wrong)] {
        if study.trials.iter().any(|trial| trial.state == state) {
            legend.push(key(paint, Stroke::Thin, &state.name().to_lowercase()));
        }
    }
    Figure {
        title: "Intermediate values".to_owned(),
        subtitle: study.subtitle(),
        panels: vec![Panel { title: String::new(), content }],
        legend,
        note: "With folds, a step is a fold and its value the mean over the folds so far.".to_owned(),
        ..Figure::default()
    }
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
            matches!(&marks[1], Mark::Line { paint: Paint::Accent, points, .. } if points[1] == (2.0, 0.9))
        );
    }
}
