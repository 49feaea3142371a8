//! Runs a study: proposes trials in order, evaluates them in parallel, records each before, while
//! and after it runs.
//!
//! Going on with a study is no special case: recorded trials that have ended are taken as they are,
//! after a check that they are what would be proposed now; all others start (again) with the same
//! number, point and seeds. Nor is working on it together: a trial that another process runs is as
//! good as one that another worker runs, and if that process dies, its trials start again here.

mod claim;
mod evaluation;
pub(super) mod learn;
mod ledger;
mod plan;
mod proposer;
#[cfg(test)]
mod tests;
mod workers;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::Event;
use crate::objective::Objective;
use crate::outcome::{StudyError, StudyOutcome, TrialResult};
use crate::proposal::NoPoint;
use crate::store::Attempt;
use crate::trial::{FinishedTrial, Params};
pub use learn::{Drawn, drawn_in};
use ledger::Ledger;
pub use plan::{Pruning, StudyPlan, Surroundings};
use proposer::Proposer;
use uaic_kernel::rng::SeedTree;

/// How often to look after trials that other processes run.
const PATIENCE: Duration = Duration::from_millis(20);

/// Runs a study to its end, or until it is cancelled.
///
/// A trial that fails, panics or gives NaN is recorded as failed, with the reason, and the study
/// goes on. A panic of the sampler or the observer is a bug: it stops the study and is passed on.
///
/// # Errors
/// The store fails, or it holds trials that this study would not have proposed.
pub fn run(
    plan: &StudyPlan<'_>,
    objective: &dyn Objective,
    surroundings: &Surroundings<'_>,
) -> Result<StudyOutcome, StudyError> {
    let ledger = Ledger::load(plan, surroundings)?;
    let finished = ledger.ended();
    let best = ledger.best(plan.directions[0]);
    surroundings.observer.notice(&Event::Started { trials: plan.trials, finished, best });
    let most = plan.parallel.min(plan.trials.saturating_sub(finished)).max(1) as usize;
    let jobs = surroundings.jobs.clamp(1, most);
    let runner = Runner {
        plan,
        objective,
        at: *surroundings,
        progress: Mutex::new(Progress {
            proposer: Proposer::new(plan),
            ledger,
            results: BTreeMap::new(),
            looked: Instant::now(),
            spent: None,
            halted: false,
            error: None,
        }),
        changed: Condvar::new(),
        threads: surroundings.jobs / jobs,
    };
    workers::employ(jobs, || runner.work()).map_err(|source| StudyError::Threads { jobs, source })?;
    runner.into_outcome()
}

/// One run of a study: what all workers share.
struct Runner<'a> {
    plan: &'a StudyPlan<'a>,
    objective: &'a dyn Objective,
    at: Surroundings<'a>,
    /// Locked while a trial is proposed and its row written, never while an objective works.
    progress: Mutex<Progress<'a>>,
    /// A trial has ended, or the study is halted.
    changed: Condvar,
    /// What each worker leaves idle goes to its trial.
    threads: usize,
}

struct Progress<'a> {
    proposer: Proposer<'a>,
    ledger: Ledger,
    results: BTreeMap<u32, TrialResult>,
    /// When the trials of other processes were last looked after.
    looked: Instant,
    /// The first trial for which there was no point that had not been tried.
    spent: Option<u32>,
    /// No further trial starts.
    halted: bool,
    /// Why, if it is not the user's wish.
    error: Option<StudyError>,
}

/// A trial to be evaluated, whose row has been written.
struct Task {
    number: u32,
    params: Params,
    /// What the user wants of it.
    wanted: Option<Params>,
    attempt: Attempt,
    started: Instant,
    /// Its configuration, or the panic in place of it.
    config: Result<serde_json::Value, String>,
    /// Every trial below this number has ended for its proposal.
    seen_below: u32,
    /// An earlier trial at the same point, whose values it takes.
    same_as: Option<FinishedTrial>,
}

impl<'a> Runner<'a> {
    /// The life of a worker.
    fn work(&self) {
        let _guard = HaltOnPanic(self);
        while let Some(task) = self.next_task() {
            if let Err(error) = self.execute(task) {
                self.halt(Some(error));
            }
        }
    }

