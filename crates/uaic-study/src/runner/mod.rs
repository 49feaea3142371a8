//! Runs a study: proposes trials in order, evaluates them in parallel, records each before, while
//! and after it runs.
//!
//! Going on with a study is no special case: recorded trials that have ended are taken as they are,
//! after a check that they are what would be proposed now; all others start (again) with the same
//! number, point and seeds. Nor is working on it together: a trial that another process runs is as
//! good as one that another worker runs, and if that process dies, its trials start again here.

pub(super) mod learn;
mod ledger;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::event::Event;
use super::objective::{Evaluation, Judge, Objective, ObjectiveError, Trial};
use super::outcome::{StudyError, StudyOutcome, TrialResult};
use super::panics::caught;
use super::promise::with_parents;
use super::proposal::{self, NoPoint, Request, is_used_up};
use super::pruner::Reports;
use super::sampler::{Duplicates, History, Sampler};
use super::schedule::Schedule;
use crate::run_log::{self, LOG_ARTIFACT};
use crate::space::Space;
use crate::store::{Attempt, Change, Id, NewRun, RunEnd, RunKind, RunRecord, StoreError};
use crate::trial::{FinishedTrial, Params, RunState};
use learn::Learnt;
pub use learn::{Drawn, drawn_in};
use ledger::Ledger;
pub use plan::{Pruning, StudyPlan, Surroundings};
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};

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
    let target = plan.target.map(|target| (target, plan.directions[0]));
    let runner = Runner {
        plan,
        objective,
        at: *surroundings,
        progress: Mutex::new(Progress {
            schedule: Schedule::new(plan.trials, plan.parallel, target),
            ledger,
            sampler: (plan.sampler)(),
            space: plan.space.cloned().unwrap_or_default(),
            learnt: plan.space.is_none().then(Learnt::default),
            results: BTreeMap::new(),
            looked: Instant::now(),
            halted: false,
            spent: None,
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
struct Runner<'a> {
    plan: &'a StudyPlan<'a>,
    objective: &'a dyn Objective,
    at: Surroundings<'a>,
    /// Locked while a trial is proposed and its row written, never while an objective works.
    progress: Mutex<Progress>,
    /// A trial has ended, or the study is halted.
    changed: Condvar,
    /// What each worker leaves idle goes to its trial.
    threads: usize,
}

struct Progress {
    schedule: Schedule,
    ledger: Ledger,
    sampler: Box<dyn Sampler>,
    /// The space as the user has changed it.
    space: Space,
    /// The space as trials have it, where that decides.
    learnt: Option<Learnt>,
    results: BTreeMap<u32, TrialResult>,
    /// When the trials of other processes were last looked after.
    looked: Instant,
    /// No further trial starts.
    halted: bool,
    /// The first trial for which there was no point that had not been tried.
    spent: Option<u32>,
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

/// How an evaluation ended.
enum Verdict {
    Complete(Evaluation),
    /// Pruned or failed.
    Without(RunState, String),
    /// Stopped on request, to be repeated.
    Interrupted,
    /// The study cannot go on.
    Broken(StudyError),
}

impl Runner<'_> {
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
                progress.schedule.close();
            }
            match self.advance(&mut progress) {
                Ok(Some(task)) => return Some(task),
                Ok(None) if progress.ledger.waits_for_others() => {
                    let waited = self.changed.wait_timeout(progress, PATIENCE);
                    progress = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Ok(None) if progress.schedule.all_proposed() => {
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
    fn advance(&self, progress: &mut Progress) -> Result<Option<Task>, StudyError> {
        if progress.ledger.waits_for_others() && progress.looked.elapsed() >= PATIENCE {
            while let Some(number) = progress.ledger.look_after_others(&self.at)? {
                let params = progress.ledger.record(number).map(|record| record.start.params.clone());
                if let Some(task) = self.settle(progress, number, params.unwrap_or_default())? {
                    return Ok(Some(task));
                }
            }
            progress.looked = Instant::now();
        }
        while let Some(number) = progress.schedule.ready() {
            let Some(params) = self.point(progress, number)? else { continue };
            let known = progress.schedule.proposed();
            let task = self.settle(progress, number, params)?;
            if task.is_some() {
                return Ok(task);
            }
            // A change that came in between: the proposal is made again.
            debug_assert!(progress.schedule.proposed() >= known);
        }
        Ok(None)
    }

    /// The point of the next trial; `None` where there is none, and the study ends before it.
    fn point(&self, progress: &mut Progress, number: u32) -> Result<Option<Params>, StudyError> {
        while let Some(change) = progress.ledger.next_change(number) {
            progress.apply(self.plan, &change);
        }
        let mut rng = trial_seeds(self.plan, number).rng("sampler");
        let proposed = if progress.learnt.is_some() {
            progress.propose_within_learnt(self.plan, number, &mut rng)
        } else if let Some(params) = progress.ledger.trusted(number) {
            return Ok(Some(params.clone()));
        } else {
            let Progress { schedule, sampler, space, ledger, .. } = progress;
            let request = Request {
                number,
                history: schedule.history(space, self.plan.directions),
                wanted: ledger.enqueued(number),
                duplicates: self.plan.duplicates,
            };
            proposal::propose(&mut **sampler, &request, &mut rng)
        };
        let recorded = progress.ledger.record(number).map(|record| record.start.params.clone());
        match (proposed, recorded) {
            (Ok(params), _) => {
                if progress.learnt.is_none() {
                    progress.ledger.agree(number, &params)?;
                }
                Ok(Some(params))
            }
            // An earlier version went on here.
            (Err(_), Some(recorded)) => Ok(Some(recorded)),
            (Err(NoPoint::Spent), None) => {
                progress.spent = Some(number);
                progress.schedule.close();
                Ok(None)
            }
            (Err(NoPoint::Forbidden), None) => {
                let error = StudyError::forbidden(self.at.study, number, &progress.space);
                // What runs may come to its end.
                progress.error = progress.error.take().or(Some(error));
                progress.schedule.close();
                Ok(None)
            }
        }
    }

    /// Takes a trial over from the record where it has ended, leaves it to the process that runs it,
    /// or else writes its row and gives it to the caller.
    fn settle(
        &self,
        progress: &mut Progress,
        number: u32,
        params: Params,
    ) -> Result<Option<Task>, StudyError> {
        match progress.ledger.record(number).map(|record| (record.id, record.state)) {
            Some((run, state)) if state.is_final() => {
                self.take_over(progress, number, run)?;
                progress.propose(number, params);
                return Ok(None);
            }
            Some((_, RunState::Running)) if self.is_elsewhere(progress.ledger.record(number)) => {
                progress.ledger.leave_to_others(number);
                progress.propose(number, params);
                return Ok(None);
            }
            _ => {}
        }
        let config = caught(|| self.objective.config(&params));
        let new = NewRun {
            study: self.at.study,
            kind: RunKind::Trial,
            number: Some(number),
            params: params.clone(),
            config: config.clone().unwrap_or_default(),
            process: self.at.process.clone(),
            environment: self.at.environment.clone(),
        };
        let mut started = self.at.store.start_trial(&new, progress.ledger.changes());
        // A change does not touch the point of a trial that was proposed before.
        while number < progress.schedule.proposed() && matches!(started, Err(StoreError::Outdated { .. })) {
            progress.ledger.reload_changes(&self.at)?;
            started = self.at.store.start_trial(&new, progress.ledger.changes());
        }
        match started {
            Ok(attempt) => {
                let same_as = (self.plan.duplicates == Duplicates::Reuse)
                    .then(|| progress.schedule.complete_at(&params).cloned())
                    .flatten();
                let seen_below = progress.schedule.shown_below();
                progress.propose(number, params.clone());
                let started = Instant::now();
                let wanted = progress.ledger.enqueued(number).cloned();
                Ok(Some(Task { number, params, wanted, attempt, started, config, seen_below, same_as }))
            }
            Err(StoreError::Outdated { .. }) => {
                progress.ledger.reload_changes(&self.at)?;
                Ok(None)
            }
            Err(StoreError::Taken { .. } | StoreError::IllegalTransition { .. }) => {
                progress.ledger.refresh(number, &self.at)?;
                if progress.learnt.is_none() {
                    progress.ledger.agree(number, &params)?;
                }
                let record = progress.ledger.record(number).map(|record| (record.id, record.state));
                if let Some((run, state)) = record
                    && state.is_final()
                {
                    self.take_over(progress, number, run)?;
                } else {
                    progress.ledger.leave_to_others(number);
                }
                progress.propose(number, params);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether another live process runs a trial that is recorded as running.
    fn is_elsewhere(&self, record: Option<&RunRecord>) -> bool {
        record.is_some_and(|record| record.start.process != *self.at.process)
    }

    /// Takes the result of a trial from the record.
    fn take_over(&self, progress: &mut Progress, number: u32, run: Id) -> Result<(), StudyError> {
        let reports = match self.plan.pruning {
            None => vec![],
            Some(pruning) => {
                let history = self.at.store.metric_history(run, pruning.metric)?;
                history.into_iter().map(|point| (point.step, point.value)).collect()
            }
        };
        if let Some(learnt) = &mut progress.learnt {
            learnt.note(number, progress.ledger.drawn(number)?);
        }
        if let Some((result, original)) = progress.ledger.result(number, reports) {
            progress.schedule.finish(original);
            progress.results.insert(number, result);
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Evaluates a trial and records it to its end.
    fn execute(&self, mut task: Task) -> Result<(), StudyError> {
        self.at.observer.notice(&Event::TrialStarted {
            number: task.number,
            run: task.attempt.run,
            params: task.params.clone(),
        });
        let trial = self.trial(&task);
        let (verdict, log) = run_log::capture(|| match (&task.config, &task.same_as) {
            (Err(panic), _) => Verdict::Without(RunState::Failed, panic.clone()),
            (_, Some(earlier)) => self.reuse(&task, earlier),
            _ => self.evaluate(&trial),
        });
        let (reports, drawn) = (trial.reports(), trial.drawn());
        drop(trial);
        if let Some((params, drawn)) = drawn {
            task.params = params;
            if let Some(learnt) = &mut self.lock().learnt {
                learnt.note(task.number, drawn);
            }
        }
        if !log.is_empty() {
            self.at.store.put_artifact(task.attempt, LOG_ARTIFACT, log.as_bytes())?;
        }
        let (state, evaluation, reason) = match verdict {
            Verdict::Complete(evaluation) => (RunState::Complete, evaluation, None),
            Verdict::Without(state, reason) => (state, Evaluation::nothing(), Some(reason)),
            Verdict::Interrupted => (RunState::Interrupted, Evaluation::nothing(), None),
            Verdict::Broken(error) => {
                // The first error says more than whatever this one may add.
                let end = RunEnd::without_values(RunState::Interrupted, Some(error.to_string()));
                let _ = self.at.store.finish_run(task.attempt, &end);
                return Err(error);
            }
        };
        let Evaluation { values, violation } = evaluation;
        let end = RunEnd { state, values, violation, reason };
        self.at.store.finish_run(task.attempt, &end)?;
        self.conclude(task, end, reports);
        Ok(())
    }

    fn trial<'t>(&'t self, task: &'t Task) -> Trial<'t> {
        Trial {
            number: task.number,
            params: &task.params,
            wanted: task.wanted.as_ref(),
            threads: self.threads,
            seeds: trial_seeds(self.plan, task.number),
            store: self.at.store,
            attempt: task.attempt,
            observer: self.at.observer,
            cancel: self.at.cancel,
            judge: Judge {
                reports: Mutex::default(),
                drawn: Mutex::default(),
                verdict: Box::new(|reports| self.judge(task, reports)),
            },
        }
    }

    /// Whether the pruner stops a trial, and why.
    fn judge(&self, task: &Task, reports: &[(u64, f64)]) -> Option<String> {
        let Pruning { pruner, direction, .. } = self.plan.pruning?;
        let progress = self.lock();
        let finished = progress.schedule.seen_below(task.seen_below);
        pruner.verdict(&Reports { number: task.number, direction, reports, finished })
    }

    fn evaluate(&self, trial: &Trial<'_>) -> Verdict {
        let wanted = self.plan.directions.len();
        match caught(|| self.objective.evaluate(trial)) {
            Ok(Ok(evaluation)) if evaluation.values.iter().any(|value| value.is_nan()) => {
                failed("the objective's value is NaN")
            }
            Ok(Ok(evaluation)) if evaluation.values.len() != wanted => {
                failed(&format!("the objective gave {} values for {wanted} metrics", evaluation.values.len()))
            }
            // An empty sum is −0, which is 0 but has other bits.
            Ok(Ok(Evaluation { values, violation })) => {
                Verdict::Complete(Evaluation { values, violation: violation + 0.0 })
            }
            Ok(Err(ObjectiveError::Pruned(reason))) => Verdict::Without(RunState::Pruned, reason),
            Ok(Err(ObjectiveError::Cancelled)) => Verdict::Interrupted,
            Ok(Err(ObjectiveError::Failed(reason))) => failed(&reason),
            Ok(Err(ObjectiveError::Store(error))) => Verdict::Broken(error.into()),
            Err(panic) => failed(&panic),
        }
    }

    /// Gives a trial the values of an earlier one at the same point.
    fn reuse(&self, task: &Task, earlier: &FinishedTrial) -> Verdict {
        let tag = ("same_as", earlier.number.to_string());
        match self.at.store.set_tag(task.attempt.run, tag.0, &tag.1) {
            Ok(()) => {
                Verdict::Complete(Evaluation { values: earlier.values.clone(), violation: earlier.violation })
            }
            Err(error) => Verdict::Broken(error.into()),
        }
    }

    /// Tells the others that a recorded trial has ended.
    fn conclude(&self, task: Task, end: RunEnd, reports: Vec<(u64, f64)>) {
        let Task { number, params, attempt, started, .. } = task;
        let seconds = started.elapsed().as_secs_f64();
        self.at.observer.notice(&Event::TrialFinished {
            number,
            run: attempt.run,
            params: params.clone(),
            state: end.state,
            value: end.values.first().copied(),
            violation: end.violation,
            reason: end.reason.clone(),
            seconds,
        });
        if end.state == RunState::Interrupted {
            return self.halt(None);
        }
        let RunEnd { state, values, violation, reason } = end;
        let intermediate = if self.plan.pruning.is_some() { reports } else { vec![] };
        let trial = FinishedTrial { number, params, state, values, violation, intermediate };
        let mut progress = self.lock();
        // Who has hidden it while it was open does not want to see it now either.
        let hidden = progress.ledger.record(number).is_some_and(|record| record.hidden);
        let result = TrialResult { trial, run: attempt.run, reason, seconds, excluded: false, hidden };
        progress.schedule.finish(result.trial.clone());
        progress.results.insert(number, result);
        drop(progress);
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

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // A panic under the lock is passed on to the caller of `run` in any case.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_outcome(self) -> Result<StudyOutcome, StudyError> {
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        match progress.error {
            Some(error) => Err(error),
            None => Ok(StudyOutcome {
                cancelled: !progress.schedule.all_proposed()
                    || progress.results.len() < progress.schedule.proposed() as usize,
                spent: progress.spent,
                finished: progress.results.into_values().collect(),
                directions: self.plan.directions.to_vec(),
            }),
        }
    }
}

impl Progress {
    /// The point of a trial in the space that the trials before it have shown.
    fn propose_within_learnt(
        &mut self,
        plan: &StudyPlan<'_>,
        number: u32,
        rng: &mut ChaCha8Rng,
    ) -> Result<Params, NoPoint> {
        let Some(learnt) = &mut self.learnt else { return Ok(Params::new()) };
        let known = self.schedule.history(&self.space, plan.directions);
        if learnt.update(known.finished) {
            self.sampler = (plan.sampler)();
        }
        let history = History { space: learnt.space(), finished: learnt.finished(), ..known };
        let wanted = self.ledger.enqueued(number);
        // What a trial will draw is known for sure only when all that there is has been drawn.
        if wanted.is_none()
            && plan.duplicates == Duplicates::Avoid
            && learnt.is_whole()
            && !history.space.is_empty()
            && is_used_up(&History { pending: &[], ..history })
        {
            return Err(NoPoint::Spent);
        }
        let mut params = self.sampler.propose(number, &history, rng);
        if let Some(wanted) = wanted {
            params.extend(with_parents(history.space, wanted).unwrap_or_else(|_| wanted.clone()));
        }
        Ok(params)
    }

    /// Notes a point, unless the trial was proposed before.
    fn propose(&mut self, number: u32, params: Params) {
        if self.schedule.proposed() == number {
            self.schedule.propose(params);
        }
    }

    /// Lets a change of the study count from now on.
    fn apply(&mut self, plan: &StudyPlan<'_>, change: &Change) {
        match change {
            Change::Enqueue { .. } => return,
            Change::Exclude { trial, .. } => self.schedule.exclude(*trial),
            Change::Include { trial, .. } => self.schedule.include(*trial),
            Change::Correct { trial, new, .. } => self.schedule.correct(*trial, new),
            Change::Space { space, .. } => self.space.clone_from(space),
        }
        // What it has worked out of the history so far is no longer so.
        self.sampler = (plan.sampler)();
    }
}

/// A trial's node of the seed tree.
fn trial_seeds(plan: &StudyPlan<'_>, number: u32) -> SeedTree {
    plan.seeds.child("trial", number.into())
}

fn failed(reason: &str) -> Verdict {
    Verdict::Without(RunState::Failed, reason.to_owned())
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
