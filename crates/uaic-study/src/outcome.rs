//! What comes out of a study.

use super::pareto::front;
use super::promise::{PromiseError, quoted};
use super::proposal::unsatisfied;
use crate::space::{Constraint, Space};
use crate::store::{Id, RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord};
use crate::trial::{Candidate, Direction, FinishedTrial, Params, Rank, best_first};
use uaic_wording::ErrorKind;

/// A trial that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialResult {
    /// Its number, point, state and value.
    pub trial: FinishedTrial,
    /// Its run.
    pub run: Id,
    /// Why it failed.
    pub reason: Option<String>,
    /// How long its last attempt took.
    pub seconds: f64,
    /// Left out by the user: it is not among the best.
    pub excluded: bool,
    /// Hidden by the user: it is not among the best either, but proposals know it.
    pub hidden: bool,
}

impl TrialResult {
    /// A trial as it is recorded.
    pub(super) fn recorded(run: &RunRecord) -> Self {
        let elapsed_ms = run.ended_ms.map_or(0, |ended| ended - run.started_ms);
        Self {
            trial: FinishedTrial {
                number: run.start.number.unwrap_or_default(),
                params: run.start.params.clone(),
                state: run.state,
                values: run.values.clone(),
                violation: run.violation,
                intermediate: vec![],
            },
            run: run.id,
            reason: run.reason.clone(),
            seconds: elapsed_ms as f64 / 1000.0,
            excluded: run.excluded,
            hidden: run.hidden,
        }
    }

    /// Its place among the others; `None` where it has none.
    pub fn rank(&self) -> Option<Rank> {
        let FinishedTrial { number, state, violation, .. } = self.trial;
        let (hidden, excluded) = (self.hidden, self.excluded);
        Candidate { number, state, value: self.trial.value(), violation, hidden, excluded }.rank()
    }
}

/// What a study has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyOutcome {
    /// The ended trials, earlier processes' included, by number.
    pub finished: Vec<TrialResult>,
    /// Whether it stopped before all trials had ended.
    pub cancelled: bool,
    /// Where it ended because duplicates are avoided and every point had been tried: how many trials
    /// there had been.
    pub spent: Option<u32>,
    /// Which end of each value is better.
    pub directions: Vec<Direction>,
}

impl StudyOutcome {
    /// What is recorded of a study so far.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn recorded(store: &dyn Store, study: &StudyRecord) -> Result<Self, StoreError> {
        let runs = store.runs(&trials_of(study.id, None))?;
        let mut finished: Vec<TrialResult> =
            runs.iter().filter(|run| run.state.is_final()).map(TrialResult::recorded).collect();
        finished.sort_by_key(|result| result.trial.number);
        Ok(Self { finished, cancelled: false, spent: None, directions: study.goals().directions() })
    }

    /// The trials that have a [`Rank`], best first by their first value; of equals the lowest number.
    /// Trials that miss constraints come behind all others.
    pub fn ranked(&self) -> Vec<&TrialResult> {
        let direction = self.directions.first().copied().unwrap_or(Direction::Minimize);
        best_first(&self.finished, direction, |result| result.rank())
            .into_iter()
            .map(|(_, result)| result)
            .collect()
    }

    /// The first of the [`ranked`](Self::ranked) trials.
    pub fn best(&self) -> Option<&TrialResult> {
        self.ranked().into_iter().next()
    }

    /// The complete trials that miss no constraint and that no other one beats: none is at least as
    /// good in every value and better in one. By number.
    pub fn pareto_front(&self) -> Vec<&TrialResult> {
        front(&self.finished, &self.directions, |result| (result.rank(), result.trial.values.clone()))
    }
}

/// The trials of a study, hidden ones included: these are only hidden from listings.
pub(super) fn trials_of(study: Id, number: Option<u32>) -> RunQuery {
    RunQuery {
        study: Some(study),
        kind: Some(RunKind::Trial),
        number,
        include_hidden: true,
        ..RunQuery::default()
    }
}

