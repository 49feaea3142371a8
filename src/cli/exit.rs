//! From answers and errors to exit codes.

use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::data::DataError;
use crate::experiment::ExperimentError;
use crate::package::PackageError;
use crate::report::draw::DrawError;
use crate::report::plot::PlotError;
use crate::report::study::ViewError;
use crate::spec::SpecErrors;
use crate::store::StoreError;
use crate::study::{AskError, PromiseError, SetupError, StudyError};

use crate::experiment::select::SelectError;

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
    if let Some(errors) = spec_errors(&error) {
        // Each has its own head and place.
        super::printer::talk(errors.to_string());
    } else {
        super::printer::talk(format!("{} {}", "error:".red().bold(), with_causes(&error)));
    }
    ExitCode::from(number_of(&error))
}

/// The error and its causes in one line, without those that it tells already.
pub(super) fn with_causes(error: &anyhow::Error) -> String {
    error.chain().skip(1).map(ToString::to_string).fold(error.to_string(), |told, cause| {
        if told.contains(&cause) { told } else { format!("{told}: {cause}") }
    })
}

pub(super) fn number_of(error: &anyhow::Error) -> u8 {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.code;
    }
    match error.downcast_ref() {
        Some(SelectError::Malformed { .. } | SelectError::Ambiguous { .. }) => return USAGE,
        Some(SelectError::Absent { .. }) => return NOT_FOUND,
        Some(SelectError::Store(_)) | None => {}
    }
    if spec_errors(error).is_some() {
        return USAGE;
    }
    match error.downcast_ref() {
        Some(PlotError::Kind { .. }) => return USAGE,
        Some(PlotError::View(ViewError::Parameter { .. }) | PlotError::Missing { .. }) => return NOT_FOUND,
        _ => {}
    }
    if let Some(DrawError::Size { .. }) = error.downcast_ref() {
        return USAGE;
    }
    if let Some(
        ExperimentError::Split { .. } | ExperimentError::Exposure { .. } | ExperimentError::TooFew { .. },
    ) = error.downcast_ref()
    {
        return USAGE;
    }
    if data_error(error).is_some_and(DataError::is_not_found)
        || package_error(error).is_some_and(PackageError::is_not_found)
    {
        return NOT_FOUND;
    }
    if error.is::<SetupError>() || error.is::<PromiseError>() {
        return USAGE;
    }
    if let Some(StudyError::Forbidden { .. } | StudyError::Promise(_)) = error.downcast_ref() {
        return USAGE;
    }
    match error.downcast_ref() {
        Some(AskError::Absent { .. }) => return NOT_FOUND,
        Some(AskError::Spent { .. } | AskError::Exhausted { .. } | AskError::Otherwise { .. }) => {
            return LOCKED;
        }
        Some(
            AskError::Count { .. } | AskError::Study(StudyError::Forbidden { .. } | StudyError::Promise(_)),
        ) => return USAGE,
        _ => {}
    }
    match store_error(error) {
        Some(StoreError::NotFound { .. } | StoreError::Missing { .. }) => NOT_FOUND,
        Some(StoreError::BadModelName { .. }) => USAGE,
        Some(
            StoreError::Taken { .. }
            | StoreError::NotHeld { .. }
            | StoreError::Outdated { .. }
            | StoreError::NotEnded { .. }
            | StoreError::IllegalTransition { .. },
        ) => LOCKED,
        _ => FAILED,
    }
}

/// What is wrong with a spec, whoever passed it on.
pub(super) fn spec_errors(error: &anyhow::Error) -> Option<&SpecErrors> {
    match error.downcast_ref() {
        Some(ExperimentError::Spec(errors)) => Some(errors),
        _ => error.downcast_ref(),
    }
}

/// What is wrong with data, whoever passed it on.
fn data_error(error: &anyhow::Error) -> Option<&DataError> {
    match error.downcast_ref() {
        Some(ExperimentError::Data(data)) => Some(data),
        _ => error.downcast_ref(),
    }
}

/// What is wrong with a package, whoever passed it on.
fn package_error(error: &anyhow::Error) -> Option<&PackageError> {
    match error.downcast_ref() {
        Some(ExperimentError::Package(package)) => Some(package),
        _ => error.downcast_ref(),
    }
}

/// What is wrong with the store, whoever passed it on.
fn store_error(error: &anyhow::Error) -> Option<&StoreError> {
    if let Some(ExperimentError::Store(store)) = error.downcast_ref() {
        return Some(store);
    }
    if let Some(AskError::Study(StudyError::Store(store))) = error.downcast_ref() {
        return Some(store);
    }
    if let Some(StudyError::Store(store)) = error.downcast_ref() {
        return Some(store);
    }
    if let Some(SelectError::Store(store)) = error.downcast_ref() {
        return Some(store);
    }
    if let Some(PlotError::Store(store) | PlotError::View(ViewError::Store(store))) = error.downcast_ref() {
        return Some(store);
    }
    error.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx;

    #[test]
    fn a_cause_is_told_once() {
        let error = fsx::read(std::path::Path::new("/no/such/file")).unwrap_err();
        let told = with_causes(&anyhow::Error::new(error).context("cannot start"));
        assert_eq!(told, "cannot start: cannot read /no/such/file: No such file or directory (os error 2)");
    }
}
