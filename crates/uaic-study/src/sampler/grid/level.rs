//! The values of one parameter that a grid has.

use crate::space::{Distribution, Steps};
use crate::trial::ParamValue;

/// Levels of a range without steps, both ends among them; even in the logarithm where the range is. Of a
/// logarithmic range of whole numbers it has no more either.
const LEVELS: u64 = 5;

/// How many values of a parameter the grid has.
pub(super) fn count(distribution: &Distribution) -> u64 {
    match *distribution {
        Distribution::Choice(ref values) => values.len() as u64,
        _ if distribution.only().is_some() => 1,
        Distribution::Uniform { step: None, .. } | Distribution::Log { .. } => LEVELS,
        Distribution::Uniform { low, high, step: Some(step) } => {
            Steps::new(low, high, step).last().saturating_add(1)
        }
        Distribution::Int { low, high, step } => (high.abs_diff(low) / step.unsigned_abs()).saturating_add(1),
        Distribution::IntLog { low, high } => high.abs_diff(low).saturating_add(1).min(LEVELS),
    }
}

/// The value of a level, on the scale of its distribution.
pub(super) fn value(distribution: &Distribution, level: u64) -> ParamValue {
    match *distribution {
        Distribution::Choice(ref values) => values[(level as usize).min(values.len() - 1)].clone(),
        Distribution::Uniform { low, high, step: None } | Distribution::Log { low, high } => {
            let is_log = matches!(distribution, Distribution::Log { .. });
            ParamValue::Float(even_level(low, high, is_log, level))
        }
        Distribution::Uniform { low, high, step: Some(step) } => {
            ParamValue::Float(Steps::new(low, high, step).value(level))
        }
        // In i128, for the distance may not fit into i64. The last level is at most `high`.
        Distribution::Int { low, step, .. } => {
            ParamValue::Int((i128::from(low) + i128::from(level) * i128::from(step)) as i64)
        }
        Distribution::IntLog { low, high } => ParamValue::Int(whole_level(low, high, level)),
    }
}

/// One of [`LEVELS`] even places between two numbers, with as few digits as tell it apart.
fn even_level(low: f64, high: f64, is_log: bool, level: u64) -> f64 {
    match level {
        0 => low,
        level if level >= LEVELS - 1 => high,
        level => {
            let share = level as f64 / (LEVELS - 1) as f64;
            let place = if is_log {
                (low.ln() * (1.0 - share) + high.ln() * share).exp()
            } else {
                low * (1.0 - share) + high * share
            };
            // 0.001, and not 0.0010000000000000002; a very narrow range needs its digits.
            let digits = ((place.abs() / (high - low)).log10().max(0.0) + 10.0).min(15.0);
            let rounded = format!("{place:.*e}", digits as usize).parse().unwrap_or(place);
            f64::clamp(rounded, low, high)
        }
    }
}

/// One of at most [`LEVELS`] whole numbers, even in the logarithm and all different.
fn whole_level(low: i64, high: i64, level: u64) -> i64 {
    let distance = high.abs_diff(low);
    let last = distance.min(LEVELS - 1);
    let at = |level: u64| {
        let share = level as f64 / last.max(1) as f64;
        let place = ((low as f64).ln() * (1.0 - share) + (high as f64).ln() * share).exp();
        // Room is left for those before and after.
        ((place - low as f64).round() as u64).clamp(level, distance - (last - level))
    };
    let number = match level {
        0 => 0,
        level if level >= last => distance,
        level => (1..=level).fold(0, |before, level| at(level).max(before + 1)),
    };
    low.saturating_add_unsigned(number)
}
