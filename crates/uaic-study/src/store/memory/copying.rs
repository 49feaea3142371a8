//! Studies and runs that are made what a copy says.

use super::super::rules::number_taken;
use super::super::{Home, Id, Known, RunCopy, RunRecord, StoreError, StudyCopy};
use super::Content;
use super::rows::{Run, Study};

impl Content {
    pub(super) fn put_study_copy(&mut self, copy: &StudyCopy) {
        let StudyCopy { record, changes, events } = copy.clone();
        match self.studies.iter_mut().find(|study| study.record.id == record.id) {
            Some(study) => (study.record, study.changes, study.events) = (record, changes, events),
            None => self.studies.push(Study { record, workers: vec![], changes, events }),
        }
    }

    /// That a run may be what a copy says.
    fn check_copy(&mut self, record: &RunRecord) -> Result<(), StoreError> {
        if let Home::Study(study) = record.start.home {
            self.study(study)?;
        }
        if let Some(parent) = record.parent {
            self.run(parent)?;
        }
        match self
            .other_in_slot(record.id, (record.start.home.study(), record.start.kind, record.start.number))
        {
            Some(other) => Err(number_taken(record.id, other)),
            None => Ok(()),
        }
    }

    pub(super) fn begin_run_copy(&mut self, copy: &RunCopy) -> Result<Known, StoreError> {
        let record = &copy.record;
        self.check_copy(record)?;
        let Some(run) = self.runs.iter_mut().find(|run| run.record.id == record.id) else {
            self.runs.push(Run { is_whole: false, ..Run::new(record.clone()) });
            return Ok(Known::default());
        };
        let attempt = |record: &RunRecord| (record.attempts, record.started_ms);
        if attempt(&run.record) != attempt(record) {
            *run = Run { is_whole: false, ..Run::new(record.clone()) };
        }
        Ok(Known { is_whole: run.is_whole, points: run.counts() })
    }

    pub(super) fn end_run_copy(&mut self, copy: &RunCopy) -> Result<(), StoreError> {
        self.check_copy(&copy.record)?;
        let run = self.run(copy.record.id)?;
        run.record = copy.record.clone();
        run.tags.clone_from(&copy.tags);
        run.events.clone_from(&copy.events);
        run.is_whole = true;
        Ok(())
    }

    /// A run other than this one at a place of a study.
    pub(super) fn other_in_slot(
        &self,
        run: Id,
        slot: (Option<Id>, super::RunKind, Option<u32>),
    ) -> Option<Id> {
        slot.0?;
        let place = |run: &Run| {
            let start = &run.record.start;
            (start.home.study(), start.kind, start.number)
        };
        let other = self.runs.iter().find(|other| other.record.id != run && place(other) == slot);
        other.map(|other| other.record.id)
    }
}
