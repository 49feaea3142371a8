//! Which trial may start when, and what its proposal may know: a pure function of what has ended,
//! never of how many workers there are or how fast they were.

use std::collections::BTreeMap;

use crate::space::Space;
use crate::store::Change;
use crate::trial::{Direction, FinishedTrial, Params, PendingTrial, Rank, RunState};

use super::history::{Known, shown_below};
use super::sampler::History;

/// The order of a study. With `parallel` = P, trial k may start once every trial ≤ k − P is final,
/// and its proposal sees exactly those as finished and the ones between as pending, even if some
/// of them have ended meanwhile.
#[derive(Debug)]
pub(super) struct Schedule {
    trials: u32,
    parallel: u32,
    /// A first value that is good enough, and which end is better: with it no further trial starts.
    target: Option<(f64, Direction)>,
    /// All trials proposed so far, by number.
    proposed: Vec<PendingTrial>,
    /// Every trial below this number has ended.
    frontier: u32,
    /// Ended trials that no proposal has seen yet.
    ended: BTreeMap<u32, FinishedTrial>,
    /// Every trial below this number has been shown to a proposal.
    shown_below: u32,
    /// What proposals see.
    known: Known,
    /// No further trial is proposed.
    closed: bool,
}

impl Schedule {
    /// The order of a study that begins in this space. `parallel` counts as 1 at least.
    pub(super) fn new(space: Space, trials: u32, parallel: u32, target: Option<(f64, Direction)>) -> Self {
        Self {
            trials,
            parallel: parallel.max(1),
            target,
            proposed: vec![],
            frontier: 0,
            ended: BTreeMap::new(),
            shown_below: 0,
            known: Known::new(space),
            closed: false,
        }
    }

    /// The number of the next trial, if it may be proposed now.
    pub(super) fn ready(&mut self) -> Option<u32> {
        let next = self.proposed.len() as u32;
        let limit = self.frontier.saturating_add(self.parallel);
        if self.closed || next >= self.trials.min(limit) {
            return None;
        }
        self.show_below(shown_below(next, self.parallel));
        if self.target_is_reached() {
            self.closed = true;
            return None;
        }
        Some(next)
    }

    /// Lets proposals see what has ended below a number.
    fn show_below(&mut self, number: u32) {
        for number in self.shown_below..number {
            let Some(trial) = self.ended.remove(&number) else { continue };
            self.known.show(trial);
        }
        self.shown_below = self.shown_below.max(number);
    }

    fn target_is_reached(&self) -> bool {
        let Some((target, direction)) = self.target else { return false };
        let is_reached = |trial: &FinishedTrial| {
            let rank = trial.rank().filter(Rank::is_feasible);
            rank.is_some_and(|rank| !direction.better(target, rank.value()))
        };
        self.known.finished().iter().any(is_reached)
    }

    /// Lets no further trial be proposed.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Whether no trial is left to be proposed.
    pub(super) fn all_proposed(&self) -> bool {
        self.closed || self.proposed.len() as u32 >= self.trials
    }

    /// How many trials have been proposed.
    pub(super) fn proposed(&self) -> u32 {
        self.proposed.len() as u32
    }

    /// The space as the user has changed it.
    pub(super) fn space(&self) -> &Space {
        self.known.space()
    }

    /// What the proposal of the trial that is [`Schedule::ready`] may know.
    pub(super) fn history<'a>(&'a self, directions: &'a [Direction]) -> History<'a> {
        let pending = &self.proposed[self.shown_below as usize..];
        History { space: self.space(), directions, finished: self.known.finished(), pending }
    }

    /// The trials that a proposal has seen that knew those below a number.
    pub(super) fn seen_below(&self, number: u32) -> &[FinishedTrial] {
        let shown = self.known.finished();
        &shown[..shown.partition_point(|trial| trial.number < number)]
    }

    /// Every trial below this number has been shown to the latest proposal.
    pub(super) fn shown_below(&self) -> u32 {
        self.shown_below
    }

    /// The earliest complete trial at exactly this point that proposals see.
    pub(super) fn complete_at(&self, params: &Params) -> Option<&FinishedTrial> {
        self.known
            .finished()
            .iter()
            .find(|trial| trial.state == RunState::Complete && trial.params == *params)
    }

    /// Notes the proposal of the trial that is [`Schedule::ready`].
    pub(super) fn propose(&mut self, params: Params) {
        let number = self.proposed.len() as u32;
        self.proposed.push(PendingTrial { number, params });
    }

