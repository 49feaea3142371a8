//! Where data sets are, and what to do when one is not there.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::{DataError, MissingDataset};
use super::location::find_dataset;
use crate::fsx::FileError;

/// The folder that holds data sets, below the working directory.
pub const ROOT: &str = "data";

/// The folder of a data set, as a spec in the working directory would find it: `name` with a `/` or
/// a leading `.` is a path, a bare name is looked up in [`ROOT`]. A folder without `train.tsv`
/// will do, for reading it says what it lacks.
///
/// # Errors
/// There is no such folder; the message has the nearest name and the command that makes it.
pub fn find(name: &str) -> Result<PathBuf, DataError> {
    let no_spec = Path::new("");
    find_dataset(name, no_spec).map_or_else(
        || {
            let missing = MissingDataset::new(name, no_spec);
            let incomplete = missing.looked_for.iter().find(|folder| folder.is_dir()).cloned();
            incomplete.ok_or(DataError::NotFound(missing))
        },
        Ok,
    )
}

/// The folders in `root` that hold at least one split, by name. No folder, no data sets.
///
/// # Errors
/// `root` is there but cannot be read.
pub fn list(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    if !root.exists() {
        return Ok(Vec::new());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(root).map_err(FileError::at("read", root))? {
        let path = entry.map_err(FileError::at("read", root))?.path();
        if !name_of(&path).starts_with('.') && path.is_dir() && !split_files(&path)?.is_empty() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The last part of a path, also of one like `..`.
pub(super) fn name_of(folder: &Path) -> String {
    let resolved = || folder.canonicalize().ok()?.file_name().map(ToOwned::to_owned);
    let name = folder.file_name().map(ToOwned::to_owned).or_else(resolved);
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// The split files of a folder, by name.
pub(super) fn split_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(FileError::at("read", folder))? {
        let path = entry.map_err(FileError::at("read", folder))?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "tsv") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file without its ending.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_it_is_and_needs_no_train_split() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("mine");
        fs::create_dir(&folder).unwrap();
        assert_eq!(find(folder.to_str().unwrap()).unwrap(), folder);
        let error = find(root.path().join("yours").to_str().unwrap()).unwrap_err();
        assert!(
            error.kind() == crate::ErrorKind::NotFound && error.to_string().contains("/yours/train.tsv; "),
            "{error}"
        );
    }

    #[test]
    fn folders_without_splits_and_hidden_ones_are_not_listed() {
        let root = tempfile::tempdir().unwrap();
        for name in ["b", "a", ".uaic-fetch-c", "empty"] {
            fs::create_dir(root.path().join(name)).unwrap();
            if name != "empty" {
                fs::write(root.path().join(name).join("train.tsv"), "a\tx\n").unwrap();
            }
        }
        let names: Vec<_> = list(root.path()).unwrap().iter().map(|path| name_of(path)).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(list(&root.path().join("nowhere")).unwrap().is_empty());
    }
}
