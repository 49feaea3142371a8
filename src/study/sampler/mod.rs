//! Samplers propose the next point: functions of finished-trial records and an RNG.

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
