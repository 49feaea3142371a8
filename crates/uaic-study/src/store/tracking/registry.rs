//! The registry of models as clients of MLflow know it. It is the one of [`Store`]: same names, versions and
//! aliases.

use std::collections::BTreeMap;
use std::fmt;

use super::super::{Store, StoreError};
use super::{Clause, SortKey};

/// How far a version is, in the words of older clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nobody has said.
    #[default]
    None,
    /// It is being tried.
    Staging,
    /// It is in use.
    Production,
    /// It was in use.
    Archived,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Staging, Self::Production, Self::Archived];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    /// The stage of a name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name for models, with versions or still without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredModel {
    /// The name.
    pub name: String,
    /// What is written about it.
    pub description: String,
    /// When it was made, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was changed.
    pub updated_ms: i64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its aliases and the versions that they point at.
    pub aliases: BTreeMap<String, u32>,
    /// The highest version of each stage.
    pub latest: Vec<RegisteredVersion>,
}

/// A version of a registered model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredVersion {
    /// The name of the model.
    pub name: String,
    /// Its number, from 1.
    pub version: u32,
    /// When it was made, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was changed.
    pub updated_ms: i64,
    /// How far it is.
    pub stage: Stage,
    /// What is written about it: why it was registered, where `uaic` did that.
    pub description: String,
    /// Where it came from, as somebody said it; of a whole run, the address of its artifacts.
    pub source: String,
    /// Where it can be had from.
    pub location: String,
    /// The run that made it; it may be one of elsewhere.
    pub run: Option<String>,
    /// Where that run can be seen.
    pub run_link: Option<String>,
    /// The logged model that it is.
    pub model: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The aliases that point at it, sorted.
    pub aliases: Vec<String>,
}

/// A registered model to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRegistered {
    /// Its name, which no other has.
    pub name: String,
    /// What is written about it.
    pub description: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A version to be made: the next of its model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVersion {
    /// The name of the model, which is there.
    pub name: String,
    /// Where it comes from, as somebody said it. It is never opened.
    pub source: String,
    /// Where it can be had from, where that is another address.
    pub location: Option<String>,
    /// The run that made it; it may be one of elsewhere.
    pub run: Option<String>,
    /// Where that run can be seen.
    pub run_link: Option<String>,
    /// The logged model that it is.
    pub model: Option<String>,
    /// What is written about it.
    pub description: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A change of a registered model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisteredEdit {
    /// Gives it another name, with all that it has.
    Rename(String),
    /// Writes about it.
    Describe(String),
    /// Deletes it with all of its versions.
    Delete,
    /// Sets a tag.
    SetTag {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// Takes a tag away that it may have.
    RemoveTag(String),
    /// Lets an alias point at a version.
    SetAlias {
        /// The alias.
        alias: String,
        /// The version.
        version: u32,
    },
    /// Takes an alias away that it may have.
    RemoveAlias(String),
}

/// A change of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionEdit {
    /// Writes about it.
    Describe(String),
    /// Says how far it is.
    Stage {
        /// How far.
        stage: Stage,
        /// Whether the others of this stage are archived.
        archive_others: bool,
    },
    /// Deletes it; its number is not given again.
    Delete,
    /// Sets a tag.
    SetTag {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// Takes a tag away that it may have.
    RemoveTag(String),
}

/// What registered models are searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisteredField {
    /// The name.
    Name,
    /// When it was made; only to sort by.
    Created,
    /// When it was changed; only to sort by.
    Updated,
    /// A tag.
    Tag(String),
    /// A tag that is taken to be `false` where there is none.
    Flag(String),
}

/// Which registered models, in which order; what is equal in it by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegisteredSearch {
    /// What has to hold.
    pub clauses: Vec<Clause<RegisteredField>>,
    /// The order.
    pub order: Vec<SortKey<RegisteredField>>,
    /// At most so many.
    pub limit: u32,
    /// Leave out so many.
    pub offset: u64,
}

/// What versions are searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionField {
    /// The name of the model.
    Name,
    /// The number.
    Number,
    /// The id of the run.
    Run,
    /// Where it came from.
    Source,
    /// When it was made; only to sort by.
    Created,
    /// When it was changed; only to sort by.
    Updated,
    /// A tag.
    Tag(String),
    /// A tag that is taken to be `false` where there is none.
    Flag(String),
}

/// Which versions, in which order; what is equal in it by change, last first, then by name, then by number,
/// the highest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VersionSearch {
    /// What has to hold.
    pub clauses: Vec<Clause<VersionField>>,
    /// The order.
    pub order: Vec<SortKey<VersionField>>,
    /// At most so many.
    pub limit: u32,
    /// Leave out so many.
    pub offset: u64,
}

/// A store with the registry that clients of MLflow use.
pub trait RegistryStore: Store {
    /// Makes a registered model.
    ///
    /// # Errors
    /// [`TrackingError::ModelExists`](super::TrackingError::ModelExists).
    fn create_registered(&self, new: &NewRegistered) -> Result<RegisteredModel, StoreError>;

    /// A registered model.
    ///
    /// # Errors
    /// [`TrackingError::NoModel`](super::TrackingError::NoModel).
    fn registered(&self, name: &str) -> Result<RegisteredModel, StoreError>;

    /// Changes a registered model.
    ///
    /// # Errors
    /// [`TrackingError::NoModel`](super::TrackingError::NoModel),
    /// [`TrackingError::ModelExists`](super::TrackingError::ModelExists),
    /// [`TrackingError::NoVersion`](super::TrackingError::NoVersion).
    fn edit_registered(&self, name: &str, edit: &RegisteredEdit) -> Result<(), StoreError>;

    /// Registered models by search.
    ///
    /// # Errors
    /// The store cannot be read.
    fn search_registered(&self, search: &RegisteredSearch) -> Result<Vec<RegisteredModel>, StoreError>;

    /// Makes the next version of a registered model.
    ///
    /// # Errors
    /// [`TrackingError::NoModel`](super::TrackingError::NoModel).
    fn create_version(&self, new: &NewVersion) -> Result<RegisteredVersion, StoreError>;

    /// A version.
    ///
    /// # Errors
    /// [`TrackingError::NoVersion`](super::TrackingError::NoVersion).
    fn version(&self, name: &str, version: u32) -> Result<RegisteredVersion, StoreError>;

    /// Changes a version.
    ///
    /// # Errors
    /// [`TrackingError::NoVersion`](super::TrackingError::NoVersion).
    fn edit_version(&self, name: &str, version: u32, edit: &VersionEdit) -> Result<(), StoreError>;

    /// Versions by search.
    ///
    /// # Errors
    /// The store cannot be read.
    fn search_versions(&self, search: &VersionSearch) -> Result<Vec<RegisteredVersion>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_known_in_any_case() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(&stage.name().to_lowercase()), Some(stage));
        }
        assert_eq!(Stage::parse("bogus"), None);
    }
}
