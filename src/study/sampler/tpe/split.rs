//! The rows of a history divided into a good and a bad set.

use std::cmp::Ordering;

use crate::trial::{Direction, FinishedTrial, RunState};

use super::super::History;
use super::super::table::Table;

/// Largest good set.
const GOOD_LIMIT: usize = 25;
/// The good share of the ranked trials; Watanabe (2023), arXiv:2304.11127, where it beats 0.1.
const GOOD_SHARE: f64 = 0.15;

/// How well each row of a table did.
#[derive(Debug)]
pub(super) struct Standings(Vec<Standing>);

/// How well a trial did, best first.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Standing {
    /// Complete; the loss is the value, or its negative when larger is better.
    Complete { loss: f64 },
    /// Pruned at a step, the latest being the best, with its last loss.
    Pruned { step: Option<u64>, loss: f64 },
    /// Failed, without a number for a value, or pending (then a poor result is assumed: the
    /// constant liar, which keeps parallel trials apart). Never good, whatever happens.
    Unranked,
}

/// The rows of both sets, each in order of trial number.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) good: Vec<usize>,
    pub(super) bad: Vec<usize>,
    /// One weight per good row, with mean 1.
    pub(super) weights: Vec<f64>,
}

impl Standings {
    /// Those of a history whose rows `table` has.
    pub(super) fn new(history: &History<'_>, table: &Table) -> Self {
        let direction = history.directions[0];
        let of = |&place: &usize| match history.finished.get(place) {
            Some(trial) => Standing::of(trial, direction),
            None => Standing::Unranked,
        };
        Self(table.places().iter().map(of).collect())
    }

    /// The number of trials with a rank.
    pub(super) fn ranked(&self) -> usize {
        self.0.iter().filter(|standing| **standing != Standing::Unranked).count()
    }

    /// Divides the rows: the best `min(⌈0.15 n⌉, 25)` of the n ranked ones are good.
    pub(super) fn split(&self) -> Split {
        let mut ranked: Vec<usize> =
            (0..self.0.len()).filter(|&row| self.0[row] != Standing::Unranked).collect();
        let size = ((GOOD_SHARE * ranked.len() as f64).ceil() as usize).min(GOOD_LIMIT);
        // The sort is stable: of equals, the earlier trial is the better one.
        ranked.sort_by(|&a, &b| self.0[a].compare(self.0[b]));
        let weights_from = ranked.get(size).copied();
        let mut good = ranked;
        good.truncate(size);
        good.sort_unstable();
        let mut is_good = vec![false; self.0.len()];
        for &row in &good {
            is_good[row] = true;
        }
        let bad = (0..self.0.len()).filter(|&row| !is_good[row]).collect();
        let weights = self.weights(&good, weights_from);
        Split { good, bad, weights }
    }

    /// Good trials weigh by how far they are below the best bad one, so that the density is that
    /// of expected improvement (Watanabe 2023, §3.3); all alike where this is no finite number.
    fn weights(&self, good: &[usize], best_bad: Option<usize>) -> Vec<f64> {
        let loss = |row: usize| match self.0[row] {
            Standing::Complete { loss } => loss,
            _ => f64::NAN,
        };
        let threshold = best_bad.map_or(f64::NAN, loss);
        let gains: Vec<f64> = good.iter().map(|&row| threshold - loss(row)).collect();
        let mean = gains.iter().sum::<f64>() / gains.len() as f64;
        if !(mean.is_finite() && mean > 0.0) {
            return vec![1.0; good.len()];
        }
        gains.iter().map(|gain| (gain / mean).max(1e-12)).collect()
    }
}

impl Standing {
    fn of(trial: &FinishedTrial, direction: Direction) -> Self {
        let loss = |value: f64| match direction {
            Direction::Minimize => value,
            Direction::Maximize => -value,
        };
        match (trial.state, trial.value()) {
            (RunState::Complete, Some(value)) if !value.is_nan() => Self::Complete { loss: loss(value) },
            (RunState::Pruned, _) => {
                let last = trial.intermediate.iter().max_by_key(|(step, _)| *step);
                Self::Pruned {
                    step: last.map(|(step, _)| *step),
                    loss: last.map_or(f64::NAN, |(_, value)| loss(*value)),
                }
            }
            _ => Self::Unranked,
        }
    }

