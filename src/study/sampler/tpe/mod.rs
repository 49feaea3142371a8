//! The tree-structured Parzen estimator: models where good and bad trials lie, and proposes the
//! point that is most likely good.
//!
//! Bergstra et al. 2011 for the idea; multivariate kernels as in BOHB (Falkner et al. 2018); the
//! settings follow the ablation of Watanabe 2023 (arXiv:2304.11127): good set `min(⌈0.15 n⌉, 25)`,
//! weights by expected improvement, widths by neighbours, 24 candidates.

mod parzen;
mod split;
mod truncnorm;

use crate::rng::ChaCha8Rng;
use crate::trial::Params;

use super::axis::{Axis, axes, draw_evenly, to_params};
use super::{History, Sampler};
use parzen::{Parzen, Scratch};
use split::Table;

/// Multivariate TPE with a constant liar for pending trials.
#[derive(Clone, Copy, Debug)]
pub struct Tpe {
    /// Draw evenly while fewer trials than this have a result.
    startup: usize,
    /// Points drawn from the good density, of which the best is taken.
    candidates: usize,
}

impl Default for Tpe {
    fn default() -> Self {
        Self { startup: 10, candidates: 24 }
    }
}

/// How often to look for a point of a finite space that has not been tried, first where good ones
/// are, then as often anywhere.
const ROUNDS: usize = 32;

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn propose(&self, _number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        let table = Table::new(history, &axes);
        let point = if table.ranked() < self.startup {
            first_new(&axes, &table, rng, |rng| draw_evenly(&axes, rng))
        } else {
            let split = table.split();
            let good = Parzen::new(&axes, &table.columns, &split.good, Some(&split.weights));
            let bad = Parzen::new(&axes, &table.columns, &split.bad, None);
            let mut scratch = Scratch::default();
            first_new(&axes, &table, rng, |rng| self.best_candidate(&axes, &good, &bad, &mut scratch, rng))
        };
        to_params(history.space, &axes, &point)
    }
}

impl Tpe {
    /// Of some points drawn from the good density, the one with the largest ln good − ln bad.
    fn best_candidate(
        &self,
        axes: &[Axis<'_>],
        good: &Parzen,
        bad: &Parzen,
        scratch: &mut Scratch,
        rng: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let (mut best, mut best_score) = (Vec::new(), f64::NEG_INFINITY);
        let mut point = Vec::with_capacity(axes.len());
        for _ in 0..self.candidates {
            good.draw(axes, rng, &mut point);
            let score = good.log_density(&point, scratch) - bad.log_density(&point, scratch);
            if best.is_empty() || score > best_score {
                best_score = score;
                std::mem::swap(&mut best, &mut point);
            }
        }
        best
    }
}

/// The first point of `draw` that no trial has had; after some rounds one drawn evenly, and in the
/// end any point, because the space may be used up. In a continuum no point comes twice.
fn first_new(
    axes: &[Axis<'_>],
    table: &Table,
    rng: &mut ChaCha8Rng,
    mut draw: impl FnMut(&mut ChaCha8Rng) -> Vec<f64>,
) -> Vec<f64> {
    let first = draw(rng);
    if axes.iter().any(|axis| axis.cardinality().is_none()) || !table.has(&first) {
        return first;
    }
    (1..2 * ROUNDS)
        .map(|round| if round < ROUNDS { draw(rng) } else { draw_evenly(axes, rng) })
        .find(|point| !table.has(point))
        .unwrap_or(first)
}
