//! What names a model: a package on disk, a registered version, or a run.

use std::path::{Path, PathBuf};

use crate::package::{Package, PackageError};
use crate::store::{RunRecord, StoreAddress};

use super::exit::Failure;
use super::stored_model::run_with_model;
use crate::select::{model_names, models_hint, registered_or_best};

/// What an address stands for now.
pub(super) enum Found {
    /// A package, a file or a folder.
    Package(PathBuf),
    /// A run that keeps a model, and its number as a registered version.
    #[cfg_attr(not(feature = "serve"), allow(dead_code))]
    Run(Box<RunRecord>, Option<u32>),
}

/// What a text names.
///
/// # Errors
/// Nothing, or a run without a model.
pub(super) fn find(store: &StoreAddress, name: &str, verb: &str) -> anyhow::Result<Found> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(Found::Package(path.to_owned()));
    }
    if is_path(name) {
        let message = format!("there is no package {name}; `uaic export SEL --out {name}` writes one");
        return Err(Failure::not_found(message).into());
    }
    let store = store.open_read_only()?;
    if let Some(version) = registered_or_best(&*store, name)? {
        let run = run_with_model(&*store, &version.kept_by()?.to_string(), verb)?;
        return Ok(Found::Run(Box::new(run), Some(version.version)));
    }
    match run_with_model(&*store, name, verb) {
        Ok(run) => Ok(Found::Run(Box::new(run), None)),
        Err(error) if name.contains(['/', '@']) => Err(error),
        // It names something, which has no model.
        Err(error) if error.is::<Failure>() => Err(error),
        // It may have been meant as any of the three.
        Err(error) => {
            let models = model_names(&*store)?;
            let hint = models_hint(name, &models);
            let what =
                format!("no file, folder, model or run is called `{name}`: {error:#}; of models, {hint}");
            Err(Failure::not_found(what).into())
        }
    }
}

/// The package at a path; what is wrong with it is told with its path.
///
/// # Errors
/// There is none, or it is damaged.
pub(super) fn read_package<T>(
    path: &Path,
    make: impl FnOnce(&Package) -> Result<T, PackageError>,
) -> Result<T, PackageError> {
    let read = Package::read(path).and_then(|package| make(&package));
    read.map_err(|error| PackageError { package: path.display().to_string(), ..error })
}

/// Whether a text can only be meant as a path.
fn is_path(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "uaic")
        || ["./", "../", "/", "~"].iter().any(|start| name.starts_with(start))
}
