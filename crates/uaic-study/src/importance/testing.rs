//! Spaces and trials for the tests of importance.

use crate::sampler::axis::{axes, to_params};
use crate::space::{Distribution, Space};
use crate::trial::FinishedTrial;
use uaic_kernel::rng::SeedTree;

pub(super) fn space(entries: Vec<(&str, Distribution)>) -> Space {
    Space::new(entries.into_iter().map(|(name, distribution)| (name.to_owned(), distribution)))
}

/// Trials drawn evenly, with the value that `metric` gives their coordinates.
pub(super) fn drawn(space: &Space, count: u32, metric: impl Fn(&[f64]) -> f64) -> Vec<FinishedTrial> {
    let axes = axes(space);
    let mut rng = SeedTree::new(9).rng("points");
    let point = |number| {
        let mut point: Vec<f64> = axes.iter().map(|axis| axis.draw_evenly(&mut rng)).collect();
        let params = to_params(space, &axes, &mut point);
        FinishedTrial::complete(number, params, metric(&point))
    };
    (0..count).map(point).collect()
}

/// Any number from 0 to 1.
pub(super) fn unit() -> Distribution {
    Distribution::Uniform { low: 0.0, high: 1.0, step: None }
}

pub(super) fn share(shares: &[(String, f64)], name: &str) -> f64 {
    shares.iter().find(|(known, _)| known == name).unwrap().1
}
