//! Samplers propose the next point: functions of finished-trial records and an RNG.
//!
//! To add one: a file with an `impl Sampler`, and a line in the registry below and in
//! [`crate::spec::SAMPLERS`]. The conformance suite then runs over it.

pub(super) mod axis;
#[cfg(test)]
mod conformance;
mod random;
mod tpe;

pub use random::Random;
pub use tpe::Tpe;

use crate::rng::ChaCha8Rng;
use crate::spec::Space;
use crate::trial::{Direction, FinishedTrial, Params, PendingTrial};

/// What a sampler may know. Trials come sorted by number.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The search space.
    pub space: &'a Space,
    /// Which end of the value is better.
    pub direction: Direction,
    /// Trials that have ended, failed ones included.
    pub finished: &'a [FinishedTrial],
    /// Trials that have been proposed but not ended.
    pub pending: &'a [PendingTrial],
}

/// Proposes points of a search space.
///
/// Stateless: a proposal is a pure function of the history and the RNG, so any process can compute
/// the proposal of any trial.
pub trait Sampler: Send + Sync {
    /// The registered name.
    fn name(&self) -> &'static str;

    /// The point that trial number `number` is to evaluate; always inside `history.space`.
    fn propose(&self, number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params;
}

type Make = fn() -> Box<dyn Sampler>;

/// Every sampler, in the order of [`crate::spec::SAMPLERS`].
const REGISTRY: [(&str, Make); 2] = [("random", || Box::new(Random)), ("tpe", || Box::new(Tpe::default()))];

/// The sampler registered as `name`, one of [`crate::spec::SAMPLERS`].
pub fn by_name(name: &str) -> Option<Box<dyn Sampler>> {
    REGISTRY.iter().find(|(registered, _)| *registered == name).map(|(_, make)| make())
}
