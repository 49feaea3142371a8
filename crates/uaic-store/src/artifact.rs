//! The folder of contents: each under its own hash, written once, whole or not at all.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uaic_platform::fsx::{self, FileError};

use uaic_study::store::{ArtifactRecord, StoreError};

/// How old a temporary file is that nobody writes any more: contents are written in one go.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Who holds it has a content whose row is not yet written, or removes contents without one.
const LOCK: &str = "lock";

/// A content that nothing names.
pub(super) struct Loose {
    pub(super) hash: [u8; 32],
    pub(super) path: PathBuf,
    pub(super) size: u64,
}

/// `blobs/`: content with hash `abcdef…` is the file `ab/cdef…`.
#[derive(Clone, Debug)]
pub(super) struct BlobFolder {
    root: PathBuf,
    /// Makes the names in a folder durable.
    sync: fn(&Path) -> Result<(), FileError>,
}

impl BlobFolder {
    /// The folder at `root`, which need not exist.
    pub(super) fn at(root: PathBuf) -> Self {
        Self { root, sync: fsx::sync_folder }
    }

    /// Creates what is missing of the folder, and removes what killed processes left in `tmp/`.
    pub(super) fn create(&self) -> Result<(), StoreError> {
        let staging = self.root.join("tmp");
        fsx::create_dir_all(&staging)?;
        (self.sync)(fsx::parent_of(&self.root))?;
        for entry in std::fs::read_dir(&staging).map_err(FileError::at("read", &staging))?.flatten() {
            let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
            if matches!(age, Ok(Ok(age)) if age > ABANDONED) {
                // Another process may be faster; what stays does no harm.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Stores content, durable on return, and gives its hash. A reader never sees half a file: it
    /// is written under `tmp/`, synced, then renamed.
    pub(super) fn put(&self, content: &[u8]) -> Result<blake3::Hash, StoreError> {
        let hash = blake3::hash(content);
        let target = self.path_of(&hash);
        // What is there with the right content stays; a damaged file is replaced.
        if std::fs::read(&target).is_ok_and(|existing| existing == content) {
            touch(&target);
        } else {
            self.write(&target, content)?;
        }
        // Also what was found here: whoever wrote it may not have come as far as this.
        (self.sync)(fsx::parent_of(&target))?;
        (self.sync)(&self.root)?;
        Ok(hash)
    }

    /// Stores the content of a file, whatever its size, as [`BlobFolder::put`] does; gives hash and size.
    pub(super) fn put_file(&self, file: &Path) -> Result<(blake3::Hash, u64), StoreError> {
        let mut from = std::fs::File::open(file).map_err(FileError::at("read", file))?;
        self.put_pieces(&mut from, |error| FileError::at("read", file)(error).into())
    }

    /// As [`BlobFolder::put_file`], of a content as it comes.
    pub(super) fn put_stream(&self, from: &mut dyn Read) -> Result<(blake3::Hash, u64), StoreError> {
        self.put_pieces(from, |source| StoreError::Input { source })
    }

    fn put_pieces(
        &self,
        from: &mut dyn Read,
        unread: impl FnOnce(std::io::Error) -> StoreError,
    ) -> Result<(blake3::Hash, u64), StoreError> {
        let mut staged = self.stage()?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(unread(error)),
            };
            staged.write_all(&buffer[..count]).map_err(FileError::at("write", &self.root))?;
        }
        staged.publish()
    }

    /// Begins a content that comes in pieces.
    pub(super) fn stage(&self) -> Result<StagedBlob, StoreError> {
        let staging = self.root.join("tmp");
        let file = tempfile::NamedTempFile::new_in(&staging).map_err(FileError::at("write", &staging))?;
        Ok(StagedBlob { folder: self.clone(), file, hasher: blake3::Hasher::new(), size: 0 })
    }

    /// Keeps contents from being removed that no artifact names yet: to be held from before a content is
    /// put until its row is committed.
    pub(super) fn keep(&self) -> Result<Option<File>, StoreError> {
        let path = self.root.join(LOCK);
        let open = || File::options().create(true).append(true).open(&path);
        let file = open().map_err(FileError::at("write", &path))?;
        // Where there are no locks, the age of a content has to do.
        Ok(file.lock_shared().is_ok().then_some(file))
    }

    /// The same lock for who removes; nobody else has a content without a row then.
    pub(super) fn lock_alone(&self, faults: &mut Vec<String>) -> Option<File> {
        let path = self.root.join(LOCK);
        let locked =
            File::options().create(true).append(true).open(&path).and_then(|file| match file.lock() {
                Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
                _ => Ok(file),
            });
        locked.map_err(|error| faults.push(format!("cannot lock {}: {error}", path.display()))).ok()
    }

    /// The contents of which `is_used` is not true and that were not touched for an hour.
    pub(super) fn loose(&self, is_used: impl Fn(&[u8; 32]) -> bool, faults: &mut Vec<String>) -> Vec<Loose> {
        let mut loose = Vec::new();
        for folder in entries(&self.root, faults) {
            let Some(head) = folder.file_name().and_then(|name| name.to_str()).filter(|name| name.len() == 2)
            else {
                continue;
            };
            for path in entries(&folder, faults) {
                let Some(tail) = path.file_name().and_then(|name| name.to_str()) else { continue };
                let Ok(hash) = blake3::Hash::from_hex(format!("{head}{tail}")) else { continue };
                let Ok(metadata) = path.metadata() else { continue };
                let age = metadata.modified().map(|time| time.elapsed());
                if !is_used(hash.as_bytes()) && matches!(age, Ok(Ok(age)) if age > ABANDONED) {
                    loose.push(Loose { hash: *hash.as_bytes(), path, size: metadata.len() });
                }
            }
        }
        loose
    }

    /// Writes a file whole, its name not yet durable.
    fn write(&self, target: &Path, content: &[u8]) -> Result<(), FileError> {
        fsx::create_dir_all(fsx::parent_of(target))?;
        let mut staged =
            tempfile::NamedTempFile::new_in(self.root.join("tmp")).map_err(FileError::at("write", target))?;
        staged.write_all(content).map_err(FileError::at("write", target))?;
        Self::publish(staged, target)
    }

    /// Gives what was staged its name.
    fn publish(staged: tempfile::NamedTempFile, target: &Path) -> Result<(), FileError> {
        staged.as_file().sync_all().map_err(FileError::at("sync", target))?;
        uaic_platform::process::make_readable(staged.as_file()).map_err(FileError::at("write", target))?;
        staged.persist(target).map_err(|error| FileError::at("write", target)(error.error))?;
        Ok(())
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

    /// As [`BlobFolder::read`], in pieces.
    pub(super) fn copy(&self, artifact: &ArtifactRecord, to: &mut dyn Write) -> Result<(), StoreError> {
        let damaged = || StoreError::Damaged { name: artifact.name.clone(), hash: artifact.hash.clone() };
        let hash = blake3::Hash::from_hex(&artifact.hash).map_err(|_| damaged())?;
        let path = self.path_of(&hash);
        let mut from = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(damaged()),
            Err(error) => return Err(FileError::at("read", &path)(error).into()),
        };
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(FileError::at("read", &path)(error).into()),
            };
            hasher.update(&buffer[..count]);
            to.write_all(&buffer[..count]).map_err(|source| StoreError::Output { source })?;
        }
        if hasher.finalize() == hash { Ok(()) } else { Err(damaged()) }
    }

    /// Where a content is, if it is.
    pub(super) fn path(&self, hash: &[u8; 32]) -> PathBuf {
        self.path_of(&blake3::Hash::from_bytes(*hash))
    }

    /// Some of a content, as it is on the disk: only the whole has a hash.
    pub(super) fn copy_range(
        &self,
        artifact: &ArtifactRecord,
        range: Range<u64>,
        to: &mut dyn Write,
    ) -> Result<(), StoreError> {
        let damaged = || StoreError::Damaged { name: artifact.name.clone(), hash: artifact.hash.clone() };
        let hash = blake3::Hash::from_hex(&artifact.hash).map_err(|_| damaged())?;
        let path = self.path_of(&hash);
        let mut from = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(damaged()),
            Err(error) => return Err(FileError::at("read", &path)(error).into()),
        };
        from.seek(SeekFrom::Start(range.start)).map_err(FileError::at("read", &path))?;
        let mut left = range.end.saturating_sub(range.start);
        let mut buffer = vec![0; 1 << 18];
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = match from.read(&mut buffer[..wanted]) {
                Ok(0) => return Err(damaged()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(FileError::at("read", &path)(error).into()),
            };
            left -= count as u64;
            to.write_all(&buffer[..count]).map_err(|source| StoreError::Output { source })?;
        }
        Ok(())
    }

    fn path_of(&self, hash: &blake3::Hash) -> PathBuf {
        let digits = hash.to_hex();
        let (folder, file) = digits.split_at(2);
        self.root.join(folder).join(file)
    }
}

