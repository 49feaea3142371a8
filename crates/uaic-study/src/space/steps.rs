//! The values of a range with steps, as decimals have them: 0.3, not 0.1 + 0.1 + 0.1.

/// `low`, `low + step`, … up to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    low: f64,
    high: f64,
    step: f64,
    last: u64,
    decimals: Option<Decimals>,
}

/// `low` and `step` in units of `10^-places`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Decimals {
    low: i64,
    step: i64,
    places: u32,
}

/// A step that is missed by this share of it is there: whoever works out `high` with floats misses it
/// by as little.
const MISSED: i128 = 1_000_000_000;

impl Steps {
    /// Those of a range that passes [`super::Distribution::check`].
    pub fn new(low: f64, high: f64, step: f64) -> Self {
        let [low_digits, high_digits, step_digits] = [low, high, step].map(Digits::of);
        let places = low_digits.places().max(high_digits.places()).max(step_digits.places());
        let scaled = |digits: Digits| digits.scaled(places);
        let exact = || Some((scaled(low_digits)?, scaled(high_digits)?, scaled(step_digits)?));
        let Some((low_units, high_units, step_units)) = exact().filter(|(_, _, step)| *step > 0) else {
            let last = ((high - low) / step + 1.0 / MISSED as f64).floor() as u64;
            return Self { low, high, step, last, decimals: None };
        };
        let (width, unit) = (i128::from(high_units) - i128::from(low_units), i128::from(step_units));
        let missing = (unit - width % unit) % unit;
        let is_nearly_there = missing > 0 && missing * MISSED <= unit;
        let last = u64::try_from(width / unit + i128::from(is_nearly_there)).unwrap_or(u64::MAX);
        Self { low, high, step, last, decimals: Some(Decimals { low: low_units, step: step_units, places }) }
    }

    /// The number of the last step; the first is 0.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The value of a step.
    pub fn value(&self, number: u64) -> f64 {
        let value = self.decimals.and_then(|decimals| decimals.value(number));
        value.unwrap_or(self.low + number as f64 * self.step).min(self.high)
    }

    /// The number of the step nearest to a value, and how far that is from it.
    pub fn nearest(&self, value: f64) -> (u64, f64) {
        // `as` saturates, so what lies before the first step becomes the first.
        let number = (((value - self.low) / self.step).round() as u64).min(self.last);
        (number, value - self.value(number))
    }

    /// Whether a value is that of a step, but for what rounding may have done to it.
    pub fn contain(&self, value: f64) -> bool {
        let (_, missed) = self.nearest(value);
        // What rounding can do to `low + n · step`, however narrow the steps are.
        let rounding = 4.0 * f64::EPSILON * self.low.abs().max(self.high.abs());
        missed.abs() <= 1e-6 * self.step + rounding
    }
}

impl Decimals {
    /// The float nearest to the decimal of a step; `None` where that has too many digits.
    fn value(self, number: u64) -> Option<f64> {
        /// Whole numbers up to here, and powers of ten up to the next, are floats: one division of
        /// them rounds once, as reading the decimal would.
        const LARGEST: i128 = 1 << 53;
        const POWER: u32 = 22;
        let units = i128::from(self.step) * i128::from(number) + i128::from(self.low);
        if units.abs() <= LARGEST && self.places <= POWER {
            return Some(units as f64 / 10_f64.powi(self.places as i32));
        }
        format!("{units}e-{}", self.places).parse().ok()
    }
}

/// The shortest decimal that reads back to a float: `digits · 10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Digits {
    digits: i64,
    exponent: i32,
}

impl Digits {
    fn of(value: f64) -> Self {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let digits = mantissa.replace('.', "").parse().unwrap_or(0);
        Self { digits, exponent: exponent.parse::<i32>().unwrap_or(0) - fraction as i32 }
    }

    /// The places after the point.
    fn places(self) -> u32 {
        self.exponent.min(0).unsigned_abs()
    }

    /// In units of `10^-places`; `None` where that is out of all proportion.
    fn scaled(self, places: u32) -> Option<i64> {
        let power = u32::try_from(self.exponent + places as i32).ok()?;
        self.digits.checked_mul(10_i64.checked_pow(power)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(low: f64, high: f64, step: f64) -> Vec<String> {
        let steps = Steps::new(low, high, step);
        (0..=steps.last()).map(|number| steps.value(number).to_string()).collect()
    }

    #[test]
    fn steps_are_the_decimals_that_they_are_written_as() {
        assert_eq!(values(0.0, 1.0, 0.1).join(" "), "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1");
        assert_eq!(values(0.1, 0.7, 0.1).join(" "), "0.1 0.2 0.3 0.4 0.5 0.6 0.7");
        assert_eq!(values(-0.3, 0.3, 0.15).join(" "), "-0.3 -0.15 0 0.15 0.3");
        assert_eq!(values(1e-5, 5e-5, 2e-5).join(" "), "0.00001 0.00003 0.00005");
        assert_eq!(
            values(1e15, 1e15 + 1.0, 0.5).join(" "),
            "1000000000000000 1000000000000000.5 1000000000000001"
        );
        for (low, step) in [(0.0, 0.01), (-5.0, 0.025), (1e9, 0.001), (0.3, 0.7)] {
            let steps = Steps::new(low, low + 1000.0 * step, step);
            for number in 0..1000 {
                let text = steps.value(number).to_string();
                assert!(text.len() <= 14, "{text}");
                assert_eq!(steps.nearest(steps.value(number)).0, number);
                assert!(steps.contain(steps.value(number)));
            }
        }
    }

    #[test]
    fn the_last_step_is_at_the_end_or_before_it() {
        assert_eq!(values(0.0, 1.0, 0.3).join(" "), "0 0.3 0.6 0.9");
        // What a program makes of 8 · 0.1 and 3 · 0.1.
        assert_eq!(values(0.0, 0.1 + 0.7, 0.1).last().unwrap(), &(0.1_f64 + 0.7).to_string());
        assert_eq!(values(0.0, 0.1 + 0.2, 0.1).last().unwrap(), "0.3");
        assert_eq!(values(0.1, 0.3, 0.3 - 0.1).len(), 2);
        assert_eq!(Steps::new(0.0, 1e6, 1e-6).last(), 1_000_000_000_000);
    }

    #[test]
    fn what_has_no_short_decimals_is_counted_in_floats() {
        let steps = Steps::new(1e-300, 1e300, 1e299);
        assert_eq!((steps.last(), steps.value(0).to_bits()), (10, 1e-300_f64.to_bits()));
        assert_eq!(steps.value(10).to_string(), 1e300.to_string());
        let widest = Steps::new(-f64::MAX, f64::MAX, f64::MAX).value(u64::MAX);
        assert_eq!(widest.to_bits(), f64::MAX.to_bits());
    }
}
