//! Ranges of numbers: where a value lies, and which one lies where.
//!
//! Values with steps are counted, not computed: between a coordinate and a value stands the number of
//! a step, so that whole numbers are exact over all 64 bits, and decimals are what they are written as.

use crate::space::Steps;
use crate::trial::ParamValue;

/// A numeric parameter of more than one value.
#[derive(Clone, Debug)]
pub(crate) enum Range {
    /// A continuum.
    Real {
        low: f64,
        high: f64,
        /// Whether the coordinate is linear in the logarithm.
        log: bool,
        /// Both ends on the (logarithmic) scale.
        scale: (f64, f64),
    },
    /// Steps, a coordinate for each number.
    Steps {
        values: Values,
        scale: Scale,
        /// The number of the last step; the first is 0.
        last: u64,
    },
}

/// The values of steps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values {
    /// Decimals.
    Real(Steps),
    /// `low + number · step`.
    Whole { low: i64, step: i64 },
}

/// Where the cells of steps lie.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scale {
    /// All are equally wide.
    Linear,
    /// Each takes up what its whole number takes up in the logarithm.
    Log {
        /// The edge below the first, on the value scale.
        edge: f64,
        /// The logarithm of the edge above the last over that.
        width: f64,
    },
}

impl Values {
    fn at(&self, number: u64) -> ParamValue {
        match *self {
            Self::Real(steps) => ParamValue::Float(steps.value(number)),
            // No overflow: the value of the last step is at most the end of the range.
            Self::Whole { low, step } => {
                ParamValue::Int((i128::from(low) + i128::from(number) * i128::from(step)) as i64)
            }
        }
    }

    /// The number of a value, and how many steps it lies beyond it: less than one, 0 for values of the
    /// range. `None` for what is no such value, or lies outside.
    fn number(&self, value: &ParamValue, last: u64) -> Option<(u64, f64)> {
        match (*self, value) {
            (Self::Real(steps), &ParamValue::Float(x)) => {
                let (number, missed) = steps.nearest(x);
                let (first, end) = (steps.value(0), steps.value(steps.last()));
                let step = (steps.value(1) - first).max(f64::MIN_POSITIVE);
                let beyond = if steps.contain(x) { 0.0 } else { missed / step };
                ((first..=end).contains(&x) || steps.contain(x)).then_some((number, beyond))
            }
            (Self::Whole { low, step }, &ParamValue::Int(x)) => {
                let distance = u128::try_from(i128::from(x) - i128::from(low)).ok()?;
                let step = u128::try_from(step).ok().filter(|step| *step > 0)?;
                let number = u64::try_from(distance / step).ok().filter(|number| *number <= last)?;
                let beyond = (distance % step) as f64 / step as f64;
                (number < last || beyond <= 0.0).then_some((number, beyond))
            }
            _ => None,
        }
    }
}

/// So many coordinates at most have values of their own. Where there are more values, those of one
/// coordinate share it.
const PLACES: u64 = 1 << 48;

