//! Which trial may start when, and what its proposal may know: a pure function of what has ended,
//! never of how many workers there are or how fast they were.

use std::collections::BTreeMap;

use crate::spec::Space;
use crate::trial::{Direction, FinishedTrial, Params, PendingTrial};

use super::sampler::History;

/// The order of a study. With `parallel` = P, trial k may start once every trial ≤ k − P is final,
/// and its proposal sees exactly those as finished and the ones between as pending, even if some
/// of them have ended meanwhile.
#[derive(Debug)]
pub(super) struct Schedule {
    trials: u32,
    parallel: u32,
    /// All trials proposed so far, by number.
    proposed: Vec<PendingTrial>,
    /// The ended trials without a gap from trial 0 on.
    finished: Vec<FinishedTrial>,
    /// Ended trials behind the first gap.
    ahead: BTreeMap<u32, FinishedTrial>,
}

impl Schedule {
    /// The order of a study that has not begun. `parallel` counts as 1 at least.
    pub(super) fn new(trials: u32, parallel: u32) -> Self {
        Self { trials, parallel: parallel.max(1), proposed: vec![], finished: vec![], ahead: BTreeMap::new() }
    }

    /// The number of the next trial, if it may be proposed now.
    pub(super) fn ready(&self) -> Option<u32> {
        let next = self.proposed.len() as u32;
        let limit = (self.finished.len() as u32).saturating_add(self.parallel);
        (next < self.trials.min(limit)).then_some(next)
    }

    /// Whether no trial is left to be proposed.
    pub(super) fn all_proposed(&self) -> bool {
        self.proposed.len() as u32 >= self.trials
    }

    /// What the proposal of the trial that is [`Schedule::ready`] may know.
    pub(super) fn history<'a>(&'a self, space: &'a Space, directions: &'a [Direction]) -> History<'a> {
        let visible = self.proposed.len().saturating_sub(self.parallel as usize - 1);
        History { space, directions, finished: &self.finished[..visible], pending: &self.proposed[visible..] }
    }

    /// Notes the proposal of the trial that is [`Schedule::ready`].
    pub(super) fn propose(&mut self, params: Params) {
        let number = self.proposed.len() as u32;
        self.proposed.push(PendingTrial { number, params });
    }

    /// Notes the end of a proposed trial.
    pub(super) fn finish(&mut self, trial: FinishedTrial) {
        self.ahead.insert(trial.number, trial);
        while let Some(next) = self.ahead.remove(&(self.finished.len() as u32)) {
            self.finished.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(number: u32) -> FinishedTrial {
        FinishedTrial::complete(number, Params::new(), 0.0)
    }

    fn numbers(schedule: &Schedule) -> (Vec<u32>, Vec<u32>) {
        let space = Space::default();
        let history = schedule.history(&space, &[Direction::Minimize]);
        (
            history.finished.iter().map(|trial| trial.number).collect(),
            history.pending.iter().map(|trial| trial.number).collect(),
        )
    }

    #[test]
    fn a_trial_waits_for_all_that_it_may_know() {
        let mut schedule = Schedule::new(10, 3);
        for expected in 0..3 {
            assert_eq!(schedule.ready(), Some(expected));
            schedule.propose(Params::new());
        }
        assert_eq!(schedule.ready(), None);
        schedule.finish(end(1));
        schedule.finish(end(2));
        assert_eq!(schedule.ready(), None, "trial 3 must know trial 0");
        schedule.finish(end(0));
        assert_eq!(schedule.ready(), Some(3));
    }

    #[test]
    fn what_ended_early_is_still_seen_as_pending() {
        let mut schedule = Schedule::new(10, 3);
        for number in 0..3 {
            schedule.propose(Params::new());
            schedule.finish(end(number));
        }
        assert_eq!(numbers(&schedule), (vec![0], vec![1, 2]));
        schedule.propose(Params::new());
        assert_eq!(numbers(&schedule), (vec![0, 1], vec![2, 3]));
    }

    #[test]
    fn one_at_a_time_sees_everything_before_it() {
        let mut schedule = Schedule::new(3, 1);
        for number in 0..3 {
            assert_eq!(schedule.ready(), Some(number));
            assert_eq!(numbers(&schedule), ((0..number).collect(), vec![]));
            schedule.propose(Params::new());
            assert_eq!(schedule.ready(), None);
            schedule.finish(end(number));
        }
        assert_eq!(schedule.ready(), None, "the budget is spent");
    }

    #[test]
    fn more_parallel_than_trials_starts_them_all() {
        let mut schedule = Schedule::new(2, u32::MAX);
        schedule.propose(Params::new());
        assert_eq!(schedule.ready(), Some(1));
        assert_eq!(numbers(&schedule), (vec![], vec![0]));
        schedule.propose(Params::new());
        assert_eq!(schedule.ready(), None);
    }
}
