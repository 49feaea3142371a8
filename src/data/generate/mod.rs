//! Generated data sets.

use std::path::Path;

use crate::fsx::{self, FileError};

use super::{Example, tsv};

/// The names that [`by_name`] knows.
pub const GENERATORS: [&str; 1] = ["flights"];

/// A data set that was not read but made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedDataset {
    /// Split names and their examples.
    pub splits: Vec<(String, Vec<Example>)>,
}

impl GeneratedDataset {
    /// Writes one TSV per split.
    ///
    /// # Errors
    /// The folder or a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), FileError> {
        fsx::create_dir_all(folder)?;
        for (split, examples) in &self.splits {
            fsx::write_atomic(&folder.join(format!("{split}.tsv")), &tsv::render(examples))?;
        }
        Ok(())
    }
}

/// The data set of a generator; `None` when there is none of that name.
pub fn by_name(name: &str, seed: u64) -> Option<GeneratedDataset> {
    let row = |text: String| Example { text, label: "flight".to_owned() };
    (name == "flights").then(|| GeneratedDataset {
        splits: vec![("train".to_owned(), vec![row(format!("show me flight {seed}"))])],
    })
}
