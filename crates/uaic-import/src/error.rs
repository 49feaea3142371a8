//! Why nothing was read.

use std::path::{Path, PathBuf};

use uaic_platform::fsx::FileError;
use uaic_wording::ErrorKind;

use crate::sink::SinkError;

/// Why a source was not read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is nothing at the path.
    #[error("there is nothing at {}", path.display())]
    NotThere {
        /// The path.
        path: PathBuf,
    },
    /// There is something, but no record of a known tool.
    #[error("{} is no record that can be read: {found}; looked for {}", path.display(), looked_for.join(", "))]
    Unknown {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        found: String,
        /// What would have been read.
        looked_for: &'static [&'static str],
    },
    /// A file or folder cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// An SQLite database cannot be read.
    #[error("cannot read the database {}: {source}", path.display())]
    Database {
        /// Its path.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// A file is not of the format that it seems to have.
    #[error("{} is no {format}: {why}", path.display())]
    Malformed {
        /// Its path.
        path: PathBuf,
        /// What it seems to be.
        format: &'static str,
        /// What is wrong.
        why: String,
    },
    /// There is no such time zone.
    #[error(
        "there is no time zone `{name}`; a name such as `Europe/Berlin`, an offset such as `+09:00`, `UTC`, or `local`"
    )]
    UnknownZone {
        /// As it was given.
        name: String,
    },
    /// The sink takes no more.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl ImportError {
    /// Wraps SQLite's reason with the path of the database; made for `map_err`.
    pub(crate) fn database(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Database { path: path.to_owned(), source }
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotThere { .. } => ErrorKind::NotFound,
            Self::Unknown { .. } | Self::UnknownZone { .. } => ErrorKind::Usage,
            Self::File(_) | Self::Database { .. } | Self::Malformed { .. } | Self::Sink(_) => {
                ErrorKind::Failed
            }
        }
    }

    /// The reason alone, where another sentence names the place; a sink's error stays one.
    ///
    /// # Errors
    /// It is the sink's.
    pub(crate) fn reason(self) -> Result<String, Self> {
        match self {
            Self::Sink(_) => Err(self),
            Self::File(error) => Ok(error.source.to_string()),
            Self::Database { source, .. } => Ok(source.to_string()),
            Self::Malformed { why, .. } => Ok(why),
            other => Ok(other.to_string()),
        }
    }
}