    /// Notes the end of a proposed trial.
    pub(super) fn finish(&mut self, trial: FinishedTrial) {
        self.ended.insert(trial.number, trial);
        while self.ended.contains_key(&self.frontier) {
            self.frontier += 1;
        }
    }

    /// Lets a change count for all further proposals.
    pub(super) fn apply(&mut self, change: &Change) {
        self.known.apply(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(trials: u32, parallel: u32) -> Schedule {
        Schedule::new(Space::default(), trials, parallel, None)
    }

    fn end(number: u32) -> FinishedTrial {
        FinishedTrial::complete(number, Params::new(), f64::from(number))
    }

    /// What the next trial would see.
    fn numbers(schedule: &mut Schedule) -> (Vec<u32>, Vec<u32>) {
        schedule.ready();
        let history = schedule.history(&[Direction::Minimize]);
        (
            history.finished.iter().map(|trial| trial.number).collect(),
            history.pending.iter().map(|trial| trial.number).collect(),
        )
    }

    /// Proposes and ends so many trials one by one.
    fn run(schedule: &mut Schedule, trials: u32) {
        for number in 0..trials {
            assert_eq!(schedule.ready(), Some(number));
            schedule.propose(Params::new());
            schedule.finish(end(number));
        }
    }

    #[test]
    fn a_trial_waits_for_all_that_it_may_know() {
        let mut schedule = schedule(10, 3);
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
        let mut schedule = schedule(10, 3);
        run(&mut schedule, 3);
        assert_eq!(numbers(&mut schedule), (vec![0], vec![1, 2]));
        schedule.propose(Params::new());
        assert_eq!(numbers(&mut schedule), (vec![0, 1], vec![2, 3]));
    }

    #[test]
    fn one_at_a_time_sees_everything_before_it() {
        let mut schedule = schedule(3, 1);
        for number in 0..3 {
            assert_eq!(schedule.ready(), Some(number));
            assert_eq!(numbers(&mut schedule), ((0..number).collect(), vec![]));
            schedule.propose(Params::new());
            assert_eq!(schedule.ready(), None);
            schedule.finish(end(number));
        }
        assert_eq!(schedule.ready(), None, "the budget is spent");
    }

    #[test]
    fn more_parallel_than_trials_starts_them_all() {
        let mut schedule = schedule(2, u32::MAX);
        schedule.propose(Params::new());
        assert_eq!(schedule.ready(), Some(1));
        assert_eq!(numbers(&mut schedule), (vec![], vec![0]));
        schedule.propose(Params::new());
        assert_eq!(schedule.ready(), None);
    }

    #[test]
    fn a_target_counts_once_a_proposal_would_see_it() {
        // Trial 3 has the value 3; with three at once trial 5 is the last that does not see it.
        let mut schedule = Schedule::new(Space::default(), 10, 3, Some((3.0, Direction::Maximize)));
        run(&mut schedule, 6);
        assert_eq!(schedule.ready(), None);
        assert!(schedule.all_proposed());
    }

    #[test]
    fn excluded_trials_are_not_seen_until_they_are_included_again() {
        let mut schedule = schedule(20, 2);
        run(&mut schedule, 5);
        assert_eq!(numbers(&mut schedule), (vec![0, 1, 2, 3], vec![4]));
        schedule.apply(&Change::Exclude { trial: 1, reason: String::new() });
        schedule.apply(&Change::Exclude { trial: 4, reason: String::new() });
        schedule.propose(Params::new());
        schedule.finish(end(5));
        assert_eq!(numbers(&mut schedule), (vec![0, 2, 3], vec![5]));
        schedule.apply(&Change::Include { trial: 1, reason: String::new() });
        schedule.apply(&Change::Include { trial: 4, reason: String::new() });
        assert_eq!(numbers(&mut schedule), (vec![0, 1, 2, 3, 4], vec![5]));
        assert_eq!(schedule.seen_below(2).len(), 2);
    }

    #[test]
    fn corrected_values_are_seen_wherever_the_trial_is() {
        let mut schedule = schedule(20, 2);
        run(&mut schedule, 3);
        schedule.ready();
        for number in [0, 2] {
            let correction =
                Change::Correct { trial: number, old: vec![], new: vec![9.0], reason: String::new() };
            schedule.apply(&correction);
        }
        schedule.propose(Params::new());
        schedule.finish(end(3));
        schedule.ready();
        let values: Vec<f64> = schedule.seen_below(9).iter().filter_map(FinishedTrial::value).collect();
        assert_eq!(values, [9.0, 1.0, 9.0]);
    }
}
