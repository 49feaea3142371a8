//! Every point of a grid, each once.

use crate::space::{Distribution, Space, Steps};
use crate::trial::{ParamValue, Params};
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

use rand::RngExt;

use super::axis::{ABSENT, Axis, axes, draw_evenly};
use super::table::{Table, first_admitted};
use super::{Duplicates, Explanation, History, Sampler, Settings};

/// Levels of a range without steps, both ends among them; even in the logarithm where the range is. Of a
/// logarithmic range of whole numbers it has no more either.
pub(super) const LEVELS: u64 = 5;

/// Larger grids with conditions or constraints are not counted.
const COUNTED: u64 = 1_000_000;

/// The full factorial of a space: all values of lists and stepped ranges, [`LEVELS`] values of others.
///
/// Trial k evaluates point k; when there are no more, the grid begins again. The order is such that
/// early points are spread: any run of as many points as the least common multiple of the numbers of
/// levels has each level of each parameter equally often. Points that differ only in parameters that
/// do not exist there are one point, and those that constraints forbid are left out.
#[derive(Debug)]
pub struct Grid {
    seeds: SeedTree,
    avoid: bool,
    table: Table,
    walk: Walk,
}

/// How many different points the grid of a space has; `None` when they are too many to be counted.
///
/// ```
/// use uaic_study::space::{Distribution, Space};
/// use uaic_study::sampler::grid_size;
///
/// let space = Space::new([
///     ("layers".to_owned(), Distribution::Int { low: 1, high: 4, step: 1 }),
///     ("rate".to_owned(), Distribution::Log { low: 1e-4, high: 1e-1 }),
/// ]);
/// assert_eq!(grid_size(&space), Some(20));
/// ```
pub fn size(space: &Space) -> Option<u64> {
    let axes = axes(space);
    let lattice = Lattice::new(space, &SeedTree::new(0));
    let all = lattice.size.filter(|&all| is_plain(space) || all <= COUNTED)?;
    if is_plain(space) {
        return Some(all);
    }
    Some((0..all).filter(|&position| lattice.admitted(space, &axes, position)).count() as u64)
}

fn is_plain(space: &Space) -> bool {
    !space.is_conditional() && space.constraints().is_empty()
}

