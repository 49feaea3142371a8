//! How far a study is.

use serde::{Deserialize, Serialize};

use super::{Id, RunKind, RunQuery, RunRecord};
use crate::trial::{Candidate, Direction, Rank, RunState, better};

/// How far a study is: its trials by state, and the best so far. Those that the user has hidden or
/// excluded are counted apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Trials with a value.
    pub complete: u32,
    /// Trials stopped early.
    pub pruned: u32,
    /// Trials that failed.
    pub failed: u32,
    /// Trials that run now.
    pub running: u32,
    /// Trials stopped on request.
    pub interrupted: u32,
    /// Trials whose process died.
    pub crashed: u32,
    /// Trials hidden by the user, whatever their state.
    pub hidden: u32,
    /// Trials excluded by the user that are not hidden.
    pub excluded: u32,
    /// The best trial.
    pub best: Option<Rank>,
}

impl RunQuery {
    /// All trials of a study.
    pub fn trials_of(study: Id) -> Self {
        Self { study: Some(study), kind: Some(RunKind::Trial), include_hidden: true, ..Self::default() }
    }
}

impl Tally {
    /// Counts trials.
    pub fn of(trials: &[RunRecord], direction: Direction) -> Self {
        let mut tally = Self::default();
        for trial in trials {
            tally.add(trial.candidate(), direction);
        }
        tally
    }

    /// Counts one trial.
    pub fn add(&mut self, trial: Candidate, direction: Direction) {
        let count = match trial.state {
            _ if trial.hidden => &mut self.hidden,
            _ if trial.excluded => &mut self.excluded,
            RunState::Complete => &mut self.complete,
            RunState::Pruned => &mut self.pruned,
            RunState::Failed => &mut self.failed,
            RunState::Running => &mut self.running,
            RunState::Interrupted => &mut self.interrupted,
            RunState::Crashed => &mut self.crashed,
        };
        *count += 1;
        self.best = better(self.best, trial.rank(), direction);
    }

    /// What the user has put aside, as the end of a sentence: `, 1 hidden, 2 excluded`; empty where there is
    /// nothing.
    pub fn aside(&self) -> String {
        let parts = [(self.hidden, "hidden"), (self.excluded, "excluded")];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        parts.map(|(count, what)| format!(", {count} {what}")).collect::<Vec<_>>().concat()
    }

    /// Trials that have ended for good.
    pub fn done(&self) -> u32 {
        self.complete + self.pruned + self.failed
    }
}
