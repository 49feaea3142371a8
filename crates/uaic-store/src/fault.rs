//! Why a statement did not do what it was asked to.

use std::path::Path;

use uaic_study::store::StoreError;

/// Why a statement did not do what it was asked to.
pub(super) enum Fault {
    /// SQLite's reason.
    Sqlite(rusqlite::Error),
    /// Our own.
    Refused(StoreError),
}

impl Fault {
    /// As the error that callers see.
    pub(super) fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Sqlite(source) => {
                StoreError::Database { path: path.display().to_string(), source: source.into() }
            }
            Self::Refused(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}
