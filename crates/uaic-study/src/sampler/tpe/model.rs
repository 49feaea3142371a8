//! What TPE knows of a study, kept from trial to trial: which rows are good, and the density of the
//! others, in which only what has changed is computed anew.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::space::Space;
use uaic_kernel::rng::ChaCha8Rng;

use super::super::History;
use super::super::axis::Axis;
use super::super::table::{Table, lead};
use super::branch::{Branches, present};
use super::parzen::{Parzen, Scratch};
use super::split::{Good, Ranking};

/// Narrowest kernel, as a share of the range.
const NARROWEST: f64 = 0.03;
/// Every so many candidates one comes from the kernel of the best trial, made narrower by a factor.
const NEAR_EVERY: usize = 4;
const NEAR: f64 = 0.5;
/// Draws per candidate before the space is taken for used up near the good trials.
const TRIES: usize = 8;

/// A history as TPE sees it.
#[derive(Clone, Debug)]
pub(super) struct Model {
    table: Table,
    branches: Branches,
    ranking: Ranking,
    good: Good,
    /// All rows that are not good. Row r has slot r + 1.
    bad: Parzen,
    scratch: RefCell<Scratch>,
}

/// Good over bad.
pub(super) struct Ratio<'a> {
    good: Parzen,
    bad: &'a Parzen,
    scratch: &'a RefCell<Scratch>,
}

impl Model {
    /// The model of an empty history.
    pub(super) fn new(space: &Space, axes: &[Axis<'_>]) -> Self {
        Self {
            table: Table::default(),
            branches: Branches::new(space, axes),
            ranking: Ranking::default(),
            good: Good { rows: Vec::new(), weights: Vec::new() },
            bad: Parzen::new(axes, NARROWEST),
            scratch: RefCell::default(),
        }
    }

    pub(super) fn is_begin_of(&self, history: &History<'_>) -> bool {
        self.table.is_begin_of(history)
    }

    /// Brings the model up to a history that continues its own.
    pub(super) fn update(&mut self, history: &History<'_>, axes: &[Axis<'_>]) {
        let known = self.table.finished_rows();
        let mut gone: Vec<usize> = (known..self.table.places().len()).collect();
        self.table.update(history, axes);
        self.ranking.update(history, &self.table);
        let before = std::mem::replace(&mut self.good, self.ranking.good()).rows;
        let is_good = |row: &usize| self.good.rows.binary_search(row).is_ok();
        let was_good = |row: &usize| before.binary_search(row).is_ok();
        gone.extend(self.good.rows.iter().filter(|row| **row < known && !was_good(row)));
        let left = before.iter().copied().filter(|row| !is_good(row));
        let new = (known..self.table.places().len()).filter(|row| !is_good(row));
        let come: Vec<(usize, f64)> = left.chain(new).map(|row| (row + 1, 1.0)).collect();
        self.bad.remove(&gone.iter().map(|row| row + 1).collect::<Vec<_>>());
        let columns = self.table.columns();
        self.bad.insert(&come, |axis, slot| columns[axis][slot - 1]);
    }

