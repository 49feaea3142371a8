//! A study as pictures see it.

use crate::ErrorKind;
use std::sync::OnceLock;

use super::dimension::Dimension;
use crate::number::differ;
use crate::spec::{Space, Spec};
use crate::store::{Change, RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord};
use crate::study::{Drawn, drawn_in};
use crate::trial::{Candidate, Direction, Goal, Params, Rank, RunState, best_first};

/// A trial as pictures see it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialView {
    /// Its number.
    pub number: u32,
    /// Its point.
    pub params: Params,
    /// How it ended, or that it has not.
    pub state: RunState,
    /// The value of the study's metric, once complete.
    pub value: Option<f64>,
    /// The values of all metrics of the study, in their order, once complete; none where constraints
    /// on its outcome are missed.
    pub values: Vec<f64>,
    /// By how much constraints on its outcome are missed.
    pub violation: f64,
    /// When it started and ended, milliseconds since 1970 UTC.
    pub span_ms: (i64, Option<i64>),
}

impl TrialView {
    /// Whether it is complete with a value that is no number.
    pub(super) fn is_without_value(&self) -> bool {
        self.state == RunState::Complete && self.value.is_none_or(f64::is_nan)
    }

    /// Its place among the others; `None` where it has none.
    pub fn rank(&self) -> Option<Rank> {
        Candidate::shown(self.number, self.state, self.value, self.violation).rank()
    }
}

/// A study as pictures see it.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyView {
    /// Its experiment.
    pub experiment: String,
    /// Its id, shortened.
    pub id: String,
    /// What is optimised.
    pub metric: String,
    /// Which end of it is better.
    pub direction: Direction,
    /// What else is optimised.
    pub more_goals: Vec<Goal>,
    /// The searched parameters.
    pub space: Space,
    /// Whether an outside program is tuned, or points are asked for: nothing is known of texts, data
    /// sets or folds.
    pub is_of_program: bool,
    /// Its trials that are neither hidden nor excluded, by number.
    pub trials: Vec<TrialView>,
    /// How many are, as the end of a sentence.
    pub aside: String,
    /// The names of its parameters, the most important first, where that can be told; worked out when a
    /// picture needs it.
    pub leading: OnceLock<Option<Vec<String>>>,
}

/// Why a study cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The record cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recorded spec is not one of this version's.
    #[error("the spec of study {study} cannot be read by this version of uaic")]
    Spec {
        /// Its id, shortened.
        study: String,
        /// What is wrong with it.
        source: Box<crate::spec::SpecErrors>,
    },
    /// There is no parameter of this name.
    #[error("study {study} searches no `{name}`; it searches {available}")]
    Parameter {
        /// Its id, shortened.
        study: String,
        /// What was asked for.
        name: String,
        /// What there is.
        available: String,
    },
}

impl ViewError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(store) => store.kind(),
            Self::Spec { source, .. } => source.kind(),
            Self::Parameter { .. } => ErrorKind::NotFound,
        }
    }
}

/// What a study searches: as its spec says, or was last changed; without a spec as its trials have
/// it.
fn space_of(store: &dyn Store, study: &StudyRecord, runs: &[RunRecord]) -> Result<Space, ViewError> {
    let changed = store.changes(study.id)?.into_iter().rev().find_map(|change| match change.change {
        Change::Space { space, .. } => Some(space),
        _ => None,
    });
    let new = &study.plan;
    let refused = |source| ViewError::Spec { study: study.id.short(), source: Box::new(source) };
    if let Some(space) = changed {
        return Ok(space);
    }
    if new.spec_text.is_empty() {
        return drawn_by(runs);
    }
    Ok(Spec::of_study(new).map_err(refused)?.search)
}

/// What trials have drawn from, newest first; where ranges differ, what has the values of all of them, and
/// where there is no such, what the newest drew from.
fn drawn_by(runs: &[RunRecord]) -> Result<Space, ViewError> {
    let mut whole = Drawn::new();
    for run in runs.iter().rev() {
        for (name, drawn) in drawn_in(run)?.unwrap_or_default() {
            let both = whole.get(&name).and_then(|known| known.union(&drawn).ok());
            whole.insert(name, both.unwrap_or(drawn));
        }
    }
    Ok(Space::new(whole))
}

