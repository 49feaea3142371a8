//! Words of verdicts.

use crate::trial::Direction;
pub(super) use uaic_wording::number::{apart, brief as short};

/// Where a worse value lies.
pub(super) fn worse_than(direction: Direction) -> &'static str {
    match direction {
        Direction::Maximize => "below",
        Direction::Minimize => "above",
    }
}

/// `0.71 at step 2 is below`; of a value that is no number, `NaN at step 2 is worse than`.
pub(super) fn is_worse(value: &str, step: u64, direction: Direction) -> String {
    let relation = if value == "NaN" { "worse than" } else { worse_than(direction) };
    format!("{value} at step {step} is {relation}")
}
