//! Registered models and their versions.

use crate::store::{ModelVersion, Store, StoreError};

use super::SelectError;
use super::hints::models_hint;
use super::trials::experiment_study;

/// The version that an address such as `intents@champion` or `intents@3` names; `None` for what is no
/// address.
///
/// # Errors
/// It is one, and there is no such version.
pub fn registered(store: &dyn Store, text: &str) -> Result<Option<ModelVersion>, SelectError> {
    let Some((name, tag)) = text.split_once('@').filter(|(name, _)| !name.is_empty()) else {
        return Ok(None);
    };
    let mut versions = store.model_versions(Some(name))?;
    if versions.is_empty() {
        let known = model_names(store)?;
        // Experiments and studies may have an `@` in their selectors, too.
        if name.contains([':', '/']) || text.contains('/') || experiment_study(store, text)?.is_some() {
            return Ok(None);
        }
        return Err(SelectError::absent(format!("model `{name}`"), models_hint(name, &known)));
    }
    let number = tag.parse().ok();
    let wanted = |version: &ModelVersion| {
        number == Some(version.version) || version.aliases.iter().any(|alias| alias == tag)
    };
    if let Some(at) = versions.iter().position(wanted) {
        return Ok(Some(versions.swap_remove(at)));
    }
    let mut tags: Vec<String> = versions.iter().flat_map(|version| version.aliases.clone()).collect();
    tags.extend(versions.iter().map(|version| version.version.to_string()));
    let hint = format!("it has {}", tags.join(", "));
    Err(SelectError::absent(format!("version `{tag}` of model `{name}`"), hint))
}

/// The alias that a bare name stands for, where it is set.
const CHAMPION: &str = "champion";

/// As [`registered`], and of a bare name its champion, or else its latest version.
///
/// # Errors
/// As [`registered`].
pub fn registered_or_best(store: &dyn Store, text: &str) -> Result<Option<ModelVersion>, SelectError> {
    if let Some(version) = registered(store, text)? {
        return Ok(Some(version));
    }
    if text.contains('@') {
        return Ok(None);
    }
    let mut versions = store.model_versions(Some(text))?;
    let is_champion = |version: &ModelVersion| version.aliases.iter().any(|alias| alias == CHAMPION);
    let champion = versions.iter().position(is_champion);
    Ok(champion.map(|at| versions.swap_remove(at)).or_else(|| versions.pop()))
}

/// The names of all registered models, sorted.
///
/// # Errors
/// The store cannot be read.
pub fn model_names(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut names: Vec<String> =
        store.model_versions(None)?.into_iter().map(|version| version.name).collect();
    names.dedup();
    Ok(names)
}
