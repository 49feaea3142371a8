//! Optimisation history: every value, and the best so far.

use super::view::{StudyView, TrialView};
use crate::number::differ;
use crate::report::figure::{
    Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign, Stroke, widened,
};
use crate::trial::{Direction, Rank, RunState, better};
use uaic_kernel::statistics::quantile::nearest;

/// The value of every trial by its number, with the best so far.
pub fn history(study: &StudyView) -> Figure {
    let (low, high) = telling_range(study);
    let signs = Signs::new(study, (low, high));
    let last = study.trials.last().map_or(1.0, |trial| f64::from(trial.number)).max(1.0);
    let content = Content::Chart {
        x: Axis::new("trial", Scale::Count { low: -0.02 * last, high: last * 1.02 }),
        y: Axis::new(study.metric.clone(), Scale::Linear { low, high }),
        marks: signs.marks(best_so_far(study, last, |value| signs.inside(value))),
    };
    Figure {
        title: "Optimisation history".to_owned(),
        subtitle: study.subtitle(),
        panels: vec![Panel { title: String::new(), content }],
        legend: signs.legend(study),
        ..Figure::default()
    }
}

/// Where trials are, each kind with a sign of its own.
struct Signs {
    /// The range of the axis, and how far inside its ends stands what lies beyond them.
    range: (f64, f64),
    inset: f64,
    points: Vec<(f64, f64, Paint)>,
    outside: Vec<(f64, f64, Paint)>,
    failed: Vec<(f64, f64, Paint)>,
    valueless: Vec<(f64, f64, Paint)>,
}

impl Signs {
    fn new(study: &StudyView, (low, high): (f64, f64)) -> Self {
        let none = Vec::new;
        let inset = high * 0.012 - low * 0.012;
        let mut signs = Self {
            range: (low, high),
            inset,
            points: none(),
            outside: none(),
            failed: none(),
            valueless: none(),
        };
        for (trial, value) in study.complete() {
            let number = f64::from(trial.number);
            if (low..=high).contains(&value) {
                signs.points.push((number, value, Paint::Series(0)));
            } else {
                signs.outside.push((number, signs.inside(value), Paint::Muted));
            }
        }
        let at_the_foot = |is_one: fn(&TrialView) -> bool, paint| -> Vec<(f64, f64, Paint)> {
            let some = study.trials.iter().filter(|trial| is_one(trial));
            some.map(|trial| (f64::from(trial.number), low + inset, paint)).collect()
        };
        signs.failed = at_the_foot(|trial| trial.state == RunState::Failed, Paint::Wrong);
        signs.valueless = at_the_foot(TrialView::is_without_value, Paint::Muted);
        signs
    }

    /// What lies beyond the range is marked at its edge: it was there, but would flatten the rest.
    fn inside(&self, value: f64) -> f64 {
        value.max(self.range.0 + self.inset).min(self.range.1 - self.inset)
    }

    fn legend(&self, study: &StudyView) -> Vec<Key> {
        let infinite = study.complete().filter(|(_, value)| value.is_infinite()).count();
        let infinite = match infinite {
            0 => String::new(),
            all if all == self.outside.len() => " (infinite)".to_owned(),
            some => format!(" ({some} infinite)"),
        };
        let mut legend = vec![
            Key { paint: Paint::Series(0), look: Look::Sign(Sign::Disc), text: "a trial".to_owned() },
            Key { paint: Paint::Accent, look: Look::Line(Stroke::Steps), text: "best so far".to_owned() },
        ];
        for (signs, paint, sign, text) in [
            (&self.outside, Paint::Muted, Sign::Ring, format!("outside the range{infinite}")),
            (&self.valueless, Paint::Muted, Sign::Cross, "without a number for a value".to_owned()),
            (&self.failed, Paint::Wrong, Sign::Cross, "failed".to_owned()),
        ] {
            if !signs.is_empty() {
                legend.push(Key { paint, look: Look::Sign(sign), text: format!("{} {text}", signs.len()) });
            }
        }
        legend
    }

    /// All signs, and the line of the best so far.
    fn marks(&self, best: Vec<(f64, f64)>) -> Vec<Mark> {
        let size = if self.points.len() > 500 { 2.5 } else { 4.0 };
        let points = |points: &Vec<_>, sign, size| Mark::Points { points: points.clone(), sign, size };
        vec![
            points(&self.points, Sign::Disc, size),
            points(&self.outside, Sign::Ring, size),
            points(&self.failed, Sign::Cross, 4.0),
            points(&self.valueless, Sign::Cross, 4.0),
            Mark::Line { points: best, paint: Paint::Accent, stroke: Stroke::Steps },
        ]
    }
}

/// The best value up to each trial, of those that hold the constraints where there are such, to the
/// `last` trial; where it is beyond the range, at its edge.
fn best_so_far(study: &StudyView, last: f64, inside: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let ranks: Vec<Rank> = study.trials.iter().filter_map(TrialView::rank).collect();
    let holds = ranks.iter().any(Rank::is_feasible);
    let (mut best, mut course) = (None, Vec::new());
    for rank in ranks.into_iter().filter(|rank| rank.is_feasible() == holds) {
        best = better(best, Some(rank), study.direction);
        course.extend(best.map(|best| (f64::from(rank.number()), inside(best.value()))));
    }
    course.extend(best.map(|best| (last, inside(best.value()))));
    course
}

