//! What kind of thing went wrong, and the exit code that tells it.

use std::process::ExitCode;

/// What kind of thing went wrong. Library errors have a `kind()`, which of one that wraps another is
/// the other's, so that a program ends with the same code however deeply its error is wrapped. The few
/// without are always [`ErrorKind::Failed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// It was tried and did not work.
    Failed,
    /// It was asked for in a way that cannot be answered: wrong usage, or a bad spec.
    Usage,
    /// What was asked for does not exist.
    NotFound,
    /// Something has changed, is in the way, or somebody else holds it.
    Locked,
    /// It was stopped on request.
    Interrupted,
}

impl ErrorKind {
    /// The exit code of a program that ends so.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Locked => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<ErrorKind> for ExitCode {
    fn from(kind: ErrorKind) -> Self {
        Self::from(kind.code())
    }
}