/// The points of a full factorial in an order that spreads them.
#[derive(Debug, Default)]
struct Lattice {
    columns: Vec<Column>,
    /// After so many points the levels of all axes meet in the same way again.
    period: u64,
    /// Scatters the order of periods.
    periods: Scatter,
    /// Of all points; `None` when they are too many for a u64.
    size: Option<u64>,
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
    fn new(space: &Space, seeds: &SeedTree) -> Self {
        let mut rng = seeds.rng("grid");
        let (mut period, mut cosets) = (1_u64, Some(1_u64));
        let columns = space
            .iter()
            .map(|(_, distribution)| {
                let count = levels(distribution);
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
    fn point(&self, space: &Space, axes: &[Axis<'_>], position: u64) -> (Params, Vec<f64>) {
        let levels = self.levels(position).into_iter();
        let of = |(level, (name, distribution)): (u64, (&str, &Distribution))| {
            (name.to_owned(), value(distribution, level))
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
    fn admitted(&self, space: &Space, axes: &[Axis<'_>], position: u64) -> bool {
        let (params, point) = self.point(space, axes, position);
        let is_first = point.iter().zip(self.levels(position)).all(|(x, level)| !x.is_nan() || level == 0);
        is_first && space.allows(&params)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// How many values of a parameter the grid has.
fn levels(distribution: &Distribution) -> u64 {
    match *distribution {
        Distribution::Choice(ref values) => values.len() as u64,
        _ if distribution.only().is_some() => 1,
        Distribution::Uniform { step: None, .. } | Distribution::Log { .. } => LEVELS,
        Distribution::Uniform { low, high, step: Some(step) } => {
            Steps::new(low, high, step).last().saturating_add(1)
        }
        Distribution::Int { low, high, step } => (high.abs_diff(low) / step.unsigned_abs()).saturating_add(1),
        Distribution::IntLog { low, high } => high.abs_diff(low).saturating_add(1).min(LEVELS),
    }
}

/// The value of a level, on the scale of its distribution.
fn value(distribution: &Distribution, level: u64) -> ParamValue {
    match *distribution {
        Distribution::Choice(ref values) => values[(level as usize).min(values.len() - 1)].clone(),
        Distribution::Uniform { low, high, step: None } | Distribution::Log { low, high } => {
            let is_log = matches!(distribution, Distribution::Log { .. });
            ParamValue::Float(even_level(low, high, is_log, level))
        }
        Distribution::Uniform { low, high, step: Some(step) } => {
            ParamValue::Float(Steps::new(low, high, step).value(level))
        }
        // In i128, for the distance may not fit into i64. The last level is at most `high`.
        Distribution::Int { low, step, .. } => {
            ParamValue::Int((i128::from(low) + i128::from(level) * i128::from(step)) as i64)
        }
        Distribution::IntLog { low, high } => ParamValue::Int(whole_level(low, high, level)),
    }
}

/// One of [`LEVELS`] even places between two numbers, with as few digits as tell it apart.
fn even_level(low: f64, high: f64, is_log: bool, level: u64) -> f64 {
    match level {
        0 => low,
        level if level >= LEVELS - 1 => high,
        level => {
            let share = level as f64 / (LEVELS - 1) as f64;
            let place = if is_log {
                (low.ln() * (1.0 - share) + high.ln() * share).exp()
            } else {
                low * (1.0 - share) + high * share
            };
            // 0.001, and not 0.0010000000000000002; a very narrow range needs its digits.
            let digits = ((place.abs() / (high - low)).log10().max(0.0) + 10.0).min(15.0);
            let rounded = format!("{place:.*e}", digits as usize).parse().unwrap_or(place);
            f64::clamp(rounded, low, high)
        }
    }
}

/// One of at most [`LEVELS`] whole numbers, even in the logarithm and all different.
fn whole_level(low: i64, high: i64, level: u64) -> i64 {
    let distance = high.abs_diff(low);
    let last = distance.min(LEVELS - 1);
    let at = |level: u64| {
        let share = level as f64 / last.max(1) as f64;
        let place = ((low as f64).ln() * (1.0 - share) + (high as f64).ln() * share).exp();
        // Room is left for those before and after.
        ((place - low as f64).round() as u64).clamp(level, distance - (last - level))
    };
    let number = match level {
        0 => 0,
        level if level >= last => distance,
        level => (1..=level).fold(0, |before, level| at(level).max(before + 1)),
    };
    low.saturating_add_unsigned(number)
}

/// The admitted positions of a lattice, found as far as they were asked for.
#[derive(Debug, Default)]
struct Walk {
    space: Space,
    lattice: Lattice,
    found: Vec<u64>,
    seen: u64,
}

/// Where fewer than one in so many points is admitted, the grid is given up, and after so many times that
/// number without any.
const FEWEST: u64 = 1000;
const PATIENCE: u64 = 100;

impl Walk {
    /// The position of point `number`, the first following the last. `None` where there is none at all,
    /// or it would take too long to find.
    fn position(&mut self, axes: &[Axis<'_>], number: u64) -> Option<u64> {
        let size = self.lattice.size.unwrap_or(u64::MAX);
        if is_plain(&self.space) {
            return Some(number % size);
        }
        while self.found.len() as u64 <= number && self.seen < size {
            if self.seen / FEWEST > number.saturating_add(PATIENCE) {
                return None;
            }
            if self.lattice.admitted(&self.space, axes, self.seen) {
                self.found.push(self.seen);
            }
            self.seen += 1;
        }
        let count = (self.found.len() as u64).max(1);
        self.found.get((number % count) as usize).copied()
    }
}

impl Grid {
    /// A sampler whose order depends on the seeds.
    pub fn new(settings: &Settings) -> Self {
        Self {
            seeds: settings.seeds.child("grid", 0),
            avoid: settings.duplicates == Duplicates::Avoid,
            table: Table::default(),
            walk: Walk::default(),
        }
    }

    fn prepare(&mut self, space: &Space) {
        if self.walk.space != *space || self.walk.lattice.periods.count == 0 {
            let lattice = Lattice::new(space, &self.seeds);
            self.walk = Walk { space: space.clone(), lattice, ..Walk::default() };
        }
    }

    /// Point `number`, as parameters and coordinates.
    fn point(&mut self, axes: &[Axis<'_>], number: u64) -> Option<(Params, Vec<f64>)> {
        let position = self.walk.position(axes, number)?;
        Some(self.walk.lattice.point(&self.walk.space, axes, position))
    }

    /// Point `number`, or the next one that no trial has had; point `number` itself where all were tried.
    fn untried(&mut self, axes: &[Axis<'_>], number: u64) -> Option<Params> {
        let first = self.point(axes, number)?;
        if !(self.avoid && self.table.has(&first.1)) {
            return Some(first.0);
        }
        // So many trials of others can be in the way, or all of the grid.
        for next in number + 1..=number + self.table.places().len() as u64 {
            match self.point(axes, next) {
                Some((params, point)) if !self.table.has(&point) => return Some(params),
                Some(_) => {}
                None => break,
            }
        }
        Some(first.0)
    }
}

impl Sampler for Grid {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        if self.avoid {
            self.table.update(history, &axes);
        }
        self.prepare(history.space);
        self.untried(&axes, number.into()).unwrap_or_else(|| {
            first_admitted(history, &self.table, self.avoid, rng, |rng| draw_evenly(&axes, rng))
        })
    }

    fn explain(&mut self, number: u32, history: &History<'_>, params: &Params) -> Explanation {
        let axes = axes(history.space);
        self.prepare(history.space);
        let size = size(history.space);
        let named = Explanation { sampler: "grid", ..Explanation::default() };
        let of = size.map_or(String::new(), |size| format!(" of {size}"));
        let reason = match self.point(&axes, number.into()) {
            Some((point, _)) if point == *params => match size {
                Some(size) if u64::from(number) >= size => {
                    format!("point {}{of} of the grid, again", u64::from(number) % size.max(1))
                }
                _ => format!("point {number}{of} of the grid"),
            },
            Some(_) => "the next point of the grid that was not tried before".to_owned(),
            None => "drawn evenly, because constraints allow too little of the grid".to_owned(),
        };
        let facts = size.map(|size| ("points of the grid", size as f64)).into_iter().collect();
        Explanation { reason, facts, ..named }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{Direction, FinishedTrial};
    use std::collections::BTreeSet;

    fn choice(count: i64) -> Distribution {
        Distribution::Choice((0..count).map(ParamValue::Int).collect())
    }

    fn space(distributions: impl IntoIterator<Item = Distribution>) -> Space {
        Space::new(distributions.into_iter().enumerate().map(|(i, d)| (format!("p{i}"), d)))
    }

    fn study(space: &Space, trials: u32, before: &[Params]) -> Vec<Params> {
        let mut sampler = Grid::new(&Settings::new(SeedTree::new(3)));
        let mut done: Vec<FinishedTrial> = before
            .iter()
            .zip(0..)
            .map(|(params, n)| FinishedTrial::complete(n, params.clone(), 0.0))
            .collect();
        for number in 0..trials {
            let history =
                History { space, directions: &[Direction::Minimize], finished: &done, pending: &[] };
            let mut rng = SeedTree::new(3).child("trial", number.into()).rng("sampler");
            let params = sampler.propose(number, &history, &mut rng);
            assert!(space.contains(&params), "{params:?}");
            let told = sampler.explain(number, &history, &params);
            assert!(told.reason.contains("grid"), "{}", told.reason);
            done.push(FinishedTrial::complete(done.len() as u32, params, 0.0));
        }
        done.split_off(before.len()).into_iter().map(|trial| trial.params).collect()
    }

    fn distinct(points: &[Params]) -> usize {
        points.iter().map(|point| format!("{point:?}")).collect::<BTreeSet<_>>().len()
    }

    #[test]
    fn every_point_comes_once_and_then_all_again() {
        let space = space([
            choice(4),
            Distribution::Int { low: 3, high: 8, step: 1 },
            Distribution::IntLog { low: 1, high: 3 },
            choice(2),
        ]);
        assert_eq!(size(&space), Some(144));
        let points = study(&space, 150, &[]);
        assert_eq!(distinct(&points[..144]), 144);
        assert_eq!(points[144..], points[..6]);
    }

    #[test]
    fn a_run_of_points_has_every_level_equally_often() {
        let space = space([choice(4), choice(6), choice(4), choice(3)]);
        for (run, points) in study(&space, 72, &[]).chunks(12).enumerate() {
            for (name, count) in [("p0", 4), ("p1", 6), ("p2", 4), ("p3", 3)] {
                for value in 0..count {
                    let found = points.iter().filter(|point| point[name] == ParamValue::Int(value)).count();
                    assert_eq!(found, 12 / count as usize, "{name} = {value} in run {run}");
                }
            }
        }
    }

    #[test]
    fn ranges_without_steps_have_five_levels_with_both_ends() {
        let space = space([Distribution::Log { low: 1e-4, high: 1.0 }]);
        let mut values: Vec<f64> =
            study(&space, 5, &[]).iter().map(|point| point["p0"].as_f64().unwrap()).collect();
        values.sort_by(f64::total_cmp);
        for (value, expected) in values.into_iter().zip([1e-4, 1e-3, 1e-2, 1e-1, 1.0]) {
            approx::assert_relative_eq!(value, expected, max_relative = 1e-9);
        }
    }

    #[test]
    fn levels_lie_on_the_scale_of_their_distribution_and_are_short() {
        let shown = |distribution: Distribution| {
            let levels = (0..levels(&distribution)).map(|level| value(&distribution, level).to_string());
            levels.collect::<Vec<_>>().join(" ")
        };
        let log = |low, high| shown(Distribution::Log { low, high });
        assert_eq!(log(1e-4, 1.0), "0.0001 0.001 0.01 0.1 1.0");
        assert_eq!(log(1e-5, 1e-1), "1e-5 0.0001 0.001 0.01 0.1");
        let even = |low, high| shown(Distribution::Uniform { low, high, step: None });
        assert_eq!(even(0.0, 0.3), "0.0 0.075 0.15 0.225 0.3");
        assert_eq!(even(-1.0, 1.0), "-1.0 -0.5 0.0 0.5 1.0");
        assert_eq!(even(1.0, 1.0 + 4e-12), "1.0 1.000000000001 1.000000000002 1.000000000003 1.000000000004");
        assert_eq!(even(0.7, 0.7), "0.7");
        let whole = |low, high| shown(Distribution::IntLog { low, high });
        assert_eq!(whole(1, 10_000), "1 10 100 1000 10000");
        assert_eq!(whole(16, 256), "16 32 64 128 256");
        assert_eq!(whole(1, 6), "1 2 3 4 6");
        assert_eq!(whole(3, 5), "3 4 5");
        assert_eq!(whole(7, 7), "7");
        let large = i64::MAX - 100;
        assert_eq!(whole(large, i64::MAX).split(' ').next_back(), Some("9223372036854775807"));
        assert_eq!(whole(1, i64::MAX).split(' ').next_back(), Some("9223372036854775807"));
        let step = |low, high, step| shown(Distribution::Uniform { low, high, step: Some(step) });
        assert_eq!(step(0.0, 0.5, 0.1), "0.0 0.1 0.2 0.3 0.4 0.5");
    }

    #[test]
    fn whole_numbers_beyond_floats_come_once_each() {
        for low in [1_i64 << 53, i64::MAX - 4, i64::MIN] {
            let whole = Distribution::Int { low, high: low + 4, step: 1 };
            let space = space([whole]);
            assert_eq!(size(&space), Some(5));
            assert_eq!(distinct(&study(&space, 5, &[])), 5);
        }
    }

    #[test]
    fn points_that_are_one_count_once_and_forbidden_ones_not() {
        let int = Distribution::Int { low: 0, high: 9, step: 1 };
        let space = space([choice(2), int.clone(), int])
            .when("p1", "p0", [ParamValue::Int(1)])
            .with_constraint("p1 < p2".parse().unwrap());
        // Without p1: 10 points; with it 45 pairs.
        assert_eq!(size(&space), Some(55));
        let points = study(&space, 60, &[]);
        assert_eq!(distinct(&points[..55]), 55);
        assert_eq!(points[55..], points[..5]);
    }

    #[test]
    fn what_others_have_tried_is_left_out() {
        let space = space([choice(5), choice(3)]);
        let all = study(&space, 15, &[]);
        let points = study(&space, 11, &all[1..5]);
        assert_eq!(distinct(&[&all[1..5], &points[..]].concat()), 15);
    }

    #[test]
    fn huge_grids_are_walked_and_not_counted() {
        let huge = space(vec![Distribution::Int { low: i64::MIN / 4, high: i64::MAX / 4, step: 1 }; 3]);
        assert_eq!(size(&huge), None);
        assert_eq!(distinct(&study(&huge, 40, &[])), 40);
        let binary = space(vec![choice(2); 200]);
        assert_eq!(size(&binary), None);
        assert_eq!(distinct(&study(&binary, 40, &[])), 40);
        let impossible = space([choice(2)]).with_constraint("p0 > 5".parse().unwrap());
        assert_eq!(size(&impossible), Some(0));
    }
}
