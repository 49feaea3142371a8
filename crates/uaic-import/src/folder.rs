//! Files and folders of a source: listed in order, read whole where they are small.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use uaic_platform::fsx::FileError;

/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 1_000_000;

/// The longest file that is read whole.
pub(crate) const LONGEST_WHOLE: u64 = 64 << 20;

/// What lies in a folder, sorted by name, with numbers in names by value; links are left out.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn entries(folder: &Path) -> Result<Vec<(PathBuf, bool)>, FileError> {
    let mut entries = vec![];
    for entry in fs::read_dir(folder).map_err(FileError::at("read the folder", folder))?.take(MOST_ENTRIES) {
        let entry = entry.map_err(FileError::at("read the folder", folder))?;
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() || kind.is_file() {
            entries.push((entry.path(), kind.is_dir()));
        }
    }
    entries.sort_by_cached_key(|(path, _)| order(&name(path)));
    Ok(entries)
}

/// Folders in a folder.
pub(crate) fn folders(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    Ok(entries(folder)?.into_iter().filter(|(_, is_folder)| *is_folder).map(|(path, _)| path).collect())
}

/// Files in a folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    Ok(entries(folder)?.into_iter().filter(|(_, is_folder)| !*is_folder).map(|(path, _)| path).collect())
}

/// The last part of a path; empty where there is none.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Files below a folder, with their names relative to it, joined with `/`. A folder that cannot be read is
/// given as it is.
pub(crate) fn below(folder: &Path) -> Result<Vec<(String, PathBuf)>, FileError> {
    let mut found = vec![];
    // Depth first, in order: what comes next is last.
    let mut left = vec![(String::new(), folder.to_owned(), 0)];
    while let Some((prefix, path, depth)) = left.pop() {
        let mut inner = vec![];
        for (path, is_folder) in entries(&path)? {
            let name = format!("{prefix}{}", name(&path));
            if is_folder && depth < 32 {
                inner.push((format!("{name}/"), path, depth + 1));
            } else if !is_folder {
                found.push((name, path));
            }
        }
        left.extend(inner.into_iter().rev());
        if found.len() > MOST_ENTRIES {
            break;
        }
    }
    Ok(found)
}

/// A whole file of bounded length.
///
/// # Errors
/// It cannot be read, or is longer.
pub(crate) fn read_bounded(path: &Path, longest: u64) -> Result<Vec<u8>, FileError> {
    let wrong = |why: String| FileError::at("read", path)(io::Error::other(why));
    let metadata = fs::metadata(path).map_err(FileError::at("read", path))?;
    // A pipe would be waited for.
    if !metadata.is_file() {
        return Err(wrong("it is no file".to_owned()));
    }
    let file = File::open(path).map_err(FileError::at("read", path))?;
    let mut bytes = vec![];
    file.take(longest + 1).read_to_end(&mut bytes).map_err(FileError::at("read", path))?;
    if bytes.len() as u64 > longest {
        return Err(wrong(format!("it has more than {longest} bytes")));
    }
    Ok(bytes)
}

/// `run10` behind `run9`.
fn order(name: &str) -> Vec<(u64, String)> {
    let mut parts = vec![];
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(digits);
        let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(end);
        // Text first; digits too many for a number are compared as text.
        parts.push((number.parse().unwrap_or(u64::MAX), number.to_owned()));
        parts.insert(parts.len() - 1, (0, text.to_owned()));
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["version_10", "version_9", "a", "version_9b", "10", "2", "version_09"];
        names.sort_by_cached_key(|name| order(name));
        assert_eq!(names, ["2", "10", "a", "version_09", "version_9", "version_9b", "version_10"]);
    }

    #[test]
    fn files_below_a_folder_come_in_order_and_links_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::create_dir_all(path.join("b/c")).unwrap();
        for name in ["b/c/1", "b/2", "a", "z"] {
            fs::write(path.join(name), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc", path.join("link")).unwrap();
        let names: Vec<_> = below(path).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "z", "b/2", "b/c/1"]);
    }
}
