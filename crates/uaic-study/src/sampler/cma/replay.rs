//! From the finished trials to the state of the strategy.

use rand::RngExt;

use uaic_kernel::rng::SeedTree;

use super::super::History;
use super::super::axis::Axis;
use super::super::selection::{best_first, is_ranked};
use super::super::table::Table;
use super::evolution::Evolution;
use super::margin::Gene;

/// What the finished trials came to, read once each and in order.
#[derive(Debug)]
pub(super) struct Replay {
    seeds: SeedTree,
    evolution: Option<Evolution>,
    /// Rows since the last complete generation.
    batch: Vec<usize>,
    /// Rows of the last complete generation, best first.
    parents: Vec<usize>,
    /// How many rows have been read, and the number of the trial of the last one.
    read: usize,
    last: Option<u32>,
    coordinates: usize,
    restarts: u32,
}

impl Replay {
    /// One that has read nothing.
    pub(super) fn new(seeds: SeedTree) -> Self {
        Self {
            seeds,
            evolution: None,
            batch: vec![],
            parents: vec![],
            read: 0,
            last: None,
            coordinates: 0,
            restarts: 0,
        }
    }

    /// The state; `None` where there is nothing to learn.
    pub(super) fn evolution(&self) -> Option<&Evolution> {
        self.evolution.as_ref()
    }

    pub(super) fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Numbers of the trials that moved the mean last.
    pub(super) fn parents(&self, history: &History<'_>, table: &Table) -> Vec<u32> {
        let better_half = &self.parents[..self.parents.len() / 2];
        better_half.iter().map(|&row| history.finished[table.places()[row]].number).collect()
    }

    /// Reads the rows that are new.
    pub(super) fn update(&mut self, history: &History<'_>, table: &Table, axes: &[Axis<'_>], genes: &[Gene]) {
        let rows = &table.places()[..table.finished_rows()];
        let number = |row: usize| history.finished[rows[row]].number;
        let is_same = self.coordinates == genes.len()
            && self.read <= rows.len()
            && self.read.checked_sub(1).map(number) == self.last;
        if !is_same {
            *self = Self { coordinates: genes.len(), ..Self::new(self.seeds.clone()) };
        }
        if genes.is_empty() {
            return;
        }
        self.evolution.get_or_insert_with(|| Evolution::first(genes.len()));
        for row in self.read..rows.len() {
            self.batch.push(row);
            self.advance(history, table, axes, genes);
        }
        self.read = rows.len();
        self.last = rows.len().checked_sub(1).map(number);
    }

    /// Learns from the batch when it is a whole generation, and at least half of it has told something.
    fn advance(&mut self, history: &History<'_>, table: &Table, axes: &[Axis<'_>], genes: &[Gene]) {
        let Some(evolution) = &mut self.evolution else { return };
        let lambda = evolution.lambda();
        if self.batch.len() < lambda {
            return;
        }
        let trial = |row: &usize| &history.finished[table.places()[*row]];
        let trials: Vec<_> = self.batch.iter().map(trial).collect();
        if 2 * trials.iter().filter(|trial| is_ranked(trial)).count() < lambda {
            return;
        }
        let order = best_first(&trials, history.directions);
        self.parents = order.into_iter().take(lambda).map(|at| self.batch[at]).collect();
        let place = |&row: &usize| -> Vec<f64> {
            genes.iter().map(|gene| gene.place(axes, table.columns()[gene.axis][row])).collect()
        };
        evolution.learn(&self.parents.iter().map(place).collect::<Vec<_>>());
        self.batch.clear();
        self.restart_if_stuck();
    }

    /// Begins anew elsewhere, with generations twice as large, when the distribution has shrunk to a
    /// point or a line.
    fn restart_if_stuck(&mut self) {
        let Some(evolution) = &self.evolution else { return };
        let (deviation, ratio) = evolution.extent();
        if deviation > 1e-7 && ratio < 1e7 {
            return;
        }
        self.restarts += 1;
        let mut rng = self.seeds.child("restart", self.restarts.into()).rng("mean");
        let mean = evolution.mean.iter().map(|_| rng.random()).collect();
        let lambda = (2 * evolution.lambda()).min(1000);
        self.evolution = Some(Evolution::new(mean, FIRST_SIGMA, lambda));
    }
}