/// Why a study cannot go on. Trials that fail are no such reason.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The record cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A recorded trial is not what would be proposed now.
    #[error(
        "trial {number} of study {study} is recorded with {}, but this uaic proposes {}: the study was \
         made by another version of uaic. Go on with that one (`uaic show {run}` names it), or start \
         a new study with another `--seed`",
        Point(recorded),
        Point(proposed)
    )]
    Diverged {
        /// Short id of the study.
        study: String,
        /// Short id of the trial's run.
        run: String,
        /// The trial.
        number: u32,
        /// What the store says.
        recorded: Params,
        /// What the sampler says.
        proposed: Params,
    },
    /// No point was found that the constraints between parameters allow.
    #[error(
        "no point of 10,000 satisfies {}, so study {study} has no trial {number}; loosen the constraint or widen \
         a range in a copy of its spec, and go on with `uaic resume {study} --spec SPEC.toml`",
        quoted(constraints)
    )]
    Forbidden {
        /// Short id of the study.
        study: String,
        /// The trial.
        number: u32,
        /// What nothing satisfies.
        constraints: Vec<Constraint>,
    },
    /// A point cannot be enqueued.
    #[error(transparent)]
    Promise(#[from] PromiseError),
    /// The system gives no more threads.
    #[error("cannot start {jobs} worker threads: {source}; try a smaller `--jobs`")]
    Threads {
        /// How many were asked for.
        jobs: usize,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl StudyError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(store) => store.kind(),
            Self::Promise(promise) => promise.kind(),
            Self::Forbidden { .. } => ErrorKind::Usage,
            Self::Diverged { .. } | Self::Threads { .. } => ErrorKind::Failed,
        }
    }
}

impl StudyError {
    /// That a trial of a study has no allowed point.
    pub(super) fn forbidden(study: Id, number: u32, space: &Space) -> Self {
        let constraints = unsatisfied(space).unwrap_or_else(|| space.constraints().to_vec());
        Self::Forbidden { study: study.short(), number, constraints }
    }
}

/// Shows a point as `a = 1, b = 2`.
struct Point<'a>(&'a Params);

impl std::fmt::Display for Point<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no parameters");
        }
        for (place, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name} = {value}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{ParamValue, RunState};

    fn outcome(direction: Direction, values: &[Option<f64>]) -> StudyOutcome {
        let finished = values
            .iter()
            .zip(0..)
            .map(|(&value, number)| TrialResult {
                trial: FinishedTrial {
                    state: if value.is_some() { RunState::Complete } else { RunState::Failed },
                    values: value.into_iter().collect(),
                    ..FinishedTrial::complete(number, Params::new(), 0.0)
                },
                run: Id([0; 16]),
                reason: None,
                seconds: 0.0,
                excluded: false,
                hidden: false,
            })
            .collect();
        StudyOutcome { finished, cancelled: false, spent: None, directions: vec![direction] }
    }

    #[test]
    fn the_first_of_equally_good_trials_is_the_best() {
        let values = [None, Some(f64::NAN), Some(1.0), Some(3.0), Some(1.0), Some(3.0)];
        let best = |direction| outcome(direction, &values).best().unwrap().trial.number;
        assert_eq!((best(Direction::Minimize), best(Direction::Maximize)), (2, 3));
        assert_eq!(outcome(Direction::Minimize, &[None, Some(f64::NAN)]).best(), None);
    }

    #[test]
    fn trials_are_ranked_with_the_lowest_number_of_equals_first_and_nan_not_at_all() {
        let values = [Some(f64::NAN), Some(1.0), None, Some(3.0), Some(1.0), Some(3.0)];
        let ranked = |direction| {
            // Whatever order they come in.
            let mut outcome = outcome(direction, &values);
            outcome.finished.reverse();
            outcome.ranked().iter().map(|result| result.trial.number).collect::<Vec<_>>()
        };
        assert_eq!(ranked(Direction::Minimize), [1, 4, 3, 5]);
        assert_eq!(ranked(Direction::Maximize), [3, 5, 1, 4]);
    }

    #[test]
    fn hidden_and_excluded_trials_are_neither_best_nor_on_the_front() {
        let mut outcome =
            outcome(Direction::Maximize, &[Some(3.0), Some(f64::INFINITY), Some(2.0), Some(1.0)]);
        outcome.finished[0].hidden = true;
        outcome.finished[1].excluded = true;
        assert_eq!(outcome.best().unwrap().trial.number, 2);
        outcome.finished[2].trial.violation = 0.1;
        assert_eq!(outcome.best().unwrap().trial.number, 3);
        let front: Vec<u32> = outcome.pareto_front().iter().map(|result| result.trial.number).collect();
        assert_eq!(front, [3]);
        outcome.finished[3].hidden = true;
        assert_eq!(
            outcome.best().unwrap().trial.number,
            2,
            "one that misses a constraint is better than none"
        );
        assert!(outcome.pareto_front().is_empty());
    }

    #[test]
    fn a_divergence_shows_both_points_and_what_to_do() {
        let point = |x| Params::from([("lr".to_owned(), ParamValue::Float(x))]);
        let error = StudyError::Diverged {
            study: "aaaa".into(),
            run: "bbbb".into(),
            number: 3,
            recorded: point(0.5),
            proposed: Params::new(),
        };
        assert_eq!(
            error.to_string(),
            "trial 3 of study aaaa is recorded with lr = 0.5, but this uaic proposes no parameters: the \
             study was made by another version of uaic. Go on with that one (`uaic show bbbb` names it), \
             or start a new study with another `--seed`"
        );
    }
}
