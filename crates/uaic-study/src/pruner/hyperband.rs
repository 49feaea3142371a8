//! Hyperband (Li et al. 2018, JMLR 18(185)): several successive halvings side by side, which differ
//! in when they begin to stop trials.

use super::halving::SuccessiveHalving;
use super::{Pruner, PrunerError, Reports};
use crate::trial::{FinishedTrial, RunState};

/// Every trial belongs to one bracket, by its number, and is compared with that bracket's only.
/// Bracket *b* is successive halving whose lowest rung is `min_resource · reduction^b`; there are as many
/// as rungs fit below `max_resource`, and bracket *b* of *B* gets a share of the trials as large as
/// `B · reduction^(B−1−b) / (B−b)`, which gives every bracket about the same work.
///
/// Without `max_resource` it is the last step of the complete trials: until there is one nothing is
/// stopped, and when a later one goes far beyond it the brackets are divided anew. So a known
/// `max_resource` is worth setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyperband {
    /// The step of the lowest rung, at least 1.
    pub min_resource: u64,
    /// The step of a rung divided by that of the one below, and the number of trials of which one goes
    /// on; at least 2.
    pub reduction: u64,
    /// The last step of a trial, if known, from which on none is stopped.
    pub max_resource: Option<u64>,
    /// How many brackets there are; as many as there are rungs where it is not said.
    pub brackets: Option<u32>,
}

impl Default for Hyperband {
    fn default() -> Self {
        let SuccessiveHalving { min_resource, reduction, max_resource, .. } = SuccessiveHalving::default();
        Self { min_resource, reduction, max_resource, brackets: None }
    }
}

impl Hyperband {
    pub(super) fn check(&self) -> Result<(), PrunerError> {
        if self.brackets == Some(0) {
            return Err(PrunerError::new("brackets", "brackets = 0: there is at least 1"));
        }
        self.halving(0, self.max_resource).check()
    }

    /// A bracket's halving: so many of the lowest rungs left out, and none at `max_resource`.
    fn halving(&self, grace: u32, max_resource: Option<u64>) -> SuccessiveHalving {
        let Self { min_resource, reduction, .. } = *self;
        SuccessiveHalving { min_resource, reduction, grace, max_resource }
    }

    /// How many brackets there are when trials end at step `most`.
    fn count(&self, most: u64) -> u32 {
        let next = |rung: &u64| rung.checked_mul(self.reduction.max(2));
        let lowest = Some(self.min_resource.max(1));
        let rungs = std::iter::successors(lowest, next).take_while(|rung| *rung <= most);
        rungs.count().max(1) as u32
    }

    /// The bracket of a trial. Every round of trials gives each bracket its share, well mixed.
    fn bracket(&self, number: u32, brackets: u32) -> u32 {
        let shares: Vec<u64> = (0..brackets).map(|bracket| self.share(bracket, brackets)).collect();
        let round = shares.iter().fold(0_u64, |sum, share| sum.saturating_add(*share)).max(1);
        let place = u64::from(number) % round;
        // A stride without a common divisor goes to every place of a round once.
        let mut left = (u128::from(place) * u128::from(stride(round)) % u128::from(round)) as u64;
        for (bracket, share) in (0..).zip(&shares) {
            match left.checked_sub(*share) {
                None => return bracket,
                Some(rest) => left = rest,
            }
        }
        brackets.saturating_sub(1)
    }

    /// How many trials of a round are the bracket's.
    fn share(&self, bracket: u32, brackets: u32) -> u64 {
        let halvings = brackets - 1 - bracket;
        let weight = self.reduction.max(2).saturating_pow(halvings).saturating_mul(u64::from(brackets));
        weight.div_ceil(u64::from(halvings) + 1)
    }
}

/// A step through a round that is about its golden section and has no divisor in common with it.
fn stride(round: u64) -> u64 {
    let golden = (round as f64 * 0.618_033_988_749_895) as u64;
    (golden.max(1)..round).find(|stride| divisor(*stride, round) == 1).unwrap_or(1)
}

/// The greatest common divisor.
fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The last step of the complete trials.
fn last_step(finished: &[FinishedTrial]) -> Option<u64> {
    let complete = finished.iter().filter(|trial| trial.state == RunState::Complete);
    complete.flat_map(|trial| trial.intermediate.iter().map(|(step, _)| *step)).max()
}

