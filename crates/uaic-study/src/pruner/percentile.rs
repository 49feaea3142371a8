//! Stops trials that are worse than most complete ones were at the same step.

use super::series::{Timing, best, in_order, value_at};
use super::wording::{apart, worse_than};
use super::{Pruner, PrunerError, Reports};
use crate::trial::{Direction, RunState};
use uaic_kernel::statistics::quantile::between;

/// Goes on with trials whose best value so far is among the best `percentile` percent of the values
/// that complete trials had at this step; a trial that reported at other steps counts with the
/// latest one before it, and so does one that had ended by itself.
///
/// Only complete trials count, as in Optuna. The reports of pruned ones end where they were stopped:
/// with them the trials that are compared would change from step to step, and later steps would be
/// held against values of earlier ones. The price is that the bar at early steps is that of the
/// survivors; `startup_trials`, which are never stopped, keep it honest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentile {
    /// Percent of trials that are good enough.
    pub percentile: f64,
    /// Complete trials with a value at the step without which nothing is compared.
    pub startup_trials: u32,
    /// At which steps a trial is judged.
    pub timing: Timing,
}

/// Complete trials without which nothing is compared, where nothing else is said.
pub(super) const STARTUP: u32 = 5;

impl Default for Percentile {
    fn default() -> Self {
        Self { percentile: 25.0, startup_trials: STARTUP, timing: Timing::default() }
    }
}

impl Percentile {
    pub(super) fn check(&self) -> Result<(), PrunerError> {
        if !(0.0..=100.0).contains(&self.percentile) {
            let message = format!("percentile = {}: it goes from 0 to 100", self.percentile);
            return Err(PrunerError::new("percentile", message));
        }
        self.timing.check()
    }
}

impl Pruner for Percentile {
    fn name(&self) -> &'static str {
        "percentile"
    }

    fn verdict(&self, seen: &Reports<'_>) -> Option<String> {
        let bar = Bar { startup_trials: self.startup_trials, timing: self.timing };
        let found = bar.missed(seen, self.percentile / 100.0)?;
        let Missed { trials, .. } = found;
        let percent = self.percentile;
        Some(format!("{}, which the best {percent} % of {trials} trials reached", found.told(seen, "")))
    }
}

/// The comparison with a quantile, which the median shares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) startup_trials: u32,
    pub(super) timing: Timing,
}

/// A bar that a trial has not reached.
pub(super) struct Missed {
    /// The newest step, the best value so far and whether it is that step's.
    step: u64,
    best: f64,
    is_newest: bool,
    /// The quantile, and of how many trials.
    bar: f64,
    pub(super) trials: usize,
}

impl Missed {
    /// `0.71 at step 2 is below NAME 0.83`.
    pub(super) fn told(&self, seen: &Reports<'_>, name: &str) -> String {
        let (value, bar) = apart(self.best, self.bar);
        let step = self.step;
        let relation = worse_than(seen.direction);
        if self.best.is_nan() {
            format!("no number up to step {step} is worse than {name}{bar}")
        } else if self.is_newest {
            format!("{value} at step {step} is {relation} {name}{bar}")
        } else {
            format!("{value}, the best up to step {step}, is {relation} {name}{bar}")
        }
    }
}

impl Bar {
    /// What a trial has missed when its best value is worse than the quantile `share`, counted from
    /// the best.
    pub(super) fn missed(&self, seen: &Reports<'_>, share: f64) -> Option<Missed> {
        let reports = in_order(seen.reports);
        let &(step, newest) = reports.last()?;
        if !self.timing.is_due(&reports) {
            return None;
        }
        let complete = seen.finished.iter().filter(|trial| trial.state == RunState::Complete);
        let mut values: Vec<f64> = complete.filter_map(|trial| value_at(&trial.intermediate, step)).collect();
        if values.len() < self.startup_trials.max(1) as usize {
            return None;
        }
        let (_, best) = best(&reports, seen.direction)?;
        let bar = quantile(&mut values, seen.direction, share);
        let missed =
            Missed { step, best, is_newest: !seen.direction.better(best, newest), bar, trials: values.len() };
        seen.direction.better(bar, best).then_some(missed)
    }
}

