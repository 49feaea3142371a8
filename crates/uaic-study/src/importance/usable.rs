//! Which trials importance is worked out from.

use super::error::{ImportanceError, LEAST_TRIALS};
use crate::sampler::axis::Axis;
use crate::space::Space;
use crate::trial::{FinishedTrial, RunState};
use uaic_wording::number::differ;

/// Complete trials of the space with a number for a value, in their order: every parameter that exists
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
    let valued = complete.filter_map(|trial| Some((trial, trial.value().filter(|value| !value.is_nan())?)));
    let usable: Vec<_> = valued.filter(|(trial, _)| is_of(space, axes, trial)).collect();
    match usable.as_slice() {
        few if few.len() < LEAST_TRIALS => Err(ImportanceError::TooFew { found: few.len() }),
        [(_, first), rest @ ..] if rest.iter().all(|(_, value)| value.to_bits() == first.to_bits()) => {
            Err(ImportanceError::Constant { trials: usable.len() })
        }
        [(_, first), rest @ ..] if rest.iter().all(|(_, value)| !differ(*value, *first)) => {
            Err(ImportanceError::Rounding { trials: usable.len() })
        }
        _ => Ok(usable),
    }
}

/// Whether values are too far apart for their variance to tell anything: one of them would be all of it,
/// or it is no number.
pub(super) fn are_far_apart(values: &[f64]) -> bool {
    // So many times the width of the middle half.
    const FAR: f64 = 1e9;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else { return false };
    if low.is_infinite() || high.is_infinite() {
        return true;
    }
    let quartile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (from, to) = (quartile(0.25), quartile(0.75));
    let reach = FAR * (to - from);
    differ(from, to) && (*high > to + reach || *low < from - reach)
}

/// Values whose variance is a number that tells something: as they are, or their ranks where they are far
/// apart, or in units of the largest where squares would be too large or too small.
pub(super) fn scaled(values: &[f64]) -> Vec<f64> {
    if are_far_apart(values) {
        return ranks(values);
    }
    let size = values.iter().fold(0.0, |size: f64, value| size.max(value.abs()));
    let is_usual = size == 0.0 || (1e-100..1e100).contains(&size);
    values.iter().map(|value| if is_usual { *value } else { value / size }).collect()
}

/// The place of each value among all, from 0; of what is equal but for rounding the first.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for place in 0..order.len() {
        if differ(values[order[place]], values[order[first]]) {
            first = place;
        }
        ranks[order[place]] = first as f64;
    }
    ranks
}

/// Whether a trial has just the parameters that exist beside each other, with values of theirs.
fn is_of(space: &Space, axes: &[Axis<'_>], trial: &FinishedTrial) -> bool {
    let value_of = |name: &str| trial.params.get(name);
    space.iter().zip(axes).all(|((name, _), axis)| match value_of(name) {
        Some(value) => space.exists(name, &value_of) && axis.encode(value).is_some(),
        None => !space.exists(name, &value_of),
    })
}
