//! The folder form of a package.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::error::{EntryFault, PackageFault};
use super::files::{FILES, archive_limit, check_entry};
use crate::fsx::{self, FileError};

/// The files of a folder.
///
/// # Errors
/// It has something that packages do not have, or cannot be read.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, PackageFault> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(FileError::at("read", folder))? {
        let path = entry.map_err(FileError::at("read", folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let metadata = fs::symlink_metadata(&path).map_err(FileError::at("read", &path))?;
        let kind = check_entry(&name, if metadata.is_file() { metadata.len() } else { 0 })?;
        if !metadata.is_file() {
            return Err(PackageFault::entry(&name, EntryFault::NotAFile));
        }
        files.insert(name, read_up_to(&path, kind.limit)?);
        if files.len() > FILES.len() {
            break;
        }
    }
    Ok(files)
}

/// The content of an archive.
///
/// # Errors
/// It cannot be read, or is larger than any package.
pub(super) fn read_archive(path: &Path) -> Result<Vec<u8>, PackageFault> {
    read_up_to(path, archive_limit())
}

/// A file that may grow while it is read, but not in here.
fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, PackageFault> {
    let file = File::open(path).map_err(FileError::at("read", path))?;
    let mut content = Vec::new();
    file.take(limit + 1).read_to_end(&mut content).map_err(FileError::at("read", path))?;
    if content.len() as u64 > limit {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let why = EntryFault::TooLarge { size: content.len() as u64, limit };
        return Err(PackageFault::entry(&name, why));
    }
    Ok(content)
}

/// Writes a folder with these files: whole or not at all. What is there must be a package, and is
/// replaced.
///
/// # Errors
/// Something else is there, or the folder cannot be written.
pub(super) fn write<'a>(
    folder: &Path,
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), PackageFault> {
    let at = FileError::at;
    if folder.exists() {
        // Never take away what could be anything.
        read(folder)?;
    }
    let above = fsx::parent_of(folder);
    let staged = tempfile::Builder::new().prefix(".uaic-").tempdir_in(above).map_err(at("write", folder))?;
    let fresh = staged.path().join("new");
    fsx::create_dir_all(&fresh)?;
    for (name, content) in files {
        fsx::write_atomic(&fresh.join(name), content)?;
    }
    if folder.exists() {
        fs::rename(folder, staged.path().join("old")).map_err(at("replace", folder))?;
    }
    fs::rename(&fresh, folder).map_err(at("write", folder))?;
    fsx::sync_folder(above)?;
    Ok(())
}
