//! What happens in a study, told as it happens to whoever shows it.

use crate::store::Id;
use crate::trial::{Params, Rank, RunState};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The study starts or goes on; `finished` of `trials` are already there.
    Started {
        /// How many trials there will be.
        trials: u32,
        /// How many have ended before.
        finished: u32,
        /// The best of these, if one has a value.
        best: Option<Rank>,
    },
    /// A trial starts.
    TrialStarted {
        /// Its number.
        number: u32,
        /// Its run.
        run: Id,
        /// Its point.
        params: Params,
    },
    /// A trial has come further.
    Progress {
        /// Its number.
        number: u32,
        /// How much is done, 0 to 1.
        done: f64,
        /// In words: `fold 2/5 epoch 3/5 loss 0.41 val/accuracy 0.912`.
        message: String,
    },
    /// A trial has ended.
    TrialFinished {
        /// Its number.
        number: u32,
        /// Its run.
        run: Id,
        /// Its point.
        params: Params,
        /// How.
        state: RunState,
        /// The metric's value, when complete.
        value: Option<f64>,
        /// By how much it misses the constraints on its outcome.
        violation: f64,
        /// Why, when failed.
        reason: Option<String>,
        /// How long it took.
        seconds: f64,
    },
}

/// Something that wants to know what happens. Called from any thread, so it must be quick.
pub trait Observer: Sync {
    /// Takes note of an event.
    fn notice(&self, event: &Event);
}

/// Nobody watches.
impl Observer for () {
    fn notice(&self, _: &Event) {}
}