impl Pruner for Hyperband {
    fn name(&self) -> &'static str {
        "hyperband"
    }

    fn verdict(&self, seen: &Reports<'_>) -> Option<String> {
        let most = self.max_resource.or_else(|| last_step(seen.finished));
        let brackets = match (self.brackets, most) {
            (Some(brackets), _) => brackets.max(1),
            (None, most) => self.count(most?),
        };
        let own = self.bracket(seen.number, brackets);
        let halving = self.halving(own, most);
        let why = halving.judge(seen, &|trial| self.bracket(trial.number, brackets) == own)?;
        Some(format!("{why} in bracket {} of {brackets}", own + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{complete, seen};
    use super::*;
    use crate::trial::Direction;

    fn pruner(max_resource: u64) -> Hyperband {
        let max_resource = Some(max_resource);
        Hyperband { max_resource, ..Hyperband::default() }
    }

    #[test]
    fn there_are_as_many_brackets_as_rungs() {
        assert_eq!([0, 1, 2, 3, 8, 9, 27, 81].map(|most| pruner(81).count(most)), [1, 1, 1, 2, 2, 3, 4, 5]);
        assert_eq!(pruner(81).count(u64::MAX), 41);
    }

    /// ```python
    /// import math  # Optuna's allocation for five brackets
    /// print([math.ceil(5 * 3**s / (s + 1)) for s in (4, 3, 2, 1, 0)])
    /// ```
    #[test]
    fn every_round_gives_each_bracket_its_share_well_mixed() {
        let pruner = pruner(81);
        let shares = [81, 34, 15, 8, 5];
        assert_eq!((0..5).map(|bracket| pruner.share(bracket, 5)).collect::<Vec<_>>(), shares);
        let round: Vec<u32> = (143..286).map(|number| pruner.bracket(number, 5)).collect();
        for (bracket, share) in (0..).zip(shares) {
            assert_eq!(round.iter().filter(|own| **own == bracket).count() as u64, share);
        }
        let longest = round.chunk_by(|a, b| a == b).map(<[u32]>::len).max();
        assert!(longest <= Some(4), "{round:?}");
    }

    #[test]
    fn huge_resources_make_no_trouble() {
        let pruner = pruner(u64::MAX);
        let brackets = pruner.count(u64::MAX);
        assert!((0..200).all(|number| pruner.bracket(number, brackets) < brackets));
    }

    #[test]
    fn a_trial_is_compared_with_its_bracket_only() {
        let pruner = pruner(9);
        let of_bracket = |bracket| (0..40).filter(move |number| pruner.bracket(*number, 3) == bracket);
        let number = of_bracket(0).next_back().unwrap();
        let others = (0..40).filter(|other| pruner.bracket(*other, 3) != 0);
        let good: Vec<_> = others.map(|other| complete(other, &[(1, 0.9), (9, 0.9)])).collect();
        let verdict = |finished: &[FinishedTrial]| {
            pruner.verdict(&Reports { number, ..seen(Direction::Maximize, &[(1, 0.1)], finished) })
        };
        assert_eq!(verdict(&good), None);
        let own: Vec<_> = of_bracket(0).take(5).map(|other| complete(other, &[(1, 0.5), (9, 0.9)])).collect();
        let told = "0.1 at step 1 is below 0.5, place 2 of 6 trials at rung 1 in bracket 1 of 3";
        assert_eq!(verdict(&[good, own].concat()).as_deref(), Some(told));
    }

    #[test]
    fn later_brackets_begin_later_and_the_last_step_is_never_judged() {
        let pruner = pruner(9);
        let finished: Vec<_> = (0..40).map(|i| complete(i, &[(1, 0.9), (3, 0.9), (9, 0.9)])).collect();
        let stopped_at = |bracket: u32| {
            let number = (40..99).find(|number| pruner.bracket(*number, 3) == bracket).unwrap();
            let reports = [(1, 0.1), (3, 0.1), (9, 0.1)];
            let stops = |count: &usize| {
                let seen = seen(Direction::Maximize, &reports[..*count], &finished);
                pruner.verdict(&Reports { number, ..seen }).is_some()
            };
            (1..=3).find(stops).map(|count| reports[count - 1].0)
        };
        assert_eq!([0, 1, 2].map(stopped_at), [Some(1), Some(3), None]);
    }
}
