//! The values of several objectives, as pictures see them.

use super::StudyView;
use super::history::telling_range_of;
use crate::report::figure::Scale;
use crate::study::pareto::fronts;
use crate::trial::Direction;

/// Trials with a finite value of every objective.
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
}

impl Objectives {
    /// The objectives of a study, and the trials that are complete.
    pub fn of(study: &StudyView) -> Self {
        let first = std::iter::once((study.metric.clone(), study.direction));
        let (names, directions): (Vec<String>, Vec<Direction>) =
            first.chain(study.more_objectives.iter().cloned()).unzip();
        let is_whole = |values: &[f64]| values.len() == names.len() && values.iter().all(|x| x.is_finite());
        let complete = study.complete().filter(|(trial, _)| is_whole(&trial.values));
        let (numbers, points) = complete.map(|(trial, _)| (trial.number, trial.values.clone())).unzip();
        Self { names, directions, numbers, points, subtitle: study.subtitle() }
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
        let column = self.points.iter().map(|point| point[objective]).collect();
        let (low, high) = telling_range_of(column, self.directions[objective]);
        let kept = || always.iter().map(|place| self.points[*place][objective]);
        let (least, most) = (kept().fold(low, f64::min), kept().fold(high, f64::max));
        let room = (most - least) * 0.03;
        (if least < low { least - room } else { low }, if most > high { most + room } else { high })
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::testing::objectives;
    use super::*;

    #[test]
    fn only_complete_trials_with_finite_values_count() {
        let study = study(&[(1e-3, 32, Some(0.5)), (1e-3, 32, None), (1e-3, 32, Some(f64::NAN))]);
        let found = Objectives::of(&study);
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
