//! Files that a program leaves for its run.

use std::path::Path;

use crate::store::StoreError;
use crate::study::Trial;

/// The artifact that says what was started.
pub(super) const COMMAND_ARTIFACT: &str = "command.json";
/// The folder of artifacts with what the program wrote.
pub(super) const OUTPUT: &str = "output";

/// Larger files are not kept.
pub(super) const LARGEST_FILE: u64 = 256 << 20;
/// Nor is what goes beyond this in all.
pub(super) const LARGEST_SUM: u64 = 1 << 30;
/// Nor are more files than this.
pub(super) const MOST_FILES: usize = 1000;

/// What is taken at most.
#[derive(Clone, Copy)]
struct Limits {
    file: u64,
    sum: u64,
    files: usize,
}

const LIMITS: Limits = Limits { file: LARGEST_FILE, sum: LARGEST_SUM, files: MOST_FILES };

/// Stores all files below a folder as artifacts of a trial, in the order of their names. What is not
/// stored, be it a link, too large or unreadable, is passed over with a warning.
///
/// # Errors
/// The store fails.
pub(super) fn keep(trial: &Trial<'_>, folder: &Path, prefix: &str) -> Result<(), StoreError> {
    for (name, path) in choose(folder, prefix, LIMITS) {
        let content = match std::fs::read(&path) {
            Ok(content) => content,
            Err(error) => {
                tracing::warn!("artifact {name} is not kept: {error}");
                continue;
            }
        };
        match trial.store.put_artifact(trial.attempt, &name, &content) {
            Err(error @ StoreError::BadArtifactName { .. }) => tracing::warn!("{error}"),
            stored => drop(stored?),
        }
    }
    Ok(())
}

/// The files to keep: name and path.
fn choose(folder: &Path, prefix: &str, limits: Limits) -> Vec<(String, std::path::PathBuf)> {
    let (mut chosen, mut sum, mut left_out) = (vec![], 0, 0);
    let mut open = vec![(prefix.to_owned(), folder.to_owned())];
    while let Some((name, path)) = open.pop() {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let size = metadata.len();
        if metadata.is_dir() {
            open.extend(inside(&name, &path));
        } else if !metadata.is_file() {
            tracing::warn!("artifact {name} is not kept: it is no plain file");
        } else if size > limits.file {
            tracing::warn!("artifact {name} is not kept: {size} bytes are more than {}", limits.file);
        } else if chosen.len() >= limits.files || sum + size > limits.sum {
            left_out += 1;
        } else {
            sum += size;
            chosen.push((name, path));
        }
    }
    if left_out > 0 {
        let Limits { sum, files, .. } = limits;
        tracing::warn!("{left_out} artifacts are not kept: a run has at most {files}, of {sum} bytes in all");
    }
    chosen
}

/// What a folder holds, the last name first.
fn inside(name: &str, folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let mut entries = Vec::new();
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        if let Some(file) = entry.file_name().to_str() {
            entries.push((format!("{name}/{file}"), entry.path()));
        } else {
            tracing::warn!("artifact {} is not kept: its name is not UTF-8", entry.path().display());
        }
    }
    entries.sort_by(|a, b| b.cmp(a));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path, limits: Limits) -> Vec<String> {
        choose(folder, "artifacts", limits).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn plain_files_are_kept_in_order_and_within_limits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir_all(path.join("b/c")).unwrap();
        for (name, size) in [("z", 5), ("a", 5), ("b/c/x", 5), ("b/large", 9)] {
            std::fs::write(path.join(name), vec![0; size]).unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", path.join("link")).unwrap();
        std::os::unix::fs::symlink("/etc", path.join("linked")).unwrap();
        drop(std::os::unix::net::UnixListener::bind(path.join("socket")).unwrap());
        let limits = Limits { file: 8, sum: 100, files: 10 };
        assert_eq!(names(path, limits), ["artifacts/a", "artifacts/b/c/x", "artifacts/z"]);
        assert_eq!(names(path, Limits { sum: 10, ..limits }), ["artifacts/a", "artifacts/b/c/x"]);
        assert_eq!(names(path, Limits { files: 1, ..limits }), ["artifacts/a"]);
        assert_eq!(names(&path.join("none"), limits), [""; 0]);
    }
}
