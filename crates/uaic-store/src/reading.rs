//! How the store in a folder is looked at.

use uaic_study::store::rules::check_name;
use uaic_study::store::{ArtifactRecord, Id, Store, StoreError};

use super::SqliteStore;
use super::fault::Fault;
use super::read::Snapshot;
use super::writer::Writer;

impl SqliteStore {
    /// The artifact of a name.
    pub(crate) fn artifact(&self, run: Id, name: &str) -> Result<ArtifactRecord, StoreError> {
        check_name(name)?;
        let found = self.artifacts(run)?.into_iter().find(|artifact| artifact.name == name);
        found.ok_or_else(|| StoreError::NotFound { what: "artifact", id: name.to_owned() })
    }

    /// Reads inside one transaction, so that several statements see the same state.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&mut Snapshot<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        // What this process has written it also sees.
        self.writer.as_ref().map_or(Ok(()), Writer::settle)?;
        let lent = self.readers.lend()?;
        let connection = lent.connection()?;
        let answer = || -> Result<T, Fault> {
            let transaction = connection.unchecked_transaction()?;
            look(&mut Snapshot::new(&transaction)?)
        };
        answer().map_err(|fault| fault.at(&self.path))
    }
}
