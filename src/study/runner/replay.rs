//! What earlier processes recorded of a study.

use std::collections::BTreeMap;

use super::{StudyPlan, Surroundings};
use crate::store::{RunKind, RunQuery, RunRecord, StoreError};
use crate::study::outcome::{StudyError, TrialResult};
use crate::trial::{Direction, FinishedTrial, Params, RunState};

/// How many of the last ended trials are proposed again for comparison. A proposal depends on all
/// trials before it, so another sampler or version shows here; proposing thousands again would
/// take seconds.
const COMPARED: usize = 100;

/// The recorded trials of a study that its plan still asks for.
pub(super) struct Replay {
    records: BTreeMap<u32, RunRecord>,
    /// Ended trials below this number are taken without comparison.
    compare_from: u32,
}

impl Replay {
    /// Reads them from the store.
    pub(super) fn load(plan: &StudyPlan<'_>, at: &Surroundings<'_>) -> Result<Self, StudyError> {
        let query = RunQuery {
            study: Some(at.study),
            kind: Some(RunKind::Trial),
            include_hidden: true, // hidden from listings, but part of the study
            ..RunQuery::default()
        };
        let mut records = BTreeMap::new();
        for record in at.store.runs(&query)? {
            let number = record.new.number.ok_or_else(|| StoreError::Malformed {
                what: "trial",
                detail: format!("run {} has no number", record.id.short()),
            })?;
            if number < plan.trials {
                records.insert(number, record);
            }
        }
        let ended = records.iter().rev().filter(|(_, record)| record.state.is_final());
        let compare_from = ended.map(|(&number, _)| number).nth(COMPARED - 1).unwrap_or(0);
        Ok(Self { records, compare_from })
    }

    /// How many trials have ended.
    pub(super) fn ended(&self) -> u32 {
        self.records.values().filter(|record| record.state.is_final()).count() as u32
    }

    /// The number and value of the best complete trial; of equals the lowest number.
    pub(super) fn best(&self, direction: Direction) -> Option<(u32, f64)> {
        let complete = self.records.iter().filter(|(_, record)| record.state == RunState::Complete);
        complete
            .filter_map(|(&number, record)| Some((number, record.value?)))
            .filter(|(_, value)| !value.is_nan())
            // The first of equals; they come by number.
            .min_by(|(_, a), (_, b)| direction.compare(*a, *b))
    }

    /// The point of a trial: as proposed, and if it is recorded, as recorded too.
    pub(super) fn point(&self, number: u32, propose: impl FnOnce() -> Params) -> Result<Params, StudyError> {
        let Some(record) = self.records.get(&number) else { return Ok(propose()) };
        let recorded = &record.new.params;
        if record.state.is_final() && number < self.compare_from {
            return Ok(recorded.clone());
        }
        let proposed = propose();
        if proposed == *recorded {
            return Ok(proposed);
        }
        Err(StudyError::Diverged {
            study: record.new.study.short(),
            run: record.id.short(),
            number,
            recorded: recorded.clone(),
            proposed,
        })
    }

    /// The result of a trial that has ended.
    pub(super) fn take(&mut self, number: u32) -> Option<TrialResult> {
        let record = self.records.remove(&number).filter(|record| record.state.is_final())?;
        let elapsed_ms = record.ended_ms.map_or(0, |ended| ended - record.started_ms);
        Some(TrialResult {
            trial: FinishedTrial {
                number,
                params: record.new.params,
                state: record.state,
                values: record.value.into_iter().collect(),
                violation: 0.0,
                intermediate: vec![],
            },
            run: record.id,
            reason: record.reason,
            seconds: elapsed_ms as f64 / 1000.0,
        })
    }
}
