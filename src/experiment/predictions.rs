//! The predictions that a final run has stored.

use super::ExperimentError;
use crate::eval::Predictions;
use crate::store::{Id, Store};

/// The artifact with the predictions for a split.
pub(super) fn artifact_of(split: &str) -> String {
    format!("predictions/{split}.safetensors")
}

/// What the model of a final run said of the texts of a split (`train`, `validation`, `test`, `ood`,
/// `ood_test`); `None` when the run has stored none of it.
///
/// # Errors
/// There is no such run, or what it has stored is damaged.
pub fn load_predictions(
    store: &dyn Store,
    run: Id,
    split: &str,
) -> Result<Option<Predictions>, ExperimentError> {
    let artifact = artifact_of(split);
    // Asked for by name, a missing run and a missing artifact would look alike.
    if store.artifacts(run)?.iter().all(|stored| stored.name != artifact) {
        return Ok(None);
    }
    let bytes = store.read_artifact(run, &artifact)?;
    Predictions::from_safetensors(&bytes)
        .map(Some)
        .map_err(|source| ExperimentError::Predictions { artifact, source })
}
