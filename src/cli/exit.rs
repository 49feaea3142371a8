//! From answers and errors to exit codes.

use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::store::StoreError;

use super::select::SelectError;

/// The run failed.
pub(super) const FAILED: u8 = 1;
/// Wrong usage or a bad spec.
pub(super) const USAGE: u8 = 2;
/// What was asked for does not exist.
pub(super) const NOT_FOUND: u8 = 3;
/// Somebody else holds it.
pub(super) const LOCKED: u8 = 4;
/// Stopped by Ctrl-C.
pub(super) const INTERRUPTED: u8 = 130;

/// An error of the command line itself, with the exit code that it deserves.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Failure {
    /// The exit code.
    pub(super) code: u8,
    /// What happened and what to do.
    pub(super) message: String,
}

impl Failure {
    /// Wrong usage.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into() }
    }

    /// It is in use.
    pub(super) fn locked(message: impl Into<String>) -> Self {
        Self { code: LOCKED, message: message.into() }
    }

    /// Nothing by that name.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { code: NOT_FOUND, message: message.into() }
    }
}

/// Prints an error once, with its causes, and gives its exit code.
pub(super) fn code_of(answer: anyhow::Result<ExitCode>) -> ExitCode {
    let error = match answer {
        Ok(code) => return code,
        Err(error) => error,
    };
    super::printer::talk(format!("{} {}", "error:".red().bold(), message_of(&error)));
    ExitCode::from(number_of(&error))
}

/// An error and its causes. Many messages already end with their cause; it is not said twice.
fn message_of(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if message.is_empty() {
            message = cause;
        } else if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

fn number_of(error: &anyhow::Error) -> u8 {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.code;
    }
    if let Some(select) = error.downcast_ref::<SelectError>() {
        return select.exit_code();
    }
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::NotFound { .. } | StoreError::Missing { .. }) => NOT_FOUND,
        Some(StoreError::Locked { .. } | StoreError::IllegalTransition { .. }) => LOCKED,
        _ => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn causes_are_told_once() {
        let file = crate::fsx::read(std::path::Path::new("/no/such/file")).unwrap_err();
        let text = file.to_string();
        let error = Err::<(), _>(file).context("trial 3").unwrap_err();
        assert_eq!(message_of(&error), format!("trial 3: {text}"));
    }
}
