//! What can go wrong while fetching.

use std::path::PathBuf;

use crate::ErrorKind;
use crate::data::DataError;
use crate::fsx::FileError;

/// A data set that could not be fetched, and why. Nothing has been changed on disk then.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A ready TSV is not one.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A target without a name of its own, such as `..`.
    #[error("{} cannot be put in place in one step; name a new folder with --out", folder.display())]
    NoName {
        /// The target.
        folder: PathBuf,
    },
    /// The target is a file.
    #[error("{} is a file; choose a folder with --out", folder.display())]
    IsFile {
        /// The target.
        folder: PathBuf,
    },
    /// The target is in use for something else, or was changed.
    #[error("{} {why}; add --force to replace it, or choose another folder with --out", folder.display())]
    Exists {
        /// The target.
        folder: PathBuf,
        /// In what way it is not the data set.
        why: String,
    },
    /// The target holds files that no fetch wrote; they are never deleted.
    #[error(
        "{} has files that are no part of a data set, such as `{file}`: not replaced, even with --force; \
         choose another folder with --out",
        folder.display()
    )]
    ForeignFiles {
        /// The target.
        folder: PathBuf,
        /// One of the files.
        file: String,
    },
    /// The server cannot be reached, or stopped answering.
    #[error(
        "cannot download {url}: {reason}\nwithout network, `uaic data fetch {name} --from DIR` takes the files from a folder"
    )]
    Network {
        /// The data set.
        name: &'static str,
        /// What was asked for.
        url: String,
        /// Why there was no answer.
        reason: String,
    },
    /// The server answers, but not with the file.
    #[error("cannot download {url}: the server answers {status}{}", meaning(*status))]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status code.
        status: u16,
    },
    /// A file is not the one that is pinned.
    #[error(
        "{file} is not the pinned file: expected {expected_bytes} bytes with SHA-256 {expected}, found {found_bytes} \
         bytes with SHA-256 {found}; nothing was kept"
    )]
    WrongHash {
        /// URL or path.
        file: String,
        /// The pinned hash.
        expected: &'static str,
        /// The pinned size.
        expected_bytes: u64,
        /// The hash of what is there.
        found: String,
        /// The size of what is there.
        found_bytes: u64,
    },
    /// A folder to take files from that does not exist.
    #[error("there is no folder {} to take files from", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder that has neither the originals nor ready TSVs.
    #[error(
        "{} has no files of `{name}`: looked for train.tsv, and for {} in it and in {name}/",
        folder.display(), originals.join(", ")
    )]
    NothingThere {
        /// The data set.
        name: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
        /// The original files, with the shortest path that is recognised.
        originals: Vec<&'static str>,
    },
    /// A folder with some of the originals.
    #[error("{} is incomplete: {} is missing", folder.display(), missing.join(", "))]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// The files that are not there.
        missing: Vec<&'static str>,
    },
    /// An original file does not have the form it should have.
    #[error("{file}:{line}: {what}")]
    Malformed {
        /// The file's path in its repository.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// An original file is no JSON of the expected shape.
    #[error("{file}: {source}")]
    Json {
        /// The file's path in its repository.
        file: String,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// An original file is no CSV.
    #[error("{file}: {source}")]
    Csv {
        /// The file's path in its repository.
        file: String,
        /// What is wrong, and where.
        source: csv::Error,
    },
}

impl FetchError {
    pub(super) fn malformed(file: &str, line: usize, what: &'static str) -> Self {
        Self::Malformed { file: file.to_owned(), line, what }
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Data(data) => data.kind(),
            // Something in the way has to be removed first.
            Self::Exists { .. } | Self::ForeignFiles { .. } | Self::IsFile { .. } => ErrorKind::Locked,
            Self::NoFolder { .. } => ErrorKind::NotFound,
            Self::File(_)
            | Self::NoName { .. }
            | Self::NothingThere { .. }
            | Self::Network { .. }
            | Self::Status { .. }
            | Self::WrongHash { .. }
            | Self::Incomplete { .. }
            | Self::Malformed { .. }
            | Self::Json { .. }
            | Self::Csv { .. } => ErrorKind::Failed,
        }
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        404 => " (not found: the source may have moved)",
        403 | 429 => " (refused: try again later)",
        500.. => " (its own failure: try again later)",
        _ => "",
    }
}
