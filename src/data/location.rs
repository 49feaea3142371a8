//! Where the data set of a spec lives, and what to do when it is not there.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::MissingDataset;
use super::fetch::SOURCES;
use super::generate::GENERATORS;
use crate::nearest::nearest;

/// Where the data set of a spec lives: `dataset` with a `/` or a leading `.` is a path relative to
/// the working directory; a bare name is looked up as `data/NAME` in the working directory and
/// then upwards from the spec's folder.
pub fn find_dataset(dataset: &str, spec_path: &Path) -> Option<PathBuf> {
    places(dataset, spec_path).into_iter().find(|folder| is_dataset(folder))
}

fn is_dataset(folder: &Path) -> bool {
    folder.join("train.tsv").is_file()
}

/// The folders in which a data set may be, in the order in which they are tried.
fn places(dataset: &str, spec_path: &Path) -> Vec<PathBuf> {
    if is_path(dataset) {
        return vec![PathBuf::from(dataset)];
    }
    data_folders(spec_path).into_iter().map(|folder| folder.join(dataset)).collect()
}

fn is_path(dataset: &str) -> bool {
    dataset.contains('/') || dataset.starts_with('.')
}

/// `data` of the working directory, then of each folder above the spec.
fn data_folders(spec_path: &Path) -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("data")];
    for folder in spec_path.ancestors().skip(1).map(|folder| folder.join("data")) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

impl MissingDataset {
    /// For a `dataset` that [`find_dataset`] does not find.
    pub fn new(dataset: &str, spec_path: &Path) -> Self {
        Self {
            name: dataset.to_owned(),
            looked_for: places(dataset, spec_path),
            help: help(dataset, spec_path),
        }
    }
}

fn help(dataset: &str, spec_path: &Path) -> String {
    let dataset = dataset.trim_end_matches('/');
    let (prefix, name) = dataset.split_at(dataset.rfind('/').map_or(0, |slash| slash + 1));
    let known = SOURCES.iter().map(|source| source.name).chain(GENERATORS);
    if known.clone().any(|known| known == name) {
        return how_to_get(prefix, name);
    }
    let present = present(dataset, spec_path);
    if let Some(near) = nearest(dataset, present.iter().map(String::as_str)) {
        return format!("did you mean `{near}`?");
    }
    match nearest(name, known) {
        Some(near) => format!("did you mean `{prefix}{near}`? {}", how_to_get(prefix, near)),
        None if present.is_empty() => "`uaic data ls` lists those that can be had".to_owned(),
        None => format!("there are `{}`", present.join("`, `")),
    }
}

/// The command that makes the known data set `PREFIXknown`.
fn how_to_get(prefix: &str, known: &str) -> String {
    let out = if ["", "data/"].contains(&prefix) { String::new() } else { format!(" --out {prefix}{known}") };
    if GENERATORS.contains(&known) {
        format!("make it with `uaic data generate {known}{out}`")
    } else {
        format!("get it with `uaic data fetch {known}{out}`")
    }
}

/// The data sets that are there, as a spec would name them, sorted.
fn present(dataset: &str, spec_path: &Path) -> Vec<String> {
    let (folders, prefix) = match dataset.rsplit_once('/') {
        Some((parent, _)) => (vec![PathBuf::from(format!("{parent}/"))], format!("{parent}/")),
        None => (data_folders(spec_path), String::new()),
    };
    let mut names: Vec<String> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok().filter(|entry| is_dataset(&entry.path())))
        .map(|entry| format!("{prefix}{}", entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_with(datasets: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in datasets {
            let folder = root.path().join("data").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("train.tsv"), "a\tb\n").unwrap();
        }
        root
    }

    #[test]
    fn a_name_is_found_in_data_above_the_spec() {
        let root = root_with(&["mine"]);
        let spec = root.path().join("experiments/deep/x.toml");
        assert_eq!(find_dataset("mine", &spec), Some(root.path().join("data/mine")));
        assert_eq!(find_dataset("yours", &spec), None);
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        let root = root_with(&["mine"]);
        let path = root.path().join("data/mine");
        let path = path.to_str().unwrap();
        assert_eq!(find_dataset(path, Path::new("x.toml")), Some(PathBuf::from(path)));
        assert_eq!(find_dataset("./mine", &root.path().join("data/x.toml")), None);
    }

    #[test]
    fn a_missing_data_set_names_the_nearest_that_is_there() {
        let root = root_with(&["rivers"]);
        let missing = MissingDataset::new("rivres", &root.path().join("x.toml"));
        assert_eq!(missing.help, "did you mean `rivers`?");
        let tried = format!(" and {}/data/rivres/train.tsv", root.path().display());
        assert!(missing.to_string().contains(&tried), "{missing}");
        let path = format!("{}/data/rivres", root.path().display());
        let near = format!("did you mean `{}/data/rivers`?", root.path().display());
        assert_eq!(MissingDataset::new(&path, Path::new("x.toml")).help, near);
    }

    #[test]
    fn a_known_data_set_comes_with_the_command_that_gets_it() {
        let root = root_with(&[]);
        let help = |name| MissingDataset::new(name, &root.path().join("x.toml")).help;
        assert_eq!(help("atis-dedup"), "get it with `uaic data fetch atis-dedup`");
        assert_eq!(help("flights"), "make it with `uaic data generate flights`");
        assert_eq!(help("atis_dedup"), "did you mean `atis-dedup`? get it with `uaic data fetch atis-dedup`");
        assert_eq!(help("data/atis"), "get it with `uaic data fetch atis`");
        assert_eq!(help("./my/atis/"), "get it with `uaic data fetch atis --out ./my/atis`");
        assert_eq!(
            help("/no/bankin77"),
            "did you mean `/no/banking77`? get it with `uaic data fetch banking77 --out /no/banking77`"
        );
        assert_eq!(help("/no/zzz"), "`uaic data ls` lists those that can be had");
    }
}
