//! The rows of a history ranked, and divided into a good and a bad set.

use std::cmp::Ordering;

use crate::trial::{Direction, FinishedTrial, RunState};

use super::super::History;
use super::super::table::Table;
use super::pareto;

/// Largest good set.
const GOOD_LIMIT: usize = 25;
/// The good share of the ranked trials.
const GOOD_SHARE: f64 = 0.1;

/// The rows of finished trials, from best to worst. Growing with a study, it places only what is new.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranking {
    /// Per row.
    standings: Vec<Standing>,
    /// Rows with a rank, the best first.
    order: Vec<u32>,
}

/// How well a trial did, best first.
#[derive(Clone, Debug, PartialEq)]
enum Standing {
    /// Complete, and all constraints hold. A loss is the value, or its negative when larger is better.
    Complete { losses: Box<[f64]> },
    /// Pruned at a step, the latest being the best, with its last loss.
    Pruned { step: Option<u64>, loss: f64 },
    /// Misses constraints on its outcome, by so much.
    Infeasible { violation: f64 },
    /// Failed, or without a number for a value. Never good, whatever happens.
    Unranked,
}

/// The good rows, in order of trial number.
#[derive(Clone, Debug)]
pub(super) struct Good {
    pub(super) rows: Vec<usize>,
    /// One weight per row, with mean 1.
    pub(super) weights: Vec<f64>,
}

impl Ranking {
    /// Brings the ranking up to a history whose rows `table` has.
    pub(super) fn update(&mut self, history: &History<'_>, table: &Table) {
        for &place in &table.places()[self.standings.len()..table.finished_rows()] {
            let row = self.standings.len() as u32;
            let standing = Standing::of(&history.finished[place], history.directions);
            if standing != Standing::Unranked {
                // Behind its equals: of those, the earlier trial is the better one.
                let better = |&other: &u32| self.standings[other as usize].compare(&standing).is_le();
                self.order.insert(self.order.partition_point(better), row);
            }
            self.standings.push(standing);
        }
    }

    /// The number of trials with a rank.
    pub(super) fn ranked(&self) -> usize {
        self.order.len()
    }

    /// The best `min(⌈0.1 n⌉, 25)` of the n ranked rows.
    pub(super) fn good(&self) -> Good {
        let size = ((GOOD_SHARE * self.ranked() as f64).ceil() as usize).min(GOOD_LIMIT);
        let complete = self.order.partition_point(|&row| self.standings[row as usize].class() == 0);
        let mut rows: Vec<usize> = if complete > size && self.objectives() > 1 {
            let losses: Vec<&[f64]> = self.order[..complete].iter().map(|&row| self.losses(row)).collect();
            pareto::best(&losses, size).into_iter().map(|at| self.order[at] as usize).collect()
        } else {
            self.order[..size].iter().map(|&row| row as usize).collect()
        };
        rows.sort_unstable();
        let weights = self.weights(&rows, self.order.get(size).copied());
        Good { rows, weights }
    }

    fn losses(&self, row: u32) -> &[f64] {
        match &self.standings[row as usize] {
            Standing::Complete { losses } => losses,
            _ => &[],
        }
    }

    fn objectives(&self) -> usize {
        self.order.first().map_or(0, |&row| self.losses(row).len())
    }

    /// Good trials weigh by how far they are below the best bad one, so that the density is that
    /// of expected improvement (Watanabe 2023, §3.3); all alike where this is no finite number, and
    /// where there are several objectives.
    fn weights(&self, good: &[usize], best_bad: Option<u32>) -> Vec<f64> {
        let loss = |row: u32| match self.losses(row) {
            [loss] => *loss,
            _ => f64::NAN,
        };
        let threshold = best_bad.map_or(f64::NAN, loss);
        let gains: Vec<f64> = good.iter().map(|&row| threshold - loss(row as u32)).collect();
        let mean = gains.iter().sum::<f64>() / gains.len() as f64;
        if !(mean.is_finite() && mean > 0.0) {
            return vec![1.0; good.len()];
        }
        gains.iter().map(|gain| (gain / mean).max(1e-12)).collect()
    }
}

impl Standing {
    fn of(trial: &FinishedTrial, directions: &[Direction]) -> Self {
        let loss = |(value, direction): (&f64, &Direction)| match direction {
            Direction::Minimize => *value,
            Direction::Maximize => -value,
        };
        let losses: Box<[f64]> = trial.values.iter().zip(directions).map(loss).collect();
        let has_all = losses.len() == directions.len() && !losses.iter().any(|loss| loss.is_nan());
        match trial.state {
            RunState::Complete | RunState::Pruned if trial.violation > 0.0 || trial.violation.is_nan() => {
                Self::Infeasible { violation: trial.violation }
            }
            RunState::Complete if has_all => Self::Complete { losses },
            RunState::Pruned => {
                let last = trial.intermediate.iter().max_by_key(|(step, _)| *step);
                Self::Pruned {
                    step: last.map(|(step, _)| *step),
                    loss: last.map_or(f64::NAN, |(_, value)| loss((value, &directions[0]))),
                }
            }
            _ => Self::Unranked,
        }
    }

