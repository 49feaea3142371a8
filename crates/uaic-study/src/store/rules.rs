//! What every store decides alike: which names it takes, who counts as alive, and how it refuses.

pub use super::artifact_name::check_name;
pub use super::liveness::{is_alive, not_held, now_ms};
pub use super::registry::{alias_detail, check_alias, check_model_name, no_alias, no_model, no_version};

/// By how much a run misses constraints, as it is kept: from 0 to the largest number. What is no number
/// is as bad as can be, as it is for a [`Rank`](crate::trial::Rank).
pub fn kept_violation(violation: f64) -> f64 {
    if violation.is_nan() { f64::MAX } else { violation.clamp(0.0, f64::MAX) }
}
