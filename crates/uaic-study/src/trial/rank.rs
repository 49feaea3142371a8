//! Which of some trials is better: the one order that everything asks, from the progress bar to the
//! final training.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Direction, RunState};

/// What decides the rank of a trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its number in the study.
    pub number: u32,
    /// How it ended, or that it has not.
    pub state: RunState,
    /// The value of the study's first metric.
    pub value: Option<f64>,
    /// By how much the constraints on its outcome are missed.
    pub violation: f64,
    /// Hidden by the user: in no listing, and not among the best. Proposals still know it.
    pub hidden: bool,
    /// Left out by the user, with a reason: not among the best, and proposals do not know it.
    pub excluded: bool,
}

/// The place of a trial among those of its study. Only complete trials have one whose value is a
/// number (an infinite one is), and that are neither hidden nor excluded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rank {
    violation: f64,
    value: f64,
    number: u32,
}

impl Candidate {
    /// A trial that nobody has hidden or excluded.
    pub fn shown(number: u32, state: RunState, value: Option<f64>, violation: f64) -> Self {
        Self { number, state, value, violation, hidden: false, excluded: false }
    }

    /// Its place among the others; `None` where it has none.
    pub fn rank(self) -> Option<Rank> {
        let counts = self.state == RunState::Complete && !self.hidden && !self.excluded;
        let value = self.value.filter(|value| counts && !value.is_nan())?;
        let violation = if self.violation.is_nan() { f64::INFINITY } else { self.violation.max(0.0) };
        Some(Rank { violation, value, number: self.number })
    }
}

impl Rank {
    /// The number of the trial.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Its value of the study's first metric; perhaps infinite, never NaN.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// By how much it misses the constraints on its outcome; infinite where nobody knows.
    pub fn violation(&self) -> f64 {
        self.violation
    }

    /// Whether it misses none of these constraints.
    pub fn is_feasible(&self) -> bool {
        self.violation <= 0.0
    }

    /// The order from best to worst: trials that miss no constraint before all others, and these by how
    /// much they miss; then by value, an infinite one like any other; of equals the lower number.
    pub fn compare(&self, other: &Self, direction: Direction) -> Ordering {
        self.compare_merit(other, direction).then(self.number.cmp(&other.number))
    }

    /// As [`Rank::compare`], but equals are equal.
    pub fn compare_merit(&self, other: &Self, direction: Direction) -> Ordering {
        // Neither is NaN.
        let by_violation = self.violation.partial_cmp(&other.violation).unwrap_or(Ordering::Equal);
        by_violation.then(direction.compare(self.value, other.value))
    }
}

/// Those of some trials that have a rank, with it, best first.
pub fn best_first<T>(
    trials: impl IntoIterator<Item = T>,
    direction: Direction,
    rank: impl Fn(&T) -> Option<Rank>,
) -> Vec<(Rank, T)> {
    let mut ranked: Vec<(Rank, T)> =
        trials.into_iter().filter_map(|trial| Some((rank(&trial)?, trial))).collect();
    ranked.sort_by(|(a, _), (b, _)| a.compare(b, direction));
    ranked
}

/// The better of what is best so far and another.
pub fn better(best: Option<Rank>, next: Option<Rank>, direction: Direction) -> Option<Rank> {
    match (best, next) {
        (Some(best), Some(next)) if best.compare(&next, direction).is_lt() => Some(best),
        (best, next) => next.or(best),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(number: u32, value: f64, violation: f64) -> Candidate {
        Candidate::shown(number, RunState::Complete, Some(value), violation)
    }

    fn order(candidates: &[Candidate], direction: Direction) -> Vec<u32> {
        best_first(candidates, direction, |candidate| candidate.rank())
            .iter()
            .map(|(rank, _)| rank.number())
            .collect()
    }

    #[test]
    fn feasible_ones_come_first_then_those_that_miss_least_then_the_lower_number() {
        let trials = [
            complete(5, 1.0, 0.0),
            complete(4, 9.0, 0.5),
            complete(3, 3.0, 0.0),
            complete(2, 9.0, f64::NAN),
            complete(1, 3.0, 0.0),
            complete(0, 99.0, 2.0),
            complete(6, 3.0, -0.0),
        ];
        assert_eq!(order(&trials, Direction::Maximize), [1, 3, 6, 5, 4, 0, 2]);
        assert_eq!(order(&trials, Direction::Minimize), [5, 1, 3, 6, 4, 0, 2]);
    }

    #[test]
    fn an_infinite_value_is_a_value_and_nan_is_none() {
        let values = [0.5, f64::INFINITY, f64::NAN, f64::NEG_INFINITY];
        let trials: Vec<_> = (0..).zip(values).map(|(number, value)| complete(number, value, 0.0)).collect();
        assert_eq!(order(&trials, Direction::Maximize), [1, 0, 3]);
        assert_eq!(order(&trials, Direction::Minimize), [3, 0, 1]);
    }

    #[test]
    fn hidden_excluded_and_unfinished_ones_have_no_rank() {
        let trial = complete(0, 1.0, 0.0);
        assert!(trial.rank().is_some());
        for aside in [
            Candidate { hidden: true, ..trial },
            Candidate { excluded: true, ..trial },
            Candidate { state: RunState::Pruned, ..trial },
            Candidate { value: None, ..trial },
        ] {
            assert_eq!(aside.rank(), None, "{aside:?}");
        }
    }

    #[test]
    fn the_best_so_far_is_the_first_of_all_in_any_order() {
        let trials = [complete(3, 1.0, 0.0), complete(1, 1.0, 0.0), complete(2, 0.5, 1.0)];
        for turned in 0..3 {
            let in_turn = (0..3).map(|at| trials[(at + turned) % 3].rank());
            let best = in_turn.fold(None, |best, next| better(best, next, Direction::Minimize));
            assert_eq!(best.map(|rank| rank.number()), Some(1));
        }
    }
}
