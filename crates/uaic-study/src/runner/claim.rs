//! Who evaluates a trial: nobody where it has ended, another process, or this one, which claims it by
//! writing its row.

use std::time::Instant;

use super::{Progress, Runner, Task};
use crate::history::reported;
use crate::outcome::StudyError;
use crate::panics::caught;
use crate::sampler::Duplicates;
use crate::store::{Attempt, NewRun, RunKind, RunRecord, StoreError};
use crate::trial::{Params, RunState};

impl Runner<'_> {
    /// Takes a trial over from the record where it has ended, leaves it to the process that runs it,
    /// or else claims it for the caller.
    pub(super) fn settle(
        &self,
        progress: &mut Progress<'_>,
        number: u32,
        params: Params,
    ) -> Result<Option<Task>, StudyError> {
        match progress.ledger.record(number) {
            Some(record) if record.state.is_final() => self.take_over(progress, number)?,
            Some(record) if record.state == RunState::Running && self.is_elsewhere(record) => {
                progress.ledger.leave_to_others(number);
            }
            _ => return self.claim(progress, number, params),
        }
        progress.proposer.propose(number, params);
        Ok(None)
    }

    /// Whether another live process runs a trial that is recorded as running.
    fn is_elsewhere(&self, record: &RunRecord) -> bool {
        record.start.process != *self.at.process
    }

    /// Takes the result of a trial from the record.
    fn take_over(&self, progress: &mut Progress<'_>, number: u32) -> Result<(), StudyError> {
        let Some(run) = progress.ledger.record(number).map(|record| record.id) else { return Ok(()) };
        let reports = match self.plan.pruning {
            None => vec![],
            Some(pruning) => reported(self.at.store, run, pruning.metric)?,
        };
        if progress.proposer.is_learning() {
            let drawn = progress.ledger.drawn(number)?;
            progress.proposer.learn(number, drawn);
        }
        if let Some((result, original)) = progress.ledger.result(number, reports) {
            progress.proposer.finish(original);
            progress.results.insert(number, result);
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Writes the row of a trial and gives it to the caller. `None` where another process was faster, and
    /// where the user has changed the study meanwhile, so that the proposal has to be made again.
    fn claim(
        &self,
        progress: &mut Progress<'_>,
        number: u32,
        params: Params,
    ) -> Result<Option<Task>, StudyError> {
        let config = caught(|| self.objective.config(&params));
        let new = NewRun {
            home: self.at.study.into(),
            kind: RunKind::Trial,
            number: Some(number),
            params: params.clone(),
            config: config.clone().unwrap_or_default(),
            process: self.at.process.clone(),
            environment: self.at.environment.clone(),
        };
        match self.start(progress, number, &new) {
            Ok(attempt) => Ok(Some(self.task(progress, number, params, attempt, config))),
            Err(StoreError::Outdated { .. }) => {
                progress.ledger.reload_changes(&self.at)?;
                Ok(None)
            }
            Err(StoreError::Taken { .. } | StoreError::IllegalTransition { .. }) => {
                self.leave(progress, number, params)?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the row of a trial; again as long as changes come in between that do not touch its point,
    /// as it was proposed before.
    fn start(&self, progress: &mut Progress<'_>, number: u32, new: &NewRun) -> Result<Attempt, StoreError> {
        let is_proposed = number < progress.proposer.schedule().proposed();
        loop {
            match self.at.store.start_trial(new, progress.ledger.changes().len()) {
                Err(StoreError::Outdated { .. }) if is_proposed => {
                    progress.ledger.reload_changes(&self.at)?;
                }
                started => return started,
            }
        }
    }

    /// What is to be evaluated by whoever has written a trial's row.
    fn task(
        &self,
        progress: &mut Progress<'_>,
        number: u32,
        params: Params,
        attempt: Attempt,
        config: Result<serde_json::Value, String>,
    ) -> Task {
        let schedule = progress.proposer.schedule();
        let same_as = (self.plan.duplicates == Duplicates::Reuse)
            .then(|| schedule.complete_at(&params).cloned())
            .flatten();
        let seen_below = schedule.shown_below();
        progress.proposer.propose(number, params.clone());
        let wanted = progress.ledger.enqueued(number).cloned();
        Task { number, params, wanted, attempt, started: Instant::now(), config, seen_below, same_as }
    }

    /// Leaves a trial to the process that was faster, or takes it over where that has ended it already.
    fn leave(&self, progress: &mut Progress<'_>, number: u32, params: Params) -> Result<(), StudyError> {
        progress.ledger.refresh(number, &self.at)?;
        progress.proposer.agree(&progress.ledger, number, &params)?;
        if progress.ledger.record(number).is_some_and(|record| record.state.is_final()) {
            self.take_over(progress, number)?;
        } else {
            progress.ledger.leave_to_others(number);
        }
        progress.proposer.propose(number, params);
        Ok(())
    }
}