impl StudyView {
    /// Reads a study.
    ///
    /// # Errors
    /// The store or the recorded spec cannot be read.
    pub fn load(store: &dyn Store, study: &StudyRecord) -> Result<Self, ViewError> {
        let new = &study.plan;
        let query = RunQuery { study: Some(study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
        let runs: Vec<RunRecord> = store.runs(&query)?.into_iter().filter(|run| !run.excluded).collect();
        let tally = store.tally(study.id)?;
        let space = space_of(store, study, &runs)?;
        let mut trials: Vec<TrialView> = runs
            .into_iter()
            .map(|run| TrialView {
                number: run.start.number.unwrap_or_default(),
                values: if run.violation > 0.0 { vec![] } else { run.values.clone() },
                value: run.value(),
                params: run.start.params,
                state: run.state,
                violation: run.violation,
                span_ms: (run.started_ms, run.ended_ms),
            })
            .collect();
        trials.sort_by_key(|trial| trial.number);
        Ok(Self {
            experiment: new.experiment.clone(),
            id: study.id.short(),
            metric: new.goals.metric().to_owned(),
            direction: new.goals.direction(),
            more_goals: new.goals.more().to_vec(),
            space,
            is_of_program: Spec::is_of_program(&study.plan),
            trials,
            aside: tally.aside(),
            leading: OnceLock::new(),
        })
    }

    /// Complete trials with their values, by number; a value may be infinite.
    pub fn complete(&self) -> impl Iterator<Item = (&TrialView, f64)> {
        let complete = self.trials.iter().filter(|trial| trial.state == RunState::Complete);
        complete.filter_map(|trial| Some((trial, trial.value.filter(|value| !value.is_nan())?)))
    }

    /// How many complete trials have values outside of a range, said of a picture that draws them `how`;
    /// empty when none has.
    pub(crate) fn beyond(&self, (low, high): (f64, f64), how: &str) -> String {
        let outside =
            || self.complete().map(|(_, value)| value).filter(|value| !(low..=high).contains(value));
        match (outside().count(), outside().filter(|value| value.is_infinite()).count()) {
            (0, _) => String::new(),
            (1, 0) => format!("The value of 1 trial lies outside the range; it is {how}."),
            (1, _) => format!("The value of 1 trial is infinite; it is {how}."),
            (all, 0) => format!("The values of {all} trials lie outside the range; they are {how}."),
            (all, infinite) => format!(
                "The values of {all} trials lie outside the range ({infinite} infinite); they are {how}."
            ),
        }
    }

    /// The trials that have a rank, best first; infinite values are values here.
    pub fn ranked(&self) -> Vec<(&TrialView, Rank)> {
        let ranked = best_first(&self.trials, self.direction, |trial| trial.rank());
        ranked.into_iter().map(|(rank, trial)| (trial, rank)).collect()
    }

    /// The best trial and its value, which may be infinite.
    pub fn best(&self) -> Option<(&TrialView, f64)> {
        self.ranked().first().map(|(trial, rank)| (*trial, rank.value()))
    }

    /// `attention · 4f2a90c1 · 20 trials`.
    pub(crate) fn subtitle(&self) -> String {
        let count = self.trials.len();
        // Runs of no study are counted already.
        if self.id.is_empty() {
            return self.experiment.clone();
        }
        format!(
            "{} · study {} · {count} trial{}{}",
            self.experiment,
            self.id,
            if count == 1 { "" } else { "s" },
            self.aside
        )
    }

    /// Each searched parameter as an axis.
    pub fn dimensions(&self) -> Vec<Dimension> {
        self.space.iter().map(|(name, distribution)| Dimension::new(name, distribution)).collect()
    }

    /// One parameter by its name, or by the last part of it.
    ///
    /// # Errors
    /// [`ViewError::Parameter`].
    pub fn dimension(&self, name: &str) -> Result<Dimension, ViewError> {
        let all = self.dimensions();
        let is_meant = |dimension: &&Dimension| dimension.name == name || dimension.short() == name;
        all.iter().find(is_meant).cloned().ok_or_else(|| ViewError::Parameter {
            study: self.id.clone(),
            name: name.to_owned(),
            available: all.iter().map(|dimension| dimension.name.clone()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Of the [`complete`](Self::complete) trials, from 0 for the worst to 1 for the best, by rank, so
    /// that one bad trial does not take the whole range of colours; those that miss constraints stand
    /// below all others, and what differs by no more than rounding stands alike.
    pub(crate) fn standing(&self) -> Vec<f64> {
        let ranks: Vec<Rank> = self.complete().filter_map(|(trial, _)| trial.rank()).collect();
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_by(|a, b| ranks[*a].compare_merit(&ranks[*b], self.direction));
        let last = ranks.len().saturating_sub(1).max(1) as f64;
        let mut standing = vec![1.0; ranks.len()];
        let mut first = 0;
        for place in 0..order.len() {
            if !are_alike(&ranks[order[place]], &ranks[order[first]]) {
                first = place;
            }
            standing[order[place]] = 1.0 - first as f64 / last;
        }
        standing
    }
}

/// Whether neither of two trials is better by more than rounding.
pub(super) fn are_alike(a: &Rank, b: &Rank) -> bool {
    !differ(a.violation(), b.violation()) && !differ(a.value(), b.value())
}

#[cfg(test)]
mod tests {
    use super::super::testing;

    #[test]
    fn parameters_are_found_by_their_short_names_and_errors_name_all() {
        let study = testing::study(&[(1e-3, 32, Some(0.5))]);
        assert_eq!(study.dimension("lr").unwrap().name, "train.lr");
        let error = study.dimension("dropout").unwrap_err().to_string();
        assert!(error.contains("`dropout`") && error.contains("model.hidden_dim, train.lr"), "{error}");
    }

    #[test]
    fn standing_goes_by_rank_and_ties_stand_alike() {
        let study = testing::study(&[
            (1e-3, 32, Some(0.9)),
            (1e-3, 32, None),
            (1e-3, 64, Some(0.1)),
            (1e-3, 64, Some(0.9)),
            (1e-3, 64, Some(0.8)),
        ]);
        let standing = study.standing();
        assert_eq!(standing.len(), 4);
        assert_eq!((standing[0], standing[1]), (standing[2], 0.0));
        assert!(standing[3] < standing[0]);
    }

    #[test]
    fn infinite_values_are_complete_and_stand_at_the_ends() {
        let study = testing::study(&[
            (1e-3, 32, Some(0.9)),
            (1e-3, 32, Some(f64::INFINITY)),
            (1e-3, 64, Some(f64::NEG_INFINITY)),
            (1e-3, 64, Some(f64::NAN)),
        ]);
        assert_eq!(study.complete().count(), 3);
        assert_eq!(study.standing(), [0.5, 1.0, 0.0]);
        assert_eq!(study.best().unwrap().0.number, 1);
        let told = study.beyond((0.0, 1.0), "drawn at the end of the axis");
        assert_eq!(
            told,
            "The values of 2 trials lie outside the range (2 infinite); they are drawn at the end of the axis."
        );
        assert_eq!(study.beyond((f64::NEG_INFINITY, f64::INFINITY), "x"), "");
    }

    #[test]
    fn what_differs_by_rounding_alone_stands_alike() {
        let study = testing::study(&[
            (1e-3, 32, Some(0.3)),
            (1e-3, 32, Some(0.1 + 0.2)),
            (1e-3, 64, Some(0.3 - 5e-17)),
        ]);
        assert_eq!(study.standing(), [1.0, 1.0, 1.0]);
    }

    #[test]
    fn a_trial_that_misses_a_constraint_is_not_the_best_and_stands_below_all_others() {
        let mut study =
            testing::study(&[(1e-3, 32, Some(0.9)), (1e-3, 32, Some(0.1)), (1e-3, 64, Some(0.5))]);
        study.trials[0].violation = 0.2;
        assert_eq!(study.best().unwrap().0.number, 2);
        assert_eq!(study.standing(), [0.0, 0.5, 1.0]);
        study.trials[1].value = Some(f64::INFINITY);
        assert_eq!(study.best().map(|(trial, value)| (trial.number, value)), Some((1, f64::INFINITY)));
    }
}
