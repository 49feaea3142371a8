//! Asynchronous successive halving (Li et al. 2020, arXiv:1810.05934).

use super::series::{in_order, value_reaching};
use super::wording::{apart, is_worse};
use super::{Pruner, PrunerError, Reports};
use crate::trial::{FinishedTrial, RunState};

/// Goes on beyond a rung with trials that are among the best of those that have reached it.
///
/// Rungs lie at the steps `min_resource · reduction^k` for k = `grace`, `grace` + 1, … A trial is judged
/// by the report with which it reaches a rung: of the n trials there, itself included, the best
/// ⌊n / `reduction`⌋ go on. Those are complete and pruned trials: a pruned one has been stopped at
/// its last rung and stays in the count there; a failed one says nothing. A trial that jumps over
/// a rung has the value of its first report beyond it.
///
/// Nothing is paused, so a trial is judged once per rung, by the trials that had ended when it was
/// proposed. As long as fewer than `reduction` trials are at a rung no share of them can be told,
/// and all go on. With `max_resource` known, a trial that has come so far is not stopped any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SuccessiveHalving {
    /// The step of the lowest rung, at least 1.
    pub min_resource: u64,
    /// The step of a rung divided by that of the one below, and the number of trials of which one goes
    /// on; at least 2.
    pub reduction: u64,
    /// How many of the lowest rungs let everything pass.
    pub grace: u32,
    /// The last step of a trial, if known, from which on none is stopped.
    pub max_resource: Option<u64>,
}

impl Default for SuccessiveHalving {
    fn default() -> Self {
        Self { min_resource: 1, reduction: 3, grace: 0, max_resource: None }
    }
}

impl SuccessiveHalving {
    pub(super) fn check(&self) -> Result<(), PrunerError> {
        let Self { min_resource, reduction, max_resource, .. } = *self;
        if min_resource == 0 {
            let message = "min_resource = 0: the lowest rung is at step 1 or later";
            return Err(PrunerError::new("min_resource", message));
        }
        if reduction < 2 {
            let message = format!("reduction = {reduction}: it takes 2 or more trials to leave one out");
            return Err(PrunerError::new("reduction", message));
        }
        if max_resource.is_some_and(|most| most < min_resource) {
            let message = format!("max_resource is below min_resource = {min_resource}");
            return Err(PrunerError::new("max_resource", message));
        }
        Ok(())
    }

    /// The rungs after `previous` and up to `step`.
    fn reached(&self, previous: Option<u64>, step: u64) -> Vec<u64> {
        let end = self.max_resource.unwrap_or(u64::MAX);
        // A rung at step 0, or as high as the one below, has none above it.
        let (reduction, lowest) = (self.reduction.max(2), self.min_resource.max(1));
        let next = |rung: &u64| rung.checked_mul(reduction);
        let first = reduction.checked_pow(self.grace).and_then(|by| by.checked_mul(lowest));
        std::iter::successors(first, next)
            .take_while(|rung| *rung <= step && *rung < end)
            .filter(|rung| previous.is_none_or(|previous| previous < *rung))
            .collect()
    }

    /// The verdict among the trials that are rivals.
    pub(super) fn judge(
        &self,
        seen: &Reports<'_>,
        is_rival: &dyn Fn(&FinishedTrial) -> bool,
    ) -> Option<String> {
        let reports = in_order(seen.reports);
        let (&(step, value), before) = reports.split_last()?;
        let rungs = self.reached(before.last().map(|(step, _)| *step), step);
        rungs.into_iter().find_map(|rung| {
            let rivals = seen.finished.iter().filter(|trial| counts(trial) && is_rival(trial));
            let mut values: Vec<f64> =
                rivals.filter_map(|trial| value_reaching(&trial.intermediate, rung)).collect();
            values.sort_by(|a, b| seen.direction.compare(*a, *b));
            let all = values.len() as u64 + 1;
            let places = all / self.reduction.max(2);
            let bar = *values.get(places.checked_sub(1)? as usize)?;
            let (own, bar_text) = apart(value, bar);
            let told = || {
                let worse = is_worse(&own, step, seen.direction);
                format!("{worse} {bar_text}, place {places} of {all} trials at rung {rung}")
            };
            seen.direction.better(bar, value).then(told)
        })
    }
}

