//! What can be wrong with a table of predictions.

use uaic_table::TableError;

use crate::ErrorKind;
use crate::eval::Undefined;
use crate::store::StoreError;

/// Why a table gives no predictions.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The table cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No column looks like what is needed.
    #[error("no column of {name} looks like {what}; `{option} NAME` says which: {columns}")]
    Unfound {
        /// The table.
        name: String,
        /// What is needed.
        what: &'static str,
        /// The option that names it.
        option: &'static str,
        /// The columns there are.
        columns: String,
    },
    /// A pattern matches no column.
    #[error("no column of {name} matches `{pattern}`; it has {columns}")]
    Unmatched {
        /// The table.
        name: String,
        /// The pattern.
        pattern: String,
        /// The columns there are.
        columns: String,
    },
    /// A value is missing.
    #[error("{place}: `{column}` is empty")]
    Empty {
        /// Which row.
        place: String,
        /// Its column.
        column: String,
    },
    /// A value is not what it should be.
    #[error("{place}: `{column}` is {value}, which is not {wanted}")]
    Value {
        /// Which row.
        place: String,
        /// Its column.
        column: String,
        /// The value.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A column is of another kind than it should be.
    #[error("`{column}` of {name} holds texts, and {wanted}")]
    Texts {
        /// The table.
        name: String,
        /// The column.
        column: String,
        /// What needs numbers.
        wanted: String,
    },
    /// Columns do not go together.
    #[error("{0}")]
    Unfit(String),
    /// Nothing can be measured.
    #[error("nothing can be measured: {0}")]
    Undefined(#[from] Undefined),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(StoreError),
    /// What is kept with a run is damaged.
    #[error("stored predictions are damaged: {0}")]
    Stored(String),
}

impl RowsError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Table(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Unfound { .. } | Self::Unmatched { .. } | Self::Unfit(_) | Self::Texts { .. } => {
                ErrorKind::Usage
            }
            _ => ErrorKind::Failed,
        }
    }
}