impl Range {
    pub(super) fn whole(low: i64, high: i64, step: i64, scale: Scale) -> Self {
        let last = high.abs_diff(low) / step.max(1).unsigned_abs();
        Self::Steps { values: Values::Whole { low, step: step.max(1) }, scale, last }
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParamValue {
        match *self {
            Self::Real { .. } => ParamValue::Float(self.real(coordinate)),
            Self::Steps { values, .. } => values.at(self.number(coordinate)),
        }
    }

    pub(super) fn encode(&self, value: &ParamValue) -> Option<f64> {
        match *self {
            Self::Real { low, high, .. } => match *value {
                ParamValue::Float(x) if (low..=high).contains(&x) => Some(self.place(x)),
                _ => None,
            },
            Self::Steps { values, last, .. } => {
                let (number, beyond) = values.number(value, last)?;
                let at = self.middle(number);
                // Of other steps, as a study has whose space was changed.
                let (_, width) = self.cell(at).unwrap_or_default();
                Some((at + beyond * width).clamp(0.0, 1.0))
            }
        }
    }

    pub(super) fn snap(&self, coordinate: f64) -> f64 {
        match *self {
            Self::Real { .. } => self.place(self.real(coordinate)),
            Self::Steps { .. } => self.middle(self.number(coordinate)),
        }
    }

    /// The value of a continuum at a coordinate; 0 for steps.
    pub(super) fn real(&self, coordinate: f64) -> f64 {
        let Self::Real { low, high, log, scale: (start, end) } = *self else { return 0.0 };
        // The ends are what they are written as, and not the exponential of their logarithm.
        if coordinate <= 0.0 {
            return low;
        }
        if coordinate >= 1.0 {
            return high;
        }
        // As a weighted mean, because `end - start` may overflow.
        let place = start * (1.0 - coordinate) + end * coordinate;
        (if log { place.exp() } else { place }).clamp(low, high)
    }

    /// The coordinate of a value of a continuum; 0 for steps.
    pub(super) fn place(&self, value: f64) -> f64 {
        let Self::Real { log, scale: (start, end), .. } = *self else { return 0.0 };
        let place = if log { value.ln() } else { value };
        let half_width = end / 2.0 - start / 2.0;
        let coordinate = (place / 2.0 - start / 2.0) / half_width;
        // A range so narrow at so large a value that its ends are one float.
        // Adding 0 turns -0 into 0, so that equal coordinates have equal bits.
        if coordinate.is_nan() { 0.5 } else { coordinate.clamp(0.0, 1.0) + 0.0 }
    }

    /// The coordinate of a step; 0 for a continuum.
    pub(super) fn middle(&self, number: u64) -> f64 {
        match *self {
            Self::Steps { scale: Scale::Linear, last, .. } if last < PLACES => {
                (number as f64 + 0.5) / (last as f64 + 1.0)
            }
            Self::Steps { scale: Scale::Linear, last, .. } => {
                let place = u128::from(number) * u128::from(PLACES) / (u128::from(last) + 1);
                (place as f64 + 0.5) / PLACES as f64
            }
            Self::Steps { scale: Scale::Log { edge, width }, .. } => {
                ((number as f64 + 0.5) / edge).ln_1p() / width
            }
            Self::Real { .. } => 0.0,
        }
    }

    /// The step whose cell has a coordinate; 0 for a continuum.
    pub(super) fn number(&self, coordinate: f64) -> u64 {
        match *self {
            // `as` saturates, here and below.
            Self::Steps { scale: Scale::Linear, last, .. } if last < PLACES => {
                ((coordinate * (last as f64 + 1.0)).floor() as u64).min(last)
            }
            Self::Steps { scale: Scale::Linear, last, .. } => {
                let place = ((coordinate * PLACES as f64).floor() as u64).min(PLACES - 1);
                let count = u128::from(last) + 1;
                let start = |place: u64| (u128::from(place) * count).div_ceil(u128::from(PLACES)) as u64;
                match place {
                    // Both ends can be reached.
                    0 => 0,
                    place if place == PLACES - 1 => last,
                    place => start(place) + scattered(place) % (start(place + 1) - start(place)),
                }
            }
            Self::Steps { scale: Scale::Log { edge, width }, last, .. } => {
                let number = ((coordinate * width).exp_m1() * edge).floor() as u64;
                // What a coordinate does not tell apart.
                let blur = number / PLACES + 1;
                if coordinate >= 1.0 || number >= last {
                    return last;
                }
                (number - number % blur).saturating_add(scattered(coordinate.to_bits()) % blur).min(last)
            }
            Self::Real { .. } => 0,
        }
    }

    /// The cell of the value at a coordinate: its middle and its width; `None` for a continuum.
    pub(in crate::sampler) fn cell(&self, coordinate: f64) -> Option<(f64, f64)> {
        let Self::Steps { scale, last, .. } = *self else { return None };
        let number = self.number(coordinate);
        let (middle, cell) = match scale {
            Scale::Linear => (self.middle(number), 1.0 / (last as f64 + 1.0)),
            Scale::Log { edge, width } => {
                let below = (number as f64 / edge).ln_1p() / width;
                // Subtracting logarithms would lose it.
                let cell = (1.0 / (edge + number as f64)).ln_1p() / width;
                (below + cell / 2.0, cell)
            }
        };
        Some((middle, if cell.is_finite() { cell.max(f64::MIN_POSITIVE) } else { 1.0 }))
    }
}

/// A number that looks random, the same for the same place (the finish of `SplitMix64`).
fn scattered(place: u64) -> u64 {
    let mixed = (place ^ (place >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
