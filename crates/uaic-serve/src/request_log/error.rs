//! What can go wrong with a request log.

use std::path::Path;

use uaic_platform::fsx::FileError;
use uaic_store::database::DatabaseError;
use uaic_wording::ErrorKind;

/// What can go wrong with a request log.
#[derive(Debug, thiserror::Error)]
pub enum RequestLogError {
    /// SQLite says no.
    #[error("the request log {path} cannot be used: {source}")]
    Sqlite {
        /// The database file.
        path: String,
        /// Its reason.
        source: rusqlite::Error,
    },
    /// There is no log where one is to be read.
    #[error("there is no request log at {path}; `uaic serve` writes one, `--log FILE` names another")]
    Missing {
        /// The database file.
        path: String,
    },
    /// A log that this user may not write.
    #[error("the request log {path} can only be read; its owner or its folder forbids writing")]
    ReadOnly {
        /// The database file.
        path: String,
    },
    /// Not one of ours.
    #[error("{path} is an SQLite database, but no request log of uaic; name another file")]
    Foreign {
        /// The database file.
        path: String,
    },
    /// Written by a newer `uaic`.
    #[error("the request log {path} has format {found}, this uaic knows up to {known}; install a newer uaic")]
    Newer {
        /// The database file.
        path: String,
        /// Its format.
        found: i64,
        /// The newest format this program knows.
        known: i64,
    },
    /// The file system cannot hold a database that several processes use at once.
    #[error(
        "{path} cannot have a write-ahead log (its journal mode stays `{mode}`); put the request log on a local disk"
    )]
    NoWriteAheadLog {
        /// The database file.
        path: String,
        /// What SQLite uses instead.
        mode: String,
    },
    /// A migration left a reference to what is not there.
    #[error("the table {table} of the request log {path} refers to what is not there")]
    BrokenReference {
        /// The database file.
        path: String,
        /// The table.
        table: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system gives no thread.
    #[error("the request log has no thread to write with: {0}")]
    Thread(#[source] std::io::Error),
}

impl RequestLogError {
    /// Names the database that SQLite complains of; made for `map_err`.
    pub(super) fn at(path: &Path) -> impl Fn(rusqlite::Error) -> Self + '_ {
        |source| Self::Sqlite { path: path.display().to_string(), source }
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::Sqlite { .. }
            | Self::ReadOnly { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::NoWriteAheadLog { .. }
            | Self::BrokenReference { .. }
            | Self::File(_)
            | Self::Thread(_) => ErrorKind::Failed,
        }
    }
}

impl From<DatabaseError> for RequestLogError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Sqlite { path, source } => Self::Sqlite { path, source },
            DatabaseError::ReadOnly { path } => Self::ReadOnly { path },
            DatabaseError::Foreign { path } => Self::Foreign { path },
            DatabaseError::Newer { path, found, known } => Self::Newer { path, found, known },
            DatabaseError::NoWriteAheadLog { path, mode } => Self::NoWriteAheadLog { path, mode },
            DatabaseError::BrokenReference { path, table } => Self::BrokenReference { path, table },
        }
    }
}
