//! What every store decides alike: which names it takes, who counts as alive, which run starts as what,
//! and how it refuses. Nothing here touches a store.

pub use super::artifact_name::check_name;
pub use super::liveness::{is_alive, not_held, now_ms};
pub use super::registry::{alias_detail, check_alias, check_model_name, no_alias, no_model, no_version};

use super::{Attempt, Change, Id, RunKind, StoreError};
use crate::trial::RunState;
use uaic_platform::process::ProcessIdentity;

/// A run of the same study, kind and number as one that is to start.
#[derive(Clone, Copy, Debug)]
pub struct EarlierRun<'a> {
    /// Its id.
    pub id: Id,
    /// How many times it has been started.
    pub attempts: u32,
    /// Its state, with the death of its process accounted for.
    pub state: RunState,
    /// The process that started it last.
    pub process: &'a ProcessIdentity,
}

/// The attempt with which `process` starts a run again.
///
/// # Errors
/// [`StoreError::IllegalTransition`] when it has ended for good; [`StoreError::Taken`] when another live
/// process runs it, or somebody outside.
pub fn next_attempt(earlier: &EarlierRun<'_>, process: &ProcessIdentity) -> Result<Attempt, StoreError> {
    let EarlierRun { id, attempts, state, process: runner } = *earlier;
    if state.is_final() {
        return Err(StoreError::IllegalTransition { run: id.short(), from: state, to: RunState::Running });
    }
    if state == RunState::Running && (runner != process || runner.is_outside()) {
        let ProcessIdentity { host, pid, .. } = runner.clone();
        return Err(StoreError::Taken { run: id.short(), host, pid });
    }
    Ok(Attempt { run: id, number: attempts + 1 })
}

/// That who starts a trial knows all changes of its study; who need not know any says `None`.
///
/// # Errors
/// [`StoreError::Outdated`].
pub fn check_up_to_date(study: Id, known: Option<usize>, there: usize) -> Result<(), StoreError> {
    match known {
        Some(known) if known != there => Err(StoreError::Outdated { study: study.short() }),
        _ => Ok(()),
    }
}

/// The first trial that a change counts for: the first that nobody has started; for what is enqueued also
/// behind all that is enqueued already.
pub fn first_trial_of(change: &Change, last_started: Option<u32>, last_enqueued: Option<u32>) -> u32 {
    let behind = |last: Option<u32>| last.map_or(0, |last| last + 1);
    match change {
        Change::Enqueue { .. } => behind(last_started.max(last_enqueued)),
        _ => behind(last_started),
    }
}

/// That a trial has ended, so that it may be excluded, included or corrected.
///
/// # Errors
/// [`StoreError::NotEnded`].
pub fn check_ended(number: u32, state: RunState) -> Result<(), StoreError> {
    if state.is_final() { Ok(()) } else { Err(StoreError::NotEnded { number, state }) }
}

/// That an attempt is the newest of its run.
///
/// # Errors
/// [`StoreError::StaleAttempt`].
pub fn check_newest(attempt: Attempt, attempts: u32) -> Result<(), StoreError> {
    if attempt.number == attempts {
        Ok(())
    } else {
        Err(StoreError::StaleAttempt { run: attempt.run.short() })
    }
}

/// That a run takes metrics and artifacts.
///
/// # Errors
/// [`StoreError::Ended`].
pub fn check_running(attempt: Attempt, state: RunState) -> Result<(), StoreError> {
    match state {
        RunState::Running => Ok(()),
        state => Err(StoreError::Ended { run: attempt.run.short(), state }),
    }
}

/// That a run may end like this.
///
/// # Errors
/// [`StoreError::IllegalTransition`].
pub fn check_end(attempt: Attempt, from: RunState, to: RunState) -> Result<(), StoreError> {
    if to == RunState::Running || !from.may_become(to) {
        return Err(StoreError::IllegalTransition { run: attempt.run.short(), from, to });
    }
    Ok(())
}

/// That a run may be brought in over one with its id: only over one that was brought in, too.
///
/// # Errors
/// [`StoreError::Clash`].
pub fn check_outside(run: Id, process: &ProcessIdentity) -> Result<(), StoreError> {
    if process.is_outside() {
        return Ok(());
    }
    Err(StoreError::Clash { run: run.short(), why: "a run of this id was executed here".to_owned() })
}

/// The error of an id that a run has already.
pub fn id_taken(run: Id) -> StoreError {
    StoreError::Clash { run: run.short(), why: "there is a run of this id".to_owned() }
}

/// The error of a number in a study that another run has.
pub fn number_taken(run: Id, other: Id) -> StoreError {
    let why = format!("run {} has its number in the study", other.short());
    StoreError::Clash { run: run.short(), why }
}

/// That a run may become part of another, given the other and all that it is part of.
///
/// # Errors
/// [`StoreError::Circle`].
pub fn check_parent(run: Id, parent: Id, above: &[Id]) -> Result<(), StoreError> {
    if run != parent && !above.contains(&run) {
        return Ok(());
    }
    Err(StoreError::Circle { run: run.short(), parent: parent.short() })
}

/// That a run may be removed for good.
///
/// # Errors
/// [`StoreError::InUse`].
pub fn check_removable(
    run: Id,
    kind: RunKind,
    state: RunState,
    is_registered: bool,
) -> Result<(), StoreError> {
    let why = match (kind, state) {
        (_, RunState::Running) => "it still runs",
        (RunKind::Trial, _) => "its study needs all of its trials",
        _ if is_registered => "it is a version of a registered model",
        _ => return Ok(()),
    };
    Err(StoreError::InUse { run: run.short(), why })
}

/// By how much a run misses constraints, as it is kept: from 0 to the largest number. What is no number
/// is as bad as can be, as it is for a [`Rank`](crate::trial::Rank).
pub fn kept_violation(violation: f64) -> f64 {
    if violation.is_nan() { f64::MAX } else { violation.clamp(0.0, f64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_starts_again_unless_it_has_ended_or_another_process_runs_it() {
        let (own, outside) = (ProcessIdentity::current(), ProcessIdentity::outside());
        let other = ProcessIdentity { pid: own.pid + 1, ..own.clone() };
        let id = Id([7; 16]);
        let start = |state, process| next_attempt(&EarlierRun { id, attempts: 2, state, process }, &own);
        for (state, process) in
            [(RunState::Interrupted, &other), (RunState::Crashed, &other), (RunState::Running, &own)]
        {
            assert_eq!(start(state, process).unwrap(), Attempt { run: id, number: 3 }, "{state}");
        }
        for process in [&other, &outside] {
            assert!(matches!(start(RunState::Running, process), Err(StoreError::Taken { .. })));
        }
        for state in [RunState::Complete, RunState::Pruned, RunState::Failed] {
            assert!(matches!(start(state, &own), Err(StoreError::IllegalTransition { .. })));
        }
    }

    #[test]
    fn a_change_counts_from_the_first_number_that_nobody_has() {
        let enqueued = Change::Enqueue { params: crate::trial::Params::new() };
        let excluded = Change::Exclude { trial: 0, reason: String::new() };
        assert_eq!(first_trial_of(&enqueued, None, None), 0);
        assert_eq!(first_trial_of(&enqueued, Some(3), Some(7)), 8);
        assert_eq!(first_trial_of(&enqueued, Some(7), Some(3)), 8);
        assert_eq!(first_trial_of(&excluded, Some(3), Some(7)), 4);
    }
}
