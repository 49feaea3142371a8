//! Reported values by step: what pruners ask of them.

use std::collections::BTreeMap;

use super::PrunerError;
use crate::trial::Direction;

/// Reports in the order of their steps, one per step: of several the last.
pub(super) fn in_order(reports: &[(u64, f64)]) -> Vec<(u64, f64)> {
    reports.iter().copied().collect::<BTreeMap<u64, f64>>().into_iter().collect()
}

/// The value at the latest step that is not after `step`.
pub(super) fn value_at(reports: &[(u64, f64)], step: u64) -> Option<f64> {
    // Of equal steps `max_by_key` takes the last.
    reports.iter().filter(|(at, _)| *at <= step).max_by_key(|(at, _)| *at).map(|(_, value)| *value)
}

/// The value at the first step that is not before `step`.
pub(super) fn value_reaching(reports: &[(u64, f64)], step: u64) -> Option<f64> {
    // Of equal steps `min_by_key` takes the first, which is the last when looked at from the end.
    reports.iter().rev().filter(|(at, _)| *at >= step).min_by_key(|(at, _)| *at).map(|(_, value)| *value)
}

/// The best value and its step, the first of equals; NaN only where there is nothing else.
pub(super) fn best(reports: &[(u64, f64)], direction: Direction) -> Option<(u64, f64)> {
    let reports = reports.iter().copied();
    reports.reduce(|best, next| if direction.better(next.1, best.1) { next } else { best })
}

/// At which steps a trial is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Nothing is judged before this step.
    pub warmup_steps: u64,
    /// From then on one report per so many steps is, at least 1.
    pub interval: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { warmup_steps: 0, interval: 1 }
    }
}

impl Timing {
    pub(super) fn check(self) -> Result<(), PrunerError> {
        if self.interval == 0 {
            let message = "interval = 0: judgements are at least 1 step apart";
            return Err(PrunerError::new("interval", message));
        }
        Ok(())
    }

    /// Whether the newest of `ordered` reports is the first since a step at which judgement is due.
    pub(super) fn is_due(self, ordered: &[(u64, f64)]) -> bool {
        let Some((&(step, _), before)) = ordered.split_last() else { return false };
        let Some(after) = step.checked_sub(self.warmup_steps) else { return false };
        let due = step - after % self.interval.max(1);
        before.last().is_none_or(|(previous, _)| *previous < due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_steps_the_last_report_counts() {
        let reports = [(3, 0.3), (1, 0.1), (3, 0.5), (7, 0.7), (7, 0.9)];
        assert_eq!(in_order(&reports), [(1, 0.1), (3, 0.5), (7, 0.9)]);
        assert_eq!(
            [0, 1, 2, 3, 6, 7, 9].map(|step| value_at(&reports, step)),
            [None, Some(0.1), Some(0.1), Some(0.5), Some(0.5), Some(0.9), Some(0.9)]
        );
        assert_eq!(
            [1, 2, 4, 8].map(|step| value_reaching(&reports, step)),
            [Some(0.1), Some(0.5), Some(0.9), None]
        );
    }

    #[test]
    fn the_best_is_a_number_where_there_is_one() {
        let reports = [(1, f64::NAN), (2, 0.4), (3, 0.6), (4, 0.6)];
        assert_eq!(best(&reports, Direction::Maximize), Some((3, 0.6)));
        assert_eq!(best(&reports, Direction::Minimize), Some((2, 0.4)));
        assert!(best(&reports[..1], Direction::Minimize).is_some_and(|(_, value)| value.is_nan()));
    }

    #[test]
    fn one_report_per_interval_is_judged_from_the_warmup_on() {
        let timing = Timing { warmup_steps: 2, interval: 3 };
        let judged = |steps: &[u64]| {
            let reports: Vec<(u64, f64)> = steps.iter().map(|step| (*step, 0.0)).collect();
            let due = (1..=reports.len()).filter(|count| timing.is_due(&reports[..*count]));
            due.map(|count| reports[count - 1].0).collect::<Vec<u64>>()
        };
        assert_eq!(judged(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), [2, 5, 8]);
        assert_eq!(judged(&[1, 4, 6, 7, 12]), [4, 6, 12], "the first report after a due step");
        assert!(!timing.is_due(&[]));
    }
}
