//! The statements of the registry that clients of MLflow use.

mod edit;
mod read;
mod search;

use uaic_study::store::StoreError;
use uaic_study::store::rules::now_ms;
use uaic_study::store::tracking::{
    NewRegistered, NewVersion, RegisteredEdit, RegisteredModel, RegisteredSearch, RegisteredVersion,
    RegistryStore, VersionEdit, VersionSearch,
};

use super::super::SqliteStore;

impl RegistryStore for SqliteStore {
    fn create_registered(&self, new: &NewRegistered) -> Result<RegisteredModel, StoreError> {
        let new = new.clone();
        self.writer()?.call(move |connection| {
            let model = edit::create(connection, &new, now_ms())?;
            read::one(connection, model, &new.name)
        })
    }

    fn registered(&self, name: &str) -> Result<RegisteredModel, StoreError> {
        self.read(|snapshot| {
            let model = edit::row(snapshot.connection(), name)?;
            read::one(snapshot.connection(), model, name)
        })
    }

    fn edit_registered(&self, name: &str, edit: &RegisteredEdit) -> Result<(), StoreError> {
        let (name, edit) = (name.to_owned(), edit.clone());
        self.writer()?.call(move |connection| edit::edit(connection, &name, &edit, now_ms()))
    }

    fn search_registered(&self, search: &RegisteredSearch) -> Result<Vec<RegisteredModel>, StoreError> {
        self.read(|snapshot| {
            let rows = search::models(snapshot.connection(), search)?;
            read::models(snapshot.connection(), &rows)
        })
    }

    fn create_version(&self, new: &NewVersion) -> Result<RegisteredVersion, StoreError> {
        let new = new.clone();
        self.writer()?.call(move |connection| {
            let version = edit::create_version(connection, &new, now_ms())?;
            read::version(connection, &new.name, version)
        })
    }

    fn version(&self, name: &str, version: u32) -> Result<RegisteredVersion, StoreError> {
        self.read(|snapshot| read::version(snapshot.connection(), name, version))
    }

    fn edit_version(&self, name: &str, version: u32, edit: &VersionEdit) -> Result<(), StoreError> {
        let (name, edit) = (name.to_owned(), edit.clone());
        self.writer()?.call(move |connection| edit::edit_version(connection, &name, version, &edit, now_ms()))
    }

    fn search_versions(&self, search: &VersionSearch) -> Result<Vec<RegisteredVersion>, StoreError> {
        self.read(|snapshot| search::versions(snapshot.connection(), search))
    }
}
