//! What is recorded of a study: by earlier processes, by others that work on it now, and what the
//! user has changed.

use std::collections::{BTreeMap, BTreeSet};

use super::learn::{Drawn, drawn_in};
use super::{StudyPlan, Surroundings};
use crate::history::{enqueued, original};
use crate::outcome::{StudyError, TrialResult, trials_of};
use crate::store::{RunRecord, StoreError, StudyChange};
use crate::trial::{Direction, FinishedTrial, Params, Rank, RunState, better};

/// How many of the last ended trials are proposed again for comparison. A proposal depends on all
/// trials before it, so another sampler or version shows here; proposing thousands again would
/// take seconds.
const COMPARED: usize = 100;

/// The recorded trials of a study that its plan still asks for.
pub(super) struct Ledger {
    records: BTreeMap<u32, RunRecord>,
    /// Trials that other live processes run, or seemed to when last looked at.
    elsewhere: BTreeSet<u32>,
    /// Ended trials below this number are taken without comparison.
    compare_from: u32,
    /// All changes of the study, in order.
    changes: Vec<StudyChange>,
}

impl Ledger {
    /// Reads what the store has.
    pub(super) fn load(plan: &StudyPlan<'_>, at: &Surroundings<'_>) -> Result<Self, StudyError> {
        let mut records = BTreeMap::new();
        for record in at.store.runs(&trials_of(at.study, None))? {
            let number = record.start.number.ok_or_else(|| StoreError::Malformed {
                what: "trial",
                detail: format!("run {} has no number", record.id.short()),
            })?;
            if number < plan.trials {
                records.insert(number, record);
            }
        }
        let ended = records.iter().rev().filter(|(_, record)| record.state.is_final());
        let compare_from = ended.map(|(&number, _)| number).nth(COMPARED - 1).unwrap_or(0);
        let changes = at.store.changes(at.study)?;
        Ok(Self { records, elsewhere: BTreeSet::new(), compare_from, changes })
    }

    /// How many trials have ended.
    pub(super) fn ended(&self) -> u32 {
        self.records.values().filter(|record| record.state.is_final()).count() as u32
    }

    /// The best trial.
    pub(super) fn best(&self, direction: Direction) -> Option<Rank> {
        self.records.values().fold(None, |best, record| better(best, record.rank(), direction))
    }

    /// Whether a point needs no proposal, because it is recorded and old enough to be trusted.
    pub(super) fn trusted(&self, number: u32) -> Option<&Params> {
        let record = self.records.get(&number)?;
        (record.state.is_final() && number < self.compare_from).then_some(&record.start.params)
    }

    /// Checks a proposal against the record, where there is one.
    pub(super) fn agree(&self, number: u32, proposed: &Params) -> Result<(), StudyError> {
        match self.records.get(&number) {
            Some(record) if record.start.params != *proposed => Err(StudyError::Diverged {
                study: record.start.home.study().map_or_else(String::new, |study| study.short()),
                run: record.id.short(),
                number,
                recorded: record.start.params.clone(),
                proposed: proposed.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// The record of a trial.
    pub(super) fn record(&self, number: u32) -> Option<&RunRecord> {
        self.records.get(&number)
    }

    /// Reads again what is recorded of a trial.
    pub(super) fn refresh(&mut self, number: u32, at: &Surroundings<'_>) -> Result<(), StudyError> {
        let record = at.store.runs(&trials_of(at.study, Some(number)))?.into_iter().next();
        if let Some(record) = record {
            self.records.insert(number, record);
        }
        Ok(())
    }

    /// Notes that another process runs a trial.
    pub(super) fn leave_to_others(&mut self, number: u32) {
        self.elsewhere.insert(number);
    }

    /// Whether other processes run trials of this study.
    pub(super) fn waits_for_others(&self) -> bool {
        !self.elsewhere.is_empty()
    }

    /// Looks after the trials of others: the first that is not being run any more.
    pub(super) fn look_after_others(&mut self, at: &Surroundings<'_>) -> Result<Option<u32>, StudyError> {
        for number in self.elsewhere.clone() {
            self.refresh(number, at)?;
            if self.records.get(&number).is_some_and(|record| record.state != RunState::Running) {
                self.elsewhere.remove(&number);
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The distributions that a trial has drawn from, as its configuration has them.
    pub(super) fn drawn(&self, number: u32) -> Result<Drawn, StudyError> {
        let drawn = self.records.get(&number).map(drawn_in).transpose()?;
        Ok(drawn.flatten().unwrap_or_default())
    }

    /// All changes of the study that are known, in order.
    pub(super) fn changes(&self) -> &[StudyChange] {
        &self.changes
    }

    /// Reads changes that have been made meanwhile.
    pub(super) fn reload_changes(&mut self, at: &Surroundings<'_>) -> Result<(), StoreError> {
        self.changes = at.store.changes(at.study)?;
        Ok(())
    }

    /// What the user wants a trial to evaluate.
    pub(super) fn enqueued(&self, number: u32) -> Option<&Params> {
        enqueued(&self.changes, number)
    }

    /// The result of a trial that has ended: as it counts now, and as it was before the user corrected
    /// it.
    pub(super) fn result(
        &self,
        number: u32,
        intermediate: Vec<(u64, f64)>,
    ) -> Option<(TrialResult, FinishedTrial)> {
        let record = self.records.get(&number).filter(|record| record.state.is_final())?;
        let mut result = TrialResult::recorded(record);
        result.trial.intermediate = intermediate;
        let original = original(result.trial.clone(), &self.changes);
        Some((result, original))
    }
}
