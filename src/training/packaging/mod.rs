//! Between runs and packages: a final run becomes a package, and a package a run.

mod card;
mod export;
mod import;
mod recalibrate;

pub use export::package_of;
pub use import::{Imported, import};
pub use recalibrate::recalibrate_package;

use crate::package;

/// Files of a package and the artifacts of a run that hold the same bytes.
const SAME: [(&str, &str); 6] = [
    (package::CONFIG, "model/config.json"),
    (package::WEIGHTS, "model/weights.safetensors"),
    (package::TOKENIZER, "model/tokenizer.json"),
    (package::LABELS, "model/labels.json"),
    (package::CALIBRATION, "calibration.json"),
    (package::SCOPE, "scope.safetensors"),
];

/// Files of a package that only an imported run keeps; a final run has what they are made of.
const KEPT: [(&str, &str); 4] = [
    (package::MANIFEST, "package/manifest.json"),
    (package::CARD, "package/MODEL_CARD.md"),
    (package::SIGNATURE, "package/signature.json"),
    (package::SPEC, "package/spec.toml"),
];

/// The fact of an imported run that names its package.
const DIGEST: &str = "package.sha256";
