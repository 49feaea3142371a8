//! Models by name: versions, and aliases that point at them.

use serde::{Deserialize, Serialize};

use super::{Id, StoreError};

/// Longest name of a model or an alias.
const LONGEST: usize = 64;

/// A version of a model: a run under a name and a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The name of the model.
    pub name: String,
    /// Its number, from 1; numbers are never used again.
    pub version: u32,
    /// The run that keeps the model.
    pub run: Id,
    /// Why it was registered.
    pub note: String,
    /// When, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// The aliases that point at it, sorted.
    pub aliases: Vec<String>,
}

impl ModelVersion {
    /// `intents@3`.
    pub fn address(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// Refuses names that an address (`NAME@ALIAS`) or a path could take for something else.
///
/// # Errors
/// It is none that a model can have.
pub fn check_model_name(name: &str) -> Result<(), StoreError> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_fine =
        name.starts_with(char::is_alphanumeric) && name.len() <= LONGEST && name.chars().all(is_part);
    if is_fine { Ok(()) } else { Err(StoreError::BadModelName { name: name.to_owned() }) }
}

/// As [`check_model_name`]; numbers are versions.
///
/// # Errors
/// It is none that an alias can have.
pub fn check_alias(alias: &str) -> Result<(), StoreError> {
    let is_number = alias.chars().all(|c| c.is_ascii_digit());
    if is_number { Err(StoreError::BadModelName { name: alias.to_owned() }) } else { check_model_name(alias) }
}

/// The error of a version that is not there.
pub fn no_version(name: &str, version: u32) -> StoreError {
    StoreError::NotFound { what: "model version", id: format!("{name}@{version}") }
}

/// The error of a model that is not there.
pub fn no_model(name: &str) -> StoreError {
    StoreError::NotFound { what: "model", id: name.to_owned() }
}

/// The error of an alias that is not there.
pub fn no_alias(name: &str, alias: &str) -> StoreError {
    StoreError::NotFound { what: "alias", id: format!("{name}@{alias}") }
}

/// What is told of an alias that is set: where it pointed, where it points, and why.
pub fn alias_detail(alias: &str, before: Option<u32>, after: Option<u32>, why: &str) -> String {
    let side = |version: Option<u32>| version.map_or("nothing".to_owned(), |version| version.to_string());
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    format!("{alias} from {} to {}{why}", side(before), side(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_be_taken_for_paths_or_versions() {
        for name in ["intents", "a", "3rd", "größe", "v1.2_x-y"] {
            assert!(check_model_name(name).is_ok(), "{name}");
        }
        for name in ["", "@", "a@b", ".a", "-a", "a/b", "a b", "a\n", &"a".repeat(65)] {
            assert!(check_model_name(name).is_err(), "{name}");
        }
        assert!(check_alias("champion").is_ok() && check_alias("3").is_err() && check_alias("").is_err());
    }
}
