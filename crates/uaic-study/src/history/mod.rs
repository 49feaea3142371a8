//! What a proposal may see: of the trials before it, and of what the user has changed. The one place
//! that says so, for the trials that run here, those that are asked for, and those that are explained.

use std::collections::{BTreeMap, BTreeSet};

use crate::outcome::{TrialResult, trials_of};
use crate::sampler::History;
use crate::space::Space;
use crate::store::{Change, Id, Point, RunRecord, Store, StoreError, StudyChange};
use crate::trial::{Direction, FinishedTrial, Params, PendingTrial, RunState};

/// With so many trials at once, a trial sees as finished those below this number.
pub(super) fn shown_below(number: u32, parallel: u32) -> u32 {
    number.saturating_add(1).saturating_sub(parallel)
}

/// Whether the proposal of a trial knows of a change. Enqueued points wait for their number without
/// holding up what comes behind them.
pub(super) fn counts(change: &StudyChange, number: u32) -> bool {
    matches!(change.change, Change::Enqueue { .. }) || change.from_trial <= number
}

/// What the user wants a trial to evaluate.
pub(super) fn enqueued(changes: &[StudyChange], number: u32) -> Option<&Params> {
    changes.iter().find_map(|change| match &change.change {
        Change::Enqueue { params } if change.from_trial == number => Some(params),
        _ => None,
    })
}

/// A trial that has ended as it was before the user corrected it. A correction keeps no more than the
/// values, so one that was pruned is taken for one that failed.
pub(super) fn original(trial: FinishedTrial, changes: &[StudyChange]) -> FinishedTrial {
    let first = changes.iter().find_map(|change| match &change.change {
        Change::Correct { trial: number, old, .. } if *number == trial.number => Some(old),
        _ => None,
    });
    match first {
        Some(old) if old.is_empty() => FinishedTrial::failed(trial.number, trial.params),
        Some(old) => FinishedTrial { values: old.clone(), ..trial },
        None => trial,
    }
}

/// The space, and the trials that have ended, as proposals see them. Trials and changes may come in any
/// order among each other, so it can go along with a study.
#[derive(Clone, Debug)]
pub(super) struct Known {
    space: Space,
    /// By number.
    finished: Vec<FinishedTrial>,
    /// Numbers of trials that the user has left out, and those among them that would be shown.
    excluded: BTreeSet<u32>,
    left_out: BTreeMap<u32, FinishedTrial>,
    /// What the user says that values are.
    corrected: BTreeMap<u32, Vec<f64>>,
}

impl Known {
    /// The space that a study begins with, and no trial.
    pub(super) fn new(space: Space) -> Self {
        Self {
            space,
            finished: vec![],
            excluded: BTreeSet::new(),
            left_out: BTreeMap::new(),
            corrected: BTreeMap::new(),
        }
    }

    pub(super) fn space(&self) -> &Space {
        &self.space
    }

    /// The trials that proposals see as finished, by number.
    pub(super) fn finished(&self) -> &[FinishedTrial] {
        &self.finished
    }

    /// Shows a trial, [as it was](original) before it was corrected.
    pub(super) fn show(&mut self, mut trial: FinishedTrial) {
        if let Some(values) = self.corrected.get(&trial.number) {
            correct(&mut trial, values);
        }
        if self.excluded.contains(&trial.number) {
            self.left_out.insert(trial.number, trial);
        } else {
            let place = self.finished.partition_point(|other| other.number < trial.number);
            self.finished.insert(place, trial);
        }
    }

    /// Lets a change count from now on.
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Enqueue { .. } => {}
            Change::Exclude { trial, .. } => {
                self.excluded.insert(*trial);
                if let Ok(place) = self.finished.binary_search_by_key(trial, |shown| shown.number) {
                    self.left_out.insert(*trial, self.finished.remove(place));
                }
            }
            Change::Include { trial, .. } => {
                self.excluded.remove(trial);
                if let Some(trial) = self.left_out.remove(trial) {
                    self.show(trial);
                }
            }
            Change::Correct { trial, new, .. } => {
                let shown = self.finished.iter_mut().find(|shown| shown.number == *trial);
                if let Some(shown) = shown.or_else(|| self.left_out.get_mut(trial)) {
                    correct(shown, new);
                }
                self.corrected.insert(*trial, new.clone());
            }
            Change::Space { space, .. } => {
                self.space.clone_from(space);
            }
        }
    }
}

