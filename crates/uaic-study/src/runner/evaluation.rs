//! The evaluation of a trial: it is let run, judged, and recorded to its end.

use std::sync::Mutex;

use super::{Pruning, Runner, Task, trial_seeds};
use crate::event::Event;
use crate::objective::{Evaluation, Judge, ObjectiveError, Trial};
use crate::outcome::{StudyError, TrialResult};
use crate::panics::caught;
use crate::pruner::Reports;
use crate::run_log::{self, LOG_ARTIFACT};
use crate::store::{Attempt, RunEnd};
use crate::trial::{FinishedTrial, RunState};

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
    /// Evaluates a trial and records it to its end.
    pub(super) fn execute(&self, mut task: Task) -> Result<(), StudyError> {
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
            self.lock().proposer.learn(task.number, drawn);
        }
        if !log.is_empty() {
            self.at.store.put_artifact(task.attempt, LOG_ARTIFACT, log.as_bytes())?;
        }
        let end = self.record(task.attempt, verdict)?;
        self.conclude(task, end, reports);
        Ok(())
    }

    /// Records how a trial has ended.
    fn record(&self, attempt: Attempt, verdict: Verdict) -> Result<RunEnd, StudyError> {
        let (state, evaluation, reason) = match verdict {
            Verdict::Complete(evaluation) => (RunState::Complete, evaluation, None),
            Verdict::Without(state, reason) => (state, Evaluation::nothing(), Some(reason)),
            Verdict::Interrupted => (RunState::Interrupted, Evaluation::nothing(), None),
            Verdict::Broken(error) => {
                let end = RunEnd::without_values(RunState::Interrupted, Some(error.to_string()));
                // The first error says more than whatever this one may add.
                let _ = self.at.store.finish_run(attempt, &end);
                return Err(error);
            }
        };
        let Evaluation { values, violation } = evaluation;
        let end = RunEnd { state, values, violation, reason };
        self.at.store.finish_run(attempt, &end)?;
        Ok(end)
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
        let finished = progress.proposer.schedule().seen_below(task.seen_below);
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
        progress.proposer.finish(result.trial.clone());
        progress.results.insert(number, result);
        drop(progress);
        self.changed.notify_all();
    }
}

fn failed(reason: &str) -> Verdict {
    Verdict::Without(RunState::Failed, reason.to_owned())
}
