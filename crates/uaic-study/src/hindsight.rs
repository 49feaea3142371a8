//! What a proposal could see: the history of any trial, looked at again.

use std::collections::BTreeSet;

use super::sampler::History;
use crate::space::Space;
use crate::store::{Change, Id, RunKind, RunQuery, RunRecord, Store, StoreError, StudyChange};
use crate::trial::{Direction, FinishedTrial, Params, PendingTrial};

/// The tag of a trial that was asked for: the numbers of the trials that its proposal saw as
/// finished.
pub(super) const SEEN: &str = "seen";

/// All trials of a study with its changes, by number.
pub(super) struct Recorded {
    pub(super) runs: Vec<RunRecord>,
    pub(super) changes: Vec<StudyChange>,
}

/// What the proposal of one trial sees.
pub(super) struct View {
    pub(super) space: Space,
    pub(super) finished: Vec<FinishedTrial>,
    pub(super) pending: Vec<PendingTrial>,
    /// What the user wants the trial to evaluate.
    pub(super) enqueued: Option<Params>,
}

impl Recorded {
    pub(super) fn load(store: &dyn Store, study: Id) -> Result<Self, StoreError> {
        let query = RunQuery {
            study: Some(study),
            kind: Some(RunKind::Trial),
            include_hidden: true,
            ..RunQuery::default()
        };
        let mut runs = store.runs(&query)?;
        runs.sort_by_key(|run| run.start.number);
        Ok(Self { runs, changes: store.changes(study)? })
    }

    /// The lowest number that no trial has: a copy leaves out trials that have not ended.
    pub(super) fn first_free(&self) -> u32 {
        let numbers: BTreeSet<u32> = self.runs.iter().filter_map(|run| run.start.number).collect();
        // They are sorted, so up to the first gap each is at its own place.
        numbers.iter().zip(0..).take_while(|(number, place)| *number == place).count() as u32
    }

    /// What the proposal of a trial sees that is shown the trials that `sees` says as finished.
    pub(super) fn view(&self, space: &Space, number: u32, sees: impl Fn(&RunRecord) -> bool) -> View {
        let changes = || self.changes.iter().filter(|change| change.from_trial <= number);
        let mut view = View { space: space.clone(), finished: vec![], pending: vec![], enqueued: None };
        let mut excluded = BTreeSet::new();
        for change in changes() {
            match &change.change {
                Change::Exclude { trial, .. } => drop(excluded.insert(*trial)),
                Change::Include { trial, .. } => drop(excluded.remove(trial)),
                Change::Enqueue { params } if change.from_trial == number => {
                    view.enqueued = Some(params.clone());
                }
                Change::Space { space, .. } => view.space.clone_from(space),
                Change::Enqueue { .. } | Change::Correct { .. } => {}
            }
        }
        for run in &self.runs {
            let Some(of_run) = run.start.number.filter(|of_run| *of_run < number) else { continue };
            if !(run.state.is_final() && sees(run)) {
                view.pending.push(PendingTrial { number: of_run, params: run.start.params.clone() });
            } else if !excluded.contains(&of_run) {
                view.finished.push(self.finished(run, of_run, number));
            }
        }
        view
    }

    /// A trial as the proposal of trial `number` knows it: with the corrections that count by then.
    fn finished(&self, run: &RunRecord, of_run: u32, number: u32) -> FinishedTrial {
        let corrections = self.changes.iter().filter_map(|change| match &change.change {
            Change::Correct { trial, old, new, .. } if *trial == of_run => {
                Some((change.from_trial, old, new))
            }
            _ => None,
        });
        let corrections: Vec<_> = corrections.collect();
        let values = match corrections.iter().rev().find(|(from, ..)| *from <= number) {
            Some((_, _, new)) => (*new).clone(),
            None => corrections.first().map_or_else(|| run.values.clone(), |(_, old, _)| (*old).clone()),
        };
        let trial = FinishedTrial {
            number: of_run,
            params: run.start.params.clone(),
            state: run.state,
            values,
            violation: run.violation,
            intermediate: vec![],
        };
        if trial.values.is_empty() && !corrections.is_empty() {
            return FinishedTrial::failed(trial.number, trial.params);
        }
        trial
    }
}

impl View {
    pub(super) fn history<'a>(&'a self, directions: &'a [Direction]) -> History<'a> {
        History { space: &self.space, directions, finished: &self.finished, pending: &self.pending }
    }
}

/// Numbers as `0-3,5`.
pub(super) fn ranges(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match spans.last_mut() {
            Some((_, last)) if number == *last + 1 => *last = number,
            _ => spans.push((number, number)),
        }
    }
    let shown = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    spans.iter().map(shown).collect::<Vec<_>>().join(",")
}

/// The inverse of [`ranges`]; what is none of them is left out.
pub(super) fn numbers(text: &str) -> BTreeSet<u32> {
    let span = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    text.split(',').filter_map(span).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_as_ranges() {
        for list in [&[][..], &[3], &[0, 1, 2, 3, 5, 7, 8]] {
            let text = ranges(list.iter().copied());
            assert_eq!(numbers(&text).into_iter().collect::<Vec<_>>(), list, "{text}");
        }
        assert_eq!(ranges([0, 1, 2, 5]), "0-2,5");
    }
}
