//! From answers and errors to exit codes.

use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::spec::SpecErrors;

use super::codes::{self, Kind};

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

    /// Something has changed, or somebody else holds it.
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
    let head = "error:".red().bold().to_string();
    match codes::of_chain(&error) {
        // Each of a spec's errors has its own head and place.
        Kind::Spec(errors) => {
            let told = without_spec(&error, errors);
            if !told.is_empty() {
                super::printer::talk(format!("{head} {told}"));
            }
            super::printer::talk(errors.to_string());
        }
        Kind::Code(_) => super::printer::talk(format!("{head} {}", with_causes(&error))),
    }
    ExitCode::from(number_of(&error))
}

/// The error and its causes in one line, without those that it tells already.
pub(super) fn with_causes(error: &anyhow::Error) -> String {
    joined(error.chain().map(|cause| without_head(&cause.to_string()).to_owned()))
}

/// What an error says beside the errors of a spec that it is about.
fn without_spec(error: &anyhow::Error, errors: &SpecErrors) -> String {
    let spec = errors.to_string();
    let told = error.chain().map(ToString::to_string).take_while(|told| *told != spec);
    joined(told.map(|told| without_head(&told).to_owned()))
}

fn joined(told: impl Iterator<Item = String>) -> String {
    told.reduce(|told, cause| if told.contains(&cause) { told } else { format!("{told}: {cause}") })
        .unwrap_or_default()
}

/// A message without the head that is put before it anyway.
fn without_head(message: &str) -> &str {
    message.trim_start_matches("error: ")
}

/// The exit code of an error.
pub(super) fn number_of(error: &anyhow::Error) -> u8 {
    codes::of_chain(error).code()
}

/// What is wrong with a spec, whoever passed it on.
pub(super) fn spec_errors(error: &anyhow::Error) -> Option<&SpecErrors> {
    match codes::of_chain(error) {
        Kind::Spec(errors) => Some(errors),
        Kind::Code(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fsx;
    use crate::report::study::ViewError;
    use crate::spec::Spec;

    #[test]
    fn what_is_wrong_with_a_spec_is_told_once_behind_what_it_is_wrong_for() {
        let errors = Spec::parse("[experiment]", Path::new("x.toml"), &[]).unwrap_err();
        let bare = anyhow::Error::new(errors.clone());
        assert_eq!(without_spec(&bare, spec_errors(&bare).unwrap()), "");
        let wrapped = ViewError::Spec { study: "0123abcd".to_owned(), source: Box::new(errors) };
        let wrapped = anyhow::Error::new(wrapped).context("cannot draw");
        let told = without_spec(&wrapped, spec_errors(&wrapped).unwrap());
        assert!(
            told.starts_with("cannot draw: the spec of study 0123abcd") && !told.contains("error:"),
            "{told}"
        );
        assert!(!with_causes(&wrapped).contains("error: error:"));
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = fsx::read(std::path::Path::new("/no/such/file")).unwrap_err();
        let told = with_causes(&anyhow::Error::new(error).context("cannot start"));
        assert_eq!(told, "cannot start: cannot read /no/such/file: No such file or directory (os error 2)");
    }
}
