//! Samplers propose the next point: functions of finished-trial records and an RNG.
//!
//! To add one: a file with an `impl Sampler`, a variant of [`SamplerKind`] and an arm of
//! [`SamplerKind::build`]. The conformance suite then runs over it.

mod auto;
pub(super) mod axis;
mod cma;
#[cfg(test)]
mod conformance;
mod elite;
mod gp;
mod grid;
mod kind;
mod nsga2;
mod random;
pub(super) mod region;
mod selection;
mod sobol;
mod table;
mod tpe;

pub use crate::Duplicates;
pub use auto::Auto;
pub use cma::CmaEs;
pub use gp::Gp;
pub use grid::{Grid, size as grid_size};
pub use kind::{SAMPLERS, SamplerKind, UnknownSampler};
pub use nsga2::Nsga2;
pub use random::Random;
pub use sobol::SobolSampler;
pub use tpe::Tpe;

use serde::Serialize;

use crate::space::Space;
use crate::trial::{Direction, FinishedTrial, Params, PendingTrial};
use axis::Axis;
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

/// What a sampler may know. Trials come sorted by number.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The search space.
    pub space: &'a Space,
    /// Which end of each value is better; one per value, at least one.
    pub directions: &'a [Direction],
    /// Trials that have ended, failed ones included.
    pub finished: &'a [FinishedTrial],
    /// Trials that have been proposed but not ended.
    pub pending: &'a [PendingTrial],
}

/// Proposes points of a search space.
///
/// A proposal is a pure function of the settings, the history and the RNG, so any process can compute
/// the proposal of any trial. A sampler may keep what it has worked out of a history, because the
/// calls to one sampler follow one study: the finished trials of a later call begin with those of
/// an earlier one, and space and directions stay. What it keeps must not show in what it proposes.
pub trait Sampler: Send {
    /// The registered name.
    fn name(&self) -> &'static str;

    /// The point that trial number `number` is to evaluate; always inside `history.space`, and with
    /// [`Duplicates::Avoid`] one that no trial has had, as long as the space has one.
    fn propose(&mut self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params;

    /// What led to the proposal `params`, which [`Sampler::propose`] gave for the same history.
    fn explain(&mut self, number: u32, history: &History<'_>, params: &Params) -> Explanation {
        let _ = (number, history, params);
        Explanation { sampler: self.name(), ..Explanation::default() }
    }
}

/// What a study tells its sampler once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The root of what the sampler draws once for all trials, such as a scrambling.
    pub seeds: SeedTree,
    /// How many trials the study is to have, where that is known. Another number must not change
    /// the proposals of the trials that both have, or a study could not be extended.
    pub trials: Option<u32>,
    /// What to do about points that were tried before.
    pub duplicates: Duplicates,
}

impl Settings {
    /// Duplicates avoided, and no number of trials known.
    pub fn new(seeds: SeedTree) -> Self {
        Self { seeds, trials: None, duplicates: Duplicates::Avoid }
    }
}

/// What led to a proposal.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation {
    /// Which sampler made it; where one chooses among several, the chosen one.
    pub sampler: &'static str,
    /// In a sentence or two, how it came about: `one of the first 10 trials: drawn evenly`.
    pub reason: String,
    /// Numbers of the trials that were taken as good examples.
    pub good: Vec<u32>,
    /// Numbers of the trials that were taken as bad ones, pending ones included.
    pub bad: Vec<u32>,
    /// The logarithm of the density of good over that of bad trials at the point.
    pub log_ratio: Option<f64>,
    /// The same of each parameter alone; of a Gaussian process, the length scale of each.
    pub by_param: Vec<(String, f64)>,
    /// Other figures, by name, such as a predicted value and its uncertainty.
    pub facts: Vec<(&'static str, f64)>,
}

impl SamplerKind {
    /// A sampler of this kind that knows nothing yet.
    pub fn build(self, settings: &Settings) -> Box<dyn Sampler> {
        match self {
            Self::Auto => Box::new(Auto::new(settings)),
            Self::CmaEs => Box::new(CmaEs::new(settings)),
            Self::Gp => Box::new(Gp::new(settings)),
            Self::Grid => Box::new(Grid::new(settings)),
            Self::Nsga2 => Box::new(Nsga2::new(settings)),
            Self::Random => Box::new(Random::new(settings)),
            Self::Sobol => Box::new(SobolSampler::new(settings)),
            Self::Tpe => Box::new(Tpe::new(settings)),
        }
    }
}

/// The sampler of a name, one of [`SAMPLERS`].
pub fn by_name(name: &str, settings: &Settings) -> Option<Box<dyn Sampler>> {
    name.parse::<SamplerKind>().ok().map(|kind| kind.build(settings))
}

/// Makes the parameters those that exist beside each other: takes the others away, and draws evenly
/// what is missing.
pub(super) fn complete(space: &Space, params: &mut Params, rng: &mut ChaCha8Rng) {
    for _ in 0..=space.len() {
        space.prune(params);
        let mut missing = space.iter().filter(|(name, _)| {
            !params.contains_key(*name) && space.exists(name, &|other| params.get(other))
        });
        let Some((name, distribution)) = missing.next() else { return };
        let axis = Axis::of(distribution);
        let value = axis.decode(axis.draw_evenly(rng));
        params.insert(name.to_owned(), value);
    }
}