/// A content that comes in pieces.
pub(super) struct StagedBlob {
    folder: BlobFolder,
    file: tempfile::NamedTempFile,
    hasher: blake3::Hasher,
    size: u64,
}

impl Write for StagedBlob {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or(bytes));
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl StagedBlob {
    /// Gives the content its name, durable on return; gives hash and size.
    pub(super) fn publish(self) -> Result<(blake3::Hash, u64), StoreError> {
        let Self { folder, file, hasher, size } = self;
        let hash = hasher.finalize();
        let target = folder.path_of(&hash);
        fsx::create_dir_all(fsx::parent_of(&target))?;
        BlobFolder::publish(file, &target)?;
        (folder.sync)(fsx::parent_of(&target))?;
        (folder.sync)(&folder.root)?;
        Ok((hash, size))
    }
}

/// Makes a content young again: somebody is about to name it.
fn touch(path: &Path) {
    // A file of another user keeps its age; then the lock has to do.
    let _ = File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
}

/// What is in a folder, sorted.
fn entries(folder: &Path, faults: &mut Vec<String>) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort_unstable();
            paths
        }
        Err(error) => {
            faults.push(format!("cannot read {}: {error}", folder.display()));
            Vec::new()
        }
    }
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
    fn every_way_of_storing_makes_the_names_durable() {
        thread_local! {
            static SYNCED: std::cell::RefCell<Vec<PathBuf>> = const { std::cell::RefCell::new(Vec::new()) };
        }
        let (_root, mut blobs) = folder();
        blobs.sync = |path| {
            SYNCED.with_borrow_mut(|synced| synced.push(path.to_owned()));
            fsx::sync_folder(path)
        };
        for way in ["written", "found", "mended"] {
            let hash = blobs.put(b"content").unwrap();
            let expected = [fsx::parent_of(&blobs.path_of(&hash)).to_owned(), blobs.root.clone()];
            assert_eq!(SYNCED.take(), expected, "{way}");
            if way == "found" {
                std::fs::write(blobs.path_of(&hash), b"c0ntent").unwrap();
            }
        }
    }

    #[test]
    fn what_killed_processes_left_is_removed_after_an_hour() {
        let (_root, blobs) = folder();
        for (name, minutes) in [("abandoned", 61), ("being written", 59)] {
            let file = std::fs::File::create(blobs.root.join("tmp").join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - Duration::from_secs(60 * minutes)).unwrap();
        }
        let hash = blobs.put(b"content").unwrap();
        blobs.create().unwrap();
        let left: Vec<_> = std::fs::read_dir(blobs.root.join("tmp"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["being written"]);
        assert!(blobs.read(&record(hash, 7)).is_ok());
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
}
