//! File operations that are atomic and whose errors name the path.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file operation that failed, and on which path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried: `read`, `write`, `create the folder` …
    pub action: &'static str,
    /// The path it was tried on.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl FileError {
    /// Wraps an [`io::Error`] with what was tried and where; made for `map_err`.
    pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path, source }
    }
}

/// Reads a whole file.
///
/// # Errors
/// The file cannot be opened or read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(FileError::at("read", path))
}

/// Creates a folder and those above it.
///
/// # Errors
/// A folder cannot be created, or a file stands in the way.
pub fn create_dir_all(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(FileError::at("create the folder", path))
}

/// Writes a file so that readers see either the old content or the whole new one, and so that it
/// survives a power cut: temporary file in the same folder, fsync, rename, fsync of the folder.
///
/// # Errors
/// The folder is missing, the disk is full, or the path may not be written.
#[cfg(feature = "files")]
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    use std::io::Write;

    let folder = parent_of(path);
    let mut staged = tempfile::Builder::new()
        .prefix(".uaic-")
        .tempfile_in(folder)
        .map_err(FileError::at("write", path))?;
    staged.write_all(bytes).map_err(FileError::at("write", path))?;
    staged.as_file().sync_all().map_err(FileError::at("write", path))?;
    // Temporary files are private; what they become is an ordinary file.
    crate::process::make_readable(staged.as_file()).map_err(FileError::at("write", path))?;
    staged.persist(path).map_err(|error| FileError::at("write", path)(error.error))?;
    sync_folder(folder)
}

/// Makes a rename inside `folder` durable.
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> Result<(), FileError> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(FileError::at("sync", folder))
}

/// The folder that holds `path`; `.` for a bare file name.
pub fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(all(test, feature = "files"))]
mod tests {
    use super::*;

    #[test]
    fn atomic_write_replaces_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_path_and_the_action() {
        let error = write_atomic(Path::new("/no/such/folder/a.txt"), b"").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /no/such/folder/a.txt: "), "{error}");
    }
}