/// The first step size, in units of the range. On the built-in suite 0.1 is faster where the middle is
/// near the minimum and 0.2 where it is not; 0.15 never loses much.
const FIRST_SIGMA: f64 = 0.15;

impl Evolution {
    /// At the middle of the space. Generations are smaller than the usual 4 + ⌊3 ln n⌋: points of a
    /// Sobol' sequence miss less than random ones, and studies are short.
    fn first(coordinates: usize) -> Self {
        let lambda = 4 + (2.0 * (coordinates as f64).ln()).floor() as usize;
        Self::new(vec![0.5; coordinates], FIRST_SIGMA, lambda)
    }
}

#[cfg(test)]
mod tests {
    use super::super::margin;
    use super::*;
    use crate::sampler::axis::axes;
    use crate::space::{Distribution, Space};
    use crate::trial::{Direction, FinishedTrial, ParamValue};

    fn space() -> Space {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        Space::new(["x", "y"].map(|name| (name.to_owned(), real.clone())))
    }

    fn replayed(trials: &[FinishedTrial]) -> Replay {
        let space = space();
        let history =
            History { space: &space, directions: &[Direction::Minimize], finished: trials, pending: &[] };
        let axes = axes(&space);
        let mut table = Table::default();
        table.update(&history, &axes);
        let mut replay = Replay::new(SeedTree::new(1));
        replay.update(&history, &table, &axes, &margin::genes(&space, &axes));
        replay
    }

    fn trial(number: u32, x: f64, y: f64) -> FinishedTrial {
        let params = [("x", x), ("y", y)].map(|(name, v)| (name.to_owned(), ParamValue::Float(v)));
        FinishedTrial::complete(number, params.into(), x + y)
    }

    /// So many trials anywhere, as another sampler would make them.
    fn elsewhere(count: u32) -> Vec<FinishedTrial> {
        (0..count).map(|k| trial(k, f64::from(k * 37 % 101) / 101.0, f64::from(k * 61 % 89) / 89.0)).collect()
    }

    #[test]
    fn generations_are_of_trials_by_number_whoever_proposed_them() {
        let trials = elsewhere(17);
        let replay = replayed(&trials);
        let evolution = replay.evolution().unwrap();
        assert_eq!((evolution.lambda(), evolution.generation), (5, 3), "two trials wait for more");
        assert!(evolution.mean.iter().sum::<f64>() < 0.9, "towards smaller sums: {:?}", evolution.mean);
        let mean = replayed(&trials[..15]).evolution().unwrap().mean.clone();
        assert_eq!(mean, evolution.mean);
    }

    #[test]
    fn failed_trials_are_the_worst_of_a_generation_and_never_half_of_it() {
        let mut trials = elsewhere(5);
        trials[0] = FinishedTrial::failed(0, trials[0].params.clone());
        trials[1].values = vec![f64::NAN];
        assert_eq!(replayed(&trials).evolution().unwrap().generation, 1);
        trials[2] = FinishedTrial::failed(2, trials[2].params.clone());
        assert_eq!(replayed(&trials).evolution().unwrap().generation, 0, "too few to learn from");
        trials.push(trial(5, 0.1, 0.1));
        assert_eq!(replayed(&trials).evolution().unwrap().generation, 1);
    }

    #[test]
    fn a_distribution_that_has_shrunk_to_a_point_begins_anew() {
        let trials: Vec<_> = (0..2000).map(|k| trial(k, 0.25, 0.75)).collect();
        let replay = replayed(&trials);
        assert!(replay.restarts() > 0);
        assert!(replay.evolution().unwrap().lambda() > 5);
    }
}
