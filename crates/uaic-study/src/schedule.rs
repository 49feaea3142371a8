//! Which trial may start when, and what its proposal may know: a pure function of what has ended,
//! never of how many workers there are or how fast they were.

use std::collections::{BTreeMap, BTreeSet};

use crate::space::Space;
use crate::trial::{Direction, FinishedTrial, Params, PendingTrial, Rank, RunState};

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
    /// Ended trials that proposals see, by number.
    shown: Vec<FinishedTrial>,
    /// Numbers of trials that the user has left out, and those among them that would be shown.
    excluded: BTreeSet<u32>,
    left_out: BTreeMap<u32, FinishedTrial>,
    /// No further trial is proposed.
    closed: bool,
}

impl Schedule {
    /// The order of a study that has not begun. `parallel` counts as 1 at least.
    pub(super) fn new(trials: u32, parallel: u32, target: Option<(f64, Direction)>) -> Self {
        Self {
            trials,
            parallel: parallel.max(1),
            target,
            proposed: vec![],
            frontier: 0,
            ended: BTreeMap::new(),
            shown_below: 0,
            shown: vec![],
            excluded: BTreeSet::new(),
            left_out: BTreeMap::new(),
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
        self.show_below((next + 1).saturating_sub(self.parallel));
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
            if self.excluded.contains(&number) {
                self.left_out.insert(number, trial);
            } else {
                self.shown.push(trial);
            }
        }
        self.shown_below = self.shown_below.max(number);
    }

    fn target_is_reached(&self) -> bool {
        let Some((target, direction)) = self.target else { return false };
        let is_reached = |trial: &FinishedTrial| {
            let rank = trial.rank().filter(Rank::is_feasible);
            rank.is_some_and(|rank| !direction.better(target, rank.value()))
        };
        self.shown.iter().any(is_reached)
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

    /// What the proposal of the trial that is [`Schedule::ready`] may know.
    pub(super) fn history<'a>(&'a self, space: &'a Space, directions: &'a [Direction]) -> History<'a> {
        let pending = &self.proposed[self.shown_below as usize..];
        History { space, directions, finished: &self.shown, pending }
    }

    /// The trials that a proposal has seen that knew those below a number.
    pub(super) fn seen_below(&self, number: u32) -> &[FinishedTrial] {
        &self.shown[..self.shown.partition_point(|trial| trial.number < number)]
    }

    /// Every trial below this number has been shown to the latest proposal.
    pub(super) fn shown_below(&self) -> u32 {
        self.shown_below
    }

    /// The earliest complete trial at exactly this point that proposals see.
    pub(super) fn complete_at(&self, params: &Params) -> Option<&FinishedTrial> {
        self.shown.iter().find(|trial| trial.state == RunState::Complete && trial.params == *params)
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

    /// Leaves a trial out of what proposals see.
    pub(super) fn exclude(&mut self, number: u32) {
        self.excluded.insert(number);
        if let Ok(place) = self.shown.binary_search_by_key(&number, |trial| trial.number) {
            self.left_out.insert(number, self.shown.remove(place));
        }
    }

    /// Lets a trial count again that was excluded.
    pub(super) fn include(&mut self, number: u32) {
        self.excluded.remove(&number);
        if let Some(trial) = self.left_out.remove(&number) {
            let place = self.shown.partition_point(|trial| trial.number < number);
            self.shown.insert(place, trial);
        }
    }

    /// Replaces the values of a trial that has ended.
    pub(super) fn correct(&mut self, number: u32, values: &[f64]) {
        let shown = self.shown.iter_mut().find(|trial| trial.number == number);
        let trial = shown.or_else(|| self.left_out.get_mut(&number)).or_else(|| self.ended.get_mut(&number));
        if let Some(trial) = trial {
            trial.values = values.to_vec();
            trial.state = RunState::Complete;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(trials: u32, parallel: u32) -> Schedule {
        Schedule::new(trials, parallel, None)
    }

    fn end(number: u32) -> FinishedTrial {
        FinishedTrial::complete(number, Params::new(), f64::from(number))
    }

    /// What the next trial would see.
    fn numbers(schedule: &mut Schedule) -> (Vec<u32>, Vec<u32>) {
        schedule.ready();
        let space = Space::default();
        let history = schedule.history(&space, &[Direction::Minimize]);
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
        let mut schedule = Schedule::new(10, 3, Some((3.0, Direction::Maximize)));
        run(&mut schedule, 6);
        assert_eq!(schedule.ready(), None);
        assert!(schedule.all_proposed());
    }

    #[test]
    fn excluded_trials_are_not_seen_until_they_are_included_again() {
        let mut schedule = schedule(20, 2);
        run(&mut schedule, 5);
        assert_eq!(numbers(&mut schedule), (vec![0, 1, 2, 3], vec![4]));
        schedule.exclude(1);
        schedule.exclude(4);
        schedule.propose(Params::new());
        schedule.finish(end(5));
        assert_eq!(numbers(&mut schedule), (vec![0, 2, 3], vec![5]));
        schedule.include(1);
        schedule.include(4);
        assert_eq!(numbers(&mut schedule), (vec![0, 1, 2, 3, 4], vec![5]));
        assert_eq!(schedule.seen_below(2).len(), 2);
    }

    #[test]
    fn corrected_values_are_seen_wherever_the_trial_is() {
        let mut schedule = schedule(20, 2);
        run(&mut schedule, 3);
        schedule.ready();
        for number in [0, 2] {
            schedule.correct(number, &[9.0]);
        }
        schedule.propose(Params::new());
        schedule.finish(end(3));
        schedule.ready();
        let values: Vec<f64> = schedule.seen_below(9).iter().filter_map(FinishedTrial::value).collect();
        assert_eq!(values, [9.0, 1.0, 9.0]);
    }
}
