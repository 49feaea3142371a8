//! Putting a data set in its place in one step.
//!
//! Everything is written and synced in a hidden folder beside the target and then renamed. A
//! folder that a killed process left is never taken for a data set and goes at the next fetch.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::data::tsv;
use crate::fsx::{self, FileError};

use super::FetchError;
use super::convert::Splits;
use super::manifest::{MANIFEST, Manifest};

/// The folder that becomes the target.
const STAGED: &str = ".uaic-fetch-new";
/// What stood at the target, until it is deleted; the target's name follows.
const REPLACED: &str = ".uaic-fetch-old-";

/// What is at a target.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, or an empty folder.
    Nothing,
    /// The wanted data set, as it was fetched.
    Complete(Box<Manifest>),
    /// Something else; the text says what, to follow the folder's name.
    Other(String),
}

/// The right to change the data sets of a folder. One process at a time has it; the system takes
/// it back when the process ends, however it ends.
pub(super) struct Root {
    folder: PathBuf,
    _lock: File,
}

impl Root {
    /// Creates the folder, waits for the right to change it and clears what killed processes left.
    pub(super) fn lock(folder: &Path, waiting: impl FnOnce()) -> Result<Self, FetchError> {
        fsx::create_dir_all(folder)?;
        // The folder itself is locked, so no lock file is left lying in it.
        let lock = File::open(folder).map_err(FileError::at("open", folder))?;
        if lock.try_lock().is_err() {
            waiting();
            lock.lock().map_err(FileError::at("lock", folder))?;
        }
        let root = Self { folder: folder.to_owned(), _lock: lock };
        root.clear()?;
        Ok(root)
    }

