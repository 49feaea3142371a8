//! The exit code of every kind of error, however deeply it is wrapped.
//!
//! A transparent wrapper hides what it holds from `Error::source`, so causes alone do not lead there:
//! each kind says itself what it holds. The matches name every variant that wraps another error, so
//! that a new one is not forgotten.

use std::error::Error;

use crate::data::DataError;
use crate::data::fetch::FetchError;
use crate::experiment::{ExperimentError, RecalibrationError};
use crate::package::PackageError;
use crate::report::comparison::ComparisonError;
use crate::report::draw::DrawError;
use crate::report::plot::PlotError;
use crate::report::study::ViewError;
use crate::select::SelectError;
use crate::spec::SpecErrors;
use crate::store::StoreError;
use crate::study::{AskError, ObjectiveError, PromiseError, SetupError, StudyError};

use super::exit::{FAILED, Failure, LOCKED, NOT_FOUND, USAGE};

/// What an error comes to.
pub(super) enum Kind<'a> {
    /// An exit code.
    Code(u8),
    /// Something is wrong with a spec, which is told in a form of its own.
    Spec(&'a SpecErrors),
}

impl Kind<'_> {
    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Code(code) => *code,
            Self::Spec(_) => USAGE,
        }
    }
}

/// The kind of the first error of a chain of causes that is of a known kind.
pub(super) fn of_chain(error: &anyhow::Error) -> Kind<'_> {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Kind::Code(failure.code);
    }
    error.chain().find_map(known).map_or(Kind::Code(FAILED), Known::kind)
}

/// An error whose kind is known.
trait Known {
    fn kind(&self) -> Kind<'_>;
}

fn known<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a dyn Known> {
    macro_rules! first_of {
        ($($kind:ty),* $(,)?) => {
            $(if let Some(known) = error.downcast_ref::<$kind>() { return Some(known as &dyn Known); })*
        };
    }
    first_of!(
        Failure,
        SpecErrors,
        SelectError,
        StoreError,
        DataError,
        FetchError,
        ExperimentError,
        RecalibrationError,
        PackageError,
        ComparisonError,
        DrawError,
        PlotError,
        ViewError,
        AskError,
        ObjectiveError,
        PromiseError,
        SetupError,
        StudyError,
    );
    #[cfg(feature = "serve")]
    first_of!(crate::serve::request_log::RequestLogError);
    None
}

impl Known for Failure {
    fn kind(&self) -> Kind<'_> {
        Kind::Code(self.code)
    }
}

impl Known for SpecErrors {
    fn kind(&self) -> Kind<'_> {
        Kind::Spec(self)
    }
}

impl Known for SelectError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Malformed { .. } | Self::Ambiguous { .. } => Kind::Code(USAGE),
            Self::Absent { .. } => Kind::Code(NOT_FOUND),
            Self::Store(store) => store.kind(),
        }
    }
}

impl Known for StoreError {
    fn kind(&self) -> Kind<'_> {
        Kind::Code(match self {
            Self::NotFound { .. } | Self::Missing { .. } => NOT_FOUND,
            Self::BadModelName { .. } => USAGE,
            Self::Taken { .. }
            | Self::NotHeld { .. }
            | Self::Outdated { .. }
            | Self::NotEnded { .. }
            | Self::IllegalTransition { .. } => LOCKED,
            _ => FAILED,
        })
    }
}

impl Known for DataError {
    fn kind(&self) -> Kind<'_> {
        Kind::Code(if self.is_not_found() { NOT_FOUND } else { FAILED })
    }
}

impl Known for FetchError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Data(data) => data.kind(),
            _ => Kind::Code(FAILED),
        }
    }
}

impl Known for PackageError {
    fn kind(&self) -> Kind<'_> {
        Kind::Code(if self.is_not_found() { NOT_FOUND } else { FAILED })
    }
}

impl Known for ExperimentError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Spec(errors) => errors.kind(),
            Self::Data(data) => data.kind(),
            Self::Store(store) => store.kind(),
            Self::Select(select) => select.kind(),
            Self::Package(package) => package.kind(),
            Self::Split { .. } | Self::Exposure { .. } | Self::TooFew { .. } => Kind::Code(USAGE),
            Self::Pretrained(_) | Self::Predictions { .. } | Self::Scope(_) | Self::Final(_) => {
                Kind::Code(FAILED)
            }
        }
    }
}

