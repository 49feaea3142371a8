//! One parameter as the samplers see it: every range becomes the unit interval, logarithmic ranges
//! after taking logarithms, stepped ranges widened by half a step at both ends so that each of
//! their values owns a cell. A range of one value is a list of one.
//!
//! Values with steps are counted, not computed: between a coordinate and a value stands the number of
//! a step, so that whole numbers are exact over all 64 bits, and decimals are what they are written as.

use std::borrow::Cow;

use rand::RngExt;

use crate::space::{Distribution, Space, Steps};
use crate::trial::{ParamValue, Params};
use uaic_kernel::rng::ChaCha8Rng;

/// A parameter's values and where they lie.
#[derive(Clone, Debug)]
pub(crate) enum Axis<'a> {
    /// Numbers; the coordinate is a place in `0..=1`.
    Range(Range),
    /// Names without order; the coordinate is the position in the list.
    Choice(Cow<'a, [ParamValue]>),
}

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

/// The axes of a space, in its order.
pub(crate) fn axes(space: &Space) -> Vec<Axis<'_>> {
    space.iter().map(|(_, distribution)| Axis::of(distribution)).collect()
}

/// What a coordinate is where its parameter does not exist. Always this NaN, so that equal points
/// have equal bits.
pub(super) const ABSENT: f64 = f64::NAN;

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
pub(super) fn draw_evenly(axes: &[Axis<'_>], rng: &mut ChaCha8Rng) -> Vec<f64> {
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
    pub(super) fn snap(&self, coordinate: f64) -> f64 {
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
    pub(super) fn at_share(&self, share: f64) -> f64 {
        match self {
            Self::Choice(values) => {
                let count = values.len() as f64;
                (share * count).floor().clamp(0.0, count - 1.0)
            }
            Self::Range(range) => range.snap(share),
        }
    }

    /// The coordinates of all values; `None` for a continuum and for more of them than anybody lists.
    pub(super) fn coordinates(&self) -> Option<Vec<f64>> {
        const MOST: f64 = 16_384.0;
        let count = self.cardinality().filter(|count| *count <= MOST)? as u64;
        Some(match self {
            Self::Range(range) => (0..count).map(|number| range.middle(number)).collect(),
            Self::Choice(_) => (0..count).map(|choice| choice as f64).collect(),
        })
    }

    /// How many different values there are; `None` for a continuum.
    pub(super) fn cardinality(&self) -> Option<f64> {
        match self {
            Self::Range(Range::Real { .. }) => None,
            Self::Range(Range::Steps { last, .. }) => Some(*last as f64 + 1.0),
            Self::Choice(values) => Some(values.len() as f64),
        }
    }
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
    fn whole(low: i64, high: i64, step: i64, scale: Scale) -> Self {
        let last = high.abs_diff(low) / step.max(1).unsigned_abs();
        Self::Steps { values: Values::Whole { low, step: step.max(1) }, scale, last }
    }

    fn decode(&self, coordinate: f64) -> ParamValue {
        match *self {
            Self::Real { .. } => ParamValue::Float(self.real(coordinate)),
            Self::Steps { values, .. } => values.at(self.number(coordinate)),
        }
    }

    fn encode(&self, value: &ParamValue) -> Option<f64> {
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

    fn snap(&self, coordinate: f64) -> f64 {
        match *self {
            Self::Real { .. } => self.place(self.real(coordinate)),
            Self::Steps { .. } => self.middle(self.number(coordinate)),
        }
    }

    /// The value of a continuum at a coordinate; 0 for steps.
    fn real(&self, coordinate: f64) -> f64 {
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
    fn place(&self, value: f64) -> f64 {
        let Self::Real { log, scale: (start, end), .. } = *self else { return 0.0 };
        let place = if log { value.ln() } else { value };
        let half_width = end / 2.0 - start / 2.0;
        let coordinate = (place / 2.0 - start / 2.0) / half_width;
        // A range so narrow at so large a value that its ends are one float.
        // Adding 0 turns -0 into 0, so that equal coordinates have equal bits.
        if coordinate.is_nan() { 0.5 } else { coordinate.clamp(0.0, 1.0) + 0.0 }
    }

    /// The coordinate of a step; 0 for a continuum.
    fn middle(&self, number: u64) -> f64 {
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
    fn number(&self, coordinate: f64) -> u64 {
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
    pub(super) fn cell(&self, coordinate: f64) -> Option<(f64, f64)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use uaic_kernel::rng::SeedTree;

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
    fn whole_numbers_are_exact_over_all_64_bits() {
        let mut rng = SeedTree::new(6).rng("axis");
        let large = 1_i64 << 53;
        for distribution in [
            int(large, large + 4, 1),
            int(i64::MAX - 4, i64::MAX, 1),
            int(i64::MIN, i64::MIN + 4, 1),
            int(i64::MIN, i64::MIN + 12, 3),
            Distribution::IntLog { low: large, high: large + 4 },
            Distribution::IntLog { low: i64::MAX - 4, high: i64::MAX },
        ] {
            let axis = Axis::of(&distribution);
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..200 {
                let value = axis.decode(axis.draw_evenly(&mut rng));
                assert!(distribution.contains(&value), "{value} in {distribution}");
                assert_eq!(axis.decode(axis.encode(&value).unwrap()), value, "{distribution}");
                seen.insert(value.to_string());
            }
            assert_eq!(seen.len(), 5, "{distribution}: {seen:?}");
        }
    }

    #[test]
    fn huge_ranges_have_numbers_of_every_kind_and_both_ends() {
        let mut rng = SeedTree::new(7).rng("axis");
        for distribution in [
            int(0, i64::MAX, 1),
            int(i64::MIN, i64::MAX, 1),
            int(i64::MIN, i64::MAX, 3),
            Distribution::IntLog { low: 1, high: i64::MAX },
        ] {
            let (axis, mut rests) = (Axis::of(&distribution), [0; 64]);
            for _ in 0..6400 {
                let coordinate = axis.draw_evenly(&mut rng);
                let value = axis.decode(coordinate);
                assert!(distribution.contains(&value), "{value} in {distribution}");
                let ParamValue::Int(value) = value else { unreachable!() };
                rests[value.rem_euclid(64) as usize] += 1;
            }
            let fewest = if matches!(distribution, Distribution::IntLog { .. }) { 20 } else { 50 };
            assert!(rests.iter().all(|count| *count >= fewest), "{distribution}: {rests:?}");
            let ends = [0.0, 1.0].map(|end| axis.decode(end));
            let (Distribution::Int { low, high, .. } | Distribution::IntLog { low, high }) = distribution
            else {
                unreachable!()
            };
            assert_eq!(ends, [low, high].map(ParamValue::Int), "{distribution}");
        }
    }

    #[test]
    fn decimals_with_a_step_are_written_as_decimals() {
        let distribution = Distribution::Uniform { low: 0.0, high: 1.0, step: Some(0.1) };
        let axis = Axis::of(&distribution);
        let shown: Vec<String> =
            axis.coordinates().unwrap().iter().map(|x| axis.decode(*x).to_string()).collect();
        assert_eq!(shown.join(" "), "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0");
        // As an older version wrote it.
        let noisy = axis.encode(&ParamValue::Float(0.1 + 0.2)).unwrap();
        assert_eq!(axis.decode(noisy), ParamValue::Float(0.3));
        assert_eq!(noisy.to_bits(), axis.encode(&ParamValue::Float(0.3)).unwrap().to_bits());
    }

    #[test]
    fn the_ends_of_a_range_are_what_they_are_written_as() {
        for (low, high) in [(1e-4, 0.1), (3e-7, 7e-3), (0.7, 900.0)] {
            let distribution = Distribution::Log { low, high };
            let axis = Axis::of(&distribution);
            assert_eq!([0.0, 1.0].map(|end| axis.decode(end)), [low, high].map(ParamValue::Float));
        }
    }

    #[test]
    fn a_range_of_one_value_is_a_list_of_one() {
        for distribution in [
            int(5, 5, 1),
            Distribution::Log { low: 0.1, high: 0.1 },
            Distribution::Uniform { low: -2.0, high: -2.0, step: Some(0.5) },
        ] {
            let axis = Axis::of(&distribution);
            assert_eq!(axis.cardinality(), Some(1.0));
            assert_eq!(axis.decode(0.0), distribution.only().unwrap());
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
            let axis = Axis::of(&distribution);
            let Axis::Range(range) = &axis else { unreachable!() };
            let at = |value: i64| range.cell(axis.encode(&ParamValue::Int(value)).unwrap()).unwrap();
            let mut edge = 0.0;
            let Distribution::Int { low, high, step } = distribution else {
                let total: f64 = (1..=30).map(|x| at(x).1).sum();
                approx::assert_abs_diff_eq!(total, 1.0, epsilon = 1e-12);
                continue;
            };
            for value in (low..=high).step_by(step as usize) {
                let (middle, width) = at(value);
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
