//! What can be wrong with a data set.

use std::path::PathBuf;

use crate::fsx::FileError;
use crate::nearest::nearest;

use super::tsv::BadLines;

/// A data set that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file or folder cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Lines that are no examples.
    #[error(transparent)]
    BadLines(#[from] BadLines),
    /// A file without a single example.
    #[error("{}: the file has no rows; a row is `text<TAB>label`", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// A data set without a split that is needed.
    #[error("{} has no {split}.tsv, only {}; {fix}", folder.display(), list_or_nothing(found))]
    NoSplit {
        /// The data set's folder.
        folder: PathBuf,
        /// The split that is missing.
        split: String,
        /// The splits that are there.
        found: Vec<String>,
        /// What to do.
        fix: String,
    },
    /// No data set of that name, or no folder at that path.
    #[error("{0}; {help}", help = .0.help)]
    NotFound(MissingDataset),
    /// A name that is not on the list of those that can be fetched or generated.
    #[error("there is no data set `{name}` to {verb}; {}known: {}", did_you_mean(nearest.as_deref()), known.join(", "))]
    UnknownName {
        /// `fetch` or `generate`.
        verb: &'static str,
        /// The name that was asked for.
        name: String,
        /// The known name that is most like it.
        nearest: Option<String>,
        /// The names that would do.
        known: Vec<String>,
    },
}

/// A data set that is not there. Displayed without the help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no data set `{name}`; looked for {}", train_files(looked_for))]
pub struct MissingDataset {
    /// The name or path that was asked for.
    pub name: String,
    /// The folders that would have done.
    pub looked_for: Vec<PathBuf>,
    /// The nearest name, or the command that gets or makes it.
    pub help: String,
}

impl DataError {
    /// A [`DataError::UnknownName`] with its suggestion.
    pub fn unknown_name(verb: &'static str, name: &str, known: &[&str]) -> Self {
        Self::UnknownName {
            verb,
            name: name.to_owned(),
            nearest: nearest(name, known.iter().copied()).map(str::to_owned),
            known: known.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// Whether what was asked for does not exist, as opposed to being broken.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_) | Self::UnknownName { .. })
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default()
}

fn list_or_nothing(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn train_files(folders: &[PathBuf]) -> String {
    let files: Vec<_> = folders.iter().map(|folder| folder.join("train.tsv").display().to_string()).collect();
    files.join(" and ")
}
