//! Stops trials that report what no good trial reports.

use super::series::{Timing, in_order};
use super::wording::apart;
use super::{Pruner, PrunerSettings, Reports};

/// Stops a trial whose newest value lies below `lower`, above `upper`, or is no number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    lower: Option<f64>,
    upper: Option<f64>,
    timing: Timing,
}

impl Threshold {
    /// By its settings: `lower`, `upper`, `warmup_steps`, `interval`.
    pub fn new(settings: &PrunerSettings) -> Self {
        let timing = Timing { warmup_steps: settings.warmup_steps, interval: settings.interval };
        Self { lower: settings.lower, upper: settings.upper, timing }
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
        let settings = PrunerSettings { lower: Some(0.2), upper: Some(2.0), ..PrunerSettings::default() };
        let pruner = Threshold::new(&settings);
        let verdict = |value| pruner.verdict(&seen(Direction::Minimize, &[(1, 1.0), (3, value)], &[]));
        assert_eq!(verdict(0.1).as_deref(), Some("0.1 at step 3 is below the lower bound 0.2"));
        assert_eq!(verdict(f64::INFINITY).as_deref(), Some("inf at step 3 is above the upper bound 2"));
        assert_eq!(verdict(f64::NAN).as_deref(), Some("NaN at step 3 is no number"));
        assert_eq!([0.2, 1.0, 2.0].map(verdict), [None, None, None]);
        let open = Threshold::new(&PrunerSettings { lower: Some(0.2), ..PrunerSettings::default() });
        assert_eq!(open.verdict(&seen(Direction::Minimize, &[(1, f64::INFINITY)], &[])), None);
    }

    #[test]
    fn only_the_newest_value_counts_and_not_during_the_warmup() {
        let settings = PrunerSettings { upper: Some(1.0), warmup_steps: 2, ..PrunerSettings::default() };
        let pruner = Threshold::new(&settings);
        let stops =
            |reports: &[(u64, f64)]| pruner.verdict(&seen(Direction::Minimize, reports, &[])).is_some();
        assert!(!stops(&[(1, 9.0)]));
        assert!(!stops(&[(1, 9.0), (2, 0.5)]));
        assert!(stops(&[(1, 0.5), (2, 9.0)]));
    }
}
