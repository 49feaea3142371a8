//! Why a bundle cannot be written, read or brought in.

use crate::ErrorKind;
use crate::fsx::FileError;
use crate::store::StoreError;

/// Why a bundle cannot be written, read or brought in.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is not as a bundle is.
    #[error("{bundle} is no bundle, or a damaged one: {why}")]
    Damaged {
        /// The file.
        bundle: String,
        /// What is wrong with it.
        why: String,
    },
    /// Written by a newer program.
    #[error("the bundle {bundle} has format {found}, this uaic knows up to 1; install a newer uaic")]
    Newer {
        /// The file.
        bundle: String,
        /// Its format.
        found: u64,
    },
    /// The same run or study here and there, and neither is what the other was.
    #[error("{}", told(copies))]
    Diverged {
        /// Each copy, where it comes from, and in what it differs.
        copies: Vec<String>,
    },
    /// A study that is to be replaced by what it became elsewhere, and goes on here.
    #[error("study {study} is being worked on here; stop it first, or wait for it")]
    Busy {
        /// Short id.
        study: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Copies that are told one by one; more are counted.
const TOLD: usize = 8;

fn told(copies: &[String]) -> String {
    let mut text = copies.iter().take(TOLD).cloned().collect::<Vec<_>>().join("\n");
    if copies.len() > TOLD {
        text += "\n… and ";
        text += &(copies.len() - TOLD).to_string();
        text += " more";
    }
    text + "\nnothing was brought in; `uaic bundle` of the other runs leaves these out"
}

impl BundleError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Damaged { .. } | Self::Newer { .. } | Self::File(_) => ErrorKind::Failed,
            Self::Diverged { .. } | Self::Busy { .. } => ErrorKind::Locked,
            Self::Store(store) => store.kind(),
        }
    }
}
