//! Where data sets are, and what to do when one is not there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fsx::FileError;
use crate::nearest::nearest;

use super::dataset::split_files;
use super::fetch::SOURCES;
use super::generate::GENERATORS;
use super::{DataError, fetch};

/// The folder that holds data sets, below the working directory.
pub const ROOT: &str = "data";

/// The folder of a data set: `name` with a `/` or a leading `.` is a path, a bare name is looked
/// up in `root`.
///
/// # Errors
/// There is no such folder; the message has the nearest name and the command that makes it.
pub fn find(name: &str, root: &Path) -> Result<PathBuf, DataError> {
    let is_path = name.contains('/') || name.starts_with('.');
    let folder = if is_path { PathBuf::from(name) } else { root.join(name) };
    if folder.is_dir() { Ok(folder) } else { Err(not_found(name, &folder)) }
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

/// The error for a folder that is not there.
pub(super) fn not_found(name: &str, folder: &Path) -> DataError {
    let wanted = name_of(folder);
    let here = list(folder.parent().unwrap_or(Path::new(""))).unwrap_or_default();
    let here: Vec<String> = here.iter().map(|path| name_of(path)).collect();
    let known =
        SOURCES.iter().map(|source| source.name).chain(GENERATORS).chain(here.iter().map(String::as_str));
    let fix = if let Some(command) = command_for(&wanted, folder) {
        format!("`{command}` makes it")
    } else if let Some(near) = nearest(&wanted, known) {
        match command_for(near, &folder.with_file_name(near)) {
            Some(command) if !here.iter().any(|name| name == near) => {
                format!("did you mean `{near}`? `{command}` makes it")
            }
            _ => format!("did you mean `{near}`?"),
        }
    } else {
        "`uaic data ls` lists those there are".to_owned()
    };
    DataError::NotFound { name: name.to_owned(), folder: folder.to_owned(), fix }
}

/// The command that makes this data set in this folder, if there is one.
fn command_for(name: &str, folder: &Path) -> Option<String> {
    let verb = if fetch::by_name(name).is_ok() {
        "fetch"
    } else if GENERATORS.contains(&name) {
        "generate"
    } else {
        return None;
    };
    let is_default = folder == Path::new(ROOT).join(name);
    let out = if is_default { String::new() } else { format!(" --out {}", folder.display()) };
    Some(format!("uaic data {verb} {name}{out}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(name: &str, root: &Path) -> String {
        find(name, root).unwrap_err().to_string()
    }

    #[test]
    fn a_missing_data_set_is_answered_with_the_command_that_makes_it() {
        let root = Path::new("no-such-folder");
        assert_eq!(command_for("atis", Path::new("data/atis")).unwrap(), "uaic data fetch atis");
        assert!(fix("atis", root).ends_with("; `uaic data fetch atis --out no-such-folder/atis` makes it"));
        assert!(
            fix("flights", root)
                .ends_with("; `uaic data generate flights --out no-such-folder/flights` makes it")
        );
        let near = fix("bankin77", root);
        assert!(
            near.contains("; did you mean `banking77`? `uaic data fetch banking77 --out no-such"),
            "{near}"
        );
        assert!(fix("zzz", root).ends_with("`uaic data ls` lists those there are"));
    }

    #[test]
    fn a_data_set_that_is_there_is_suggested_without_a_command() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("atis")).unwrap();
        fs::write(root.path().join("atis/train.tsv"), "a\tx\n").unwrap();
        assert!(fix("atsi", root.path()).ends_with("; did you mean `atis`?"));
    }

    #[test]
    fn a_bare_name_is_looked_up_and_a_path_is_taken_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("mine");
        fs::create_dir(&folder).unwrap();
        assert_eq!(find("mine", root.path()).unwrap(), folder);
        assert_eq!(find(folder.to_str().unwrap(), Path::new("data")).unwrap(), folder);
        assert!(find("./mine", root.path()).is_err());
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
