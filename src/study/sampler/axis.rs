//! One parameter as the samplers see it: every range becomes the unit interval, logarithmic ranges
//! after taking logarithms, stepped ranges widened by half a step at both ends so that each of
//! their values owns a cell.

use rand::RngExt;

use crate::rng::ChaCha8Rng;
use crate::spec::{Distribution, Space};
use crate::trial::{ParamValue, Params};

/// A parameter's values and where they lie.
#[derive(Clone, Debug)]
pub(in crate::study) enum Axis<'a> {
    /// Numbers; the coordinate is a place in `0..=1`.
    Range(Range),
    /// Names without order; the coordinate is the position in the list.
    Choice(&'a [ParamValue]),
}

/// A numeric parameter.
#[derive(Clone, Debug)]
pub(in crate::study) struct Range {
    /// The allowed values.
    values: Values,
    /// Whether the coordinate is linear in the logarithm.
    log: bool,
    /// Coordinate 0, on the (logarithmic) scale.
    start: f64,
    /// Coordinate 1, on the (logarithmic) scale.
    end: f64,
}

#[derive(Clone, Debug)]
enum Values {
    Real {
        low: f64,
        high: f64,
    },
    /// `low + k · step` for k in `0..=last`, cut at `high` against rounding.
    RealGrid {
        low: f64,
        high: f64,
        step: f64,
        last: u64,
    },
    /// `low + k · step` for k in `0..=last`.
    IntGrid {
        low: i64,
        step: i64,
        last: u64,
    },
}

/// The axes of a space, in its order.
pub(in crate::study) fn axes(space: &Space) -> Vec<Axis<'_>> {
    space.iter().map(|(_, distribution)| Axis::of(distribution)).collect()
}

/// What a coordinate is where its parameter does not exist. Always this NaN, so that equal points
/// have equal bits.
pub(super) const ABSENT: f64 = f64::NAN;

