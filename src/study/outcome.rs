//! What comes out of a study.

use std::cmp::Ordering;

use super::pareto::undominated;
use crate::store::{Id, StoreError};
use crate::trial::{Direction, FinishedTrial, Params, RunState};

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
}

/// What a study has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyOutcome {
    /// The ended trials, earlier processes' included, by number.
    pub finished: Vec<TrialResult>,
    /// Whether it stopped before all trials had ended.
    pub cancelled: bool,
    /// Which end of each value is better.
    pub directions: Vec<Direction>,
}

impl StudyOutcome {
    /// The complete trials that have a value, best first by their first value; of equals the lowest
    /// number, and NaN last. Trials that miss constraints come behind all others, and excluded ones not
    /// at all.
    pub fn ranked(&self) -> Vec<&TrialResult> {
        let complete = self.finished.iter().filter(|result| {
            result.trial.state == RunState::Complete && !result.trial.values.is_empty() && !result.excluded
        });
        let mut ranked: Vec<&TrialResult> = complete.collect();
        ranked.sort_by(|a, b| {
            let (a, b) = (&a.trial, &b.trial);
            a.violation
                .partial_cmp(&b.violation)
                .unwrap_or(Ordering::Equal)
                .then(self.directions[0].compare(a.values[0], b.values[0]))
                .then(a.number.cmp(&b.number))
        });
        ranked
    }

    /// The first of the [`ranked`](Self::ranked) trials; `None` when none has a number for a value.
    pub fn best(&self) -> Option<&TrialResult> {
        let first = self.ranked().into_iter().next();
        first.filter(|result| result.trial.value().is_some_and(|value| !value.is_nan()))
    }

    /// The complete trials that miss no constraint and that no other one beats: none is at least as
    /// good in every value and better in one. By number.
    pub fn pareto_front(&self) -> Vec<&TrialResult> {
        let able: Vec<&TrialResult> = self
            .finished
            .iter()
            .filter(|result| {
                let trial = &result.trial;
                trial.state == RunState::Complete && trial.violation == 0.0 && !result.excluded
            })
            .filter(|result| result.trial.values.len() == self.directions.len())
            .collect();
        let points: Vec<Vec<f64>> = able.iter().map(|result| result.trial.values.clone()).collect();
        undominated(&points, &self.directions).into_iter().map(|place| able[place]).collect()
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
    /// The system gives no more threads.
    #[error("cannot start {jobs} worker threads: {source}; try a smaller `--jobs`")]
    Threads {
        /// How many were asked for.
        jobs: usize,
        /// The system's reason.
        source: rayon::ThreadPoolBuildError,
    },
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
    use crate::trial::ParamValue;

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
            })
            .collect();
        StudyOutcome { finished, cancelled: false, directions: vec![direction] }
    }

    #[test]
    fn the_first_of_equally_good_trials_is_the_best() {
        let values = [None, Some(f64::NAN), Some(1.0), Some(3.0), Some(1.0), Some(3.0)];
        let best = |direction| outcome(direction, &values).best().unwrap().trial.number;
        assert_eq!((best(Direction::Minimize), best(Direction::Maximize)), (2, 3));
        assert_eq!(outcome(Direction::Minimize, &[None, Some(f64::NAN)]).best(), None);
    }

    #[test]
    fn trials_are_ranked_with_the_lowest_number_of_equals_first_and_nan_last() {
        let values = [Some(f64::NAN), Some(1.0), None, Some(3.0), Some(1.0), Some(3.0)];
        let ranked = |direction| {
            // Whatever order they come in.
            let mut outcome = outcome(direction, &values);
            outcome.finished.reverse();
            outcome.ranked().iter().map(|result| result.trial.number).collect::<Vec<_>>()
        };
        assert_eq!(ranked(Direction::Minimize), [1, 4, 3, 5, 0]);
        assert_eq!(ranked(Direction::Maximize), [3, 5, 1, 4, 0]);
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
