//! How a call ends.

use uaic_study::store::StoreError;

/// Numbers of gRPC, as far as they are used. Clients tell their programs what the fourth, fifth, sixth and
/// ninth mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Done.
    Ok = 0,
    /// A distribution that does not fit the study, or what is no value.
    InvalidArgument = 3,
    /// No such study or trial.
    NotFound = 5,
    /// The name of the study is taken.
    AlreadyExists = 6,
    /// The store can only be read.
    PermissionDenied = 7,
    /// A message is too long.
    ResourceExhausted = 8,
    /// The trial has ended.
    FailedPrecondition = 9,
    /// No such call, or no such encoding.
    Unimplemented = 12,
    /// Anything else.
    Internal = 13,
}

/// How a call ends that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) code: Code,
    pub(super) message: String,
}

impl Status {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Of what is no value.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::NotFound { .. } => Code::NotFound,
            StoreError::NameTaken { .. } => Code::AlreadyExists,
            StoreError::Ended { .. } => Code::FailedPrecondition,
            StoreError::OtherDistribution { .. } => Code::InvalidArgument,
            StoreError::ReadOnly { .. } => Code::PermissionDenied,
            _ => {
                tracing::error!(target: "uaic::server", "a call of Optuna has failed: {error}");
                Code::Internal
            }
        };
        Self::new(code, error.to_string())
    }
}