fn correct(trial: &mut FinishedTrial, values: &[f64]) {
    trial.values = values.to_vec();
    trial.state = RunState::Complete;
}

/// All trials of a study with its changes, by number.
pub(super) struct Recorded {
    pub(super) runs: Vec<RunRecord>,
    pub(super) changes: Vec<StudyChange>,
    /// What was reported of trials that were stopped early, by number: samplers go by it.
    reports: BTreeMap<u32, Vec<(u64, f64)>>,
}

impl Recorded {
    /// Reads what the store has. `reports` is the series that trials report to the pruner, if any.
    pub(super) fn load(store: &dyn Store, study: Id, reports: Option<&str>) -> Result<Self, StoreError> {
        let mut runs = store.runs(&trials_of(study, None))?;
        runs.sort_by_key(|run| run.start.number);
        let mut recorded = Self { runs, changes: store.changes(study)?, reports: BTreeMap::new() };
        for run in recorded.runs.iter().filter(|run| run.state == RunState::Pruned) {
            if let Some(reports) = reports {
                let series = reported(store, run.id, reports)?;
                recorded.reports.insert(run.start.number.unwrap_or_default(), series);
            }
        }
        Ok(recorded)
    }

    /// The lowest number that no trial has: a copy leaves out trials that have not ended.
    pub(super) fn first_free(&self) -> u32 {
        let numbers: BTreeSet<u32> = self.runs.iter().filter_map(|run| run.start.number).collect();
        // They are sorted, so up to the first gap each is at its own place.
        numbers.iter().zip(0..).take_while(|(number, place)| *number == place).count() as u32
    }
}

/// What the proposal of one trial sees.
pub(super) struct View {
    pub(super) known: Known,
    pub(super) pending: Vec<PendingTrial>,
    /// What the user wants the trial to evaluate.
    pub(super) enqueued: Option<Params>,
}

impl View {
    /// What the proposal of trial `number` sees that is shown the trials that `sees` says as finished.
    pub(super) fn at(number: u32, space: &Space, recorded: &Recorded, sees: impl Fn(u32) -> bool) -> Self {
        let Recorded { runs, changes, reports } = recorded;
        let mut known = Known::new(space.clone());
        for change in changes.iter().filter(|change| counts(change, number)) {
            known.apply(&change.change);
        }
        let mut pending = vec![];
        for run in runs {
            let Some(of_run) = run.start.number.filter(|of_run| *of_run < number) else { continue };
            if run.state.is_final() && sees(of_run) {
                let intermediate = reports.get(&of_run).cloned().unwrap_or_default();
                let trial = FinishedTrial { intermediate, ..TrialResult::recorded(run).trial };
                known.show(original(trial, changes));
            } else {
                pending.push(PendingTrial { number: of_run, params: run.start.params.clone() });
            }
        }
        Self { known, pending, enqueued: enqueued(changes, number).cloned() }
    }

    pub(super) fn history<'a>(&'a self, directions: &'a [Direction]) -> History<'a> {
        let Known { space, finished, .. } = &self.known;
        History { space, directions, finished, pending: &self.pending }
    }
}

/// What a trial has reported, by step.
pub(super) fn reported(store: &dyn Store, run: Id, series: &str) -> Result<Vec<(u64, f64)>, StoreError> {
    let points = store.series(run, series)?;
    // Objectives count their steps; those of records from elsewhere may be below 0.
    let step = |point: &Point| u64::try_from(point.step).unwrap_or_default();
    Ok(points.iter().map(|point| (step(point), point.value)).collect())
}

#[cfg(test)]
mod tests;
