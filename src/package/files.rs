//! The files that a package may have, and how large each may be.

use std::path::Path;

use super::error::{EntryFault, PackageFault};

/// Describes the package and has the hash of every other file.
pub const MANIFEST: &str = "manifest.json";
/// The `[model]` section that the model was built from.
pub const CONFIG: &str = "config.json";
/// The weights.
pub const WEIGHTS: &str = "model.safetensors";
/// Texts to ids.
pub const TOKENIZER: &str = "tokenizer.json";
/// The labels by number.
pub const LABELS: &str = "labels.json";
/// Temperature and threshold.
pub const CALIBRATION: &str = "calibration.json";
/// The state of out-of-scope methods that have one.
pub const SCOPE: &str = "scope.safetensors";
/// What people should know of the model.
pub const CARD: &str = "MODEL_CARD.md";
/// What goes in and comes out, with an example.
pub const SIGNATURE: &str = "signature.json";
/// The effective spec of the study.
pub const SPEC: &str = "spec.toml";

/// One file of the format.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileKind {
    pub(super) name: &'static str,
    pub(super) is_required: bool,
    /// Largest size in bytes.
    pub(super) limit: u64,
}

impl FileKind {
    /// Whether it holds JSON, by its name.
    pub(super) fn is_json(&self) -> bool {
        Path::new(self.name).extension().is_some_and(|ending| ending == "json")
    }
}

const fn required(name: &'static str, limit: u64) -> FileKind {
    FileKind { name, is_required: true, limit }
}

const fn optional(name: &'static str, limit: u64) -> FileKind {
    FileKind { name, is_required: false, limit }
}

const MIB: u64 = 1 << 20;

/// All files of format 1. There is no other: whatever else a package holds is refused.
pub(super) const FILES: [FileKind; 10] = [
    required(MANIFEST, MIB),
    required(CONFIG, MIB),
    required(WEIGHTS, 2048 * MIB),
    required(TOKENIZER, 64 * MIB),
    required(LABELS, 4 * MIB),
    optional(CALIBRATION, MIB),
    optional(SCOPE, 256 * MIB),
    required(CARD, 4 * MIB),
    required(SIGNATURE, MIB),
    required(SPEC, MIB),
];

/// The kind of the file of this name and size, or why there is none.
pub(super) fn check_entry(name: &str, size: u64) -> Result<FileKind, PackageFault> {
    let is_path = name.contains(['/', '\\', ':', '\0']) || name == "." || name == "..";
    let known = FILES.iter().find(|kind| kind.name == name);
    match known {
        _ if is_path => Err(PackageFault::entry(name, EntryFault::Path)),
        None => Err(PackageFault::entry(name, EntryFault::Unknown)),
        Some(kind) if size > kind.limit => {
            Err(PackageFault::entry(name, EntryFault::TooLarge { size, limit: kind.limit }))
        }
        Some(kind) => Ok(*kind),
    }
}

/// Largest archive: all files at their limit, and room for their headers.
pub(super) fn archive_limit() -> u64 {
    FILES.iter().map(|kind| kind.limit).sum::<u64>() + MIB
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, size: u64) -> EntryFault {
        match check_entry(name, size).unwrap_err() {
            PackageFault::Entry { why, .. } => why,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn only_plain_known_names_of_fair_size_pass() {
        for kind in FILES {
            assert!(check_entry(kind.name, kind.limit).is_ok());
            assert!(matches!(fault(kind.name, kind.limit + 1), EntryFault::TooLarge { .. }));
        }
        for name in ["../manifest.json", "/etc/passwd", "a/b", "..", ".", "C:x", "a\\b", "a\0b", "model/"] {
            assert_eq!(fault(name, 1), EntryFault::Path, "{name}");
        }
        for name in ["", "run.sh", "Manifest.json", "manifest.json ", "weights.bin"] {
            assert_eq!(fault(name, 1), EntryFault::Unknown, "{name}");
        }
    }
}
