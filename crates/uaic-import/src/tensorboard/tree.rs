//! Which folders have event files.

use std::path::{Path, PathBuf};

use uaic_platform::fsx::FileError;

use crate::folder;

/// A folder with event files of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventFolder {
    /// The folder; of a file that was named itself, the file.
    pub(crate) path: PathBuf,
    /// Its event files, the oldest first.
    pub(crate) files: Vec<PathBuf>,
}

/// Whether a file is called as event files are.
pub(crate) fn is_event_file(path: &Path) -> bool {
    folder::name(path).contains("tfevents")
}

/// The folder itself, if it has event files: their names begin with the second in which they were begun.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn event_folder(path: &Path) -> Result<Option<EventFolder>, FileError> {
    let files: Vec<_> = folder::files(path)?.into_iter().filter(|file| is_event_file(file)).collect();
    Ok((!files.is_empty()).then(|| EventFolder { path: path.to_owned(), files }))
}
