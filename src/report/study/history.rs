//! Optimisation history: every value, and the best so far.

use super::{StudyView, TrialView};
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign, Stroke};
use crate::trial::{Direction, Rank, RunState, better};

/// The value of every trial by its number, with the best so far.
pub fn history(study: &StudyView) -> Figure {
    let last = study.trials.last().map_or(1.0, |trial| f64::from(trial.number)).max(1.0);
    let so_far = best_so_far(study, last);
    let (low, high) = telling_range(study);
    let y = Scale::Linear { low, high };
    let shown = |value: f64| (low..=high).contains(&value);
    let points = study.complete().filter(|(_, value)| shown(*value));
    let points: Vec<(f64, f64, Paint)> =
        points.map(|(trial, value)| (f64::from(trial.number), value, Paint::Series(0))).collect();
    // What lies below the range is marked at its edge: it was there, but would flatten the rest.
    let edge = low + (high - low) * 0.012;
    let outside: Vec<(f64, f64, Paint)> = study
        .complete()
        .filter(|(_, value)| !shown(*value))
        .map(|(trial, value)| {
            (
                f64::from(trial.number),
                if value < low { edge } else { high - (high - low) * 0.012 },
                Paint::Muted,
            )
        })
        .collect();
    let failed: Vec<(f64, f64, Paint)> = study
        .trials
        .iter()
        .filter(|trial| {
            trial.state == RunState::Failed
                || (trial.state == RunState::Complete && !trial.value.is_some_and(f64::is_finite))
        })
        .map(|trial| (f64::from(trial.number), edge, Paint::Wrong))
        .collect();
    let mut legend = vec![
        Key { paint: Paint::Series(0), look: Look::Sign(Sign::Disc), text: "a trial".to_owned() },
        Key { paint: Paint::Accent, look: Look::Line(Stroke::Steps), text: "best so far".to_owned() },
    ];
    if !outside.is_empty() {
        let text = format!("{} outside the range", outside.len());
        legend.push(Key { paint: Paint::Muted, look: Look::Sign(Sign::Ring), text });
    }
    if !failed.is_empty() {
        legend.push(Key {
            paint: Paint::Wrong,
            look: Look::Sign(Sign::Cross),
            text: format!("{} failed", failed.len()),
        });
    }
    let size = if points.len() > 500 { 2.5 } else { 4.0 };
    let marks = vec![
        Mark::Points { points, sign: Sign::Disc, size },
        Mark::Points { points: outside, sign: Sign::Ring, size },
        Mark::Points { points: failed, sign: Sign::Cross, size: 4.0 },
        Mark::Line { points: so_far, paint: Paint::Accent, stroke: Stroke::Steps },
    ];
    let x = Axis::new("trial", Scale::Count { low: -0.02 * last, high: last * 1.02 });
    Figure {
        title: "Optimisation history".to_owned(),
        subtitle: study.subtitle(),
        panels: vec![Panel {
            title: String::new(),
            content: Content::Chart { x, y: Axis::new(study.metric.clone(), y), marks },
        }],
        legend,
        ..Figure::default()
    }
}

/// The best value up to each trial, of those that hold the constraints where there are such, to the
/// last trial.
fn best_so_far(study: &StudyView, last: f64) -> Vec<(f64, f64)> {
    let ranks: Vec<Rank> = study.trials.iter().filter_map(TrialView::rank).collect();
    let holds = ranks.iter().any(Rank::is_feasible);
    let (mut best, mut so_far) = (None, Vec::new());
    for rank in ranks.into_iter().filter(|rank| rank.is_feasible() == holds) {
        best = better(best, Some(rank), study.direction);
        so_far.extend(best.map(|best| (f64::from(rank.number()), best.value())));
    }
    so_far.extend(best.map(|best| (last, best.value())));
    // Where an infinite value is the best there is no place for it.
    so_far.retain(|(_, value)| value.is_finite());
    so_far
}

/// The range of values that tells most: all of it, unless a few bad trials would take up most of it.
pub(super) fn telling_range(study: &StudyView) -> (f64, f64) {
    telling_range_of(study.complete().map(|(_, value)| value).collect(), study.direction)
}

/// The same of any values that are numbers.
pub(super) fn telling_range_of(mut values: Vec<f64>, direction: Direction) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let (Some(&least), Some(&most)) = (values.first(), values.last()) else { return (0.0, 1.0) };
    let quartile = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    let reach = 3.0 * (quartile(0.75) - quartile(0.25));
    let (mut low, mut high) = (least, most);
    if reach > 0.0 && values.len() >= 10 {
        // The good end is never cut.
        match direction {
            Direction::Maximize => low = low.max(quartile(0.25) - reach),
            Direction::Minimize => high = high.min(quartile(0.75) + reach),
        }
    }
    let room = if high > low { (high - low) * 0.05 } else { low.abs().max(1.0) * 0.05 };
    (low - room, high + room)
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::*;

    fn marks(figure: &Figure) -> &[Mark] {
        match &figure.panels[0].content {
            Content::Chart { marks, .. } => marks,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_best_so_far_never_gets_worse_and_reaches_the_last_trial() {
        let figure = history(&study(&[
            (1e-3, 32, Some(0.5)),
            (1e-3, 32, Some(0.7)),
            (1e-3, 32, Some(0.6)),
            (1e-3, 32, None),
        ]));
        let Mark::Line { points, .. } = &marks(&figure)[3] else { panic!() };
        assert_eq!(points, &[(0.0, 0.5), (1.0, 0.7), (2.0, 0.7), (3.0, 0.7)]);
        assert_eq!(figure.legend.last().unwrap().text, "1 failed");
    }

    #[test]
    fn the_best_so_far_is_never_one_that_misses_a_constraint() {
        let values = [0.9, 0.5, 0.95, 0.6].map(|value| (1e-3, 32, Some(value)));
        let mut study = study(&values);
        (study.trials[0].violation, study.trials[2].violation) = (0.1, 0.1);
        let line = |study: &StudyView| {
            let figure = history(study);
            let Mark::Line { points, .. } = &marks(&figure)[3] else { panic!() };
            points.clone()
        };
        assert_eq!(line(&study), [(1.0, 0.5), (3.0, 0.6), (3.0, 0.6)]);
        for trial in &mut study.trials {
            trial.violation = 1.0 - trial.value.unwrap();
        }
        assert_eq!(line(&study)[..3], [(0.0, 0.9), (1.0, 0.9), (2.0, 0.95)], "the least missed");
    }

    #[test]
    fn a_few_bad_trials_do_not_flatten_the_rest_but_stay_visible() {
        let mut values: Vec<(f64, i64, Option<f64>)> =
            (0..20).map(|i| (1e-3, 32, Some(0.95 + f64::from(i) * 1e-3))).collect();
        values[3].2 = Some(0.05);
        let figure = history(&study(&values));
        let Mark::Points { points, .. } = &marks(&figure)[1] else { panic!() };
        assert_eq!(points.len(), 1);
        let Content::Chart { y, .. } = &figure.panels[0].content else { panic!() };
        let Scale::Linear { low, .. } = y.scale else { panic!() };
        assert!(low > 0.9, "{low}");
    }
}
