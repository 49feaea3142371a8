//! Runs a study: proposes trials in order, evaluates them in parallel, records each before, while
//! and after it runs.
//!
//! Going on with a study is no special case: recorded trials that have ended are taken as they are,
//! after a check that they are what would be proposed now; all others start (again) with the same
//! number, point and seeds.

mod replay;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::event::{Event, Observer};
use super::objective::{Judge, Objective, ObjectiveError, Trial};
use super::outcome::{StudyError, StudyOutcome, TrialResult};
use super::panics::caught;
use super::sampler::Sampler;
use super::schedule::Schedule;
use crate::platform::ProcessIdentity;
use crate::rng::SeedTree;
use crate::run_log::{self, LOG_ARTIFACT};
use crate::spec::Space;
use crate::store::{Attempt, Environment, Id, NewRun, RunEnd, RunKind, Store};
use crate::trial::{Direction, FinishedTrial, Params, RunState};
use replay::Replay;

/// What decides a study's trials: nothing else has a say in them.
#[derive(Clone)]
pub struct StudyPlan<'a> {
    /// The search space.
    pub space: &'a Space,
    /// Which end of each of the objective's values is better.
    pub directions: &'a [Direction],
    /// How many trials there are in all, ended ones included.
    pub trials: u32,
    /// How many trials may be pending at once, whatever the machine; at least 1.
    pub parallel: u32,
    /// The study's root of the seed tree.
    pub seeds: SeedTree,
}

/// Where and under whose eyes a study runs: nothing here changes its trials.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Where everything is recorded.
    pub store: &'a dyn Store,
    /// The study's id there. The caller has acquired it, and releases it.
    pub study: Id,
    /// How many trials to evaluate at once here; at least 1.
    pub jobs: usize,
    /// This process.
    pub process: &'a ProcessIdentity,
    /// Facts about the surroundings, recorded with each run.
    pub environment: &'a Environment,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Set it to stop: no trial starts any more, and running ones end at their next look. It is
    /// also set here when the study cannot go on, so that running trials need not reach their end.
    pub cancel: &'a AtomicBool,
}

/// Runs a study to its end, or until it is cancelled.
///
/// A trial that fails, panics or gives NaN is recorded as failed, with the reason, and the study
/// goes on. A panic of the sampler or the observer is a bug: it stops the study and is passed on.
///
/// # Errors
/// The store fails, or it holds trials that this study would not have proposed.
pub fn run(
    plan: &StudyPlan<'_>,
    sampler: &mut dyn Sampler,
    objective: &dyn Objective,
    surroundings: &Surroundings<'_>,
) -> Result<StudyOutcome, StudyError> {
    let replay = Replay::load(plan, surroundings)?;
    let finished = replay.ended();
    let best = replay.best(plan.directions[0]);
    surroundings.observer.notice(&Event::Started { trials: plan.trials, finished, best });
    let most = plan.parallel.min(plan.trials.saturating_sub(finished)).max(1) as usize;
    let jobs = surroundings.jobs.clamp(1, most);
    let runner = Runner {
        plan,
        objective,
        at: *surroundings,
        progress: Mutex::new(Progress {
            sampler,
            schedule: Schedule::new(plan.trials, plan.parallel),
            replay,
            results: BTreeMap::new(),
            halted: false,
            error: None,
        }),
        changed: Condvar::new(),
        threads: surroundings.jobs / jobs,
    };
    // A pool of its own, and `broadcast` rather than `spawn`: a worker that waits for rayon inside
    // an objective may take over other tasks of its pool, and here there are none to take.
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|worker| format!("trial-worker-{worker}"))
        .build()
        .map_err(|source| StudyError::Threads { jobs, source })?
        .broadcast(|_| runner.work());
    runner.into_outcome()
}

/// One run of a study: what all workers share.
struct Runner<'a, 's> {
    plan: &'a StudyPlan<'a>,
    objective: &'a dyn Objective,
    at: Surroundings<'a>,
    /// Never locked while an objective or the store works.
    progress: Mutex<Progress<'s>>,
    /// A trial has ended, or the study is halted.
    changed: Condvar,
    /// What each worker leaves idle goes to its trial.
    threads: usize,
}

struct Progress<'a> {
    sampler: &'a mut dyn Sampler,
    schedule: Schedule,
    replay: Replay,
    results: BTreeMap<u32, TrialResult>,
    /// No further trial starts.
    halted: bool,
    /// Why, if it is not the user's wish.
    error: Option<StudyError>,
}

/// A trial to be evaluated.
struct Task {
    number: u32,
    params: Params,
}

/// How an evaluation ended.
enum Verdict {
    Final(RunEnd),
    /// Stopped on request, to be repeated.
    Interrupted,
    /// The study cannot go on.
    Broken(StudyError),
}

