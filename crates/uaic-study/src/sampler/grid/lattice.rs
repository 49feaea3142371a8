//! The points of a full factorial, in an order that spreads them.

use rand::RngExt;

use super::level;
use crate::sampler::axis::{ABSENT, Axis};
use crate::space::{Distribution, Space};
use crate::trial::Params;
use uaic_kernel::rng::SeedTree;

/// The points of a full factorial in an order that spreads them.
#[derive(Debug, Default)]
pub(super) struct Lattice {
    columns: Vec<Column>,
    /// After so many points the levels of all axes meet in the same way again.
    period: u64,
    /// Scatters the order of periods.
    periods: Scatter,
    /// Of all points; `None` when they are too many for a u64.
    pub(super) size: Option<u64>,
}

#[derive(Debug)]
struct Column {
    levels: Scatter,
    /// How many ways the axis can be shifted against those before it.
    shifts: u64,
}

/// A permutation of the numbers below `count`, neighbours far apart.
#[derive(Debug, Default)]
struct Scatter {
    count: u64,
    stride: u64,
    offset: u64,
}

impl Scatter {
    fn new(count: u64, offset: u64) -> Self {
        // The golden section of the circle, as near as a stride can be that meets all numbers.
        let golden = ((count as f64 * 0.618_033_988_749_895) as u64).max(1);
        let stride =
            (golden..golden.saturating_add(1000)).find(|&stride| gcd(stride, count) == 1).unwrap_or(1);
        Self { count, stride, offset: offset % count.max(1) }
    }

    fn at(&self, index: u64) -> u64 {
        let place = u128::from(index) * u128::from(self.stride) + u128::from(self.offset);
        (place % u128::from(self.count.max(1))) as u64
    }
}

impl Lattice {
    /// Whether it is of no space yet.
    pub(super) fn is_empty(&self) -> bool {
        self.periods.count == 0
    }

    pub(super) fn new(space: &Space, seeds: &SeedTree) -> Self {
        let mut rng = seeds.rng("grid");
        let (mut period, mut cosets) = (1_u64, Some(1_u64));
        let columns = space
            .iter()
            .map(|(_, distribution)| {
                let count = level::count(distribution);
                // The axes so far repeat after `period` points, this one after `count`.
                let shifts = gcd(period, count);
                period = (period / shifts).saturating_mul(count);
                cosets = cosets.and_then(|cosets| cosets.checked_mul(shifts));
                Column { levels: Scatter::new(count, rng.random()), shifts }
            })
            .collect();
        let size = cosets.and_then(|cosets| cosets.checked_mul(period)).filter(|_| period < u64::MAX);
        Self { columns, period, periods: Scatter::new(cosets.unwrap_or(u64::MAX), rng.random()), size }
    }

    /// The level of each axis at a position.
    fn levels(&self, position: u64) -> Vec<u64> {
        let within = position % self.period.max(1);
        let mut coset = self.periods.at(position / self.period.max(1));
        let mut level = |column: &Column| {
            let shift = coset % column.shifts;
            coset /= column.shifts;
            let place = u128::from(within) + u128::from(shift);
            column.levels.at((place % u128::from(column.levels.count)) as u64)
        };
        self.columns.iter().map(&mut level).collect()
    }

    /// The point at a position, without what does not exist beside the rest; and its coordinates.
    pub(super) fn point(&self, space: &Space, axes: &[Axis<'_>], position: u64) -> (Params, Vec<f64>) {
        let levels = self.levels(position).into_iter();
        let of = |(level, (name, distribution)): (u64, (&str, &Distribution))| {
            (name.to_owned(), level::value(distribution, level))
        };
        let mut params: Params = levels.zip(space.iter()).map(of).collect();
        space.prune(&mut params);
        let place = |((name, _), axis): ((&str, &Distribution), &Axis<'_>)| {
            params.get(name).and_then(|value| axis.encode(value)).unwrap_or(ABSENT)
        };
        let coordinates = space.iter().zip(axes).map(place).collect();
        (params, coordinates)
    }

    /// Whether the point at a position is allowed, and the first of those that differ only in what does
    /// not exist.
    pub(super) fn admitted(&self, space: &Space, axes: &[Axis<'_>], position: u64) -> bool {
        let (params, point) = self.point(space, axes, position);
        let is_first = point.iter().zip(self.levels(position)).all(|(x, level)| !x.is_nan() || level == 0);
        is_first && space.allows(&params)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