/// The values at `point`, one coordinate per axis, under their names. Where a parameter does not
/// exist beside the others, its coordinate becomes [`ABSENT`].
pub(in crate::study) fn to_params(space: &Space, axes: &[Axis<'_>], point: &mut [f64]) -> Params {
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
pub(super) fn draw_evenly(axes: &[Axis<'_>], rng: &mut ChaCha8Rng) -> Vec<f64> {
    axes.iter().map(|axis| axis.draw_evenly(rng)).collect()
}

impl<'a> Axis<'a> {
    /// The axis of one parameter.
    pub(in crate::study) fn of(distribution: &'a Distribution) -> Self {
        let (values, log) = match distribution {
            Distribution::Choice(values) => return Self::Choice(values),
            &Distribution::Uniform { low, high, step: None } => (Values::Real { low, high }, false),
            &Distribution::Uniform { low, high, step: Some(step) } => {
                let last = ((high - low) / step + 1e-9).floor() as u64;
                (Values::RealGrid { low, high, step, last }, false)
            }
            &Distribution::Log { low, high } => (Values::Real { low, high }, true),
            &Distribution::Int { low, high, step } => (Values::int_grid(low, high, step), false),
            &Distribution::IntLog { low, high } => (Values::int_grid(low, high, 1), true),
        };
        let (mut start, mut end) = values.extent();
        if log {
            (start, end) = (start.ln(), end.ln());
        }
        Self::Range(Range { values, log, start, end })
    }

    /// The value at a coordinate; the nearest one where there are steps.
    pub(in crate::study) fn decode(&self, coordinate: f64) -> ParamValue {
        match self {
            Self::Range(range) => range.decode(coordinate),
            Self::Choice(values) => values[(coordinate as usize).min(values.len() - 1)].clone(),
        }
    }

    /// The coordinate of a value; `None` when the value does not belong to this parameter.
    pub(in crate::study) fn encode(&self, value: &ParamValue) -> Option<f64> {
        match self {
            Self::Range(range) => range.encode(value),
            Self::Choice(values) => values.iter().position(|known| known == value).map(|at| at as f64),
        }
    }

    /// Moves a coordinate to that of the nearest value, exactly as [`Axis::encode`] gives it.
    pub(super) fn snap(&self, coordinate: f64) -> f64 {
        match self {
            Self::Range(range) => range.place(range.nearest(coordinate)),
            Self::Choice(_) => coordinate,
        }
    }

    /// The coordinate of a value drawn evenly: every value of a list, every step of a stepped
    /// range and every place of the (logarithmic) scale is equally likely.
    pub(in crate::study) fn draw_evenly(&self, rng: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Choice(values) => rng.random_range(0..values.len() as u64) as f64,
            Self::Range(range) => self.snap(match (range.cells(), range.log) {
                (Some(cells), false) => (rng.random_range(0..=cells) as f64 + 0.5) / (cells as f64 + 1.0),
                _ => rng.random(),
            }),
        }
    }

    /// The coordinate of the value below which this share of all values lies (0 to 1): evenly spread
    /// shares give evenly spread values, in the sense of [`Axis::draw_evenly`].
    pub(super) fn at_share(&self, share: f64) -> f64 {
        let nth = |count: f64| (share * count).floor().clamp(0.0, count - 1.0);
        match self {
            Self::Choice(values) => nth(values.len() as f64),
            Self::Range(range) => self.snap(match (range.cells(), range.log) {
                (Some(last), false) => (nth(last as f64 + 1.0) + 0.5) / (last as f64 + 1.0),
                _ => share,
            }),
        }
    }

    /// The coordinates of all values; `None` for a continuum and for more of them than anybody lists.
    pub(super) fn coordinates(&self) -> Option<Vec<f64>> {
        const MOST: f64 = 16_384.0;
        let count = self.cardinality().filter(|count| *count <= MOST)? as u64;
        Some(match self {
            Self::Range(range) => (0..count).map(|number| range.place(range.value(number))).collect(),
            Self::Choice(_) => (0..count).map(|choice| choice as f64).collect(),
        })
    }

    /// How many different values there are; `None` for a continuum.
    pub(super) fn cardinality(&self) -> Option<f64> {
        match self {
            Self::Range(range) => range.cells().map(|last| last as f64 + 1.0),
            Self::Choice(values) => Some(values.len() as f64),
        }
    }
}

impl Values {
    fn int_grid(low: i64, high: i64, step: i64) -> Self {
        let last = (i128::from(high) - i128::from(low)) / i128::from(step.max(1));
        Self::IntGrid { low, step, last: last as u64 }
    }

    /// Both ends, widened by half a step where there are steps.
    fn extent(&self) -> (f64, f64) {
        match *self {
            Self::Real { low, high } => (low, high),
            Self::RealGrid { low, step, last, .. } => (low - step / 2.0, low + (last as f64 + 0.5) * step),
            Self::IntGrid { low, step, last } => {
                let (low, step) = (low as f64, step as f64);
                (low - step / 2.0, low + (last as f64 + 0.5) * step)
            }
        }
    }
}

impl Range {
    /// The largest step number; `None` for a continuum.
    fn cells(&self) -> Option<u64> {
        match self.values {
            Values::Real { .. } => None,
            Values::RealGrid { last, .. } | Values::IntGrid { last, .. } => Some(last),
        }
    }

    /// Coordinate → place on the value scale, not yet rounded to a step.
    fn unrounded(&self, coordinate: f64) -> f64 {
        // As a weighted mean, because `end - start` may overflow.
        let place = self.start * (1.0 - coordinate) + self.end * coordinate;
        if self.log { place.exp() } else { place }
    }

    /// Place on the value scale → coordinate.
    fn place(&self, value: f64) -> f64 {
        let place = if self.log { value.ln() } else { value };
        let half_width = self.end / 2.0 - self.start / 2.0;
        let coordinate = (place / 2.0 - self.start / 2.0) / half_width;
        // A range so narrow at so large a value that its ends are one float.
        // Adding 0 turns -0 into 0, so that equal coordinates have equal bits.
        if coordinate.is_nan() { 0.5 } else { coordinate.clamp(0.0, 1.0) + 0.0 }
    }

    /// The value nearest to a coordinate, as a number.
    fn nearest(&self, coordinate: f64) -> f64 {
        match self.values {
            Values::Real { low, high } => self.unrounded(coordinate).clamp(low, high),
            Values::RealGrid { low, step, .. } => self.value(self.step_number(coordinate, low, step)),
            Values::IntGrid { .. } => self.nearest_int(coordinate) as f64,
        }
    }

    /// The value of a step, as a number; `low` for a continuum.
    fn value(&self, number: u64) -> f64 {
        match self.values {
            Values::Real { low, .. } => low,
            Values::RealGrid { low, high, step, .. } => (low + number as f64 * step).min(high),
            // No overflow: `low + last · step` is at most `high`.
            Values::IntGrid { low, step, .. } => {
                (i128::from(low) + i128::from(number) * i128::from(step)) as i64 as f64
            }
        }
    }

    fn nearest_int(&self, coordinate: f64) -> i64 {
        let Values::IntGrid { low, step, .. } = self.values else { return 0 };
        let number = self.step_number(coordinate, low as f64, step as f64);
        // No overflow: the number is at most `last`, and `low + last · step` is at most `high`.
        (i128::from(low) + i128::from(number) * i128::from(step)) as i64
    }

    fn step_number(&self, coordinate: f64, low: f64, step: f64) -> u64 {
        // `as` saturates, so a place before the first step becomes the first.
        let number = ((self.unrounded(coordinate) - low) / step).round() as u64;
        number.min(self.cells().unwrap_or(0))
    }

    fn decode(&self, coordinate: f64) -> ParamValue {
        match self.values {
            Values::IntGrid { .. } => ParamValue::Int(self.nearest_int(coordinate)),
            _ => ParamValue::Float(self.nearest(coordinate)),
        }
    }

    fn encode(&self, value: &ParamValue) -> Option<f64> {
        let inside = match (&self.values, value) {
            (&Values::Real { low, high } | &Values::RealGrid { low, high, .. }, ParamValue::Float(x)) => {
                (low..=high).contains(x)
            }
            (&Values::IntGrid { low, .. }, &ParamValue::Int(x)) => {
                let (start, end) = self.values.extent();
                x >= low && (start..=end).contains(&(x as f64))
            }
            _ => false,
        };
        value.as_f64().filter(|_| inside).map(|x| self.place(x))
    }

    /// The cell of the value at a coordinate: its middle and its width; `None` for a continuum.
    pub(super) fn cell(&self, coordinate: f64) -> Option<(f64, f64)> {
        let step = match self.values {
            Values::Real { .. } => return None,
            Values::RealGrid { step, .. } => step,
            Values::IntGrid { step, .. } => step as f64,
        };
        let value = self.nearest(coordinate);
        let (middle, width) = if self.log {
            // Half the width is atanh(step / 2 / value): subtracting logarithms would lose it.
            let (below, above) = (value - step / 2.0, value + step / 2.0);
            (below.sqrt() * above.sqrt(), 2.0 * (step / 2.0 / value).atanh())
        } else {
            (value, step)
        };
        let width = width / 2.0 / (self.end / 2.0 - self.start / 2.0);
        Some((self.place(middle), if width.is_finite() { width.max(f64::MIN_POSITIVE) } else { 1.0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;

    fn int(low: i64, high: i64, step: i64) -> Distribution {
        Distribution::Int { low, high, step }
    }

    #[test]
    fn values_survive_the_way_to_coordinates_and_back() {
        let mut rng = SeedTree::new(1).rng("axis");
        let choices = ["a", "b", "c"].map(|name| ParamValue::Text(name.to_owned()));
        for distribution in [
            int(-3, 12, 5),
            Distribution::IntLog { low: 1, high: 1000 },
            Distribution::Uniform { low: 0.1, high: 0.95, step: Some(0.05) },
            Distribution::Choice(choices.to_vec()),
        ] {
            let axis = Axis::of(&distribution);
            for _ in 0..200 {
                let value = axis.decode(axis.draw_evenly(&mut rng));
                assert!(distribution.contains(&value), "{value:?} in {distribution:?}");
                let coordinate = axis.encode(&value).unwrap();
                assert_eq!(axis.decode(coordinate), value);
                assert_eq!(axis.snap(coordinate).to_bits(), coordinate.to_bits());
            }
        }
    }

    #[test]
    fn every_step_is_drawn_equally_often() {
        let distribution = int(0, 3, 1);
        let axis = Axis::of(&distribution);
        let mut rng = SeedTree::new(2).rng("axis");
        let mut counts = [0_u32; 4];
        for _ in 0..4000 {
            let ParamValue::Int(value) = axis.decode(axis.draw_evenly(&mut rng)) else { unreachable!() };
            counts[value as usize] += 1;
        }
        assert!(counts.iter().all(|count| (880..1120).contains(count)), "{counts:?}");
    }

    #[test]
    fn log_draws_are_even_in_the_logarithm() {
        let distribution = Distribution::Log { low: 1e-4, high: 1.0 };
        let axis = Axis::of(&distribution);
        let mut rng = SeedTree::new(3).rng("axis");
        let small =
            (0..4000).filter(|_| axis.decode(axis.draw_evenly(&mut rng)).as_f64().unwrap() < 1e-2).count();
        assert!((1880..2120).contains(&small), "{small} of 4000 are below the middle");
    }

    #[test]
    fn the_cells_of_a_range_fill_it_without_gaps() {
        for distribution in [int(2, 20, 3), Distribution::IntLog { low: 1, high: 30 }] {
            let Axis::Range(range) = Axis::of(&distribution) else { unreachable!() };
            let mut edge = 0.0;
            let Distribution::Int { low, high, step } = distribution else {
                let total: f64 = (1..=30).map(|x| range.cell(range.place(f64::from(x))).unwrap().1).sum();
                approx::assert_abs_diff_eq!(total, 1.0, epsilon = 1e-12);
                continue;
            };
            for value in (low..=high).step_by(step as usize) {
                let (middle, width) = range.cell(range.place(value as f64)).unwrap();
                approx::assert_abs_diff_eq!(middle - width / 2.0, edge, epsilon = 1e-12);
                edge = middle + width / 2.0;
            }
            approx::assert_abs_diff_eq!(edge, 1.0, epsilon = 1e-12);
        }
    }

    #[test]
    fn foreign_values_have_no_coordinate() {
        let distribution = int(0, 10, 1);
        let axis = Axis::of(&distribution);
        for value in [ParamValue::Int(11), ParamValue::Float(3.0), ParamValue::Bool(true)] {
            assert_eq!(axis.encode(&value), None, "{value:?}");
        }
    }

    #[test]
    fn the_widest_ranges_do_not_overflow() {
        let mut rng = SeedTree::new(4).rng("axis");
        let quarter = i64::MAX / 2;
        for distribution in [
            Distribution::Uniform { low: -f64::MAX, high: f64::MAX, step: None },
            Distribution::Log { low: f64::MIN_POSITIVE, high: f64::MAX },
            int(-quarter, quarter, 1),
            int(quarter, quarter + 1, 1),
            Distribution::IntLog { low: 1, high: i64::MAX },
        ] {
            let axis = Axis::of(&distribution);
            for _ in 0..100 {
                let coordinate = axis.draw_evenly(&mut rng);
                assert!((0.0..=1.0).contains(&coordinate), "{coordinate} for {distribution:?}");
                let value = axis.decode(coordinate);
                assert!(distribution.contains(&value), "{value:?} in {distribution:?}");
            }
        }
    }
}
