//! How trials did, as one number each that is to be small.

use rand::RngExt;

use crate::trial::{Direction, FinishedTrial, RunState};
use uaic_kernel::rng::ChaCha8Rng;

use super::super::History;

/// The losses of the finished trials at these places of a history; several objectives are merged
/// with weights drawn from `rng`. `None` while no trial has a result.
///
/// Trials without a result get one: a failed trial that of the worst, a pruned one its last report
/// or, if that is better, the median; and one that misses its constraints is worse than all that
/// hold them, by how much it misses. While none holds them, how much is missed is all that counts.
pub(super) fn losses(history: &History<'_>, places: &[usize], rng: &mut ChaCha8Rng) -> Option<Vec<f64>> {
    let trials: Vec<&FinishedTrial> = places.iter().map(|&place| &history.finished[place]).collect();
    let merged = merge(&trials, history.directions, rng);
    let holds: Vec<bool> = trials.iter().map(|trial| trial.violation <= 0.0).collect();
    let known = merged.iter().zip(&holds).filter(|(_, holds)| **holds).filter_map(|(loss, _)| *loss);
    let mut known: Vec<f64> = known.collect();
    if known.is_empty() {
        return violations(&trials, &merged);
    }
    known.sort_by(f64::total_cmp);
    let (best, median, worst) = (known[0], known[known.len() / 2], known[known.len() - 1]);
    let spread = if median > best { median - best } else { 1.0 };
    let missed = trials.iter().map(|trial| finite(trial.violation)).fold(0.0, f64::max);
    let loss = |(trial, merged): (&&FinishedTrial, Option<f64>)| match (merged, trial.state) {
        (Some(loss), _) if trial.violation > 0.0 => {
            loss.max(median) + spread * finite(trial.violation) / missed.max(f64::MIN_POSITIVE)
        }
        (Some(loss), _) => loss,
        (None, RunState::Pruned) if history.directions.len() == 1 => {
            let last = trial.intermediate.iter().max_by_key(|(step, _)| *step);
            let last = last.map_or(worst, |(_, value)| signed(*value, history.directions[0]));
            if last.is_nan() { worst } else { last.clamp(median, worst) }
        }
        _ => worst,
    };
    Some(trials.iter().zip(merged).map(loss).collect())
}

/// Where no trial holds its constraints: by how much each misses them.
fn violations(trials: &[&FinishedTrial], merged: &[Option<f64>]) -> Option<Vec<f64>> {
    let complete = |(trial, merged): (&&FinishedTrial, &Option<f64>)| merged.map(|_| finite(trial.violation));
    let missed: Vec<Option<f64>> = trials.iter().zip(merged).map(complete).collect();
    let worst = missed.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    worst.is_finite().then(|| missed.iter().map(|missed| missed.unwrap_or(worst)).collect())
}

/// One loss per trial that has a result.
fn merge(trials: &[&FinishedTrial], directions: &[Direction], rng: &mut ChaCha8Rng) -> Vec<Option<f64>> {
    let columns: Vec<Vec<Option<f64>>> =
        directions.iter().enumerate().map(|(index, direction)| column(trials, index, *direction)).collect();
    match columns.as_slice() {
        [] => vec![None; trials.len()],
        [only] => only.clone(),
        _ => chebyshev(&columns, &weights(columns.len(), rng)),
    }
}

/// The losses of one objective. Infinite ones become the largest or smallest finite one.
fn column(trials: &[&FinishedTrial], index: usize, direction: Direction) -> Vec<Option<f64>> {
    let loss = |trial: &&FinishedTrial| {
        let value = (trial.state == RunState::Complete).then(|| trial.values.get(index)).flatten()?;
        (!value.is_nan()).then(|| signed(*value, direction))
    };
    let raw: Vec<Option<f64>> = trials.iter().map(loss).collect();
    let finite = || raw.iter().flatten().copied().filter(|loss| loss.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
    raw.into_iter().map(|loss| loss.map(|loss| loss.clamp(low, high))).collect()
}

/// Weights drawn evenly among those with sum 1.
fn weights(count: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let draws: Vec<f64> = (0..count).map(|_| -(1.0 - rng.random::<f64>()).ln()).collect();
    let sum: f64 = draws.iter().sum();
    draws.iter().map(|draw| if sum > 0.0 { draw / sum } else { 1.0 / count as f64 }).collect()
}

/// The augmented Chebyshev norm of normalised losses: `ParEGO` (Knowles 2006), with its ρ.
fn chebyshev(columns: &[Vec<Option<f64>>], weights: &[f64]) -> Vec<Option<f64>> {
    const RHO: f64 = 0.05;
    let unit: Vec<Vec<Option<f64>>> = columns.iter().map(|column| normalised(column)).collect();
    let merged = |row: usize| {
        let (mut largest, mut sum) = (0.0_f64, 0.0);
        for (column, weight) in unit.iter().zip(weights) {
            let share = weight * column[row]?;
            largest = largest.max(share);
            sum += share;
        }
        Some(largest + RHO * sum)
    };
    (0..columns[0].len()).map(merged).collect()
}

/// From the best at 0 to the median at ½ and beyond it up to 1, so that few bad values do not press
/// all others together.
fn normalised(column: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut known: Vec<f64> = column.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let (Some(&best), Some(&median)) = (known.first(), known.get(known.len() / 2)) else {
        return column.to_vec();
    };
    // Halved first, because differences of the largest numbers overflow.
    let half = (median / 2.0 - best / 2.0).max(f64::MIN_POSITIVE);
    let place = |loss: f64| {
        let excess = (loss / 2.0 - best / 2.0) / half;
        if excess <= 1.0 { 0.5 * excess } else { 1.0 - 0.5 / excess }
    };
    column.iter().map(|loss| loss.map(place)).collect()
}

fn signed(value: f64, direction: Direction) -> f64 {
    match direction {
        Direction::Minimize => value,
        Direction::Maximize => -value,
    }
}

/// A violation as a finite number, NaN as the largest.
fn finite(violation: f64) -> f64 {
    if violation.is_nan() { f64::MAX } else { violation.clamp(0.0, f64::MAX) }
}
