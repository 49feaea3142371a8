//! Arithmetic on intervals, rounded outwards: what an expression can be where its names are within
//! bounds.

/// All numbers from `low` to `high`; none where `low` is greater. NaN belongs to no interval: what has no
/// number for a value satisfies no comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The smallest number.
    pub low: f64,
    /// The largest number.
    pub high: f64,
}

/// How far functions that are not exactly rounded may be off, as a share of the value.
const SLACK: f64 = 1e-13;

impl Interval {
    /// Every number.
    pub const WHOLE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
    /// No number.
    pub const EMPTY: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };
    /// What roots and logarithms are made of.
    pub(super) const NOT_NEGATIVE: Self = Self { low: 0.0, high: f64::INFINITY };

    /// From one number to another, whichever is the smaller.
    pub fn between(a: f64, b: f64) -> Self {
        Self { low: a.min(b), high: a.max(b) }
    }

    /// One number.
    pub fn at(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// Whether there is no number in it.
    pub fn is_empty(self) -> bool {
        // So that NaN makes it empty, too.
        !matches!(
            self.low.partial_cmp(&self.high),
            Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)
        )
    }

    /// Whether it is one number.
    pub fn is_single(self) -> bool {
        self.low.total_cmp(&self.high).is_eq()
    }

    /// Whether a number is in it.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// What both have.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.min(other.high) }
    }

    /// Of several numbers at its ends; all numbers where one of them is none.
    fn of(ends: &[f64]) -> Self {
        if ends.iter().any(|end| end.is_nan()) {
            return Self::WHOLE;
        }
        let low = ends.iter().copied().fold(f64::INFINITY, f64::min);
        Self { low, high: ends.iter().copied().fold(f64::NEG_INFINITY, f64::max) }
    }

    /// One step of rounding wider at both ends.
    fn outward(self) -> Self {
        Self { low: self.low.next_down(), high: self.high.next_up() }
    }

    fn slack(self) -> Self {
        let wide = self.outward();
        Self { low: wide.low - wide.low.abs() * SLACK, high: wide.high + wide.high.abs() * SLACK }
    }

    pub(super) fn negative(self) -> Self {
        Self { low: -self.high, high: -self.low }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self::of(&[self.low + other.low, self.high + other.high]).outward()
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(other.negative())
    }

    pub(super) fn times(self, other: Self) -> Self {
        // An infinite end times 0 is 0: the end itself is never reached.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let ends =
            [(self.low, other.low), (self.low, other.high), (self.high, other.low), (self.high, other.high)];
        Self::of(&ends.map(|(a, b)| product(a, b))).outward()
    }

    pub(super) fn over(self, other: Self) -> Self {
        let inverse = match other {
            Self { low, high } if low < 0.0 && high > 0.0 => return Self::WHOLE,
            Self { low, high } if low > 0.0 || high < 0.0 => {
                let ends = [self.low / low, self.low / high, self.high / low, self.high / high];
                return Self::of(&ends).outward();
            }
            Self { low, high } if low >= 0.0 && high > 0.0 => Self { low: 1.0 / high, high: 1.0 / low.abs() },
            Self { low, high } if low < 0.0 && high <= 0.0 => {
                Self { low: -1.0 / high.abs(), high: 1.0 / low }
            }
            _ => return Self::WHOLE,
        };
        // A quotient is rounded once, the product with an inverse twice.
        self.times(inverse.slack()).slack()
    }

    pub(super) fn power(self, exponent: Self) -> Self {
        if self.low >= 0.0 {
            let ends = [self.low, self.high].map(|x| [x.powf(exponent.low), x.powf(exponent.high)]);
            return Self::of(&ends.concat()).slack();
        }
        let power = exponent.low;
        if !exponent.is_single() || power.fract() != 0.0 {
            return Self::WHOLE;
        }
        if power < 0.0 {
            return Self::at(1.0).over(self.power(Self::at(-power)));
        }
        let ends = Self::of(&[self.low.powf(power), self.high.powf(power)]);
        let is_turned = power % 2.0 == 0.0 && self.contains(0.0);
        if is_turned { Self { low: 0.0, ..ends }.slack() } else { ends.slack() }
    }

    /// What is to the power of `power` in this interval; `around` is where it is looked for.
    pub(super) fn root(self, power: f64, around: Self) -> Self {
        let is_odd = power.fract() == 0.0 && power % 2.0 != 0.0;
        if power <= 0.0 || !power.is_finite() {
            return Self::WHOLE;
        }
        let signed = |x: f64| x.abs().powf(1.0 / power).copysign(x);
        if is_odd {
            return Self { low: signed(self.low), high: signed(self.high) }.slack();
        }
        let within = self.and(Self::NOT_NEGATIVE);
        if within.is_empty() {
            return Self::EMPTY;
        }
        let (least, most) = (within.low.powf(1.0 / power), within.high.powf(1.0 / power));
        if around.low >= 0.0 || power.fract() != 0.0 {
            Self { low: least, high: most }.slack()
        } else if around.high <= 0.0 {
            Self { low: -most, high: -least }.slack()
        } else {
            Self { low: -most, high: most }.slack()
        }
    }

    /// What has an absolute value in this interval.
    pub(super) fn unsigned(self, around: Self) -> Self {
        let within = self.and(Self::NOT_NEGATIVE);
        if around.low >= 0.0 {
            within
        } else if around.high <= 0.0 {
            within.negative()
        } else {
            Self { low: -within.high, high: within.high }
        }
    }

    pub(super) fn abs(self) -> Self {
        let ends = Self::of(&[self.low.abs(), self.high.abs()]);
        if self.contains(0.0) { Self { low: 0.0, ..ends } } else { ends }
    }

    /// What a rising function makes of it that is exactly rounded.
    pub(super) fn rising_exactly(self, function: impl Fn(f64) -> f64) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        Self { low: function(self.low), high: function(self.high) }.outward()
    }

    /// What a rising function makes of it.
    pub(super) fn rising(self, function: impl Fn(f64) -> f64) -> Self {
        if self.is_empty() {
            Self::EMPTY
        } else {
            Self { low: function(self.low), high: function(self.high) }.slack()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any() -> impl Strategy<Value = (Interval, f64)> {
        (-9.0..9.0_f64, 0.0..9.0_f64, 0.0..=1.0_f64)
            .prop_map(|(low, width, share)| (Interval { low, high: low + width }, low + share * width))
    }

    proptest! {
        #[test]
        fn results_of_members_are_members((a, x) in any(), (b, y) in any(), power in 0..5_i32) {
            prop_assert!(a.plus(b).contains(x + y));
            prop_assert!(a.minus(b).contains(x - y));
            prop_assert!(a.times(b).contains(x * y));
            prop_assert!(y == 0.0 || a.over(b).contains(x / y));
            prop_assert!(a.abs().contains(x.abs()) && a.abs().unsigned(a).contains(x));
            prop_assert!(a.rising(f64::exp).contains(x.exp()));
            let power = f64::from(power);
            let raised = x.powf(power);
            prop_assert!(a.power(Interval::at(power)).contains(raised));
            prop_assert!(power == 0.0 || Interval::at(raised).slack().root(power, a).slack().contains(x));
            let general = x.abs().powf(y);
            prop_assert!(general.is_nan() || a.abs().power(b).contains(general));
        }
    }

    #[test]
    fn what_is_empty_stays_so_and_nan_is_nowhere() {
        assert!(Interval::EMPTY.is_empty() && Interval::EMPTY.rising(f64::exp).is_empty());
        assert!(Interval::at(f64::NAN).is_empty());
        assert!(!Interval::WHOLE.is_empty() && !Interval::WHOLE.contains(f64::NAN));
        assert_eq!(Interval::WHOLE.minus(Interval::WHOLE), Interval::WHOLE);
        assert_eq!(Interval::at(1.0).over(Interval::at(0.0)), Interval::WHOLE);
    }
}
