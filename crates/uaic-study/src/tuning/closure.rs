//! A closure as an objective.

use std::sync::{Mutex, PoisonError};

use super::Draw;
use crate::objective::{Evaluation, Objective, ObjectiveError, Trial};
use crate::panics::caught;
use crate::trial::Params;

/// A closure as an objective.
pub(super) struct Closure<F>(pub(super) F);

impl<F: Fn(&Draw<'_>) -> Result<Evaluation, ObjectiveError> + Sync> Objective for Closure<F> {
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        let draw = Draw { trial, drawn: Mutex::default(), violation: Mutex::default() };
        let answer = caught(|| (self.0)(&draw));
        let drawn = draw.drawn.into_inner().unwrap_or_else(PoisonError::into_inner);
        let missing = trial.wanted.into_iter().flatten().find(|(name, _)| !drawn.params.contains_key(*name));
        let missing = missing.map(|(name, value)| {
            ObjectiveError::Failed(format!("`{name}` was enqueued as {value}, but the trial did not draw it"))
        });
        trial.set_point((drawn.params, drawn.distributions))?;
        let violation = draw.violation.into_inner().unwrap_or_else(PoisonError::into_inner);
        let evaluation = answer.map_err(ObjectiveError::Failed)??;
        if let Some(missing) = missing {
            return Err(missing);
        }
        Ok(Evaluation { violation: evaluation.violation + violation.values().sum::<f64>(), ..evaluation })
    }

    fn config(&self, _: &Params) -> serde_json::Value {
        serde_json::Value::Null
    }
}
