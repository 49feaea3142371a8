//! Why runs cannot be written for others.

use crate::ErrorKind;
use crate::fsx::FileError;
use crate::import::ImportError;
use crate::store::StoreError;

/// Why runs cannot be written for others.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A database that cannot be written.
    #[error(transparent)]
    Database(#[from] ImportError),
    /// A table that cannot be written.
    #[error(transparent)]
    Table(#[from] uaic_table::TableError),
}

impl ExportError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(store) => store.kind(),
            Self::File(_) | Self::Database(_) | Self::Table(_) => ErrorKind::Failed,
        }
    }
}
