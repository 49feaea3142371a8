//! Runs that start, and what changes of a study do to its trials.

use super::super::rules::{EarlierRun, check_ended, check_up_to_date, next_attempt, now_ms};
use super::super::{Attempt, Change, Home, Id, NewRun, RunKind, RunRecord, StoreError};
use super::Content;
use super::rows::Run;
use crate::trial::RunState;

impl Content {
    pub(super) fn start_run(&mut self, new: &NewRun, changes: Option<usize>) -> Result<Attempt, StoreError> {
        let experiment = match &new.home {
            Home::Experiment(name) => name.clone(),
            Home::Study(id) => {
                let study = self.study(*id)?;
                study.check_held(&new.process)?;
                check_up_to_date(*id, changes, study.changes.len())?;
                study.record.plan.experiment.clone()
            }
        };
        let key = |run: &NewRun| run.home.study().map(|study| (study, run.kind, run.number));
        let own = key(new);
        let earlier = self.runs.iter_mut().find(|run| own.is_some() && key(&run.record.start) == own);
        let mut record = RunRecord {
            id: Id::random(),
            start: new.clone(),
            experiment,
            name: None,
            parent: None,
            note: None,
            attempts: 1,
            state: RunState::Running,
            values: vec![],
            violation: 0.0,
            excluded: false,
            reason: None,
            started_ms: now_ms(),
            ended_ms: None,
            hidden: false,
        };
        let Some(run) = earlier else {
            let attempt = Attempt { run: record.id, number: 1 };
            let mut run = Run::new(record);
            // The row of a run of no study says it all.
            if own.is_some() {
                run.tell("started", "attempt 1");
            }
            self.runs.push(run);
            return Ok(attempt);
        };
        let RunRecord { id, attempts, hidden, parent, .. } = run.record;
        let process = &run.record.start.process;
        let state = run.state();
        let attempt = next_attempt(&EarlierRun { id, attempts, state, process }, &new.process)?;
        run.tell("started", format!("attempt {}, after {state}", attempt.number));
        (record.id, record.attempts, record.hidden, record.parent) = (id, attempt.number, hidden, parent);
        (record.name, record.note) = (run.record.name.take(), run.record.note.take());
        let (tags, events) = (std::mem::take(&mut run.tags), std::mem::take(&mut run.events));
        *run = Run { tags, events, ..Run::new(record) };
        Ok(attempt)
    }

    /// Does to a trial what a change of its study says.
    pub(super) fn apply(&mut self, study: Id, number: u32, change: &Change) -> Result<(), StoreError> {
        let is_meant = |new: &NewRun| {
            (new.home.study(), new.kind, new.number) == (Some(study), RunKind::Trial, Some(number))
        };
        let run = self.runs.iter_mut().find(|run| is_meant(&run.record.start));
        let run = run.ok_or_else(|| StoreError::NotFound { what: "trial", id: number.to_string() })?;
        check_ended(number, run.state())?;
        match change {
            Change::Exclude { .. } => run.record.excluded = true,
            Change::Include { .. } => run.record.excluded = false,
            Change::Correct { new, .. } => {
                run.record.values.clone_from(new);
                run.record.state = RunState::Complete;
            }
            Change::Enqueue { .. } | Change::Space { .. } => {}
        }
        Ok(())
    }
}
