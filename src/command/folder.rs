//! The folder of a trial: what it and its program tell each other.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::TempDir;

use super::output::Lines;
use crate::fsx::{self, FileError};
use crate::trial::{ParamValue, Params};

/// A folder of one trial alone, removed when it is dropped.
pub(super) struct Folder {
    root: TempDir,
    /// Parameters by name, as JSON.
    pub(super) params: PathBuf,
    /// Where the program may append lines of metrics.
    pub(super) metrics: PathBuf,
    /// Where it may leave files.
    pub(super) artifacts: PathBuf,
    /// Appears when it should stop.
    pub(super) stop: PathBuf,
}

impl Folder {
    /// Makes a new one, in the system's folder for temporary files.
    pub(super) fn create(params: &Params) -> Result<Self, FileError> {
        let temporary = std::env::temp_dir();
        let root = tempfile::Builder::new()
            .prefix("uaic-trial-")
            .tempdir_in(&temporary)
            .map_err(FileError::at("create a folder in", &temporary))?;
        let at = |name| root.path().join(name);
        let folder = Self {
            params: at("params.json"),
            metrics: at("metrics.jsonl"),
            artifacts: at("artifacts"),
            stop: at("stop"),
            root,
        };
        fsx::create_dir_all(&folder.artifacts)?;
        let json = json_of(params).unwrap_or_default();
        std::fs::write(&folder.params, json).map_err(FileError::at("write", &folder.params))?;
        std::fs::write(&folder.metrics, "").map_err(FileError::at("write", &folder.metrics))?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.root.path()
    }

    /// Tells the program to stop, and why. A reader sees all of it or nothing.
    pub(super) fn write_stop(&self, why: &str) -> Result<(), FileError> {
        fsx::write_atomic(&self.stop, why.as_bytes())
    }
}

/// Parameters as JSON, their numbers as arguments have them.
fn json_of(params: &Params) -> serde_json::Result<Vec<u8>> {
    struct Numbers;
    impl serde_json::ser::Formatter for Numbers {
        fn write_f64<W: ?Sized + std::io::Write>(
            &mut self,
            writer: &mut W,
            value: f64,
        ) -> std::io::Result<()> {
            writer.write_all(ParamValue::Float(value).written().as_bytes())
        }
    }
    let mut json = Vec::new();
    params.serialize(&mut serde_json::Serializer::with_formatter(&mut json, Numbers))?;
    Ok(json)
}

/// Follows a file that somebody appends lines to.
#[derive(Default)]
pub(super) struct Follower {
    read: u64,
    lines: Lines,
}

impl Follower {
    /// Gives the lines that have come since the last look. A file that has become shorter was begun
    /// anew.
    pub(super) fn look(&mut self, path: &Path, on_line: &mut impl FnMut(&[u8], bool)) {
        // A program may remove it, and write it again.
        let Ok(mut file) = File::open(path) else { return };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        if length < self.read {
            self.lines.finish(on_line);
            self.read = 0;
        }
        if length == self.read || file.seek(SeekFrom::Start(self.read)).is_err() {
            return;
        }
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = file.read(&mut chunk) {
            self.read += read as u64;
            self.lines.push(&chunk[..read], on_line);
        }
    }

    /// Gives the last line, even if nothing ends it.
    pub(super) fn finish(&mut self, on_line: &mut impl FnMut(&[u8], bool)) {
        self.lines.finish(on_line);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_followed_file_gives_each_line_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let (mut follower, mut lines) = (Follower::default(), vec![]);
        let mut take = |line: &[u8], _: bool| lines.push(String::from_utf8_lossy(line).into_owned());
        follower.look(&path, &mut take);
        for part in ["a\nb", "", "c\n", "d"] {
            let mut file = File::options().append(true).create(true).open(&path).unwrap();
            file.write_all(part.as_bytes()).unwrap();
            follower.look(&path, &mut take);
        }
        std::fs::write(&path, "e\n").unwrap();
        follower.look(&path, &mut take);
        std::fs::remove_file(&path).unwrap();
        follower.look(&path, &mut take);
        follower.finish(&mut take);
        assert_eq!(lines, ["a", "bc", "d", "e"]);
    }

    #[test]
    fn every_trial_has_a_folder_of_its_own_until_it_ends() {
        let params = Params::from([
            ("seed".to_owned(), ParamValue::Int(i64::MAX)),
            ("train.lr".to_owned(), ParamValue::Float(1e-7)),
        ]);
        let (one, two) = (Folder::create(&params).unwrap(), Folder::create(&params).unwrap());
        assert_ne!(one.path(), two.path());
        assert_eq!(
            std::fs::read_to_string(&one.params).unwrap(),
            r#"{"seed":9223372036854775807,"train.lr":1.0e-7}"#
        );
        assert!(one.metrics.is_file() && one.artifacts.is_dir() && !one.stop.exists());
        one.write_stop("pruned").unwrap();
        assert_eq!(std::fs::read_to_string(&one.stop).unwrap(), "pruned");
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists());
    }
}