/// The range of values that tells most: all of it, unless a few bad trials would take up most of it.
pub(super) fn telling_range(study: &StudyView) -> (f64, f64) {
    telling_range_of(study.complete().map(|(_, value)| value).collect(), study.direction)
}

/// The same of any values; those that are not finite are outside.
pub(super) fn telling_range_of(mut values: Vec<f64>, direction: Direction) -> (f64, f64) {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let (Some(&least), Some(&most)) = (values.first(), values.last()) else { return (0.0, 1.0) };
    let quantile = |share: f64| nearest(&values, share).unwrap_or(least);
    let middles = [(0.25, 0.75), (0.1, 0.9)].map(|(low, high)| (quantile(low), quantile(high)));
    let middle = middles.into_iter().find(|(low, high)| differ(*low, *high));
    let Some((from, to)) = middle.filter(|_| values.len() >= 4) else { return widened((least, most), 0.05) };
    let width = to - from;
    // Of few trials none is cut unless it leaves no room at all to the others.
    let reach = if values.len() >= 10 { 3.0 } else { 1000.0 };
    // The good end is never cut, unless the others would be one line beside it.
    let (below, above) = match direction {
        Direction::Maximize => (reach, BEYOND_SIGHT),
        Direction::Minimize => (BEYOND_SIGHT, reach),
    };
    let (floor, ceiling) = (from - below * width, to + above * width);
    let low = values.iter().find(|value| **value >= floor).copied().unwrap_or(least);
    let high = values.iter().rev().find(|value| **value <= ceiling).copied().unwrap_or(most);
    widened((low, high), 0.05)
}

/// So many times the width of the middle half away, a value leaves nothing of that width to see.
pub(super) const BEYOND_SIGHT: f64 = 1e9;

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
        let Mark::Line { points, .. } = &marks(&figure)[4] else { panic!() };
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
            let Mark::Line { points, .. } = &marks(&figure)[4] else { panic!() };
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

    #[test]
    fn an_infinite_trial_is_complete_and_the_best_so_far_at_the_edge_of_the_range() {
        let mut values: Vec<(f64, i64, Option<f64>)> =
            (0..8).map(|i| (1e-3, 32, Some(f64::from(i) / 8.0))).collect();
        values[3].2 = Some(f64::INFINITY);
        let figure = history(&study(&values));
        let Mark::Points { points, sign: Sign::Ring, .. } = &marks(&figure)[1] else { panic!() };
        assert_eq!(points.iter().map(|point| point.0 as u32).collect::<Vec<_>>(), [3]);
        assert!((0.87..0.95).contains(&points[0].1), "{points:?}");
        assert_eq!(figure.legend.last().unwrap().text, "1 outside the range (infinite)");
        let Mark::Line { points: course, .. } = &marks(&figure)[4] else { panic!() };
        assert!(course[3..].iter().all(|point| point.1.to_bits() == points[0].1.to_bits()), "{course:?}");
    }

    #[test]
    fn ranges_at_the_ends_of_all_numbers_keep_an_axis_for_the_others() {
        let around = |extremes: &[f64], direction| {
            let mut values: Vec<f64> = (0..12).map(|i| f64::from(i) / 12.0).collect();
            values.extend(extremes);
            telling_range_of(values, direction)
        };
        for extremes in [&[1.7e308, -1.7e308][..], &[1e200], &[-1e200], &[f64::INFINITY, f64::NEG_INFINITY]] {
            for direction in [Direction::Minimize, Direction::Maximize] {
                let (low, high) = around(extremes, direction);
                assert!(low < 0.0 && high > 0.9 && high - low < 10.0, "{extremes:?}: {low} – {high}");
            }
        }
        // The best of a heavy tail is shown; what leaves no room to the others is not, even of a few.
        assert!(around(&[1e6], Direction::Maximize).1 > 1e6);
        assert!(telling_range_of(vec![0.1, 0.2, 0.3, 1e200], Direction::Minimize).1 < 1.0);
        let both = telling_range_of(vec![f64::MIN, f64::MAX], Direction::Minimize);
        assert_eq!(both, (f64::MIN, f64::MAX));
    }

    #[test]
    fn noise_of_rounding_has_no_range_of_its_own() {
        let values = (0..20).map(|i| 0.3 + f64::from(i % 3) * 5e-17).collect();
        let (low, high) = telling_range_of(values, Direction::Minimize);
        assert!(high - low > 0.05, "{low} – {high}");
        let tiny = (1..20).map(|i| f64::from(i) * 1e-200).collect();
        let (low, high) = telling_range_of(tiny, Direction::Minimize);
        assert!(high < 1e-198 && low < high, "values that are tiny differ all the same: {low} – {high}");
    }
}
