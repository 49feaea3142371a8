//! The first trials: a Latin hypercube, so that few of them already see every part of every range.

use rand::RngExt;

use uaic_kernel::rng::{ChaCha8Rng, SeedTree, shuffle};

use super::super::axis::{Axis, draw_evenly};

/// One stratum of every axis per trial (`McKay` et al. 1979).
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// How many trials the space is spread over.
    pub(super) trials: usize,
    seeds: SeedTree,
    /// Per axis, the stratum of each trial.
    strata: Vec<Vec<u32>>,
}

impl Start {
    pub(super) fn new(trials: usize, seeds: SeedTree) -> Self {
        Self { trials, seeds, strata: Vec::new() }
    }

    /// A point for a trial: in its strata, if it has some and `stratified` says so, else anywhere.
    pub(super) fn draw(
        &mut self,
        number: u32,
        axes: &[Axis<'_>],
        stratified: bool,
        rng: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let number = number as usize;
        if !stratified || number >= self.trials {
            return draw_evenly(axes, rng);
        }
        if self.strata.len() != axes.len() || self.strata.iter().any(|strata| strata.len() != self.trials) {
            self.strata = (0..axes.len()).map(|axis| self.shuffled(axis)).collect();
        }
        let trials = self.trials as f64;
        axes.iter()
            .zip(&self.strata)
            .map(|(axis, strata)| axis.at_share((f64::from(strata[number]) + rng.random::<f64>()) / trials))
            .collect()
    }

    fn shuffled(&self, axis: usize) -> Vec<u32> {
        let mut rng = self.seeds.child("axis", axis as u64).rng("latin hypercube");
        let mut strata: Vec<u32> = (0..self.trials as u32).collect();
        shuffle(&mut strata, &mut rng);
        strata
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Distribution;
    use crate::trial::ParamValue;

    #[test]
    fn every_part_of_a_range_and_every_choice_has_its_trials() {
        let distributions = [
            Distribution::Log { low: 1e-4, high: 1.0 },
            Distribution::Int { low: 1, high: 8, step: 1 },
            Distribution::Choice((0..4).map(ParamValue::Int).collect()),
        ];
        let axes: Vec<Axis<'_>> = distributions.iter().map(Axis::of).collect();
        let mut start = Start::new(8, SeedTree::new(1));
        let points: Vec<Vec<f64>> = (0..8)
            .map(|number| start.draw(number, &axes, true, &mut SeedTree::new(number.into()).rng("trial")))
            .collect();
        let mut parts = [[0; 8]; 3];
        for point in &points {
            parts[0][(point[0] * 8.0) as usize] += 1;
            parts[1][(point[1] * 8.0) as usize] += 1;
            parts[2][point[2] as usize] += 1;
        }
        assert_eq!(parts, [[1; 8], [1; 8], [2, 2, 2, 2, 0, 0, 0, 0]]);
    }
}
