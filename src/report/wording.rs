//! Numbers as pages show them.

use crate::eval::Estimate;
pub(super) use crate::number::{percent as share, shown as number};
pub(super) use crate::wording::{param, utc};

/// A figure, and its interval.
pub(super) fn estimate(estimate: &Estimate) -> (String, String) {
    (number(estimate.value), format!("{} – {}", number(estimate.low), number(estimate.high)))
}
