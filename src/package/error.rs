//! Why a package cannot be read or written.

use std::path::Path;

use crate::ErrorKind;
use crate::fsx::FileError;

/// A package that cannot be used, and which one.
#[derive(Debug, thiserror::Error)]
#[error("{package}: {fault}")]
pub struct PackageError {
    /// The path of the package, or `the package` where it came as bytes.
    pub package: String,
    /// What is wrong with it.
    #[source]
    pub fault: PackageFault,
}

/// What is wrong with a package.
#[derive(Debug, thiserror::Error)]
pub enum PackageFault {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Neither a folder with a manifest nor a zip archive.
    #[error("this is no package: {0}")]
    Foreign(String),
    /// The structure of the archive is broken.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// An entry that packages do not have.
    #[error("the entry `{}` is refused: {why}", name.escape_debug())]
    Entry {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: EntryFault,
    },
    /// A file that every package has is not there.
    #[error("the file `{0}` is missing")]
    Missing(&'static str),
    /// A file is not the one that the manifest describes.
    #[error("the file `{name}` has been changed: {what} is not what the manifest says")]
    Changed {
        /// The file.
        name: String,
        /// `its size` or `its SHA-256`.
        what: &'static str,
    },
    /// Written by a newer `uaic`.
    #[error(
        "its format is {found}, and this uaic ({version}) knows formats up to {known}; it was written by uaic {writer}: install that version or a newer one"
    )]
    Newer {
        /// Its format.
        found: u64,
        /// The newest format this program knows.
        known: u32,
        /// The version that wrote it.
        writer: String,
        /// The version of this program.
        version: &'static str,
    },
    /// The content of a file cannot be used.
    #[error("the file `{name}` cannot be used: {why}")]
    Content {
        /// The file.
        name: String,
        /// Why.
        why: String,
    },
}

/// Why an entry of an archive or folder is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Not a file of the format.
    #[error("packages have no file of this name")]
    Unknown,
    /// The name leads elsewhere.
    #[error("its name is a path, and names of packages are plain")]
    Path,
    /// Two entries have one name.
    #[error("it occurs twice")]
    Twice,
    /// A link, folder or device.
    #[error("it is a link, a folder or a device, and not a plain file")]
    NotAFile,
    /// Compressed.
    #[error("it is compressed, and packages store files as they are (`zip -0`)")]
    Compressed,
    /// Encrypted.
    #[error("it is encrypted")]
    Encrypted,
    /// A feature that packages do not use.
    #[error("it uses a feature of archives that packages do not use")]
    Feature,
    /// Larger than a file of this name may be.
    #[error("it has {size} bytes, and at most {limit} are allowed")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The content is not what the checksum says.
    #[error("its checksum is wrong")]
    Checksum,
}

impl PackageFault {
    /// With the path of the package.
    pub(super) fn at(self, path: &Path) -> PackageError {
        PackageError { package: path.display().to_string(), fault: self }
    }

    /// Of a package that came as bytes.
    pub(super) fn of_bytes(self) -> PackageError {
        PackageError { package: "the package".to_owned(), fault: self }
    }

    pub(super) fn entry(name: &str, why: EntryFault) -> Self {
        Self::Entry { name: name.to_owned(), why }
    }

    #[expect(clippy::needless_pass_by_value, reason = "errors are handed over as they come")]
    pub(super) fn content(name: &str, why: impl ToString) -> Self {
        Self::Content { name: name.to_owned(), why: why.to_string() }
    }
}

impl PackageError {
    /// What kind of thing went wrong: whether there is nothing at the path, or something else.
    pub fn kind(&self) -> ErrorKind {
        match &self.fault {
            PackageFault::File(error) if error.source.kind() == std::io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            PackageFault::File(_)
            | PackageFault::Foreign(_)
            | PackageFault::Damaged(_)
            | PackageFault::Entry { .. }
            | PackageFault::Missing(_)
            | PackageFault::Changed { .. }
            | PackageFault::Newer { .. }
            | PackageFault::Content { .. } => ErrorKind::Failed,
        }
    }
}