    fn clear(&self) -> Result<(), FetchError> {
        for entry in fs::read_dir(&self.folder).map_err(FileError::at("read", &self.folder))? {
            let entry = entry.map_err(FileError::at("read", &self.folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == STAGED {
                remove(&entry.path())?;
            } else if let Some(target) = name.strip_prefix(REPLACED) {
                let target = self.folder.join(target);
                // Killed between the two renames of `publish`: the old one is all there is.
                if target.exists() { remove(&entry.path())? } else { rename(&entry.path(), &target)? }
            }
        }
        Ok(())
    }

    /// Makes the folder `name` hold these splits and nothing else. On an error it is as before.
    pub(super) fn publish(
        &self,
        name: &OsStr,
        splits: &Splits,
        manifest: &Manifest,
    ) -> Result<(), FetchError> {
        let staged = self.folder.join(STAGED);
        let done = stage(&staged, splits, manifest).and_then(|()| self.put_in_place(&staged, name));
        if done.is_err() {
            // What happened first is what is worth telling; the next fetch clears again.
            let _ = fs::remove_dir_all(&staged);
        }
        Ok(done?)
    }

    fn put_in_place(&self, staged: &Path, name: &OsStr) -> Result<(), FileError> {
        let target = self.folder.join(name);
        let mut replaced = OsString::from(REPLACED);
        replaced.push(name);
        let replaced = self.folder.join(replaced);
        if target.exists() {
            rename(&target, &replaced)?;
        }
        if let Err(error) = rename(staged, &target) {
            // When this fails too, the next fetch tries again.
            let _ = fs::rename(&replaced, &target);
            return Err(error);
        }
        fsx::sync_folder(&self.folder)?;
        if replaced.exists() { remove(&replaced) } else { Ok(()) }
    }
}

/// Writes all files of a data set into a new folder, down to the disk.
fn stage(folder: &Path, splits: &Splits, manifest: &Manifest) -> Result<(), FileError> {
    fsx::create_dir_all(folder)?;
    for (split, examples) in splits {
        fsx::write_atomic(&folder.join(format!("{split}.tsv")), &tsv::render(examples))?;
    }
    fsx::write_atomic(&folder.join(MANIFEST), &manifest.render())
}

/// What stands at `folder`, compared with the source that `wanted` is of.
pub(super) fn look(folder: &Path, name: &str, commit: &str) -> Result<Found, FetchError> {
    if !folder.exists() {
        return Ok(Found::Nothing);
    }
    if !folder.is_dir() {
        return Err(FetchError::IsFile { folder: folder.to_owned() });
    }
    let empty = fs::read_dir(folder).map_err(FileError::at("read", folder))?.next().is_none();
    if empty {
        return Ok(Found::Nothing);
    }
    let Some(manifest) = Manifest::read(&folder.join(MANIFEST)) else {
        return Ok(Found::Other(format!("is there, but no fetch made it (it has no valid {MANIFEST})")));
    };
    if manifest.name != name {
        return Ok(Found::Other(format!("holds `{}`", manifest.name)));
    }
    if manifest.commit != commit {
        return Ok(Found::Other("comes from another version of its source".to_owned()));
    }
    for (split, expected) in &manifest.splits {
        let same = fs::read(folder.join(format!("{split}.tsv")))
            .is_ok_and(|bytes| blake3::hash(&bytes).to_hex().as_str() == expected.blake3);
        if !same {
            return Ok(Found::Other(format!("was fetched, but {split}.tsv has been changed since")));
        }
    }
    Ok(Found::Complete(Box::new(manifest)))
}

/// Refuses to replace a folder with anything in it but splits and a manifest.
pub(super) fn check_replaceable(folder: &Path) -> Result<(), FetchError> {
    let foreign = |file: String| FetchError::ForeignFiles { folder: folder.to_owned(), file };
    for entry in fs::read_dir(folder).map_err(FileError::at("read", folder))? {
        let entry = entry.map_err(FileError::at("read", folder))?;
        let path = entry.path();
        let is_ours =
            path.extension().is_some_and(|extension| extension == "tsv") || path.ends_with(MANIFEST);
        if !(is_ours && path.is_file()) {
            return Err(foreign(entry.file_name().to_string_lossy().into_owned()));
        }
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).map_err(FileError::at("rename a folder to", to))
}

fn remove(folder: &Path) -> Result<(), FileError> {
    fs::remove_dir_all(folder).map_err(FileError::at("remove", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, folder: &str, text: &str) {
        fs::create_dir_all(root.join(folder)).unwrap();
        fs::write(root.join(folder).join("train.tsv"), text).unwrap();
    }

    fn names(root: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_fetch_left_is_cleared() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), ".uaic-fetch-new", "half a li");
        put(root.path(), "atis", "a\tx\n");
        put(root.path(), ".uaic-fetch-old-atis", "old\tx\n");
        Root::lock(root.path(), || {}).unwrap();
        assert_eq!(names(root.path()), ["atis"]);
        assert_eq!(fs::read(root.path().join("atis/train.tsv")).unwrap(), b"a\tx\n");
    }

    #[test]
    fn a_data_set_that_was_being_replaced_comes_back() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), ".uaic-fetch-old-atis", "old\tx\n");
        Root::lock(root.path(), || {}).unwrap();
        assert_eq!(names(root.path()), ["atis"]);
    }

    #[test]
    fn a_second_process_waits_its_turn() {
        let root = tempfile::tempdir().unwrap();
        let first = Root::lock(root.path(), || {}).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Root::lock(root.path(), move || tell.send(()).unwrap()).is_ok());
            told.recv().unwrap();
            assert!(!second.is_finished());
            drop(first);
            assert!(second.join().unwrap());
        });
    }

    #[test]
    fn only_folders_of_splits_may_be_replaced() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "atis", "a\tx\n");
        check_replaceable(&root.path().join("atis")).unwrap();
        fs::write(root.path().join("atis/thesis.docx"), "").unwrap();
        let error = check_replaceable(&root.path().join("atis")).unwrap_err().to_string();
        assert!(error.contains("such as `thesis.docx`"), "{error}");
        fs::remove_file(root.path().join("atis/thesis.docx")).unwrap();
        put(root.path(), "atis/folder.tsv", "");
        assert!(check_replaceable(&root.path().join("atis")).is_err(), "a folder is no split");
    }
}
