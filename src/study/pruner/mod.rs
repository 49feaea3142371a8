//! Pruners stop trials that cannot become good: functions of recorded values, like samplers.
//!
//! To add one: a file with an `impl Pruner`, and a line in the registry below and in
//! [`crate::spec::PRUNERS`]. The conformance suite then runs over it.

use crate::trial::{Direction, FinishedTrial};

/// What a pruner may know.
#[derive(Clone, Copy, Debug)]
pub struct Reports<'a> {
    /// The trial's number.
    pub number: u32,
    /// Which end of the reported values is better.
    pub direction: Direction,
    /// What the trial has reported so far, by step, the newest last.
    pub reports: &'a [(u64, f64)],
    /// Trials that had ended when this one was proposed, failed ones included, by number: the same
    /// ones however many have ended meanwhile.
    pub finished: &'a [FinishedTrial],
}

/// Decides after each report whether a trial goes on.
pub trait Pruner: Send + Sync {
    /// The registered name.
    fn name(&self) -> &'static str;

    /// Why the trial should stop; `None` to let it go on.
    fn verdict(&self, seen: &Reports<'_>) -> Option<String>;
}
