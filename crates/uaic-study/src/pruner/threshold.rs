//! Stops trials that report what no good trial reports.

use super::series::{Timing, in_order};
use super::wording::apart;
use super::{Pruner, PrunerError, Reports};

/// Stops a trial whose newest value lies below `lower`, above `upper`, or is no number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Threshold {
    /// Values below stop a trial.
    pub lower: Option<f64>,
    /// Values above stop a trial.
    pub upper: Option<f64>,
    /// At which steps a trial is judged.
    pub timing: Timing,
}

impl Threshold {
    pub(super) fn check(&self) -> Result<(), PrunerError> {
        let wrong = match (self.lower, self.upper) {
            (None, None) => "a threshold takes `lower`, `upper` or both".to_owned(),
            (lower, upper) if [lower, upper].iter().flatten().any(|bound| bound.is_nan()) => {
                "the bounds of a threshold are numbers".to_owned()
            }
            (Some(lower), Some(upper)) if lower >= upper => {
                format!("lower = {lower} is not below upper = {upper}")
            }
            _ => return self.timing.check(),
        };
        Err(PrunerError::new("lower", wrong))
    }
}

impl Pruner for Threshold {
    fn name(&self) -> &'static str {
        "threshold"
    }

    fn verdict(&self, seen: &Reports<'_>) -> Option<String> {
        let reports = in_order(seen.reports);
        let &(step, value) = reports.last()?;
        if !self.timing.is_due(&reports) {
            return None;
        }
        if value.is_nan() {
            return Some(format!("NaN at step {step} is no number"));
        }
        let told = |bound: f64, name: &str| {
            let (value, bound) = apart(value, bound);
            format!("{value} at step {step} is {name} bound {bound}")
        };
        let below = self.lower.filter(|lower| value < *lower).map(|lower| told(lower, "below the lower"));
        below
            .or_else(|| self.upper.filter(|upper| value > *upper).map(|upper| told(upper, "above the upper")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::seen;
    use super::*;
    use crate::trial::Direction;

    #[test]
    fn values_outside_of_the_bounds_stop_a_trial_and_the_bounds_do_not() {
        let pruner = Threshold { lower: Some(0.2), upper: Some(2.0), ..Threshold::default() };
        let verdict = |value| pruner.verdict(&seen(Direction::Minimize, &[(1, 1.0), (3, value)], &[]));
        assert_eq!(verdict(0.1).as_deref(), Some("0.1 at step 3 is below the lower bound 0.2"));
        assert_eq!(verdict(f64::INFINITY).as_deref(), Some("inf at step 3 is above the upper bound 2"));
        assert_eq!(verdict(f64::NAN).as_deref(), Some("NaN at step 3 is no number"));
        assert_eq!([0.2, 1.0, 2.0].map(verdict), [None, None, None]);
        let open = Threshold { lower: Some(0.2), ..Threshold::default() };
        assert_eq!(open.verdict(&seen(Direction::Minimize, &[(1, f64::INFINITY)], &[])), None);
    }

    #[test]
    fn only_the_newest_value_counts_and_not_during_the_warmup() {
        let timing = Timing { warmup_steps: 2, ..Timing::default() };
        let pruner = Threshold { upper: Some(1.0), timing, ..Threshold::default() };
        let stops =
            |reports: &[(u64, f64)]| pruner.verdict(&seen(Direction::Minimize, reports, &[])).is_some();
        assert!(!stops(&[(1, 9.0)]));
        assert!(!stops(&[(1, 9.0), (2, 0.5)]));
        assert!(stops(&[(1, 0.5), (2, 9.0)]));
    }
}
