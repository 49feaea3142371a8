//! Which model is asked.

use crate::package::{Package, Predictor};

use super::super::Global;
use super::super::address::{Found, find, read_package};
use super::super::stored_model::StoredModel;

/// Opens the model that a text names.
pub(super) fn open(global: &Global, name: &str) -> anyhow::Result<Predictor> {
    match find(&global.store, name, "predict")? {
        Found::Package(path) => Ok(read_package(&path, Package::predictor)?),
        Found::Run(run, _) => {
            let store = global.store.open_read_only()?;
            Ok(StoredModel::of_run(&*store, *run)?.into_predictor())
        }
    }
}