    /// From better to worse. Of several losses the first decides; the rest is a matter of fronts.
    fn compare(&self, other: &Self) -> Ordering {
        // NaN sorts last, whatever its sign.
        let by_loss = |a: f64, b: f64| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(&b));
        match (self, other) {
            (Self::Complete { losses: a }, Self::Complete { losses: b }) => by_loss(a[0], b[0]),
            (Self::Pruned { step: s, loss: a }, Self::Pruned { step: t, loss: b }) => {
                t.cmp(s).then(by_loss(*a, *b))
            }
            (Self::Infeasible { violation: a }, Self::Infeasible { violation: b }) => by_loss(*a, *b),
            _ => self.class().cmp(&other.class()),
        }
    }

    fn class(&self) -> u8 {
        match self {
            Self::Complete { .. } => 0,
            Self::Pruned { .. } => 1,
            Self::Infeasible { .. } => 2,
            Self::Unranked => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::axis::axes;
    use crate::space::{Distribution, Space};
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

    fn ranking(directions: &[Direction], finished: &[FinishedTrial]) -> Ranking {
        let space = space();
        let pending = [PendingTrial { number: 1000, params: at(1000) }];
        let (mut table, mut ranking) = (Table::default(), Ranking::default());
        // In two steps, as in a study.
        for seen in [finished.len() / 2, finished.len()] {
            let finished = &finished[..seen];
            let history = History { space: &space, directions, finished, pending: &pending };
            table.update(&history, &axes(&space));
            ranking.update(&history, &table);
        }
        ranking
    }

    fn good(direction: Direction, finished: &[FinishedTrial]) -> (Good, usize) {
        let ranking = ranking(&[direction], finished);
        (ranking.good(), ranking.ranked())
    }

    #[test]
    fn the_best_tenth_is_good_up_to_twenty_five() {
        for (trials, good) in [(1, 1), (10, 1), (11, 2), (100, 10), (1000, 25)] {
            let finished: Vec<_> = (0..trials).map(|number| complete(number, f64::from(number))).collect();
            let (found, ranked) = super::tests::good(Direction::Minimize, &finished);
            assert_eq!(found.rows, (0..good).collect::<Vec<_>>());
            assert_eq!(ranked, trials as usize);
        }
    }

    #[test]
    fn the_other_direction_takes_the_other_end() {
        let finished: Vec<_> = (0..10).map(|number| complete(number, f64::from(number))).collect();
        assert_eq!(good(Direction::Maximize, &finished).0.rows, [9]);
    }

    #[test]
    fn failed_and_nan_trials_are_never_good_and_do_not_count() {
        let mut finished: Vec<_> = (0..4).map(|number| complete(number, f64::NAN)).collect();
        finished.push(FinishedTrial::failed(4, at(4)));
        finished.push(complete(5, 100.0));
        for direction in [Direction::Minimize, Direction::Maximize] {
            let (good, ranked) = good(direction, &finished);
            assert_eq!((good.rows, ranked), (vec![5], 1));
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
        assert_eq!(ranking(&[Direction::Minimize], &finished).order, [5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn infeasible_trials_come_last_the_smallest_violation_first() {
        let infeasible =
            |number, violation| FinishedTrial { violation, ..complete(number, -f64::from(number)) };
        let finished = [
            infeasible(0, f64::NAN),
            infeasible(1, f64::INFINITY),
            infeasible(2, 0.5),
            infeasible(3, 1e-9),
            pruned(4, &[]),
            complete(5, 1e9),
        ];
        assert_eq!(ranking(&[Direction::Minimize], &finished).order, [5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn of_several_objectives_the_first_front_is_good() {
        let finished: Vec<_> = (0..20)
            .map(|number| FinishedTrial {
                // Two fronts: even numbers and, one worse in both, odd ones.
                values: vec![f64::from(number + number % 2), f64::from(number - 3 * (number % 2))],
                ..complete(number as u32, 0.0)
            })
            .collect();
        let good = ranking(&[Direction::Minimize, Direction::Maximize], &finished).good();
        assert_eq!(good.rows.len(), 2);
        assert!(good.rows.iter().all(|row| row % 2 == 0), "{:?}", good.rows);
        assert_eq!(good.weights, [1.0; 2]);
    }

    #[test]
    fn weights_are_gains_over_the_best_bad_trial() {
        let finished: Vec<_> = [0.0, 6.0, 8.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]
            .iter()
            .zip(0..)
            .map(|(value, number)| complete(number, *value))
            .collect();
        let (good, _) = good(Direction::Minimize, &finished);
        assert_eq!(good.rows, [0, 1]);
        // Gains 8 and 2 over the best bad value 8.
        approx::assert_abs_diff_eq!(good.weights[..], [1.6, 0.4], epsilon = 1e-12);
    }

    #[test]
    fn infinite_values_leave_the_weights_even() {
        for extreme in [f64::NEG_INFINITY, f64::INFINITY] {
            let mut finished: Vec<_> = (0..20).map(|number| complete(number, f64::from(number))).collect();
            finished[3].values = vec![extreme];
            let (good, _) = good(Direction::Minimize, &finished);
            assert_eq!(good.rows.contains(&3), extreme < 0.0);
            assert!(good.weights.iter().all(|weight| weight.is_finite() && *weight > 0.0));
        }
    }

    #[test]
    fn trials_with_foreign_parameters_are_left_out() {
        let mut finished: Vec<_> = (0..3).map(|number| complete(number, 1.0)).collect();
        finished[0].params.insert("y".into(), ParamValue::Int(1));
        finished[1].params = [("x".to_owned(), ParamValue::Text("five".into()))].into();
        assert_eq!(good(Direction::Minimize, &finished).1, 1);
    }
}
