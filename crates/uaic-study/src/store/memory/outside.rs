//! Runs that are brought in, edited and removed.

use super::super::rules::{
    check_outside, check_parent, check_removable, id_taken, kept_violation, number_taken,
};
use super::super::{Attempt, Home, Id, Known, NewRun, OutsideRun, RunEdit, RunRecord, StoreError};
use super::Content;
use super::rows::Run;
use uaic_platform::process::ProcessIdentity;

impl Content {
    pub(super) fn start_as(&mut self, id: Id, new: &NewRun) -> Result<Attempt, StoreError> {
        if self.run(id).is_ok() {
            return Err(id_taken(id));
        }
        let attempt = self.start_run(new, None)?;
        self.run(attempt.run)?.record.id = id;
        Ok(Attempt { run: id, ..attempt })
    }

    pub(super) fn edit(&mut self, id: Id, edit: &RunEdit) -> Result<(), StoreError> {
        if let RunEdit::Parent(Some(parent)) = edit {
            check_parent(id, *parent, &self.above(*parent)?)?;
        }
        let run = self.run(id)?;
        match edit.clone() {
            RunEdit::Name(name) => {
                run.tell("renamed", name.clone().unwrap_or_default());
                run.record.name = name;
            }
            RunEdit::Note(note) => {
                run.tell("noted", "");
                run.record.note = note;
            }
            RunEdit::Parent(parent) => {
                run.tell("moved", parent.map(|parent| parent.short()).unwrap_or_default());
                run.record.parent = parent;
            }
            RunEdit::RemoveTag(key) => {
                run.tags.remove(&key);
            }
        }
        Ok(())
    }

    /// What a run is part of, the nearest first.
    fn above(&mut self, run: Id) -> Result<Vec<Id>, StoreError> {
        let mut above = Vec::new();
        let mut next = self.run(run)?.record.parent;
        while let Some(parent) = next {
            above.push(parent);
            next = self.run(parent)?.record.parent;
        }
        Ok(above)
    }

    pub(super) fn delete(&mut self, id: Id) -> Result<(), StoreError> {
        let is_registered = self.models.values().any(|model| model.has(id));
        let run = self.run(id)?;
        check_removable(id, run.record.start.kind, run.state(), is_registered)?;
        self.remove(id);
        Ok(())
    }

    pub(super) fn begin_outside(&mut self, new: &OutsideRun) -> Result<Known, StoreError> {
        let experiment = match &new.home {
            Home::Experiment(name) => name.clone(),
            Home::Study(study) => self.study(*study)?.record.plan.experiment.clone(),
        };
        if let Some(parent) = new.parent {
            self.run(parent)?;
        }
        if let Some(other) = self.other_in_slot(new.id, (new.home.study(), new.kind, new.number)) {
            return Err(number_taken(new.id, other));
        }
        let record = record(new, experiment);
        let Some(run) = self.runs.iter_mut().find(|run| run.record.id == new.id) else {
            let mut run = Run { tags: new.tags.clone(), is_whole: false, ..Run::new(record) };
            if new.hidden {
                run.tell("hidden", "brought in");
            }
            self.runs.push(run);
            return Ok(Known::default());
        };
        check_outside(new.id, &run.record.start.process)?;
        run.record = RunRecord { hidden: run.record.hidden || new.hidden, ..record };
        run.tags.extend(new.tags.clone());
        Ok(Known { is_whole: run.is_whole, points: run.counts() })
    }
}

fn record(new: &OutsideRun, experiment: String) -> RunRecord {
    RunRecord {
        id: new.id,
        start: NewRun {
            home: new.home.clone(),
            kind: new.kind,
            number: new.number,
            params: new.params.clone(),
            config: new.config.clone(),
            process: ProcessIdentity::outside(),
            environment: new.environment.clone(),
        },
        experiment,
        name: new.name.clone(),
        parent: new.parent,
        note: new.note.clone(),
        attempts: new.attempts,
        state: new.end.state,
        values: new.end.values.clone(),
        violation: kept_violation(new.end.violation),
        excluded: new.excluded,
        reason: new.end.reason.clone(),
        started_ms: new.started_ms,
        ended_ms: new.ended_ms,
        hidden: new.hidden,
    }
}
