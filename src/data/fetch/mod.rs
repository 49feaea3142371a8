//! Fetching public data sets: pinned files, checked, converted, put in place in one step.

mod convert;
mod download;
mod error;
mod local;
mod manifest;
mod publish;
mod source;

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::fsx;

use super::DataError;
use convert::Splits;
use publish::{Found, Root};

pub use error::FetchError;
pub use manifest::{MANIFEST, Manifest, WrittenSplit};
pub use source::{BASE_URL, Format, Normalization, SOURCES, Source, SourceFile};

/// Where the files come from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// Downloaded.
    Web {
        /// [`BASE_URL`] or a mirror of it.
        base: &'a str,
    },
    /// Taken from a folder, as originals or as ready TSVs.
    Folder(&'a Path),
}

/// What to do when the target is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfThere {
    /// Leave a complete copy alone, refuse to touch anything else.
    Keep,
    /// Fetch again and replace it.
    Replace,
}

/// How a fetch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The files were written.
    Written(Manifest),
    /// A complete copy was there already.
    AlreadyThere(Manifest),
}

/// What happens during a fetch, for whoever watches.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another process fetches into the same folder; it goes first.
    Waiting,
    /// A file begins.
    File {
        /// Its path in the repository, or its name in the folder.
        path: &'a str,
    },
    /// A part of the file has come.
    Received {
        /// Bytes of this file so far.
        bytes: u64,
    },
    /// An attempt failed and another one follows.
    Retry {
        /// What was asked for.
        url: &'a str,
        /// Why it failed.
        reason: &'a str,
    },
    /// A folder of ready TSVs lacks a split.
    SplitMissing {
        /// The split.
        split: &'a str,
        /// The rows it has in the source.
        rows: usize,
    },
    /// A ready TSV has another number of rows than the source.
    RowsDiffer {
        /// The split.
        split: &'a str,
        /// The rows it has.
        found: usize,
        /// The rows it has in the source.
        expected: usize,
    },
}

/// One file that a data set was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Its path in the repository, or its name in the folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Whether this is the hash that uaic has pinned.
    pub pinned: bool,
}

/// What came out of an origin.
struct Gathered {
    splits: Splits,
    originals: Vec<Original>,
}

impl Gathered {
    /// Converts verified files, given in the source's order.
    fn from_pinned(source: &Source, files: &[Vec<u8>]) -> Result<Self, FetchError> {
        let original = |file: &SourceFile| Original {
            path: file.path.to_owned(),
            bytes: file.bytes,
            sha256: file.sha256.to_owned(),
            pinned: true,
        };
        Ok(Self {
            splits: convert::convert(source, files)?,
            originals: source.files.iter().map(original).collect(),
        })
    }
}

/// The source of a name.
///
/// # Errors
/// There is none; the message has the nearest and all others.
pub fn by_name(name: &str) -> Result<&'static Source, DataError> {
    SOURCES.iter().find(|source| source.name == name).ok_or_else(|| {
        let known: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
        DataError::unknown_name("fetch", name, &known)
    })
}

/// Makes `out` hold a data set: all of it or, on an error, what was there before.
///
/// # Errors
/// A file cannot be had or is not the pinned one, ready TSVs are none, or `out` is in the way.
pub fn fetch(
    source: &Source,
    origin: Origin<'_>,
    out: &Path,
    if_there: IfThere,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Fetched, FetchError> {
    let Some(name) = out.file_name() else {
        return Err(FetchError::NoName { folder: out.to_owned() });
    };
    let root = Root::lock(fsx::parent_of(out), || observe(Event::Waiting))?;
    match (publish::look(out, source.name, source.commit)?, if_there) {
        (Found::Complete(manifest), IfThere::Keep) => return Ok(Fetched::AlreadyThere(*manifest)),
        (Found::Other(why), IfThere::Keep) => {
            return Err(FetchError::Exists { folder: out.to_owned(), why });
        }
        (Found::Nothing, _) => {}
        (_, IfThere::Replace) => publish::check_replaceable(out)?,
    }
    let gathered = match origin {
        Origin::Web { base } => {
            let files = download::download(source, base, observe)?;
            Gathered::from_pinned(source, &files)?
        }
        Origin::Folder(folder) => local::gather(source, folder, observe)?,
    };
    let manifest = Manifest::new(source, &origin, &gathered);
    root.publish(name, &gathered.splits, &manifest)?;
    Ok(Fetched::Written(manifest))
}

/// SHA-256 in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether `bytes` are the pinned file; `shown` is its URL or path, for the message.
fn verify(shown: &str, file: &SourceFile, bytes: &[u8]) -> Result<(), FetchError> {
    let found = sha256(bytes);
    if found == file.sha256 {
        return Ok(());
    }
    Err(FetchError::WrongHash {
        file: shown.to_owned(),
        expected: file.sha256,
        expected_bytes: file.bytes,
        found,
        found_bytes: bytes.len() as u64,
    })
}
