//! Lets a trial go on as long as it gets better.

use super::series::in_order;
use super::wording::short;
use super::{Pruner, Reports};
use crate::trial::Direction;

/// Stops a trial, or lets another pruner stop it, only when it has gained nothing for `patience`
/// steps: no value has been better than the best before it by more than `min_delta`.
///
/// This is the patience of early stopping. Optuna's looks at a window of reports and asks for a value
/// that is *worse* by `min_delta`; here a trial that stands still has no patience left, either.
/// Around a pruner that judges at some steps only, both must come together.
pub struct Patience {
    around: Option<Box<dyn Pruner>>,
    steps: u64,
    min_delta: f64,
}

impl Patience {
    /// With so many steps without a gain of more than `min_delta`.
    pub fn new(steps: u64, min_delta: f64) -> Self {
        Self { around: None, steps, min_delta }
    }

    /// Around another pruner, which has to agree.
    #[must_use]
    pub fn around(self, pruner: Box<dyn Pruner>) -> Self {
        Self { around: Some(pruner), ..self }
    }

    /// Why patience is at its end.
    fn lost(&self, seen: &Reports<'_>) -> Option<String> {
        let reports = in_order(seen.reports);
        let (&(first, value), &(now, _)) = (reports.first()?, reports.last()?);
        let (mut since, mut best) = (first, value);
        for &(step, value) in &reports {
            if gains(value, best, self.min_delta, seen.direction) {
                (since, best) = (step, value);
            }
        }
        if now - since < self.steps.max(1) {
            return None;
        }
        let steps = now - since;
        Some(match (best.is_nan(), self.min_delta > 0.0) {
            (true, _) => format!("no number from step {since} to step {now}"),
            (false, false) => {
                format!("nothing better than {} of step {since} for {steps} steps", short(best))
            }
            (false, true) => {
                let delta = short(self.min_delta);
                format!("no gain over {delta} on {} of step {since} for {steps} steps", short(best))
            }
        })
    }
}

/// Whether `value` is better than `best` by more than `delta`.
fn gains(value: f64, best: f64, delta: f64, direction: Direction) -> bool {
    let bar = match direction {
        Direction::Maximize => best + delta,
        Direction::Minimize => best - delta,
    };
    direction.better(value, bar)
}

impl Pruner for Patience {
    fn name(&self) -> &'static str {
        "patience"
    }

    fn verdict(&self, seen: &Reports<'_>) -> Option<String> {
        let lost = self.lost(seen)?;
        match &self.around {
            None => Some(lost),
            Some(pruner) => pruner.verdict(seen).map(|why| format!("{why}, and {lost}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Median;
    use super::super::conformance::{complete, seen};
    use super::*;

    fn alone(patience: u64, min_delta: f64) -> Patience {
        Patience::new(patience, min_delta)
    }

    #[test]
    fn steps_without_a_gain_are_counted_from_the_last_gain() {
        let course = [(1, 0.5), (2, 0.7), (3, 0.7), (4, 0.6), (5, 0.69)];
        let verdict =
            |pruner: &Patience, count| pruner.verdict(&seen(Direction::Maximize, &course[..count], &[]));
        let pruner = alone(3, 0.0);
        assert_eq!((1..5).find_map(|count| verdict(&pruner, count)), None);
        assert_eq!(verdict(&pruner, 5).as_deref(), Some("nothing better than 0.7 of step 2 for 3 steps"));
        let told = "no gain over 0.25 on 0.5 of step 1 for 3 steps";
        assert_eq!(verdict(&alone(3, 0.25), 4).as_deref(), Some(told));
        let nan = [(1, f64::NAN), (2, f64::NAN), (4, f64::NAN)];
        let told = pruner.verdict(&seen(Direction::Minimize, &nan, &[]));
        assert_eq!(told.as_deref(), Some("no number from step 1 to step 4"));
    }

    #[test]
    fn small_gains_add_up_to_one() {
        let course: Vec<(u64, f64)> = (0..20).map(|step| (step, 0.04 * step as f64)).collect();
        let pruner = alone(3, 0.1);
        let verdict = |count: usize| pruner.verdict(&seen(Direction::Maximize, &course[..count], &[]));
        assert_eq!((1..=20).find_map(verdict), None);
    }

    #[test]
    fn what_it_is_around_has_to_agree() {
        let finished: Vec<_> = (0..5).map(|i| complete(i, &[(1, 0.6)])).collect();
        let pruner = Patience::new(2, 0.0).around(Box::new(Median::default()));
        let verdict = |reports: &[(u64, f64)]| pruner.verdict(&seen(Direction::Maximize, reports, &finished));
        assert_eq!(verdict(&[(1, 0.2), (2, 0.3), (3, 0.4)]), None, "bad but getting better");
        assert_eq!(verdict(&[(1, 0.7), (2, 0.3), (3, 0.3)]), None, "no longer better but good");
        let told = "0.5, the best up to step 3, is below the median 0.6 of 5 trials, \
                    and nothing better than 0.5 of step 1 for 2 steps";
        assert_eq!(verdict(&[(1, 0.5), (2, 0.3), (3, 0.3)]).as_deref(), Some(told));
    }
}
