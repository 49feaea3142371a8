//! What can be wrong with a table.

use std::io;

use uaic_wording::ErrorKind;
use uaic_wording::nearest::suggestion;

/// Why a table cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file is not there, or cannot be read.
    #[error("cannot read {name}: {source}")]
    Unreadable {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Its content is not what it should be.
    #[error("{place}: {what}")]
    Damaged {
        /// The file, with line or row where it is known.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// It is written in a way that is not read here.
    #[error("{name}: {what}; CSV, JSON lines and plain Parquet are read")]
    Unsupported {
        /// The file.
        name: String,
        /// Which way.
        what: String,
    },
    /// There is no such column.
    #[error("{name} has no column `{column}`; {hint}")]
    NoColumn {
        /// The file.
        name: String,
        /// What was wanted.
        column: String,
        /// The nearest one, or all.
        hint: String,
    },
    /// Two columns have the wanted name.
    #[error("{name} has several columns `{column}`")]
    Ambiguous {
        /// The file.
        name: String,
        /// What was wanted.
        column: String,
    },
    /// It would need more memory than a table may take.
    #[error("{name} is too large: more than {most} {what}")]
    TooLarge {
        /// The file.
        name: String,
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        most: usize,
    },
    /// Columns of a table that is written have unequal lengths, or one is no plain column.
    #[error(
        "the column `{0}` cannot be written as Parquet: it has another number of values than the table has rows"
    )]
    Unequal(String),
}

impl TableError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            Self::NoColumn { .. } | Self::Ambiguous { .. } => ErrorKind::Usage,
            _ => ErrorKind::Failed,
        }
    }

    /// That a name is none of these columns.
    pub fn no_column<'a>(name: &str, column: &str, columns: impl Iterator<Item = &'a str> + Clone) -> Self {
        const SHOWN: usize = 12;
        let hint = suggestion(column, columns.clone()).unwrap_or_else(|| {
            let all: Vec<String> = columns.clone().take(SHOWN).map(|name| format!("`{name}`")).collect();
            let more = if columns.count() > SHOWN { ", …" } else { "" };
            if all.is_empty() { "it has none".to_owned() } else { format!("it has {}{more}", all.join(", ")) }
        });
        Self::NoColumn { name: name.to_owned(), column: column.to_owned(), hint }
    }
}

/// What is wrong, before the name of the file is known.
#[derive(Debug)]
pub(crate) enum Fault {
    Unreadable(io::Error),
    Damaged { line: Option<usize>, what: String },
    Unsupported(String),
    TooMuch(&'static str, usize),
}

impl Fault {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { line: None, what: what.into() }
    }

    pub(crate) fn at(line: usize, what: impl Into<String>) -> Self {
        Self::Damaged { line: Some(line), what: what.into() }
    }

    /// The same of a file.
    pub(crate) fn of(self, name: &str) -> TableError {
        let name = name.to_owned();
        match self {
            Self::Unreadable(source) => TableError::Unreadable { name, source },
            Self::Damaged { line: Some(line), what } => {
                TableError::Damaged { place: format!("{name}:{line}"), what }
            }
            Self::Damaged { line: None, what } => TableError::Damaged { place: name, what },
            Self::Unsupported(what) => TableError::Unsupported { name, what },
            Self::TooMuch(what, most) => TableError::TooLarge { name, what, most },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}
