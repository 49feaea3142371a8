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

use std::path::Path;

use super::Example;
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
        for (name, examples) in &self.splits {
            fsx::write_atomic(&folder.join(format!("{name}.tsv")), to_tsv(examples).as_bytes())?;
        }
        Ok(())
    }
}

/// Generates the data set of this name; `None` where it is not one of [`GENERATORS`].
pub fn by_name(name: &str, seed: u64) -> Option<GeneratedDataset> {
    match name {
        "flights" => Some(flights(seed)),
        _ => None,
    }
}

/// Generated texts and labels hold neither tabs nor line ends, so nothing is escaped.
fn to_tsv(examples: &[Example]) -> String {
    examples.iter().flat_map(|example| [&example.text, "\t", &example.label, "\n"]).collect()
}