    fn compare(self, other: Self) -> Ordering {
        // NaN sorts last, whatever its sign.
        let by_loss = |a: f64, b: f64| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(&b));
        match (self, other) {
            (Self::Complete { loss: a }, Self::Complete { loss: b }) => by_loss(a, b),
            (Self::Pruned { step: s, loss: a }, Self::Pruned { step: t, loss: b }) => {
                t.cmp(&s).then(by_loss(a, b))
            }
            _ => self.class().cmp(&other.class()),
        }
    }

    fn class(self) -> u8 {
        match self {
            Self::Complete { .. } => 0,
            Self::Pruned { .. } => 1,
            Self::Unranked => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Distribution, Space};
    use crate::study::sampler::axis::axes;
    use crate::trial::{ParamValue, Params, PendingTrial};

    fn space() -> Space {
        Space::new([("x".to_owned(), Distribution::Int { low: 0, high: 1000, step: 1 })])
    }

    fn at(x: u32) -> Params {
        [("x".to_owned(), ParamValue::Int(x.into()))].into()
    }

    fn complete(number: u32, value: f64) -> FinishedTrial {
        FinishedTrial::complete(number, at(number), value)
    }

    fn pruned(number: u32, intermediate: &[(u64, f64)]) -> FinishedTrial {
        FinishedTrial::pruned(number, at(number), intermediate.to_vec())
    }

    fn standings(direction: Direction, finished: &[FinishedTrial], pending: &[PendingTrial]) -> Standings {
        let space = space();
        let history = History { space: &space, directions: &[direction], finished, pending };
        let mut table = Table::default();
        table.update(&history, &axes(&space));
        Standings::new(&history, &table)
    }

    fn split(direction: Direction, finished: &[FinishedTrial], pending: &[PendingTrial]) -> (Split, usize) {
        let standings = standings(direction, finished, pending);
        (standings.split(), standings.ranked())
    }

    #[test]
    fn the_best_fifteen_per_cent_are_good_up_to_twenty_five() {
        for (trials, good) in [(1, 1), (10, 2), (20, 3), (100, 15), (1000, 25)] {
            let finished: Vec<_> = (0..trials).map(|number| complete(number, f64::from(number))).collect();
            let (split, ranked) = split(Direction::Minimize, &finished, &[]);
            assert_eq!(split.good, (0..good).collect::<Vec<_>>());
            assert_eq!((split.bad.len(), ranked), (trials as usize - good, trials as usize));
        }
    }

    #[test]
    fn the_other_direction_takes_the_other_end() {
        let finished: Vec<_> = (0..10).map(|number| complete(number, f64::from(number))).collect();
        assert_eq!(split(Direction::Maximize, &finished, &[]).0.good, [8, 9]);
    }

    #[test]
    fn failed_nan_and_pending_trials_are_bad_and_do_not_count() {
        let mut finished: Vec<_> = (0..4).map(|number| complete(number, f64::NAN)).collect();
        finished.push(FinishedTrial::failed(4, at(4)));
        finished.push(complete(5, 100.0));
        let pending = [PendingTrial { number: 6, params: at(6) }];
        for direction in [Direction::Minimize, Direction::Maximize] {
            let (split, ranked) = split(direction, &finished, &pending);
            assert_eq!((split.good, ranked), (vec![5], 1));
            assert_eq!(split.bad, [0, 1, 2, 3, 4, 6]);
        }
    }

    #[test]
    fn pruned_trials_follow_complete_ones_the_longest_lived_first() {
        let finished = [
            pruned(0, &[]),
            pruned(1, &[(1, 0.0)]),
            pruned(2, &[(3, f64::NAN)]),
            pruned(3, &[(3, 7.0)]),
            pruned(4, &[(1, 9.0), (3, 5.0)]),
            complete(5, 1e9),
        ];
        let standings = standings(Direction::Minimize, &finished, &[]);
        let mut order: Vec<usize> = (0..6).collect();
        order.sort_by(|&a, &b| standings.0[a].compare(standings.0[b]));
        assert_eq!(order, [5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn weights_are_gains_over_the_best_bad_trial() {
        let finished: Vec<_> = [0.0, 6.0, 8.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]
            .iter()
            .zip(0..)
            .map(|(value, number)| complete(number, *value))
            .collect();
        let (split, _) = split(Direction::Minimize, &finished, &[]);
        assert_eq!(split.good, [0, 1]);
        // Gains 8 and 2 over the best bad value 8.
        approx::assert_abs_diff_eq!(split.weights[..], [1.6, 0.4], epsilon = 1e-12);
    }

    #[test]
    fn infinite_values_leave_the_weights_even() {
        for extreme in [f64::NEG_INFINITY, f64::INFINITY] {
            let mut finished: Vec<_> = (0..20).map(|number| complete(number, f64::from(number))).collect();
            finished[3].values = vec![extreme];
            let (split, _) = split(Direction::Minimize, &finished, &[]);
            assert_eq!(split.good.contains(&3), extreme < 0.0);
            assert!(split.weights.iter().all(|weight| weight.is_finite() && *weight > 0.0));
        }
    }

    #[test]
    fn trials_with_foreign_parameters_are_left_out() {
        let mut finished: Vec<_> = (0..3).map(|number| complete(number, 1.0)).collect();
        finished[0].params.insert("y".into(), ParamValue::Int(1));
        finished[1].params = [("x".to_owned(), ParamValue::Text("five".into()))].into();
        assert_eq!(split(Direction::Minimize, &finished, &[]).1, 1);
    }
}
