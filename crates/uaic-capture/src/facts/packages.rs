//! The packages of a Python, read from what installers leave beside them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// More packages than this are not listed.
const MOST: usize = 5000;

/// Name and version stand in the first lines.
const LONGEST_HEAD: u64 = 16 << 10;

/// Names and versions of all packages in some folders; the first folder wins.
pub(super) fn read(folders: &[PathBuf]) -> BTreeMap<String, String> {
    let mut packages = BTreeMap::new();
    for folder in folders {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(4 * MOST) {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let file = match name.rsplit_once('.') {
                Some((_, "dist-info")) => entry.path().join("METADATA"),
                Some((_, "egg-info")) if entry.path().is_dir() => entry.path().join("PKG-INFO"),
                Some((_, "egg-info")) => entry.path(),
                _ => continue,
            };
            let found = head(&file).or_else(|| of_name(name));
            if let Some((name, version)) = found.filter(|_| packages.len() < MOST) {
                packages.entry(name).or_insert(version);
            }
        }
    }
    packages
}

/// Name and version as a file of metadata has them.
fn head(path: &Path) -> Option<(String, String)> {
    let file = BufReader::with_capacity(1024, File::open(path).ok()?.take(LONGEST_HEAD));
    let (mut name, mut version) = (None, None);
    for line in file.lines() {
        let line = line.ok()?;
        if let Some(value) = line.strip_prefix("Name:") {
            name = Some(value.trim().to_owned());
        } else if let Some(value) = line.strip_prefix("Version:") {
            version = Some(value.trim().to_owned());
        }
        if line.is_empty() || (name.is_some() && version.is_some()) {
            break;
        }
    }
    name.zip(version)
}

/// `torch-2.3.0.dist-info`
fn of_name(name: &str) -> Option<(String, String)> {
    let (name, version) = name.rsplit_once('.')?.0.split_once('-')?;
    Some((name.to_owned(), version.to_owned()))
}

/// A line for each, as `pip freeze` writes it.
pub(super) fn written(packages: &BTreeMap<String, String>) -> String {
    let mut names: Vec<_> = packages.iter().collect();
    names.sort_by_key(|(name, _)| name.to_lowercase());
    names.into_iter().fold(String::new(), |list, (name, version)| list + name + "==" + version + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_those_of_the_metadata() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "a_b-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: A-B\nVersion: 1.0.post1\n\nName: no\n",
        );
        write("torch-2.3.0+cu121.dist-info/RECORD", "");
        write("old.egg-info", "Name: old\nVersion: 3\n");
        write("older.egg-info/PKG-INFO", "Version: 4\nName: Older\n");
        write("bin-1.dist-info/METADATA", "\u{0}\u{ff}");
        write("module.py", "");
        let packages = read(&[folder.path().to_owned(), folder.path().join("no")]);
        assert_eq!(written(&packages), "A-B==1.0.post1\nbin==1\nold==3\nOlder==4\ntorch==2.3.0+cu121\n");
    }
}
