//! The values of several objectives, as pictures see them.

use super::caption::notes;
use super::history::{BEYOND_SIGHT, telling_range_of};
use super::view::StudyView;
use crate::report::figure::{Scale, widened};
use crate::study::pareto::fronts;
use crate::trial::{Direction, RunState};

/// Trials with a value of every objective; values may be infinite.
#[derive(Clone, Debug, PartialEq)]
pub struct Objectives {
    /// What each objective is.
    pub names: Vec<String>,
    /// Which end of each is better.
    pub directions: Vec<Direction>,
    /// The numbers of the trials, rising.
    pub numbers: Vec<u32>,
    /// The values of each of these trials, one per objective.
    pub points: Vec<Vec<f64>>,
    /// Of which study, and how much of it.
    pub subtitle: String,
    /// How many complete trials are not among them, as they miss a constraint.
    pub infeasible: usize,
    /// How many are not, as some objective of theirs is no number.
    pub without_value: usize,
}

impl Objectives {
    /// The objectives of a study, and the trials that are complete.
    pub fn of(study: &StudyView) -> Self {
        let first = std::iter::once((study.metric.clone(), study.direction));
        let more = study.more_goals.iter().map(|goal| (goal.metric.clone(), goal.direction));
        let (names, directions): (Vec<String>, Vec<Direction>) = first.chain(more).unzip();
        let is_whole = |values: &[f64]| values.len() == names.len() && values.iter().all(|x| !x.is_nan());
        let complete = || study.trials.iter().filter(|trial| trial.state == RunState::Complete);
        let infeasible = complete().filter(|trial| trial.values.is_empty()).count();
        let whole = complete().filter(|trial| is_whole(&trial.values));
        let (numbers, points): (Vec<u32>, Vec<Vec<f64>>) =
            whole.map(|trial| (trial.number, trial.values.clone())).unzip();
        let without_value = complete().count() - infeasible - numbers.len();
        Self { names, directions, numbers, points, subtitle: study.subtitle(), infeasible, without_value }
    }

    /// Those whose values are all finite, and how many are not.
    pub(super) fn finite(&self) -> (Self, usize) {
        let is_finite = |point: &Vec<f64>| point.iter().all(|value| value.is_finite());
        let kept = self.numbers.iter().zip(&self.points).filter(|(_, point)| is_finite(point));
        let (numbers, points): (Vec<u32>, Vec<Vec<f64>>) =
            kept.map(|(number, point)| (*number, point.clone())).unzip();
        let left_out = self.numbers.len() - numbers.len();
        (Self { numbers, points, ..self.clone() }, left_out)
    }

    /// Which complete trials are not here, in words; empty when all are.
    pub(super) fn left_out(&self) -> String {
        let told = |count: usize, what: &str| match count {
            0 => String::new(),
            1 => format!("Not shown: 1 complete trial {what}."),
            more => format!("Not shown: {more} complete trials {what}."),
        };
        notes([
            told(self.infeasible, "beyond a constraint"),
            told(self.without_value, "without a number for every objective"),
        ])
    }

    /// The values with their signs changed where larger is better: smaller is better in all.
    pub(super) fn losses(&self) -> Vec<Vec<f64>> {
        let loss = |(value, direction): (&f64, &Direction)| match direction {
            Direction::Minimize => *value,
            Direction::Maximize => -*value,
        };
        self.points.iter().map(|point| point.iter().zip(&self.directions).map(loss).collect()).collect()
    }

    /// The places of the trials that no other is better than in all respects.
    pub(super) fn front(&self) -> Vec<usize> {
        fronts(&self.losses()).into_iter().next().unwrap_or_default()
    }

    /// The range of an objective that tells most: all of it, unless a few bad trials would take up
    /// most. What `always` names is within it.
    pub(super) fn range(&self, objective: usize, always: &[usize]) -> (f64, f64) {
        let column: Vec<f64> = self.points.iter().map(|point| point[objective]).collect();
        let (low, high) = telling_range_of(column, self.directions[objective]);
        let kept = || {
            let values = always.iter().map(|place| self.points[*place][objective]);
            values.filter(|value| value.is_finite())
        };
        let (least, most) = (kept().fold(low, f64::min), kept().fold(high, f64::max));
        // What leaves nothing to see of the others is not shown even of the front.
        let sight = (high - low) * BEYOND_SIGHT;
        let (least, most) =
            (if low - least > sight { low } else { least }, if most - high > sight { high } else { most });
        let (wide_low, wide_high) = widened((least, most), 0.03);
        (if least < low { wide_low } else { low }, if most > high { wide_high } else { high })
    }
}

/// A scale for a range.
pub(super) fn linear((low, high): (f64, f64)) -> Scale {
    Scale::Linear { low, high }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// Objectives `f0`, `f1`, … of trials 0, 1, …
    pub(crate) fn objectives(directions: &[Direction], points: &[&[f64]]) -> Objectives {
        Objectives {
            names: (0..directions.len()).map(|number| format!("f{number}")).collect(),
            directions: directions.to_vec(),
            numbers: (0..points.len() as u32).collect(),
            points: points.iter().map(|point| point.to_vec()).collect(),
            subtitle: "x".to_owned(),
            infeasible: 0,
            without_value: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::testing::objectives;
    use super::*;

    #[test]
    fn only_complete_trials_with_numbers_for_values_count_and_the_others_are_told() {
        let mut study = study(&[
            (1e-3, 32, Some(0.5)),
            (1e-3, 32, None),
            (1e-3, 32, Some(f64::NAN)),
            (1e-3, 32, Some(0.7)),
        ]);
        study.trials[3].values.clear();
        let found = Objectives::of(&study);
        assert_eq!(
            found.left_out(),
            "Not shown: 1 complete trial beyond a constraint. \
             Not shown: 1 complete trial without a number for every objective."
        );
        assert_eq!((found.numbers, found.points), (vec![0], vec![vec![0.5]]));
        assert_eq!((found.names, found.directions), (vec![study.metric], vec![study.direction]));
    }

    #[test]
    fn the_front_goes_by_the_direction_of_each() {
        let points: [&[f64]; 4] = [&[0.9, 9.0], &[0.8, 3.0], &[0.7, 5.0], &[0.1, 1.0]];
        let found = objectives(&[Direction::Maximize, Direction::Minimize], &points);
        assert_eq!(found.front(), [0, 1, 3]);
        let found = objectives(&[Direction::Maximize, Direction::Maximize], &points);
        assert_eq!(found.front(), [0]);
    }

    #[test]
    fn the_front_is_never_cut_off() {
        let mut points: Vec<[f64; 2]> = (0..40).map(|i| [1.0 + 0.01 * f64::from(i), 1.0]).collect();
        points.extend([[90.0, 0.5], [95.0, 2.0]]);
        let points: Vec<&[f64]> = points.iter().map(|point| &point[..]).collect();
        let found = objectives(&[Direction::Minimize, Direction::Minimize], &points);
        assert!(found.range(0, &[]).1 < 90.0);
        assert!(found.range(0, &found.front()).1 > 90.0);
    }
}
