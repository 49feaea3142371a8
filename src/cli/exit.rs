//! From answers and errors to exit codes.

use std::error::Error;
use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::ErrorKind;

/// An error of the command line itself.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Failure {
    /// What kind of thing went wrong.
    kind: ErrorKind,
    /// What happened and what to do.
    message: String,
}

impl Failure {
    /// What another error is.
    pub(super) fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// It was tried and did not work.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Failed, message)
    }

    /// Wrong usage.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Usage, message)
    }

    /// Something has changed, or somebody else holds it.
    pub(super) fn locked(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Locked, message)
    }

    /// Nothing by that name.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::NotFound, message)
    }

    fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// Prints an error once, with its causes, and gives its exit code.
pub(super) fn code_of(answer: anyhow::Result<ExitCode>) -> ExitCode {
    let error = match answer {
        Ok(code) => return code,
        Err(error) => error,
    };
    let (line, blocks) = told(&error);
    if !line.is_empty() {
        super::printer::talk(format!("{} {line}", "error:".red().bold()));
    }
    blocks.into_iter().for_each(super::printer::talk);
    kind_of(&error).into()
}

/// What kind of thing went wrong, by the first error of the chain of causes that knows.
pub(super) fn kind_of(error: &anyhow::Error) -> ErrorKind {
    error.chain().find_map(known).unwrap_or(ErrorKind::Failed)
}

/// The kind of an error that has one. What it wraps it answers for itself, because a transparent wrapper
/// hides what it holds from the chain of causes.
fn known(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    macro_rules! first_of {
        ($($known:ty),* $(,)?) => {
            $(if let Some(known) = error.downcast_ref::<$known>() { return Some(known.kind()); })*
        };
    }
    // What a sink says is what the store says.
    if let Some(crate::import::ImportError::Sink(sink)) = error.downcast_ref() {
        return sink.source().and_then(known).or_else(|| known(&*sink.0));
    }
    first_of!(
        Failure,
        crate::import::ImportError,
        crate::store::query::QueryError,
        crate::data::DataError,
        crate::data::fetch::FetchError,
        crate::training::TrainingError,
        crate::training::RecalibrationError,
        crate::bundle::BundleError,
        crate::export::ExportError,
        crate::package::PackageError,
        crate::recording::RecordFileError,
        crate::comparison::ComparisonError,
        crate::predictions::RowsError,
        crate::report::draw::DrawError,
        crate::report::plot::PlotError,
        crate::report::study::ViewError,
        crate::select::SelectError,
        crate::spec::SpecErrors,
        crate::store::StoreError,
        crate::study::AskError,
        crate::study::ObjectiveError,
        crate::study::PromiseError,
        crate::study::SetupError,
        crate::study::StudyError,
    );
    #[cfg(feature = "serve")]
    first_of!(
        crate::serve::ServeError,
        crate::serve::request_log::RequestLogError,
        crate::server::ServerError,
        crate::server::access::AccessError,
    );
    None
}

/// What begins each of a spec's errors, which are told on lines of their own.
const HEAD: &str = "error: ";

/// The error and its causes in one line, and those that have a head of their own as they are.
fn told(error: &anyhow::Error) -> (String, Vec<String>) {
    let causes = error.chain().map(ToString::to_string);
    let (blocks, causes): (Vec<_>, Vec<_>) = causes.partition(|cause| cause.starts_with(HEAD));
    (joined(causes.into_iter()), blocks)
}

/// The error and its causes in one line, without those that it tells already.
#[cfg(any(test, feature = "serve"))]
pub(super) fn with_causes(error: &anyhow::Error) -> String {
    joined(error.chain().map(|cause| cause.to_string().trim_start_matches(HEAD).to_owned()))
}

fn joined(told: impl Iterator<Item = String>) -> String {
    told.reduce(|told, cause| if told.contains(&cause) { told } else { format!("{told}: {cause}") })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::comparison::ComparisonError;
    use crate::data::DataError;
    use crate::data::fetch::FetchError;
    use crate::fsx;
    use crate::report::plot::PlotError;
    use crate::report::study::ViewError;
    use crate::select::SelectError;
    use crate::spec::{Spec, SpecErrors};
    use crate::store::StoreError;
    use crate::study::{AskError, ObjectiveError, StudyError};
    use crate::training::{RecalibrationError, TrainingError};

    fn spec() -> SpecErrors {
        Spec::parse("[experiment]", Path::new("x.toml"), &[]).unwrap_err()
    }

    #[test]
    fn the_code_follows_the_kind_however_deeply_it_is_wrapped() {
        let absent = || StoreError::NotFound { what: "run", id: "1".to_owned() };
        let plot = || PlotError::Training(TrainingError::Spec(spec()));
        let deep = anyhow::Error::new(plot()).context("cannot draw").context("cannot write the report");
        let unknown = || DataError::unknown_name("fetch", "atos", &["atis"]);
        let wrapped: [(anyhow::Error, ErrorKind); 13] = [
            (plot().into(), ErrorKind::Usage),
            (deep, ErrorKind::Usage),
            (ViewError::Spec { study: "1".to_owned(), source: Box::new(spec()) }.into(), ErrorKind::Usage),
            (PlotError::Training(TrainingError::Store(absent())).into(), ErrorKind::NotFound),
            (ComparisonError::Training(TrainingError::Store(absent())).into(), ErrorKind::NotFound),
            (AskError::Study(StudyError::Store(absent())).into(), ErrorKind::NotFound),
            (TrainingError::Select(SelectError::Store(absent())).into(), ErrorKind::NotFound),
            (RecalibrationError::Training(TrainingError::Store(absent())).into(), ErrorKind::NotFound),
            (FetchError::Data(unknown()).into(), ErrorKind::NotFound),
            (StoreError::StaleAttempt { run: "1".to_owned() }.into(), ErrorKind::Locked),
            (anyhow::Error::new(Failure::locked("held")).context("cannot go on"), ErrorKind::Locked),
            (ObjectiveError::Cancelled.into(), ErrorKind::Interrupted),
            (anyhow::anyhow!("something else"), ErrorKind::Failed),
        ];
        for (error, kind) in wrapped {
            assert_eq!(kind_of(&error), kind, "{error:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_spec_is_told_once_behind_what_it_is_wrong_for() {
        let block = spec().to_string();
        let bare = anyhow::Error::new(PlotError::Training(TrainingError::Spec(spec())));
        assert_eq!(told(&bare), (String::new(), vec![block.clone()]));
        let wrapped = ViewError::Spec { study: "0123abcd".to_owned(), source: Box::new(spec()) };
        let wrapped = anyhow::Error::new(wrapped).context("cannot draw");
        let (line, blocks) = told(&wrapped);
        assert!(line.starts_with("cannot draw: the spec of study 0123abcd"), "{line}");
        assert_eq!(blocks, [block]);
        assert!(!with_causes(&wrapped).contains("error: error:"));
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = fsx::read(Path::new("/no/such/file")).unwrap_err();
        let told = with_causes(&anyhow::Error::new(error).context("cannot start"));
        assert_eq!(told, "cannot start: cannot read /no/such/file: No such file or directory (os error 2)");
    }
}
