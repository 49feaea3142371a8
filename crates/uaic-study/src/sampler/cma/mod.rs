//! CMA-ES: a normal distribution that moves and stretches towards good points.
//!
//! Hansen 2016 for the strategy, with a margin for whole numbers, steps and choices between two
//! (Hamano et al. 2022, "CMA-ES with margin") and restarts with larger generations when it no longer
//! gets anywhere (IPOP, Auger and Hansen 2005).

mod eigen;
mod evolution;
mod favourites;
mod margin;
mod replay;

use rand::RngExt;

use crate::trial::Params;
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

use super::axis::{Axis, axes};
use super::elite::Elite;
use super::sobol::Sobol;
use super::table::{Table, first_admitted};
use super::{Duplicates, Explanation, History, Sampler, Settings};
use evolution::Evolution;
use margin::Gene;
use replay::Replay;

/// CMA-ES over the parameters that always exist and have an order: numbers, and choices between two.
///
/// Choices between more and conditional parameters are drawn alongside, each on its own, from what
/// the best trials had there. What it proposes is a function of the finished trials, whoever proposed
/// those: they are learnt from in order of number, a generation at a time. Trials that have not ended
/// are not waited for, so it works with any parallelism.
#[derive(Debug)]
pub struct CmaEs {
    avoid: bool,
    table: Table,
    replay: Replay,
    /// What favourites are drawn from.
    best: Elite,
    seeds: SeedTree,
}

/// How often to draw again what lies outside of the ranges, before it is moved to their bounds.
const REDRAWS: usize = 20;

impl CmaEs {
    /// CMA-ES with its usual settings.
    pub fn new(settings: &Settings) -> Self {
        let seeds = settings.seeds.child("cma-es", 0);
        Self {
            avoid: settings.duplicates == Duplicates::Avoid,
            table: Table::default(),
            replay: Replay::new(seeds.clone()),
            best: Elite::new(favourites::MOST),
            seeds,
        }
    }

    /// Reads what is new in a history.
    fn update(&mut self, history: &History<'_>, axes: &[Axis<'_>]) -> Vec<Gene> {
        let genes = margin::genes(history.space, axes);
        self.table.update(history, axes);
        self.replay.update(history, &self.table, axes, &genes);
        if genes.len() < axes.len() {
            self.best.update(history, &self.table);
        }
        genes
    }

    /// How far points lie from the middle of the distribution that the finished trials have led to, in
    /// its own measure; `None` where that is not all, because some parameter has no order or does not always
    /// exist.
    pub(super) fn distances(&mut self, history: &History<'_>, points: &[&[f64]]) -> Option<Vec<f64>> {
        let axes = axes(history.space);
        let genes = self.update(history, &axes);
        let evolution = self.replay.evolution().filter(|_| genes.len() == axes.len())?;
        let place = |point: &[f64]| -> Vec<f64> {
            genes.iter().map(|gene| gene.place(&axes, point[gene.axis])).collect()
        };
        Some(points.iter().map(|point| evolution.distance(&place(point))).collect())
    }

    /// A point of the distribution: the first one of a trial comes from a Sobol' sequence, so that
    /// neighbouring trials do not say the same.
    fn draw(
        &self,
        evolution: &Evolution,
        axes: &[Axis<'_>],
        genes: &[Gene],
        first: Option<u32>,
        rng: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let mut point = self.spread(evolution, axes, genes, first, rng);
        for _ in 0..REDRAWS {
            if point.iter().all(|x| (0.0..=1.0).contains(x)) {
                break;
            }
            point = self.spread(evolution, axes, genes, None, rng);
        }
        point.into_iter().map(|x| if x.is_nan() { 0.5 } else { x.clamp(0.0, 1.0) }).collect()
    }

    /// A point, perhaps outside of the ranges; point `index` of the sequence, where there is one.
    fn spread(
        &self,
        evolution: &Evolution,
        axes: &[Axis<'_>],
        genes: &[Gene],
        index: Option<u32>,
        rng: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let mut even = vec![0.0; genes.len().next_multiple_of(2)];
        match index {
            Some(index) => Sobol::new(&self.seeds, even.len()).point(index, &mut even),
            None => even.iter_mut().for_each(|x| *x = rng.random()),
        }
        let mut point = evolution.point(&margin::normals(&even)[..genes.len()]);
        margin::widen(evolution, axes, genes, &mut point);
        point
    }
}

impl Sampler for CmaEs {
    fn name(&self) -> &'static str {
        "cma-es"
    }

    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        let genes = self.update(history, &axes);
        let mut index = Some(number);
        first_admitted(history, &self.table, self.avoid, rng, |rng| {
            let mut point = vec![0.0; axes.len()];
            if let Some(evolution) = self.replay.evolution() {
                let drawn = self.draw(evolution, &axes, &genes, index.take(), rng);
                for (gene, x) in genes.iter().zip(drawn) {
                    point[gene.axis] = gene.coordinate(&axes, x);
                }
            }
            favourites::draw(&self.best, &self.table, &axes, &genes, &mut point, rng);
            point
        })
    }

    fn explain(&mut self, _number: u32, history: &History<'_>, _params: &Params) -> Explanation {
        let axes = axes(history.space);
        self.update(history, &axes);
        let named = Explanation { sampler: "cma-es", ..Explanation::default() };
        let Some(evolution) = self.replay.evolution() else {
            let reason = "no parameter has an order: each drawn from what the best trials had".to_owned();
            return Explanation { reason, ..named };
        };
        let reason = format!(
            "drawn from a normal distribution that has learnt from {} generations of {} trials",
            evolution.generation,
            evolution.lambda()
        );
        let (deviation, ratio) = evolution.extent();
        let facts = vec![
            ("generation", evolution.generation.into()),
            ("step size", evolution.sigma),
            ("largest deviation", deviation),
            ("axis ratio", ratio),
            ("restarts", self.replay.restarts().into()),
        ];
        Explanation { reason, facts, good: self.replay.parents(history, &self.table), ..named }
    }
}
