//! What a spec names that lies outside of it: its data set, and the pretrained model that it begins with.

use std::path::{Path, PathBuf};

use crate::data::{MissingDataset, find_dataset};
use crate::model::{MissingPretrained, find_pretrained};
use crate::spec::{Named, Spec, SpecErrors, SpecProblem};

/// Reads and checks a spec file, and looks for what it names.
///
/// # Errors
/// All that is wrong with the file, the overrides, the data set and the pretrained model, at once.
pub fn load_spec(path: &Path, overrides: &[(String, String)]) -> Result<Spec, SpecErrors> {
    Spec::load_with(path, overrides, missing)
}

/// The folder of the data set that a spec names.
///
/// # Errors
/// It is not there, or the spec names none; the error points to where it does.
pub fn dataset_folder(spec: &Spec) -> Result<PathBuf, SpecErrors> {
    let named = spec.named();
    let name = named.dataset.ok_or_else(|| untrained(spec))?;
    find_dataset(name, named.spec).ok_or_else(|| spec.refuse(missing_dataset(&named).into_iter().collect()))
}

/// The folder of the pretrained model that a spec names; `None` when it names none.
///
/// # Errors
/// It is not there; the error points to where the spec names it.
pub(super) fn pretrained_folder(spec: &Spec) -> Result<Option<PathBuf>, SpecErrors> {
    let named = spec.named();
    let Some(name) = named.pretrained else { return Ok(None) };
    match find_pretrained(name, named.spec) {
        Ok(folder) => Ok(Some(folder)),
        Err(missing) => Err(spec.refuse(vec![refused(&missing)])),
    }
}

/// The error that a spec with `[objective]` says nothing of a training.
pub(super) fn untrained(spec: &Spec) -> SpecErrors {
    let message = "the trials of a spec with [objective] are evaluated elsewhere and not trained here";
    spec.refuse_key("objective", message.to_owned(), None)
}

/// All that is not there.
fn missing(named: &Named<'_>) -> Vec<SpecProblem> {
    let pretrained = named.pretrained.and_then(|name| find_pretrained(name, named.spec).err());
    missing_dataset(named).into_iter().chain(pretrained.as_ref().map(refused)).collect()
}

fn missing_dataset(named: &Named<'_>) -> Option<SpecProblem> {
    let name = named.dataset.filter(|name| find_dataset(name, named.spec).is_none())?;
    let missing = MissingDataset::new(name, named.spec);
    Some(SpecProblem { key: "data.dataset", message: missing.to_string(), help: Some(missing.help) })
}

fn refused(missing: &MissingPretrained) -> SpecProblem {
    let help = Some(MissingPretrained::HELP.to_owned());
    SpecProblem { key: "model.pretrained", message: missing.to_string(), help }
}
