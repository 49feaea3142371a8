//! Stops trials that are worse than half of the complete ones were at the same step.

use super::percentile::{Bar, STARTUP};
use super::series::Timing;
use super::{Pruner, PrunerError, Reports};

/// Goes on with trials whose best value so far is no worse than the median of what complete trials
/// had at this step: [`Percentile`](super::Percentile) with 50, which says which trials count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Median {
    /// Complete trials with a value at the step without which nothing is compared.
    pub startup_trials: u32,
    /// At which steps a trial is judged.
    pub timing: Timing,
}

impl Default for Median {
    fn default() -> Self {
        Self { startup_trials: STARTUP, timing: Timing::default() }
    }
}

impl Median {
    pub(super) fn check(&self) -> Result<(), PrunerError> {
        self.timing.check()
    }
}

impl Pruner for Median {
    fn name(&self) -> &'static str {
        "median"
    }

    fn verdict(&self, seen: &Reports<'_>) -> Option<String> {
        let bar = Bar { startup_trials: self.startup_trials, timing: self.timing };
        let found = bar.missed(seen, 0.5)?;
        Some(format!("{} of {} trials", found.told(seen, "the median "), found.trials))
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{complete, seen};
    use super::*;
    use crate::trial::Direction;

    #[test]
    fn the_verdict_names_value_step_median_and_trials() {
        let values = [0.9, 0.83, 0.83, 0.5, 0.9, 0.4];
        let finished: Vec<_> = (0..).zip(values).map(|(i, value)| complete(i, &[(2, value)])).collect();
        let pruner = Median::default();
        let told = pruner.verdict(&seen(Direction::Maximize, &[(2, 0.71)], &finished));
        assert_eq!(told.as_deref(), Some("0.71 at step 2 is below the median 0.83 of 6 trials"));
        let told = pruner.verdict(&seen(Direction::Minimize, &[(2, 0.91)], &finished));
        assert_eq!(told.as_deref(), Some("0.91 at step 2 is above the median 0.83 of 6 trials"));
        assert_eq!(pruner.verdict(&seen(Direction::Maximize, &[(2, 0.83)], &finished)), None, "a tie");
        assert_eq!(pruner.verdict(&seen(Direction::Maximize, &[(2, 0.71)], &finished[..4])), None);
    }
}
