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

use super::axis::{Axis, axes, draw_evenly};
use super::table::first_admitted;
use super::{Duplicates, History, Sampler, Settings};
use parzen::{Parzen, Scratch};
use split::Standings;

/// Multivariate TPE with a constant liar for pending trials.
#[derive(Debug)]
pub struct Tpe {
    /// Draw evenly while fewer trials than this have a result.
    startup: usize,
    /// Points drawn from the good density, of which the best is taken.
    candidates: usize,
    avoid: bool,
    table: super::table::Table,
}

impl Tpe {
    /// TPE with its usual settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            startup: 10,
            candidates: 24,
            avoid: settings.duplicates == Duplicates::Avoid,
            table: super::table::Table::default(),
        }
    }
}

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn propose(&mut self, _number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        self.table.update(history, &axes);
        let standings = Standings::new(history, &self.table);
        if standings.ranked() < self.startup {
            return first_admitted(history, &self.table, self.avoid, rng, |rng| draw_evenly(&axes, rng));
        }
        let split = standings.split();
        let good = Parzen::new(&axes, self.table.columns(), &split.good, Some(&split.weights));
        let bad = Parzen::new(&axes, self.table.columns(), &split.bad, None);
        let mut scratch = Scratch::default();
        first_admitted(history, &self.table, self.avoid, rng, |rng| {
            self.best_candidate(&axes, &good, &bad, &mut scratch, rng)
        })
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