impl Known for RecalibrationError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Experiment(experiment) => experiment.kind(),
            Self::NoSplit { .. } => Kind::Code(NOT_FOUND),
            // What is to be mended by naming other data.
            Self::WrongSplit { .. } | Self::Tested { .. } | Self::AllSeen { .. } => Kind::Code(USAGE),
            Self::NotFitted { .. } => Kind::Code(FAILED),
        }
    }
}

impl Known for ComparisonError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Store(store) => store.kind(),
            Self::Experiment(experiment) => experiment.kind(),
        }
    }
}

impl Known for DrawError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Size { .. } => Kind::Code(USAGE),
            Self::Font | Self::Backend(_) => Kind::Code(FAILED),
        }
    }
}

impl Known for ViewError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Store(store) => store.kind(),
            Self::Spec { source, .. } => source.kind(),
            Self::Parameter { .. } => Kind::Code(NOT_FOUND),
        }
    }
}

impl Known for PlotError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Kind { .. } => Kind::Code(USAGE),
            Self::View(view) => view.kind(),
            Self::Experiment(experiment) => experiment.kind(),
            Self::Store(store) => store.kind(),
            Self::Draw(draw) => draw.kind(),
            Self::Missing { .. } => Kind::Code(NOT_FOUND),
            Self::Score(_) | Self::Model(_) => Kind::Code(FAILED),
        }
    }
}

impl Known for AskError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Study(study) => study.kind(),
            Self::Absent { .. } => Kind::Code(NOT_FOUND),
            Self::Spent { .. } | Self::Exhausted { .. } | Self::Otherwise { .. } => Kind::Code(LOCKED),
            Self::Count { .. } => Kind::Code(USAGE),
        }
    }
}

impl Known for ObjectiveError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Store(store) => store.kind(),
            Self::Cancelled | Self::Pruned(_) | Self::Failed(_) => Kind::Code(FAILED),
        }
    }
}

impl Known for PromiseError {
    fn kind(&self) -> Kind<'_> {
        Kind::Code(USAGE)
    }
}

impl Known for SetupError {
    fn kind(&self) -> Kind<'_> {
        Kind::Code(USAGE)
    }
}

impl Known for StudyError {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Store(store) => store.kind(),
            Self::Promise(promise) => promise.kind(),
            Self::Forbidden { .. } => Kind::Code(USAGE),
            Self::Diverged { .. } | Self::Threads { .. } => Kind::Code(FAILED),
        }
    }
}

#[cfg(feature = "serve")]
impl Known for crate::serve::request_log::RequestLogError {
    fn kind(&self) -> Kind<'_> {
        Kind::Code(if self.is_not_found() { NOT_FOUND } else { FAILED })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::spec::Spec;

    #[test]
    fn the_code_follows_the_kind_however_deeply_it_is_wrapped() {
        let spec = || Spec::parse("[experiment]", Path::new("x.toml"), &[]).unwrap_err();
        let absent = || StoreError::NotFound { what: "run", id: "1".to_owned() };
        let wrapped: [(anyhow::Error, u8); 9] = [
            (PlotError::Experiment(ExperimentError::Spec(spec())).into(), USAGE),
            (
                anyhow::Error::new(PlotError::Experiment(ExperimentError::Spec(spec())))
                    .context("cannot draw")
                    .context("cannot write the report"),
                USAGE,
            ),
            (ViewError::Spec { study: "1".to_owned(), source: Box::new(spec()) }.into(), USAGE),
            (ComparisonError::Experiment(ExperimentError::Store(absent())).into(), NOT_FOUND),
            (AskError::Study(StudyError::Store(absent())).into(), NOT_FOUND),
            (ExperimentError::Select(SelectError::Store(absent())).into(), NOT_FOUND),
            (RecalibrationError::Experiment(ExperimentError::Store(absent())).into(), NOT_FOUND),
            (anyhow::Error::new(Failure::locked("held")).context("cannot go on"), LOCKED),
            (anyhow::anyhow!("something else"), FAILED),
        ];
        for (error, code) in wrapped {
            assert_eq!(of_chain(&error).code(), code, "{error:?}");
        }
    }
}
