//! A data set in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::fsx;
use crate::nearest::suggestion;

use super::{DataError, Example, find, tsv};

/// A folder of splits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The folder's name.
    pub name: String,
    /// Where it was read from.
    pub folder: PathBuf,
    /// The examples by split name, such as `train`.
    pub splits: BTreeMap<String, Split>,
}

/// One file of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The rows, in the file's order; at least one.
    pub examples: Vec<Example>,
    /// BLAKE3 of the file, in hexadecimal.
    pub hash: String,
}

/// Whether the texts of a split have no known intent: `ood` and `ood_…`.
pub fn is_out_of_scope(split: &str) -> bool {
    split == "ood" || split.starts_with("ood_")
}

impl Dataset {
    /// Reads every `*.tsv` of a folder. Hidden files are ignored.
    ///
    /// # Errors
    /// The folder or a file cannot be read, a file has bad lines, or there is no `train.tsv`.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let dataset = Self::read(folder)?;
        dataset.train()?;
        Ok(dataset)
    }

    /// As [`Dataset::open`], for what is only evaluated: there need be no `train.tsv`.
    ///
    /// # Errors
    /// The folder or a file cannot be read, or a file has bad lines.
    pub fn read(folder: &Path) -> Result<Self, DataError> {
        let mut splits = BTreeMap::new();
        for path in find::split_files(folder)? {
            let bytes = fsx::read(&path)?;
            let split = Split {
                examples: tsv::parse(&bytes, &path)?,
                hash: blake3::hash(&bytes).to_hex().to_string(),
            };
            splits.insert(find::stem(&path), split);
        }
        Ok(Self { name: find::name_of(folder), folder: folder.to_owned(), splits })
    }

    /// The training split.
    ///
    /// # Errors
    /// Somebody took it out since [`Dataset::open`].
    pub fn train(&self) -> Result<&Split, DataError> {
        self.split("train")
    }

    /// The split of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn split(&self, name: &str) -> Result<&Split, DataError> {
        self.splits.get(name).ok_or_else(|| DataError::NoSplit {
            folder: self.folder.clone(),
            split: name.to_owned(),
            found: self.splits.keys().map(|split| format!("{split}.tsv")).collect(),
            fix: suggestion(name, self.splits.keys().map(String::as_str))
                .unwrap_or_else(|| "write it, one `text<TAB>label` line per example".to_owned()),
        })
    }

    /// The splits in the order one wants to see them: `train`, `dev`, `test`, others, out of scope.
    pub fn ordered(&self) -> Vec<(&str, &Split)> {
        let mut splits: Vec<_> = self.splits.iter().map(|(name, split)| (name.as_str(), split)).collect();
        // The sort is stable and the map is sorted by name.
        splits.sort_by_key(|(name, _)| match *name {
            "train" => 0,
            "dev" => 1,
            "test" => 2,
            name if is_out_of_scope(name) => 4,
            _ => 3,
        });
        splits
    }
}
