//! The models that `uaic serve` serves: packages on disk, registered versions, and runs.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::fsx::FileError;
use crate::package::{MANIFEST, Package};
use crate::serve::{LoadedModel, ModelSource, SourceError};
use crate::store::StoreAddress;
use crate::training::package_of;

use super::super::address::{Found, find, read_package};
use super::super::exit;

/// Digits of a package's hash that name its version.
const DIGITS: usize = 12;

/// Packages on disk, and the registry and runs of a store.
pub(super) struct Source {
    /// The folder of the store.
    pub(super) store: StoreAddress,
}

impl ModelSource for Source {
    fn identify(&self, address: &str) -> Result<String, SourceError> {
        told(find(&self.store, address, "serve").and_then(|found| fingerprint(&found)))
    }

    fn load(&self, address: &str) -> Result<LoadedModel, SourceError> {
        told(self.read(address))
    }
}

impl Source {
    fn read(&self, address: &str) -> anyhow::Result<LoadedModel> {
        let found = find(&self.store, address, "serve")?;
        // Before it is read: should it change meanwhile, that is seen the next time.
        let fingerprint = fingerprint(&found)?;
        let (package, version) = match found {
            Found::Package(path) => (read_package(&path, |package| Ok(package.clone()))?, None),
            Found::Run(run, number) => {
                let store = self.store.open_read_only()?;
                let version = number.map_or_else(|| run.id.short(), |number| number.to_string());
                (package_of(&*store, run.id)?, Some(version))
            }
        };
        loaded(&package, version, fingerprint)
    }
}

fn loaded(package: &Package, version: Option<String>, fingerprint: String) -> anyhow::Result<LoadedModel> {
    let digest = package.digest();
    Ok(LoadedModel {
        version: version.unwrap_or_else(|| digest[..DIGITS].to_owned()),
        architecture: package.manifest().architecture.clone(),
        predictor: package.predictor()?,
        digest,
        fingerprint,
    })
}

/// Which run it is, or which state a file is in: packages are replaced as a whole.
fn fingerprint(found: &Found) -> anyhow::Result<String> {
    match found {
        Found::Run(run, number) => Ok(format!("{} {number:?}", run.id)),
        Found::Package(path) => {
            let file = if path.is_dir() { path.join(MANIFEST) } else { path.clone() };
            let metadata = std::fs::metadata(&file).map_err(FileError::at("read", &file))?;
            let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
            Ok(format!("{} {} {seconds}.{nanoseconds}", metadata.ino(), metadata.size()))
        }
    }
}

fn told<T>(answer: anyhow::Result<T>) -> Result<T, SourceError> {
    answer.map_err(|error| SourceError { kind: exit::kind_of(&error), message: exit::with_causes(&error) })
}

/// The name that an address is served under, when no other is given.
pub(super) fn name_of(address: &str) -> String {
    let path = Path::new(address);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = if path.exists() || address.contains(['/', '.']) { stem } else { address.to_owned() };
    let name: String = name.split('@').next().unwrap_or_default().to_owned();
    if name.is_empty() { "model".to_owned() } else { name }
}
