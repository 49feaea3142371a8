//! The manifest: what a package is, where it comes from, and the hash of every file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::PackageFault;
use super::files::{FILES, MANIFEST};
use crate::eval::{Estimate, Undefined};

/// The newest format that this program reads, and the one that it writes.
pub const FORMAT: u32 = 1;

/// Deepest nesting of the JSON in a package.
const DEPTH: usize = 32;

/// What a package is and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// The architecture of the model.
    pub architecture: String,
    /// The version of `uaic` that wrote the package.
    pub uaic: String,
    /// The run that trained the model, 32 hexadecimal digits.
    pub run: String,
    /// The study of the run.
    pub study: String,
    /// The experiment of the run.
    pub experiment: String,
    /// The seed of the study.
    pub seed: u64,
    /// The searched parameters of the run, by key path.
    pub params: BTreeMap<String, serde_json::Value>,
    /// BLAKE3 of the spec file as it was given.
    pub spec_hash: String,
    /// What it was trained and tested on.
    pub data: DataLineage,
    /// The figures of the run on its test splits, by name.
    pub metrics: BTreeMap<String, Estimate>,
    /// Figures without a value, and why.
    pub absent: BTreeMap<String, Undefined>,
    /// When the run ended, in ISO 8601.
    pub created: String,
    /// The same in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// Facts about the code and the system that trained it.
    pub environment: BTreeMap<String, String>,
    /// Under which terms the package may be used.
    pub licence: String,
    /// Every other file of the package.
    pub files: BTreeMap<String, FileEntry>,
}

/// Which data a model comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataLineage {
    /// The name of the data set.
    pub name: String,
    /// The hash (BLAKE3) of each split's file, by the split's name.
    pub hashes: BTreeMap<String, String>,
}

/// What a file must be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal, as `sha256sum` prints it.
    pub sha256: String,
}

impl FileEntry {
    /// Of a file with this content.
    pub fn of(content: &[u8]) -> Self {
        Self { size: content.len() as u64, sha256: sha256(content) }
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(content: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(content).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What every format's manifest has.
#[derive(Deserialize)]
struct Head {
    format: u64,
    #[serde(default)]
    uaic: String,
}

impl Manifest {
    /// Reads a manifest of a format that this program knows.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PackageFault> {
        let wrong = |error: serde_json::Error| PackageFault::content(MANIFEST, error);
        check_depth(MANIFEST, bytes)?;
        let Head { format: found, uaic: writer } = serde_json::from_slice(bytes).map_err(wrong)?;
        if found > FORMAT.into() {
            let version = env!("CARGO_PKG_VERSION");
            return Err(PackageFault::Newer { found, known: FORMAT, writer, version });
        }
        if found == 0 {
            return Err(PackageFault::content(MANIFEST, "there is no format 0"));
        }
        serde_json::from_slice(bytes).map_err(wrong)
    }

    /// The bytes of the file; equal manifests give equal bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Texts, finite numbers and maps with texts for keys always become JSON.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Holds all files against what the manifest says of them.
    pub(super) fn check(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), PackageFault> {
        for kind in FILES.iter().filter(|kind| kind.name != MANIFEST) {
            let changed = |what| Err(PackageFault::Changed { name: kind.name.to_owned(), what });
            match (files.get(kind.name), self.files.get(kind.name)) {
                (None, None) if kind.is_required => return Err(PackageFault::Missing(kind.name)),
                (None, None) => {}
                (None, Some(_)) => return Err(PackageFault::Missing(kind.name)),
                (Some(_), None) => return changed("its presence"),
                (Some(content), Some(entry)) => {
                    if content.len() as u64 != entry.size {
                        return changed("its size");
                    }
                    if sha256(content) != entry.sha256 {
                        return changed("its SHA-256");
                    }
                    if kind.is_json() {
                        check_depth(kind.name, content)?;
                    }
                }
            }
        }
        let unknown = self.files.keys().find(|name| FILES.iter().all(|kind| kind.name != name.as_str()));
        match unknown {
            Some(name) => {
                let why =
                    format!("it describes a file `{}`, which packages do not have", name.escape_debug());
                Err(PackageFault::content(MANIFEST, why))
            }
            None => Ok(()),
        }
    }
}

/// Refuses JSON that is nested too deeply, before anything is made of it.
fn check_depth(name: &str, json: &[u8]) -> Result<(), PackageFault> {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return Err(PackageFault::content(name, format!("it is nested more than {DEPTH} deep")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_sha256sum() {
        // printf abc | sha256sum
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(FileEntry::of(b"abc"), FileEntry { size: 3, sha256: expected.to_owned() });
    }

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(check_depth("x", nested(DEPTH).as_bytes()).is_ok());
        assert!(check_depth("x", nested(DEPTH + 1).as_bytes()).is_err());
        assert!(check_depth("x", format!("\"\\\"{}\"", "[".repeat(99)).as_bytes()).is_ok());
    }

    #[test]
    fn a_newer_format_is_told_with_both_versions() {
        let newer = br#"{ "format": 2, "uaic": "9.1.0", "anything": [] }"#;
        let told = Manifest::read(newer).unwrap_err().to_string();
        for part in ["its format is 2", "up to 1", "9.1.0", env!("CARGO_PKG_VERSION"), "install"] {
            assert!(told.contains(part), "{told}");
        }
        assert!(Manifest::read(br#"{ "format": 0 }"#).is_err());
        assert!(Manifest::read(br#"{ "format": -1 }"#).is_err());
        assert!(Manifest::read(br#"{ "format": 1 }"#).is_err());
    }
}
