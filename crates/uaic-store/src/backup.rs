//! A whole copy of a store, taken while others write to it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, params};
use uaic_platform::fsx::{self, FileError};
use uaic_study::store::StoreError;

use super::artifact::BlobFolder;
use super::fault::Fault;
use super::schema::STORE;

/// What a copy holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Contents of artifacts that were copied; what an earlier copy in the same folder has stays.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Contents that were there from an earlier copy.
    pub kept: u64,
}

/// Copies the store of `from` to the folder `to`, which is then a store like any other: the database as it
/// is at one moment, by SQLite itself, and all contents that it names. Writers wait for nothing. A copy that
/// is in `to` already is brought up to date.
///
/// # Errors
/// [`StoreError::Missing`]: `from` has no store; a content is missing or damaged; `to` cannot be written.
pub fn back_up(from: &Path, to: &Path) -> Result<BackedUp, StoreError> {
    let path = from.join("uaic.db");
    let missing = || StoreError::Missing { folder: from.display().to_string() };
    let connection = STORE.open_reader(&path)?.ok_or_else(missing)?;
    let blobs = BlobFolder::at(from.join("blobs"));
    // Nothing is swept away before it is copied.
    let _kept = blobs.keep().ok();
    fsx::create_dir_all(&to.join("blobs").join("tmp"))?;
    let target = to.join("uaic.db");
    let staged = to.join("uaic.db.new");
    let database_bytes = copy_database(&connection, &path, &staged)?;
    let copy = STORE.open_reader(&staged)?.ok_or_else(missing)?;
    let hashes = hashes(&copy).map_err(|fault| fault.at(&staged))?;
    drop(copy);
    let mut done = BackedUp { database_bytes, ..BackedUp::default() };
    for hash in &hashes {
        copy_blob(&blobs, &to.join("blobs"), hash, &mut done)?;
    }
    // Last of all: until then an earlier copy is whole.
    for ending in ["-wal", "-shm"] {
        for name in [&staged, &target] {
            // Of a database that nobody uses these hold nothing.
            let _ = std::fs::remove_file(format!("{}{ending}", name.display()));
        }
    }
    std::fs::rename(&staged, &target).map_err(FileError::at("write", &target))?;
    fsx::sync_folder(to)?;
    Ok(done)
}

/// Copies another database of a store's folder, such as that of its users.
///
/// # Errors
/// It cannot be read, or the copy not be written.
pub fn back_up_database(from: &Path, to: &Path) -> Result<(), StoreError> {
    let at = |error: rusqlite::Error| Fault::from(error).at(from);
    let connection =
        Connection::open_with_flags(from, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(at)?;
    let staged = to.with_extension("db.new");
    copy_database(&connection, from, &staged)?;
    std::fs::rename(&staged, to).map_err(FileError::at("write", to))?;
    Ok(())
}

fn copy_database(connection: &Connection, path: &Path, to: &Path) -> Result<u64, StoreError> {
    // What an earlier try has left.
    let _ = std::fs::remove_file(to);
    let is_no_text = || FileError::at("write", to)(std::io::ErrorKind::InvalidFilename.into());
    let name = to.to_str().ok_or_else(is_no_text)?;
    connection.execute("VACUUM INTO ?", params![name]).map_err(|error| Fault::from(error).at(path))?;
    let file = File::open(to).map_err(FileError::at("read", to))?;
    file.sync_all().map_err(FileError::at("sync", to))?;
    Ok(file.metadata().map_err(FileError::at("read", to))?.len())
}

/// All contents that a database names.
pub(super) fn hashes(connection: &Connection) -> Result<BTreeSet<[u8; 32]>, Fault> {
    let mut statement = connection.prepare("SELECT hash FROM artifacts UNION SELECT hash FROM files")?;
    let found = statement.query_map([], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn copy_blob(blobs: &BlobFolder, to: &Path, hash: &[u8; 32], done: &mut BackedUp) -> Result<(), StoreError> {
    let from = blobs.path(hash);
    let copy = BlobFolder::at(to.to_owned());
    let size = |path: &Path| path.metadata().map(|metadata| metadata.len()).ok();
    let wanted = size(&from);
    if wanted.is_some() && size(&copy.path(hash)) == wanted {
        done.kept += 1;
        return Ok(());
    }
    let (written, bytes) = copy.put_file(&from)?;
    if written.as_bytes() != hash {
        let hash = blake3::Hash::from_bytes(*hash).to_hex().to_string();
        return Err(StoreError::Damaged { name: from.display().to_string(), hash });
    }
    done.copied += 1;
    done.copied_bytes += bytes;
    Ok(())
}
