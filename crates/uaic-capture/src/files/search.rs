//! Finding files with metrics, cheaply: folders that have not changed are not read again.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::FileKind;

/// Folders that lie deeper are not looked into.
const DEEPEST: usize = 8;

/// Names that are looked at, in all.
const MOST_NAMES: usize = 50_000;

/// Files that are watched, at most.
const MOST_FILES: usize = 1000;

/// Folders with nothing of the program's own.
const PASSED_OVER: [&str; 6] =
    ["node_modules", "site-packages", "dist-packages", "__pycache__", "target", "venv"];

/// A folder whose time is younger than this may change without it showing.
const UNSURE: Duration = Duration::from_secs(2);

/// What a folder has.
#[derive(Debug)]
struct Folder {
    changed: Option<SystemTime>,
    /// Whether what was read is all there was before `changed`.
    is_sure: bool,
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, FileKind)>,
    names: usize,
}

/// Looks for files below some folders, again and again.
#[derive(Debug, Default)]
pub(super) struct Search {
    folders: HashMap<PathBuf, Folder>,
    /// There was more than is looked at.
    pub(super) is_cut: bool,
}

impl Search {
    /// All files with metrics that are there now.
    pub(super) fn look(&mut self, roots: &[PathBuf]) -> Vec<(PathBuf, FileKind)> {
        let (mut found, mut names) = (vec![], 0);
        let mut open: Vec<(PathBuf, usize)> = roots.iter().map(|root| (root.clone(), 0)).collect();
        let mut known = HashMap::new();
        while let Some((path, depth)) = open.pop() {
            if names > MOST_NAMES || found.len() > MOST_FILES {
                self.is_cut = true;
                break;
            }
            let Some(folder) = read_if_changed(&path, self.folders.remove(&path)) else { continue };
            names += folder.names;
            found.extend(folder.files.iter().cloned());
            if depth < DEEPEST {
                open.extend(folder.folders.iter().map(|inner| (inner.clone(), depth + 1)));
            }
            known.insert(path, folder);
        }
        self.folders = known;
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.dedup();
        found
    }
}

fn read_if_changed(path: &Path, known: Option<Folder>) -> Option<Folder> {
    let metadata = path.metadata().ok()?;
    let changed = metadata.modified().ok();
    if let Some(folder) = known.filter(|folder| folder.is_sure && folder.changed == changed) {
        return Some(folder);
    }
    let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
    let is_sure = age.is_some_and(|age| age > UNSURE);
    let mut folder = Folder { changed, is_sure, folders: vec![], files: vec![], names: 0 };
    for entry in fs::read_dir(path).ok()?.flatten().take(MOST_NAMES) {
        folder.names += 1;
        let (file_name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
        let Some(name) = file_name.to_str() else { continue };
        if kind.is_dir() {
            if !name.starts_with('.') && !PASSED_OVER.contains(&name) {
                folder.folders.push(entry.path());
            }
        } else if name == "pyvenv.cfg" {
            folder.folders.clear();
            folder.files.clear();
            break;
        } else if let (true, Some(kind)) = (kind.is_file(), kind_of(name)) {
            folder.files.push((entry.path(), kind));
        }
    }
    Some(folder)
}

fn kind_of(name: &str) -> Option<FileKind> {
    if name.contains("tfevents") {
        return Some(FileKind::Events);
    }
    let is_table = Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    is_table.then_some(FileKind::Csv)
}
