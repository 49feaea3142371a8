//! Models as packages: one file (or folder) with all that predicting needs, what it is and where it
//! comes from. `docs/package.md` is the format.
//!
//! A package is data. Reading one runs no code, follows no link, leaves no file behind and takes no
//! more memory than its size; what is not exactly as the format says is refused, with the reason.

mod archive;
mod error;
mod files;
mod folder;
mod manifest;
mod model;

use std::collections::BTreeMap;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

pub use error::{EntryFault, PackageError, PackageFault};
pub use files::{CALIBRATION, CARD, CONFIG, LABELS, MANIFEST, SCOPE, SIGNATURE, SPEC, TOKENIZER, WEIGHTS};
pub use manifest::{DataLineage, FORMAT, FileEntry, Manifest};
pub use uaic_model::inference::{
    InferenceSession, LabelScore, PredictOptions, Prediction, Predictor, TokenWeight,
};

use crate::fsx::{self, FileError};

/// A package in memory: whole, and as its manifest says.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    manifest: Manifest,
    /// By name, the manifest included.
    files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// A new package. Format and hashes of the manifest are filled in.
    ///
    /// # Errors
    /// A file is missing, too large, or is none of the format.
    pub fn new(mut manifest: Manifest, mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, PackageError> {
        manifest.format = FORMAT;
        manifest.files = files.iter().map(|(name, content)| (name.clone(), FileEntry::of(content))).collect();
        files.insert(MANIFEST.to_owned(), manifest.to_bytes());
        Self::of_files(files).map_err(PackageFault::of_bytes)
    }

    /// A package of all its files, the manifest included.
    ///
    /// # Errors
    /// As [`Package::read`].
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, PackageError> {
        Self::of_files(files).map_err(PackageFault::of_bytes)
    }

    /// Reads a package, be it a file or a folder.
    ///
    /// # Errors
    /// There is none, it is damaged, was changed, is of a newer format, or has what packages do not
    /// have.
    pub fn read(path: &Path) -> Result<Self, PackageError> {
        let read = || {
            let metadata = std::fs::metadata(path).map_err(FileError::at("read", path))?;
            if metadata.is_dir() {
                if !path.join(MANIFEST).exists() {
                    return Err(PackageFault::Foreign(format!("the folder has no {MANIFEST}")));
                }
                return Self::of_files(folder::read(path)?);
            }
            // A pipe is read once, as a file is.
            if !(metadata.is_file() || metadata.file_type().is_fifo()) {
                return Err(PackageFault::Foreign("it is neither a file nor a folder".to_owned()));
            }
            Self::of_archive(&folder::read_archive(path)?)
        };
        read().map_err(|fault| fault.at(path))
    }

    /// Reads a package from the bytes of its one-file form.
    ///
    /// # Errors
    /// As [`Package::read`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PackageError> {
        Self::of_archive(bytes).map_err(PackageFault::of_bytes)
    }

    /// The bytes of the one-file form; equal packages give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        archive::write(self.ordered())
    }

    /// Writes the one-file form: whole or not at all. What is at the path is replaced.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_file(&self, path: &Path) -> Result<(), PackageError> {
        fsx::write_atomic(path, &self.to_bytes()).map_err(|error| PackageFault::File(error).at(path))
    }

    /// Writes the folder form: whole or not at all. A package at the path is replaced.
    ///
    /// # Errors
    /// The folder cannot be written, or one that is no package is there.
    pub fn write_folder(&self, path: &Path) -> Result<(), PackageError> {
        folder::write(path, self.ordered()).map_err(|fault| fault.at(path))
    }

    /// What it is and where it comes from.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The content of a file; `None` when the package has none of this name.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// All files by name, the manifest included.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, content)| (name.as_str(), content.as_slice()))
    }

    /// The SHA-256 of the manifest, which has the hash of every other file: equal for packages of
    /// equal content alone, file or folder.
    pub fn digest(&self) -> String {
        manifest::sha256(&self.files[MANIFEST])
    }

    /// The manifest, then the other files by name.
    fn ordered(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let first = self.files().filter(|(name, _)| *name == MANIFEST);
        first.chain(self.files().filter(|(name, _)| *name != MANIFEST))
    }

    fn of_archive(bytes: &[u8]) -> Result<Self, PackageFault> {
        if !bytes.starts_with(b"PK") {
            return Err(PackageFault::Foreign("the file is no zip archive".to_owned()));
        }
        Self::of_files(archive::read(bytes)?)
    }

    fn of_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, PackageFault> {
        for (name, content) in &files {
            files::check_entry(name, content.len() as u64)?;
        }
        let bytes = files.get(MANIFEST).ok_or(PackageFault::Missing(MANIFEST))?;
        let manifest = Manifest::read(bytes)?;
        manifest.check(&files)?;
        Ok(Self { manifest, files })
    }
}
