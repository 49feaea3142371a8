//! Generated data sets: grammars written by this project, expanded from a seed.
//!
//! ```text
//! flights.grammar ─► grammar (parse) ─► expand (draw a text) ─► typo ─► flights (splits, no duplicates)
//! ```

mod expand;
mod flights;
mod grammar;
#[cfg(test)]
mod recognise;
mod typo;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Example, tsv};
use crate::fsx::{self, FileError};

pub use flights::{OUT_OF_SCOPE, flights};

/// The names that [`by_name`] knows.
pub const GENERATORS: [&str; 1] = ["flights"];

/// The seed of the files in the repository.
pub const DEFAULT_SEED: u64 = 1;

/// A generated data set in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedDataset {
    /// Name (`train`, `test`, `ood`, `ood_test`) and examples of each split.
    pub splits: Vec<(String, Vec<Example>)>,
}

impl GeneratedDataset {
    /// The examples of a split.
    pub fn split(&self, name: &str) -> Option<&[Example]> {
        self.splits.iter().find(|(split, _)| split == name).map(|(_, examples)| examples.as_slice())
    }

    /// Writes one file `<split>.tsv` for each split into `folder`, which is created where missing:
    /// a line is text, tab, label; there is no header. Existing files are replaced, each at once.
    ///
    /// # Errors
    /// The folder cannot be created or a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), FileError> {
        fsx::create_dir_all(folder)?;
        self.files(folder).try_for_each(|(path, bytes)| fsx::write_atomic(&path, &bytes))
    }

    /// The files in `folder` that [`GeneratedDataset::write`] would replace by other bytes.
    ///
    /// # Errors
    /// A file is there but cannot be read.
    pub fn would_replace(&self, folder: &Path) -> Result<Vec<PathBuf>, FileError> {
        let mut replaced = Vec::new();
        for (path, bytes) in self.files(folder) {
            match fsx::read(&path) {
                Ok(there) if there == bytes => {}
                Ok(_) => replaced.push(path),
                Err(error) if error.source.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(replaced)
    }

    fn files(&self, folder: &Path) -> impl Iterator<Item = (PathBuf, Vec<u8>)> {
        self.splits.iter().map(|(name, examples)| (folder.join(format!("{name}.tsv")), tsv::render(examples)))
    }
}

/// Generates the data set of this name; `None` where it is not one of [`GENERATORS`].
pub fn by_name(name: &str, seed: u64) -> Option<GeneratedDataset> {
    match name {
        "flights" => Some(flights(seed)),
        _ => None,
    }
}