impl<'s> Runner<'_, 's> {
    /// The life of a worker.
    fn work(&self) {
        let _guard = HaltOnPanic(self);
        while let Some(task) = self.next_task() {
            if let Err(error) = self.execute(&task) {
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
            match progress.advance(self.plan) {
                Ok(Some(task)) => return Some(task),
                Ok(None) if progress.schedule.all_proposed() => return None,
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

    /// Evaluates a trial and records it from start to end.
    fn execute(&self, task: &Task) -> Result<(), StudyError> {
        let start = Instant::now();
        let config = caught(|| self.objective.config(&task.params));
        let attempt = self.at.store.start_run(&NewRun {
            study: self.at.study,
            kind: RunKind::Trial,
            number: Some(task.number),
            params: task.params.clone(),
            config: config.clone().unwrap_or_default(),
            process: self.at.process.clone(),
            environment: self.at.environment.clone(),
        })?;
        self.at.observer.notice(&Event::TrialStarted {
            number: task.number,
            run: attempt.run,
            params: task.params.clone(),
        });
        let (verdict, log) = run_log::capture(|| match config {
            Ok(_) => self.evaluate(task, attempt),
            Err(panic) => failed(panic),
        });
        if !log.is_empty() {
            self.at.store.put_artifact(attempt, LOG_ARTIFACT, log.as_bytes())?;
        }
        let end = match verdict {
            Verdict::Final(end) => end,
            Verdict::Interrupted => RunEnd { state: RunState::Interrupted, value: None, reason: None },
            Verdict::Broken(error) => {
                // The first error says more than whatever this one may add.
                let _ = self.at.store.finish_run(
                    attempt,
                    &RunEnd { state: RunState::Interrupted, value: None, reason: Some(error.to_string()) },
                );
                return Err(error);
            }
        };
        self.at.store.finish_run(attempt, &end)?;
        self.conclude(task, attempt.run, end, start.elapsed().as_secs_f64());
        Ok(())
    }

    fn evaluate(&self, task: &Task, attempt: Attempt) -> Verdict {
        let trial = Trial {
            number: task.number,
            params: &task.params,
            threads: self.threads,
            seeds: trial_seeds(self.plan, task.number),
            store: self.at.store,
            attempt,
            observer: self.at.observer,
            cancel: self.at.cancel,
            judge: Judge { reports: Mutex::default(), verdict: &|_| None },
        };
        match caught(|| self.objective.evaluate(&trial)) {
            Ok(Ok(evaluation)) if evaluation.values.iter().any(|value| value.is_nan()) => {
                failed("the objective's value is NaN".to_owned())
            }
            Ok(Ok(evaluation)) => Verdict::Final(RunEnd {
                state: RunState::Complete,
                value: evaluation.values.first().copied(),
                reason: None,
            }),
            Ok(Err(ObjectiveError::Pruned(reason))) => {
                Verdict::Final(RunEnd { state: RunState::Pruned, value: None, reason: Some(reason) })
            }
            Ok(Err(ObjectiveError::Cancelled)) => Verdict::Interrupted,
            Ok(Err(ObjectiveError::Failed(reason))) => failed(reason),
            Ok(Err(ObjectiveError::Store(error))) => Verdict::Broken(error.into()),
            Err(panic) => failed(panic),
        }
    }

    /// Tells the others that a recorded trial has ended.
    fn conclude(&self, task: &Task, run: Id, end: RunEnd, seconds: f64) {
        self.at.observer.notice(&Event::TrialFinished {
            number: task.number,
            run,
            params: task.params.clone(),
            state: end.state,
            value: end.value,
            reason: end.reason.clone(),
            seconds,
        });
        if end.state == RunState::Interrupted {
            return self.halt(None);
        }
        let trial = FinishedTrial {
            number: task.number,
            params: task.params.clone(),
            state: end.state,
            values: end.value.into_iter().collect(),
            violation: 0.0,
            intermediate: vec![],
        };
        self.lock().finish(TrialResult { trial, run, reason: end.reason, seconds });
        self.changed.notify_all();
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

    fn lock(&self) -> MutexGuard<'_, Progress<'s>> {
        // A panic under the lock is passed on to the caller of `run` in any case.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_outcome(self) -> Result<StudyOutcome, StudyError> {
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        match progress.error {
            Some(error) => Err(error),
            None => Ok(StudyOutcome {
                cancelled: progress.results.len() < self.plan.trials as usize,
                finished: progress.results.into_values().collect(),
                direction: self.plan.directions[0],
            }),
        }
    }
}

impl Progress<'_> {
    /// Goes through the trials that are ready: recorded ones are taken over, the first other one
    /// is to be evaluated.
    fn advance(&mut self, plan: &StudyPlan<'_>) -> Result<Option<Task>, StudyError> {
        while let Some(number) = self.schedule.ready() {
            let propose = || {
                let history = self.schedule.history(plan.space, plan.directions);
                self.sampler.propose(number, &history, &mut trial_seeds(plan, number).rng("sampler"))
            };
            let params = self.replay.point(number, propose)?;
            self.schedule.propose(params.clone());
            match self.replay.take(number) {
                Some(result) => self.finish(result),
                None => return Ok(Some(Task { number, params })),
            }
        }
        Ok(None)
    }

    fn finish(&mut self, result: TrialResult) {
        self.schedule.finish(result.trial.clone());
        self.results.insert(result.trial.number, result);
    }
}

/// A trial's node of the seed tree.
fn trial_seeds(plan: &StudyPlan<'_>, number: u32) -> SeedTree {
    plan.seeds.child("trial", number.into())
}

fn failed(reason: String) -> Verdict {
    Verdict::Final(RunEnd { state: RunState::Failed, value: None, reason: Some(reason) })
}

/// Wakes the other workers when this one panics outside of a trial, so that none waits for ever.
struct HaltOnPanic<'r, 'a, 's>(&'r Runner<'a, 's>);

impl Drop for HaltOnPanic<'_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.halt(None);
        }
    }
}
