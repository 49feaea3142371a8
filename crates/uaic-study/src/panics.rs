//! Catching the panic of a trial, silently and with its message.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside [`caught`].
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    /// Where this thread's panic happened.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic becomes its message and place.
///
/// The process's panic hook would print each caught panic between the progress bars. So the first
/// call wraps the hook in one that is silent on threads inside `caught` and passes every other
/// panic on to the hook that was there.
///
/// What `work` leaves half-done is its own affair: it must not share state that a panic can break.
///
/// # Errors
/// The panic's place and message.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static WRAP_HOOK: Once = Once::new();
    WRAP_HOOK.call_once(|| {
        let outer = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if CATCHING.get() {
                PLACE.set(panic.location().map(ToString::to_string));
            } else {
                outer(panic);
            }
        }));
    });
    let outer = CATCHING.replace(true);
    let answer = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    answer.map_err(|payload| {
        let message = message_of(payload.as_ref());
        match PLACE.take() {
            Some(place) => format!("panicked at {place}: {message}"),
            None => format!("panicked: {message}"),
        }
    })
}

fn message_of(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_place() {
        let number = 7;
        let reason = caught(|| -> u32 { panic!("trial {number} went wrong") }).unwrap_err();
        assert!(reason.starts_with("panicked at ") && reason.contains("src/panics.rs:"), "{reason}");
        assert!(reason.ends_with(": trial 7 went wrong"), "{reason}");
        let reason = caught(|| std::panic::panic_any(3_u8)).unwrap_err();
        assert!(reason.ends_with(": no message"), "{reason}");
        assert_eq!(caught(|| 3), Ok(3));
    }
}
