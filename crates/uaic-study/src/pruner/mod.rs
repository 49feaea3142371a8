//! Pruners stop trials that cannot become good: functions of recorded values, like samplers.
//!
//! To add one: a file with a type that has its settings and an `impl Pruner`, a name in [`PRUNERS`] and
//! a variant of [`PrunerSpec`]. The conformance suite then runs over it.
//!
//! What they have in common. A trial is judged by what it has reported up to now, in the order of the
//! steps, and of equal steps by the last report. NaN is worse than every number. A comparison that
//! ties never stops a trial, and neither does a lack of trials to compare with.

#[cfg(test)]
mod conformance;
mod halving;
mod hyperband;
mod median;
mod none;
mod patience;
mod percentile;
mod saved;
mod series;
mod spec;
mod threshold;
mod wilcoxon;
mod wording;

pub use halving::SuccessiveHalving;
pub use hyperband::Hyperband;
pub use median::Median;
pub use none::Never;
pub use patience::Patience;
pub use percentile::Percentile;
pub use saved::saved;
pub use series::Timing;
pub use spec::{PRUNERS, PrunerSpec};
pub use threshold::Threshold;
pub use wilcoxon::Wilcoxon;

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

/// A setting of a pruner that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PrunerError {
    /// The setting, as a spec calls it.
    pub setting: &'static str,
    /// What is wrong, with its value.
    pub message: String,
}

impl PrunerError {
    fn new(setting: &'static str, message: impl Into<String>) -> Self {
        Self { setting, message: message.into() }
    }
}

/// Decides after each report whether a trial goes on.
///
/// A verdict is a pure function of the settings and of [`Reports`], so that any process comes to
/// the same one whatever has happened meanwhile.
pub trait Pruner: Send + Sync {
    /// The registered name.
    fn name(&self) -> &'static str;

    /// Why the trial should stop, as a sentence for its record; `None` to let it go on.
    fn verdict(&self, seen: &Reports<'_>) -> Option<String>;
}
