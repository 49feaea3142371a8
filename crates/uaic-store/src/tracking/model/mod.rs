//! The statements of logged models.

mod edit;
mod read;
mod search;

pub(super) use edit::put_metrics;

use uaic_study::store::StoreError;
use uaic_study::store::rules::now_ms;
use uaic_study::store::tracking::{LoggedModel, ModelEdit, ModelId, ModelSearch, ModelStore, NewModel};

use super::super::SqliteStore;

impl ModelStore for SqliteStore {
    fn create_model(&self, new: &NewModel) -> Result<LoggedModel, StoreError> {
        let new = new.clone();
        self.writer()?.call(move |connection| {
            edit::create(connection, &new, now_ms())?;
            read::one(connection, new.id, false)
        })
    }

    fn model(&self, id: ModelId, deleted: bool) -> Result<LoggedModel, StoreError> {
        self.read(|snapshot| read::one(snapshot.connection(), id, deleted))
    }

    fn edit_model(&self, id: ModelId, edit: &ModelEdit) -> Result<(), StoreError> {
        let edit = edit.clone();
        self.writer()?.call(move |connection| edit::edit(connection, id, &edit, now_ms()))
    }

    fn search_models(&self, search: &ModelSearch) -> Result<Vec<LoggedModel>, StoreError> {
        self.read(|snapshot| {
            let rows = search::rows(snapshot.connection(), search)?;
            read::models(snapshot.connection(), &rows)
        })
    }
}
