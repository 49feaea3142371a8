//! Which process works on a study, and whether it still lives.

use crate::platform::ProcessIdentity;

use super::{Id, StoreError};

/// A process of another host counts as alive while its last sign of life is younger than this.
const HEARTBEAT_LIMIT_MS: i64 = 60_000;

/// Whether `process` lives: looked up where it is of this host, else judged by its heartbeat.
pub(super) fn is_alive(process: &ProcessIdentity, heartbeat_ms: i64, now_ms: i64) -> bool {
    process.is_alive().unwrap_or(now_ms - heartbeat_ms < HEARTBEAT_LIMIT_MS)
}

/// What who does not work on a study is told.
pub(super) fn not_held(study: Id, process: &ProcessIdentity) -> StoreError {
    StoreError::NotHeld { study: study.short(), host: process.host.clone(), pid: process.pid }
}

/// Now, in milliseconds since 1970 UTC.
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_elsewhere_lives_as_long_as_its_heart_beats() {
        let mut process = ProcessIdentity::current();
        assert!(is_alive(&process, 0, i64::MAX), "of this host the process table speaks, not the heart");
        process.host.push_str("-elsewhere");
        assert!(is_alive(&process, 1_000, 60_999));
        assert!(!is_alive(&process, 1_000, 61_000));
    }
}
