//! Which model is asked: a package on disk, a registered version, or a run.

use std::path::Path;

use crate::package::{Package, PackageError, Responder};
use crate::store::SqliteStore;

use super::super::Global;
use super::super::exit::Failure;
use super::super::stored::StoredModel;
use crate::experiment::select::{model_names, models_hint, registered_or_best};

/// Opens the model that a text names.
pub(super) fn open(global: &Global, name: &str) -> anyhow::Result<Responder> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(named(name, Package::read(path).and_then(|package| package.responder()))?);
    }
    if is_path(name) {
        let message = format!("there is no package {name}; `uaic export SEL --out {name}` writes one");
        return Err(Failure::not_found(message).into());
    }
    let store = SqliteStore::open_read_only(&global.store)?;
    let selector = registered_or_best(&store, name)?.map(|version| version.run.to_string());
    let model = StoredModel::open(&store, selector.as_deref().unwrap_or(name), "predict");
    match model {
        Ok(model) => Ok(model.into_responder()),
        Err(error) if name.contains(['/', '@']) => Err(error),
        // It may have been meant as any of the three.
        Err(error) => {
            let models = model_names(&store)?;
            let hint = models_hint(name, &models);
            let what =
                format!("no file, folder, model or run is called `{name}`: {error:#}; of models, {hint}");
            Err(Failure::not_found(what).into())
        }
    }
}

/// Whether a text can only be meant as a path.
fn is_path(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "uaic")
        || ["./", "../", "/", "~"].iter().any(|start| name.starts_with(start))
}

/// What is wrong with a package is told with its path.
fn named<T>(name: &str, read: Result<T, PackageError>) -> Result<T, PackageError> {
    read.map_err(|error| PackageError { package: name.to_owned(), ..error })
}
