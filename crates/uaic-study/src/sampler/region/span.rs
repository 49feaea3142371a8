//! What is left of one parameter: a part of its range, or some of its choices.

use rand::RngExt;

use super::super::axis::Axis;
use crate::space::{Distribution, Interval};
use crate::trial::ParamValue;
use uaic_kernel::rng::ChaCha8Rng;

/// A part of a distribution. Never empty.
#[derive(Clone, Debug)]
pub(super) enum Span<'a> {
    /// Every number from `low` to `high`.
    Real { low: f64, high: f64, log: bool },
    /// The steps from `first` to `last`.
    Steps { steps: Steps<'a>, first: u64, last: u64 },
    /// Some positions of a list, rising.
    Choice { values: &'a [ParamValue], left: Vec<usize> },
}

/// Numbers at equal distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Steps<'a> {
    /// `low + k · step`, as the distribution has it.
    Real { low: f64, high: f64, step: f64, of: &'a Distribution },
    /// `low + k · step`; `log` where small ones are as likely as large ones.
    Whole { low: i64, step: i64, log: bool },
}

impl Steps<'_> {
    fn value(self, number: u64) -> ParamValue {
        match self {
            Self::Real { low, high, step, of } => {
                let near = ParamValue::Float((low + number as f64 * step).min(high));
                let axis = Axis::of(of);
                axis.encode(&near).map_or(near, |coordinate| axis.decode(coordinate))
            }
            Self::Whole { low, step, .. } => {
                ParamValue::Int((i128::from(low) + i128::from(number) * i128::from(step)) as i64)
            }
        }
    }

    fn has(self, number: u64, value: &ParamValue) -> bool {
        match self {
            // What rounding makes of a step is that step, too.
            Self::Real { of, .. } => of.contains(value),
            Self::Whole { .. } => self.value(number) == *value,
        }
    }

    fn number(self, number: u64) -> f64 {
        self.value(number).as_f64().unwrap_or(f64::NAN)
    }

    /// How many steps a number is above the first one, with a fraction.
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Real { low, step, .. } => (value - low) / step,
            Self::Whole { low, step, .. } => (value - low as f64) / step as f64,
        }
    }
}

impl<'a> Span<'a> {
    /// All of a distribution.
    pub(super) fn of(distribution: &'a Distribution) -> Self {
        let whole = |low: i64, high: i64, step: i64, log| {
            let last = (i128::from(high) - i128::from(low)) / i128::from(step.max(1));
            Self::Steps { steps: Steps::Whole { low, step: step.max(1), log }, first: 0, last: last as u64 }
        };
        match *distribution {
            Distribution::Uniform { low, high, step: None } => Self::Real { low, high, log: false },
            Distribution::Uniform { low, high, step: Some(step) } => {
                let last = ((high - low) / step + 1e-9).floor() as u64;
                Self::Steps { steps: Steps::Real { low, high, step, of: distribution }, first: 0, last }
            }
            Distribution::Log { low, high } => Self::Real { low, high, log: true },
            Distribution::Int { low, high, step } => whole(low, high, step, false),
            Distribution::IntLog { low, high } => whole(low, high, 1, true),
            Distribution::Choice(ref values) => Self::Choice { values, left: (0..values.len()).collect() },
        }
    }

    /// The bounds of its numbers; `None` where some of it is no number.
    pub(super) fn bounds(&self) -> Option<Interval> {
        match self {
            Self::Real { low, high, .. } => Some(Interval { low: *low, high: *high }),
            Self::Steps { steps, first, last } => {
                Some(Interval { low: steps.number(*first), high: steps.number(*last) })
            }
            Self::Choice { values, left } => {
                let numbers = left.iter().map(|&at| values[at].as_f64()).collect::<Option<Vec<f64>>>()?;
                let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                Some(Interval { low, high: numbers.into_iter().fold(low, f64::max) })
            }
        }
    }

    /// Takes away what lies outside of bounds; whether anything is left.
    pub(super) fn narrow(&mut self, bounds: Interval) -> bool {
        match self {
            Self::Real { low, high, .. } => {
                let left = bounds.and(Interval { low: *low, high: *high });
                (*low, *high) = (left.low, left.high);
                !left.is_empty()
            }
            Self::Steps { steps, first, last } => {
                // What rounding can do to a place, however far it is.
                let slack = |place: f64| 1e-9 + place.abs() * 1e-15;
                let (from, to) = (steps.place(bounds.low), steps.place(bounds.high));
                // `as` saturates, so what lies below the first step becomes the first.
                *first = (*first).max((from - slack(from)).ceil() as u64);
                let highest = (to + slack(to)).floor();
                if highest < 0.0 {
                    return false;
                }
                *last = (*last).min(highest as u64);
                first <= last
            }
            Self::Choice { values, left } => {
                left.retain(|&at| values[at].as_f64().is_none_or(|number| bounds.contains(number)));
                !left.is_empty()
            }
        }
    }

