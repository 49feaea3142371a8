//! `SOURCE.json`: where the files of a fetched data set come from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::tsv;

use super::convert::Splits;
use super::source::Source;
use super::{Gathered, Origin, Original};

/// The file's name, beside the splits.
pub const MANIFEST: &str = "SOURCE.json";

/// What `SOURCE.json` says. Two fetches of the same files in the same way write the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this shape; changes by addition keep it.
    pub schema: u32,
    /// The data set.
    pub name: String,
    /// `OWNER/REPOSITORY` on GitHub.
    pub repository: String,
    /// The pinned commit.
    pub commit: String,
    /// What one may do with the texts.
    pub licence: String,
    /// The base URL or the folder that it was taken from.
    pub fetched_from: String,
    /// The files that it was made from.
    pub originals: Vec<Original>,
    /// The files that were written.
    pub splits: BTreeMap<String, WrittenSplit>,
}

/// One written split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenSplit {
    /// Examples.
    pub rows: usize,
    /// BLAKE3 of the file, in hexadecimal.
    pub blake3: String,
}

impl Manifest {
    pub(super) fn new(source: &Source, origin: &Origin<'_>, gathered: &Gathered) -> Self {
        Self {
            schema: 1,
            name: source.name.to_owned(),
            repository: source.repository.to_owned(),
            commit: source.commit.to_owned(),
            licence: source.licence.to_owned(),
            fetched_from: match origin {
                Origin::Web { base } => (*base).to_owned(),
                Origin::Folder(folder) => folder.display().to_string(),
            },
            originals: gathered.originals.clone(),
            splits: written(&gathered.splits),
        }
    }

    /// The manifest of a file; `None` when there is none, or it is none.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// The file's bytes.
    pub(super) fn render(&self) -> Vec<u8> {
        // Strings and numbers in structs always serialize.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}

fn written(splits: &Splits) -> BTreeMap<String, WrittenSplit> {
    let one = |examples: &[_]| WrittenSplit {
        rows: examples.len(),
        blake3: blake3::hash(&tsv::render(examples)).to_hex().to_string(),
    };
    splits.iter().map(|(name, examples)| (name.clone(), one(examples))).collect()
}
