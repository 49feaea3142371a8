//! One parameter as the samplers see it: every range becomes the unit interval, logarithmic ranges
//! after taking logarithms, stepped ranges widened by half a step at both ends so that each of
//! their values owns a cell. A range of one value is a list of one.

mod range;

use std::borrow::Cow;

use rand::RngExt;

use crate::space::{Distribution, Space, Steps};
use crate::trial::{ParamValue, Params};
pub(crate) use range::{Range, Scale, Values};
use uaic_kernel::rng::ChaCha8Rng;

/// A parameter's values and where they lie.
#[derive(Clone, Debug)]
pub(crate) enum Axis<'a> {
    /// Numbers; the coordinate is a place in `0..=1`.
    Range(Range),
    /// Names without order; the coordinate is the position in the list.
    Choice(Cow<'a, [ParamValue]>),
}

/// The axes of a space, in its order.
pub(crate) fn axes(space: &Space) -> Vec<Axis<'_>> {
    space.iter().map(|(_, distribution)| Axis::of(distribution)).collect()
}

/// What a coordinate is where its parameter does not exist. Always this NaN, so that equal points
/// have equal bits.
pub(in crate::sampler) const ABSENT: f64 = f64::NAN;

/// The values at `point`, one coordinate per axis, under their names. Where a parameter does not
/// exist beside the others, its coordinate becomes [`ABSENT`].
pub(crate) fn to_params(space: &Space, axes: &[Axis<'_>], point: &mut [f64]) -> Params {
    let mut params: Params = space
        .iter()
        .zip(axes)
        .zip(&*point)
        .filter(|(_, coordinate)| !coordinate.is_nan())
        .map(|(((name, _), axis), &coordinate)| (name.to_owned(), axis.decode(coordinate)))
        .collect();
    space.prune(&mut params);
    if params.len() < axes.len() {
        for ((name, _), coordinate) in space.iter().zip(point) {
            if !params.contains_key(name) {
                *coordinate = ABSENT;
            }
        }
    }
    params
}

/// A point drawn evenly from the space: one coordinate per axis.
pub(in crate::sampler) fn draw_evenly(axes: &[Axis<'_>], rng: &mut ChaCha8Rng) -> Vec<f64> {
    axes.iter().map(|axis| axis.draw_evenly(rng)).collect()
}

impl<'a> Axis<'a> {
    /// The axis of one parameter.
    pub(crate) fn of(distribution: &'a Distribution) -> Self {
        if let Distribution::Choice(values) = distribution {
            return Self::Choice(values.into());
        }
        if let Some(only) = distribution.only() {
            return Self::Choice(vec![only].into());
        }
        Self::Range(match *distribution {
            Distribution::Uniform { low, high, step: Some(step) } => {
                let steps = Steps::new(low, high, step);
                Range::Steps { values: Values::Real(steps), scale: Scale::Linear, last: steps.last() }
            }
            Distribution::Log { low, high } => {
                Range::Real { low, high, log: true, scale: (low.ln(), high.ln()) }
            }
            Distribution::Int { low, high, step } => Range::whole(low, high, step, Scale::Linear),
            Distribution::IntLog { low, high } => {
                let edge = low as f64 - 0.5;
                let cells = high.abs_diff(low) as f64 + 1.0;
                Range::whole(low, high, 1, Scale::Log { edge, width: (cells / edge).ln_1p() })
            }
            Distribution::Uniform { low, high, .. } => {
                Range::Real { low, high, log: false, scale: (low, high) }
            }
            Distribution::Choice(_) => return Self::Choice(Cow::Borrowed(&[])),
        })
    }

    /// The value at a coordinate; the nearest one where there are steps.
    pub(crate) fn decode(&self, coordinate: f64) -> ParamValue {
        match self {
            Self::Range(range) => range.decode(coordinate),
            Self::Choice(values) => values[(coordinate as usize).min(values.len() - 1)].clone(),
        }
    }

    /// The coordinate of a value; `None` when the value does not belong to this parameter.
    pub(crate) fn encode(&self, value: &ParamValue) -> Option<f64> {
        match self {
            Self::Range(range) => range.encode(value),
            Self::Choice(values) => values.iter().position(|known| known == value).map(|at| at as f64),
        }
    }

    /// Moves a coordinate to that of the nearest value, exactly as [`Axis::encode`] gives it.
    pub(in crate::sampler) fn snap(&self, coordinate: f64) -> f64 {
        match self {
            Self::Range(range) => range.snap(coordinate),
            Self::Choice(_) => coordinate,
        }
    }

    /// The coordinate of a value drawn evenly: every value of a list, every step of a stepped
    /// range and every place of the (logarithmic) scale is equally likely.
    pub(crate) fn draw_evenly(&self, rng: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Choice(values) => rng.random_range(0..values.len() as u64) as f64,
            Self::Range(range @ Range::Steps { scale: Scale::Linear, last, .. }) => {
                range.middle(rng.random_range(0..=*last))
            }
            Self::Range(range) => range.snap(rng.random()),
        }
    }

    /// The coordinate of the value below which this share of all values lies (0 to 1): evenly spread
    /// shares give evenly spread values, in the sense of [`Axis::draw_evenly`].
    pub(in crate::sampler) fn at_share(&self, share: f64) -> f64 {
        match self {
            Self::Choice(values) => {
                let count = values.len() as f64;
                (share * count).floor().clamp(0.0, count - 1.0)
            }
            Self::Range(range) => range.snap(share),
        }
    }

    /// The coordinates of all values; `None` for a continuum and for more of them than anybody lists.
    pub(in crate::sampler) fn coordinates(&self) -> Option<Vec<f64>> {
        const MOST: f64 = 16_384.0;
        let count = self.cardinality().filter(|count| *count <= MOST)? as u64;
        Some(match self {
            Self::Range(range) => (0..count).map(|number| range.middle(number)).collect(),
            Self::Choice(_) => (0..count).map(|choice| choice as f64).collect(),
        })
    }

    /// How many different values there are; `None` for a continuum.
    pub(in crate::sampler) fn cardinality(&self) -> Option<f64> {
        match self {
            Self::Range(Range::Real { .. }) => None,
            Self::Range(Range::Steps { last, .. }) => Some(*last as f64 + 1.0),
            Self::Choice(values) => Some(values.len() as f64),
        }
    }
}

#[cfg(test)]
mod tests;