    /// The one value that is left; `None` where there are several.
    pub(super) fn single(&self) -> Option<ParamValue> {
        match self {
            Self::Real { low, high, .. } => (low >= high).then_some(ParamValue::Float(*low)),
            Self::Steps { steps, first, last } => (first == last).then(|| steps.value(*first)),
            Self::Choice { values, left } => match left[..] {
                [only] => Some(values[only].clone()),
                _ => None,
            },
        }
    }

    /// All values that are left; `None` for a continuum, and for more than `most`.
    pub(super) fn values(&self, most: usize) -> Option<Vec<ParamValue>> {
        match self {
            Self::Real { .. } => self.single().map(|value| vec![value]),
            Self::Steps { steps, first, last } => {
                ((last - first) < most as u64).then(|| (*first..=*last).map(|k| steps.value(k)).collect())
            }
            Self::Choice { values, left } => {
                (left.len() <= most).then(|| left.iter().map(|&at| values[at].clone()).collect())
            }
        }
    }

    /// Whether a value is left.
    pub(super) fn has(&self, value: &ParamValue) -> bool {
        match (self, value) {
            (Self::Real { low, high, .. }, ParamValue::Float(x)) => (*low..=*high).contains(x),
            (Self::Steps { steps, first, last }, value) => {
                let Some(x) = value.as_f64() else { return false };
                let place = steps.place(x).round().max(0.0) as u64;
                (*first..=*last).contains(&place) && steps.has(place, value)
            }
            (Self::Choice { values, left }, value) => left.iter().any(|&at| values[at] == *value),
            _ => false,
        }
    }

    /// Leaves one value, which it has.
    pub(super) fn fix(&mut self, value: &ParamValue) {
        match self {
            Self::Real { low, high, .. } => {
                (*low, *high) = value.as_f64().map_or((*low, *high), |x| (x, x));
            }
            Self::Steps { steps, first, last } => {
                let place = value.as_f64().map_or(0.0, |x| steps.place(x).round()).max(0.0) as u64;
                let place = place.clamp(*first, *last);
                (*first, *last) = (place, place);
            }
            Self::Choice { values, left } => left.retain(|&at| values[at] == *value),
        }
    }

    /// One of its values, evenly on the scale of the distribution. Where a continuum is hardly more than
    /// one number, its ends are as likely as its middle.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> ParamValue {
        let share: f64 = rng.random();
        match self {
            Self::Real { low, high, log } => {
                let x = if *log {
                    (low.ln() * (1.0 - share) + high.ln() * share).exp()
                } else {
                    low * (1.0 - share) + high * share
                };
                let x = if high - low <= 1e-13 * low.abs().max(high.abs()) {
                    [*low, f64::midpoint(*low, *high), *high][(share * 3.0) as usize % 3]
                } else {
                    x
                };
                ParamValue::Float(x.clamp(*low, *high))
            }
            Self::Steps { steps: steps @ Steps::Whole { log: true, .. }, first, last } => {
                let (low, high) = (steps.number(*first) - 0.5, steps.number(*last) + 0.5);
                let x = (low.ln() * (1.0 - share) + high.ln() * share).exp();
                steps.value((steps.place(x).round().max(0.0) as u64).clamp(*first, *last))
            }
            Self::Steps { steps, first, last } => steps.value(rng.random_range(*first..=*last)),
            Self::Choice { values, left } => {
                values[left[rng.random_range(0..left.len() as u64) as usize]].clone()
            }
        }
    }

    /// How much of the scale is left, roughly; 0 where that is one value.
    pub(super) fn width(&self) -> f64 {
        match self {
            _ if self.single().is_some() => 0.0,
            Self::Real { low, high, log: true } => high.ln() - low.ln(),
            Self::Real { low, high, .. } => high - low,
            Self::Steps { first, last, .. } => (last - first) as f64,
            Self::Choice { left, .. } => left.len() as f64,
        }
    }

    /// Two parts of it, and the share of the first; `None` where it is one value.
    pub(super) fn halves(&self, rng: &mut ChaCha8Rng) -> Option<(Self, Self, f64)> {
        if self.single().is_some() {
            return None;
        }
        Some(match self {
            Self::Real { low, high, log } => {
                let middle =
                    if *log { (low.ln() / 2.0 + high.ln() / 2.0).exp() } else { f64::midpoint(*low, *high) };
                let middle = middle.clamp(*low, *high);
                let (low, high, log) = (*low, *high, *log);
                // Neighbours have no number between them.
                let above = if middle >= high { high } else { middle.next_up() };
                let below = if middle >= high { high.next_down() } else { middle };
                (Self::Real { low, high: below, log }, Self::Real { low: above, high, log }, 0.5)
            }
            Self::Steps { steps, first, last } => {
                let middle = first + (last - first) / 2;
                let share = (middle - first + 1) as f64 / (last - first + 1) as f64;
                (
                    Self::Steps { steps: *steps, first: *first, last: middle },
                    Self::Steps { steps: *steps, first: middle + 1, last: *last },
                    share,
                )
            }
            Self::Choice { values, left } => {
                let mut rest = left.clone();
                let taken = rest.remove(rng.random_range(0..left.len() as u64) as usize);
                let share = 1.0 / left.len() as f64;
                (Self::Choice { values, left: vec![taken] }, Self::Choice { values, left: rest }, share)
            }
        })
    }
}
