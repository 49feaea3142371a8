//! Which trials importance is worked out from.

use super::error::{ImportanceError, LEAST_TRIALS};
use crate::spec::Space;
use crate::study::sampler::axis::Axis;
use crate::trial::{FinishedTrial, RunState};

/// Complete trials of the space with a finite value, in their order: every parameter that exists
/// has one of its values, and no other is there.
///
/// # Errors
/// Nothing is searched, or there are too few trials, or their values do not differ.
pub(super) fn usable<'t>(
    space: &Space,
    axes: &[Axis<'_>],
    trials: &'t [FinishedTrial],
) -> Result<Vec<(&'t FinishedTrial, f64)>, ImportanceError> {
    if space.is_empty() {
        return Err(ImportanceError::NothingSearched);
    }
    let complete = trials.iter().filter(|trial| trial.state == RunState::Complete);
    let valued = complete.filter_map(|trial| Some((trial, trial.value().filter(|value| value.is_finite())?)));
    let usable: Vec<_> = valued.filter(|(trial, _)| is_of(space, axes, trial)).collect();
    match usable.as_slice() {
        few if few.len() < LEAST_TRIALS => Err(ImportanceError::TooFew { found: few.len() }),
        [(_, first), rest @ ..] if rest.iter().all(|(_, value)| value.to_bits() == first.to_bits()) => {
            Err(ImportanceError::Constant { trials: usable.len() })
        }
        _ => Ok(usable),
    }
}

/// Whether a trial has just the parameters that exist beside each other, with values of theirs.
fn is_of(space: &Space, axes: &[Axis<'_>], trial: &FinishedTrial) -> bool {
    let value_of = |name: &str| trial.params.get(name);
    space.iter().zip(axes).all(|((name, _), axis)| match value_of(name) {
        Some(value) => space.exists(name, &value_of) && axis.encode(value).is_some(),
        None => !space.exists(name, &value_of),
    })
}
