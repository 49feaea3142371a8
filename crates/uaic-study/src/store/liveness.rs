//! Which process works on a study, and whether it still lives.

use std::time::SystemTime;

use uaic_platform::process::ProcessIdentity;

use super::{Id, StoreError};

/// A process of another host counts as alive while its last sign of life is younger than this.
const HEARTBEAT_LIMIT_MS: i64 = 60_000;

/// Whether `process` lives: looked up where it is of this host, else judged by its heartbeat.
pub fn is_alive(process: &ProcessIdentity, heartbeat_ms: i64, now_ms: i64) -> bool {
    process.is_alive().unwrap_or(now_ms - heartbeat_ms < HEARTBEAT_LIMIT_MS)
}

/// What who does not work on a study is told.
pub fn not_held(study: Id, process: &ProcessIdentity) -> StoreError {
    StoreError::NotHeld { study: study.short(), host: process.host.clone(), pid: process.pid }
}

/// Now, in milliseconds since 1970 UTC.
pub fn now_ms() -> i64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_1970.map_or(0, |time| time.as_millis() as i64)
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