/// The value that the best `share` of `values` reach, between two of them by linear interpolation;
/// the worse one where one of them is not finite. Not for no values.
fn quantile(values: &mut [f64], direction: Direction, share: f64) -> f64 {
    values.sort_by(|a, b| direction.compare(*a, *b));
    between(values, share).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{complete, seen};
    use super::*;

    /// ```python
    /// import numpy as np
    /// values = [0.1, 0.9, 0.4, 0.7, 0.2, 0.6]
    /// for p in (0, 10, 25, 50, 100):
    ///     print(np.percentile(values, p), np.percentile(values, 100 - p))
    /// ```
    #[test]
    fn quantiles_are_those_of_numpy() {
        let expected =
            [(0.0, 0.1, 0.9), (0.1, 0.15, 0.8), (0.25, 0.25, 0.675), (0.5, 0.5, 0.5), (1.0, 0.9, 0.1)];
        for (share, low, high) in expected {
            let mut values = [0.1, 0.9, 0.4, 0.7, 0.2, 0.6];
            assert!((quantile(&mut values, Direction::Minimize, share) - low).abs() < 1e-12, "{share}");
            assert!((quantile(&mut values, Direction::Maximize, share) - high).abs() < 1e-12, "{share}");
        }
        let mut values = [0.1, f64::NAN, 0.3];
        assert!(quantile(&mut values, Direction::Maximize, 0.9).is_nan());
        assert!((quantile(&mut values, Direction::Maximize, 0.5) - 0.1).abs() < 1e-12);
    }

    fn pruner(warmup_steps: u64) -> Percentile {
        let timing = Timing { warmup_steps, ..Timing::default() };
        Percentile { startup_trials: 4, timing, ..Percentile::default() }
    }

    #[test]
    fn the_best_value_so_far_is_compared_with_the_values_at_the_step() {
        // At step 2 the four have 0.2, 0.4, 0.6 and 0.8: the best quarter begins at 0.65.
        let finished: Vec<_> = (1..=4).map(|i| complete(i, &[(1, 0.1), (2, 0.2 * f64::from(i))])).collect();
        let pruner = pruner(0);
        let verdict = |reports: &[(u64, f64)]| pruner.verdict(&seen(Direction::Maximize, reports, &finished));
        let told = "0.64 at step 2 is below 0.65, which the best 25 % of 4 trials reached";
        assert_eq!(verdict(&[(2, 0.64)]).as_deref(), Some(told));
        assert_eq!(verdict(&[(2, 0.66)]), None);
        assert_eq!(verdict(&[(1, 0.7), (2, 0.3)]), None, "it has been better");
        let told = "0.4, the best up to step 2, is below 0.65, which the best 25 % of 4 trials reached";
        assert_eq!(verdict(&[(1, 0.4), (2, 0.3)]).as_deref(), Some(told));
        let told = "no number up to step 2 is worse than 0.65, which the best 25 % of 4 trials reached";
        assert_eq!(verdict(&[(2, f64::NAN)]).as_deref(), Some(told));
    }

    #[test]
    fn nothing_is_stopped_before_its_time_or_without_enough_trials() {
        let finished: Vec<_> = (1..=4).map(|i| complete(i, &[(1, 0.9), (5, 0.9)])).collect();
        let hopeless = |warmup_steps: u64, reports: &[(u64, f64)], count: usize| {
            pruner(warmup_steps).verdict(&seen(Direction::Maximize, reports, &finished[..count])).is_some()
        };
        assert!(!hopeless(3, &[(2, 0.1)], 4));
        assert!(hopeless(3, &[(2, 0.1), (3, 0.1)], 4), "held against step 1, the latest before 3");
        assert!(!hopeless(0, &[(2, 0.1)], 3));
        assert!(!hopeless(0, &[(0, 0.1)], 4), "nobody had a value at step 0");
    }
}