    /// The number of trials with a rank.
    pub(super) fn ranked(&self) -> usize {
        self.ranking.ranked()
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// The numbers of the good and of the other trials.
    pub(super) fn numbers(&self, history: &History<'_>) -> (Vec<u32>, Vec<u32>) {
        let number = |row: usize| {
            let place = self.table.places()[row];
            let pending = || history.pending[place - history.finished.len()].number;
            history.finished.get(place).map_or_else(pending, |trial| trial.number)
        };
        let is_bad = |row: &usize| self.good.rows.binary_search(row).is_err();
        let good = self.good.rows.iter().map(|&row| number(row)).collect();
        (good, (0..self.table.places().len()).filter(is_bad).map(number).collect())
    }

    /// The densities of good and bad trials.
    pub(super) fn ratio(&self, axes: &[Axis<'_>]) -> Ratio<'_> {
        let mut good = Parzen::new(axes, NARROWEST);
        let slots: Vec<(usize, f64)> = (1..).zip(self.good.weights.iter().copied()).collect();
        let columns = self.table.columns();
        good.insert(&slots, |axis, slot| columns[axis][self.good.rows[slot - 1]]);
        Ratio { good, bad: &self.bad, scratch: &self.scratch }
    }

    /// As [`Model::candidates`] where constraints forbid all of these: each is led from a good trial
    /// towards a draw from the good density, as far as they allow.
    pub(super) fn led_candidates(
        &self,
        count: usize,
        avoid: bool,
        space: &Space,
        axes: &[Axis<'_>],
        ratio: &Ratio<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Vec<f64>> {
        if space.constraints().is_empty() || self.good.rows.is_empty() {
            return Vec::new();
        }
        let cumulative = ratio.good.cumulative();
        let led = |at: usize| {
            let row = self.good.rows[at % self.good.rows.len()];
            let from: Vec<f64> = self.table.columns().iter().map(|column| column[row]).collect();
            let to = ratio.good.draw(axes, Parzen::draw_slot(&cumulative, rng), 1.0, rng);
            lead(space, axes, &from, &to, rng).filter(|point| !(avoid && self.table.has(point)))
        };
        (0..count).filter_map(led).collect()
    }

    /// Up to `count` points drawn from the good density and close to the best trial that the space allows and, where `avoid`
    /// says so, no trial has had.
    pub(super) fn candidates(
        &self,
        count: usize,
        avoid: bool,
        space: &Space,
        axes: &[Axis<'_>],
        ratio: &Ratio<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Vec<f64>> {
        let cumulative = ratio.good.cumulative();
        let best = ratio.good.heaviest();
        let draw = |attempt: usize| {
            let mut point = if attempt % NEAR_EVERY == NEAR_EVERY - 1 {
                ratio.good.draw(axes, best, NEAR, rng)
            } else {
                ratio.good.draw(axes, Parzen::draw_slot(&cumulative, rng), 1.0, rng)
            };
            self.branches.prune(&mut point);
            point
        };
        (0..TRIES * count)
            .map(draw)
            .filter(|point| allows(space, axes, point) && !(avoid && self.table.has(point)))
            .take(count)
            .collect()
    }
}

/// Whether the constraints between parameters hold at a point.
fn allows(space: &Space, axes: &[Axis<'_>], point: &[f64]) -> bool {
    let value = |name: &str| {
        let axis = space.iter().position(|(known, _)| known == name)?;
        let coordinate = Some(point[axis]).filter(|coordinate| !coordinate.is_nan())?;
        axes[axis].decode(coordinate).as_f64()
    };
    space.constraints().iter().all(|constraint| constraint.holds(value))
}

impl Ratio<'_> {
    /// The logarithm of the ratio at each point.
    pub(super) fn at(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let mut by_branch: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (at, point) in points.iter().enumerate() {
            by_branch.entry(present(point)).or_default().push(at);
        }
        let mut ratios = vec![0.0; points.len()];
        for (axes, members) in by_branch {
            let points: Vec<&[f64]> = members.iter().map(|&at| &points[at][..]).collect();
            for (at, ratio) in members.iter().zip(self.on(&axes, &points)) {
                ratios[*at] = ratio;
            }
        }
        ratios
    }

    /// The position of the point with the largest ratio, of equals the first.
    pub(super) fn best(&self, points: &[Vec<f64>]) -> Option<usize> {
        let ratios = self.at(points);
        (0..points.len()).reduce(|best, at| if ratios[at] > ratios[best] { at } else { best })
    }

    /// The logarithm of the ratio of what the densities are on one axis alone.
    pub(super) fn marginal(&self, point: &[f64], axis: usize) -> f64 {
        self.on(&[axis], &[point])[0]
    }

    fn on(&self, axes: &[usize], points: &[&[f64]]) -> Vec<f64> {
        let mut scratch = self.scratch.borrow_mut();
        let good = self.good.log_densities(points, axes, &mut scratch);
        let bad = self.bad.log_densities(points, axes, &mut scratch);
        good.iter().zip(bad).map(|(good, bad)| good - bad).collect()
    }
}
