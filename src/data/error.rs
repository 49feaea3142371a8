//! What can be wrong with a data set.

use std::fmt;
use std::path::PathBuf;

use crate::ErrorKind;
use crate::fsx::FileError;
use crate::nearest::nearest;

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

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) | Self::UnknownName { .. } => ErrorKind::NotFound,
            Self::File(_) | Self::BadLines(_) | Self::NoRows { .. } | Self::NoSplit { .. } => {
                ErrorKind::Failed
            }
        }
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

/// All lines of a file that are no examples. Displayed as one `file:line: what` each.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLines {
    /// The file.
    pub path: PathBuf,
    /// Line number, from 1, and what is wrong with it; the first few.
    pub shown: Vec<(usize, LineError)>,
    /// The number of bad lines.
    pub total: usize,
}

/// What is wrong with a line. Columns count bytes from 1, as editors and `cut -b` do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Nothing between two line ends.
    #[error("the line is empty")]
    Empty,
    /// No tab.
    #[error("no tab between text and label")]
    NoTab,
    /// More than one tab.
    #[error("{0} tabs instead of one")]
    ExtraTabs(usize),
    /// Nothing, or only blanks, before the tab.
    #[error("the text is empty")]
    EmptyText,
    /// Nothing, or only blanks, after the tab.
    #[error("the label is empty")]
    EmptyLabel,
    /// A label that looks like another one but is not the same.
    #[error("the label {0:?} begins or ends with a blank")]
    PaddedLabel(String),
    /// Bytes that are no text.
    #[error("invalid UTF-8 at byte {0} of the line")]
    NotUtf8(usize),
    /// A file in another encoding.
    #[error("the file is UTF-16; save it as UTF-8")]
    Utf16,
    /// An invisible character that does not belong in a text.
    #[error("control character U+{code:04X} at byte {column} of the line")]
    Control {
        /// Its code point.
        code: u32,
        /// Its first byte.
        column: usize,
    },
}

impl std::error::Error for BadLines {}

impl fmt::Display for BadLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        if self.total > 1 {
            writeln!(f, "{path} has {} bad lines", self.total)?;
        }
        for (line, what) in &self.shown {
            writeln!(f, "{path}:{line}: {what}")?;
        }
        if self.total > self.shown.len() {
            writeln!(f, "and {} more", self.total - self.shown.len())?;
        }
        f.write_str("each line is `text<TAB>label`, in UTF-8, without header or quoting")
    }
}