/// Whether what a trial has reported can be compared with.
fn counts(trial: &FinishedTrial) -> bool {
    matches!(trial.state, RunState::Complete | RunState::Pruned)
}

impl Pruner for SuccessiveHalving {
    fn name(&self) -> &'static str {
        "successive-halving"
    }

    fn verdict(&self, seen: &Reports<'_>) -> Option<String> {
        self.judge(seen, &|_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{complete, seen};
    use super::*;
    use crate::trial::{Direction, Params};

    #[test]
    fn rungs_grow_by_the_reduction_from_the_grace_on() {
        let usual = SuccessiveHalving::default();
        assert_eq!(usual.reached(None, 30), [1, 3, 9, 27]);
        assert_eq!(usual.reached(Some(3), 27), [9, 27]);
        let late = SuccessiveHalving { min_resource: 2, grace: 1, max_resource: Some(18), ..usual };
        assert_eq!(late.reached(None, 100), [6], "18 is the whole of it");
        let huge = SuccessiveHalving { min_resource: u64::MAX, grace: 200, ..usual };
        assert_eq!(huge.reached(None, u64::MAX), [0; 0]);
    }

    #[test]
    fn a_third_of_all_trials_at_a_rung_goes_on() {
        let values = [0.5, 0.9, 0.6, 0.7, 0.8];
        let finished: Vec<_> = (0..).zip(values).map(|(i, value)| complete(i, &[(3, value)])).collect();
        let pruner = SuccessiveHalving::default();
        let verdict = |reports: &[(u64, f64)], count: usize| {
            pruner.verdict(&seen(Direction::Maximize, reports, &finished[..count]))
        };
        // Six with itself: the best two go on.
        let told = "0.79 at step 3 is below 0.8, place 2 of 6 trials at rung 3";
        assert_eq!(verdict(&[(1, 0.9), (3, 0.79)], 5).as_deref(), Some(told));
        assert_eq!(verdict(&[(1, 0.9), (3, 0.8)], 5), None, "a tie");
        assert_eq!(verdict(&[(3, 0.9), (4, 0.0)], 5), None, "between two rungs");
        let told = "0.1 at step 2 is below 0.8, place 2 of 6 trials at rung 1";
        assert_eq!(verdict(&[(2, 0.1)], 5).as_deref(), Some(told), "the others jumped over rung 1");
    }

    #[test]
    fn fewer_trials_than_the_reduction_are_all_let_through() {
        let finished = [complete(0, &[(1, 0.9)]), complete(1, &[(1, 0.8)])];
        let pruner = SuccessiveHalving::default();
        let verdict = |count: usize| {
            pruner.verdict(&seen(Direction::Maximize, &[(1, 0.1)], &finished[..count])).is_some()
        };
        assert!(!verdict(0) && !verdict(1) && verdict(2));
    }

    #[test]
    fn pruned_trials_count_up_to_their_last_rung_and_failed_ones_nowhere() {
        let pruned = |i, value| FinishedTrial::pruned(i, Params::new(), vec![(1, value)]);
        let failed =
            FinishedTrial { intermediate: vec![(1, 0.9)], ..FinishedTrial::failed(3, Params::new()) };
        let finished = [pruned(0, 0.9), pruned(1, 0.8), failed];
        let pruner = SuccessiveHalving::default();
        let verdict = |reports: &[(u64, f64)]| pruner.verdict(&seen(Direction::Maximize, reports, &finished));
        let told = "0.1 at step 1 is below 0.9, place 1 of 3 trials at rung 1";
        assert_eq!(verdict(&[(1, 0.1)]).as_deref(), Some(told));
        assert_eq!(verdict(&[(1, 0.1), (3, 0.1)]), None, "nobody has been at rung 3");
    }
}
