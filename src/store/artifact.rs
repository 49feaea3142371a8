//! The folder of contents: each under its own hash, written once, whole or not at all.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use crate::fsx::{self, FileError};

use super::{ArtifactRecord, StoreError};

/// `blobs/`: content with hash `abcdef…` is the file `ab/cdef…`.
#[derive(Clone, Debug)]
pub(super) struct BlobFolder {
    root: PathBuf,
}

impl BlobFolder {
    /// The folder at `root`, which need not exist.
    pub(super) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Creates what is missing of the folder.
    pub(super) fn create(&self) -> Result<(), StoreError> {
        Ok(fsx::create_dir_all(&self.root.join("tmp"))?)
    }

    /// Stores content, durable on return, and gives its hash. A reader never sees half a file: it
    /// is written under `tmp/`, synced, then renamed.
    pub(super) fn put(&self, content: &[u8]) -> Result<blake3::Hash, StoreError> {
        let hash = blake3::hash(content);
        let target = self.path_of(&hash);
        // What is there with the right content stays; a damaged file is replaced.
        if std::fs::read(&target).is_ok_and(|existing| existing == content) {
            return Ok(hash);
        }
        let folder = fsx::parent_of(&target);
        if !folder.is_dir() {
            fsx::create_dir_all(folder)?;
            fsx::sync_folder(&self.root)?;
        }
        let mut staged = tempfile::NamedTempFile::new_in(self.root.join("tmp"))
            .map_err(FileError::at("write", &target))?;
        staged.write_all(content).map_err(FileError::at("write", &target))?;
        staged.as_file().sync_all().map_err(FileError::at("sync", &target))?;
        crate::platform::make_readable(staged.as_file()).map_err(FileError::at("write", &target))?;
        staged.persist(&target).map_err(|error| FileError::at("write", &target)(error.error))?;
        fsx::sync_folder(folder)?;
        Ok(hash)
    }

    /// The content of an artifact, checked against its hash.
    pub(super) fn read(&self, artifact: &ArtifactRecord) -> Result<Vec<u8>, StoreError> {
        let damaged = || StoreError::Damaged { name: artifact.name.clone(), hash: artifact.hash.clone() };
        let hash = blake3::Hash::from_hex(&artifact.hash).map_err(|_| damaged())?;
        let content = match fsx::read(&self.path_of(&hash)) {
            Ok(content) => content,
            Err(error) if error.source.kind() == ErrorKind::NotFound => return Err(damaged()),
            Err(error) => return Err(error.into()),
        };
        if blake3::hash(&content) == hash { Ok(content) } else { Err(damaged()) }
    }

    fn path_of(&self, hash: &blake3::Hash) -> PathBuf {
        let digits = hash.to_hex();
        let (folder, file) = digits.split_at(2);
        self.root.join(folder).join(file)
    }
}

/// Longest artifact name, in bytes.
const NAME_LIMIT: usize = 255;

/// Refuses names that could mean anything but a plain relative path, whatever will use them as one.
pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    let fine = name.len() <= NAME_LIMIT
        && name.split('/').all(plain)
        && !name.chars().any(|character| character == '\\' || character == ':' || character.is_control());
    if fine { Ok(()) } else { Err(StoreError::BadArtifactName { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, BlobFolder) {
        let root = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::at(root.path().join("blobs"));
        blobs.create().unwrap();
        (root, blobs)
    }

    fn record(hash: blake3::Hash, size: u64) -> ArtifactRecord {
        ArtifactRecord { name: "a".into(), hash: hash.to_hex().to_string(), size }
    }

    #[test]
    fn content_comes_back_and_is_stored_once() {
        let (_root, blobs) = folder();
        let hash = blobs.put(b"content").unwrap();
        assert_eq!(blobs.put(b"content").unwrap(), hash);
        assert_eq!(blobs.read(&record(hash, 7)).unwrap(), b"content");
        assert_eq!(std::fs::read_dir(blobs.root.join("tmp")).unwrap().count(), 0);
    }

    #[test]
    fn damaged_content_is_refused_and_mended_by_storing_it_again() {
        let (_root, blobs) = folder();
        let hash = blobs.put(b"content").unwrap();
        std::fs::write(blobs.path_of(&hash), b"c0ntent").unwrap();
        let error = blobs.read(&record(hash, 7)).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        blobs.put(b"content").unwrap();
        assert_eq!(blobs.read(&record(hash, 7)).unwrap(), b"content");
    }

    #[test]
    fn lost_content_is_reported_as_damage() {
        let (_root, blobs) = folder();
        let error = blobs.read(&record(blake3::hash(b"never stored"), 12)).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }

    #[test]
    fn names_are_plain_relative_paths() {
        for name in ["log.txt", "model/weights.safetensors", "größe/ü b.json", "..a", "a..b/c", "%2e%2e/x"]
        {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let long = "a".repeat(256);
        for name in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            "a\\b",
            "C:x",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            &long,
        ] {
            assert!(matches!(check_name(name), Err(StoreError::BadArtifactName { .. })), "{name:?}");
        }
    }
}
