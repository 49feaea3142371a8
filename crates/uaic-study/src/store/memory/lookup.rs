//! Studies and runs by their ids.

use super::super::rules::{check_newest, check_running};
use super::super::{Attempt, Id, StoreError};
use super::Content;
use super::rows::{Run, Study, no_run};

impl Content {
    pub(super) fn study(&mut self, id: Id) -> Result<&mut Study, StoreError> {
        let study = self.studies.iter_mut().find(|study| study.record.id == id);
        study.ok_or_else(|| StoreError::NotFound { what: "study", id: id.short() })
    }

    pub(super) fn run(&mut self, id: Id) -> Result<&mut Run, StoreError> {
        let run = self.runs.iter_mut().find(|run| run.record.id == id);
        run.ok_or_else(|| no_run(id))
    }

    /// The run of an attempt that is still the newest.
    pub(super) fn attempt(&mut self, attempt: Attempt) -> Result<&mut Run, StoreError> {
        let run = self.run(attempt.run)?;
        check_newest(attempt, run.record.attempts)?;
        Ok(run)
    }

    /// As [`Content::attempt`], for writes that only a running run takes.
    pub(super) fn running(&mut self, attempt: Attempt) -> Result<&mut Run, StoreError> {
        let run = self.attempt(attempt)?;
        check_running(attempt, run.record.state)?;
        Ok(run)
    }
}
