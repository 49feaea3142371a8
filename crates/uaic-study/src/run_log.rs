//! The log of a run: what is logged by `tracing` while the run executes, kept as its artifact.
//!
//! A run executes on one thread from start to end, so its log is what that thread logs meanwhile.

use std::cell::RefCell;

/// The artifact that a run's log is kept as.
pub const LOG_ARTIFACT: &str = "log.txt";

thread_local! {
    static LOG: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `f` and gives what it logged, one line an event, beside its result.
///
/// Needs a subscriber that hands every event to [`add`]; without one the log is empty.
pub fn capture<T>(f: impl FnOnce() -> T) -> (T, String) {
    let outer = LOG.replace(Some(String::new()));
    let result = f();
    let log = LOG.replace(outer).unwrap_or_default();
    (result, log)
}

/// Adds a line to the log of the run that this thread executes; nothing where it executes none.
/// `line` is called only where there is one.
pub fn add(line: impl FnOnce() -> String) {
    LOG.with_borrow_mut(|log| {
        if let Some(log) = log {
            log.push_str(&line());
            log.push('\n');
        }
    });
}