    /// The next trial in order, as soon as it may start; `None` when there is nothing left to do.
    fn next_task(&self) -> Option<Task> {
        let mut progress = self.lock();
        loop {
            if progress.halted || self.at.cancel.load(Ordering::Relaxed) {
                return None;
            }
            if self.at.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                progress.proposer.close();
            }
            match self.advance(&mut progress) {
                Ok(Some(task)) => return Some(task),
                Ok(None) if progress.ledger.waits_for_others() => {
                    let waited = self.changed.wait_timeout(progress, PATIENCE);
                    progress = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Ok(None) if progress.proposer.schedule().all_proposed() => {
                    drop(progress);
                    // Whoever waits may find that nothing is left either.
                    self.changed.notify_all();
                    return None;
                }
                // Something runs, or else the next trial would be ready; its end wakes this thread.
                Ok(None) => {
                    progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
                }
                Err(error) => {
                    drop(progress);
                    self.halt(Some(error));
                    return None;
                }
            }
        }
    }

    /// Goes through the trials that are ready: recorded ones are taken over, the first other one
    /// is to be evaluated.
    fn advance(&self, progress: &mut Progress<'_>) -> Result<Option<Task>, StudyError> {
        if progress.ledger.waits_for_others() && progress.looked.elapsed() >= PATIENCE {
            if let Some(task) = self.look_after_others(progress)? {
                return Ok(Some(task));
            }
            progress.looked = Instant::now();
        }
        while let Some(number) = progress.proposer.ready() {
            match progress.proposer.point(&progress.ledger, number)? {
                Ok(params) => {
                    // Without a task and without a proposal a change came in between: it is made again.
                    if let Some(task) = self.settle(progress, number, params)? {
                        return Ok(Some(task));
                    }
                }
                Err(why) => self.end_before(progress, number, why),
            }
        }
        Ok(None)
    }

    /// The first trial of another process that this one does not run any more.
    fn look_after_others(&self, progress: &mut Progress<'_>) -> Result<Option<Task>, StudyError> {
        while let Some(number) = progress.ledger.look_after_others(&self.at)? {
            let params = progress.ledger.record(number).map(|record| record.start.params.clone());
            if let Some(task) = self.settle(progress, number, params.unwrap_or_default())? {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }

    /// Ends the study before a trial for which there is no point. What runs may come to its end.
    fn end_before(&self, progress: &mut Progress<'_>, number: u32, why: NoPoint) {
        match why {
            NoPoint::Spent => progress.spent = Some(number),
            NoPoint::Forbidden => {
                let error = StudyError::forbidden(self.at.study, number, progress.proposer.space());
                progress.error = progress.error.take().or(Some(error));
            }
        }
        progress.proposer.close();
    }

    /// Lets no further trial start; an error also ends the running ones.
    fn halt(&self, error: Option<StudyError>) {
        let mut progress = self.lock();
        progress.halted = true;
        if error.is_some() {
            self.at.cancel.store(true, Ordering::Relaxed);
            progress.error = progress.error.take().or(error);
        }
        drop(progress);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Progress<'a>> {
        // A panic under the lock is passed on to the caller of `run` in any case.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_outcome(self) -> Result<StudyOutcome, StudyError> {
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        let schedule = progress.proposer.schedule();
        match progress.error {
            Some(error) => Err(error),
            None => Ok(StudyOutcome {
                cancelled: !schedule.all_proposed() || progress.results.len() < schedule.proposed() as usize,
                spent: progress.spent,
                finished: progress.results.into_values().collect(),
                directions: self.plan.directions.to_vec(),
            }),
        }
    }
}

/// A trial's node of the seed tree.
fn trial_seeds(plan: &StudyPlan<'_>, number: u32) -> SeedTree {
    plan.seeds.child("trial", number.into())
}

/// Wakes the other workers when this one panics outside of a trial, so that none waits for ever.
struct HaltOnPanic<'r, 'a>(&'r Runner<'a>);

impl Drop for HaltOnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.halt(None);
        }
    }
}
