//! Every point of a grid, each once.

mod lattice;
mod level;

use super::axis::{Axis, axes, draw_evenly};
use super::table::{Table, first_admitted};
use super::{Duplicates, Explanation, History, Sampler, Settings};
use crate::space::Space;
use crate::trial::Params;
use lattice::Lattice;
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

/// Larger grids with conditions or constraints are not counted.
const COUNTED: u64 = 1_000_000;

/// The full factorial of a space: all values of lists and stepped ranges, five values of others.
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
        if self.walk.space != *space || self.walk.lattice.is_empty() {
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
mod tests;
