//! The database of a store: its mark, its format, and what its faults are to whoever uses a store.

use crate::database::{Database, DatabaseError, Migration};
use crate::series::pack_points;
use crate::study_run::show_studies;
use uaic_study::store::StoreError;

/// `uaic.db`, marked with `uaic` in ASCII.
pub(super) const STORE: Database = Database {
    application_id: 0x7561_6963,
    migrations: &[
        Migration::sql(include_str!("migrations/0001.sql")),
        Migration::sql(include_str!("migrations/0002.sql")),
        Migration::sql(include_str!("migrations/0003.sql")),
        Migration::with_rows(include_str!("migrations/0004.sql"), pack_points),
        Migration::with_rows(include_str!("migrations/0005.sql"), show_studies),
    ],
    when_empty: "",
    // A checkpoint waits for the disk, and so does whoever writes meanwhile: the writer makes one every ten
    // seconds anyway, and before that only when 64 MiB have been written.
    when_writing: "PRAGMA wal_autocheckpoint = 16384",
};

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Sqlite { path, source } => Self::Database { path, source: source.into() },
            DatabaseError::ReadOnly { path } => Self::ReadOnly { path },
            DatabaseError::Foreign { path } => Self::Foreign { path },
            DatabaseError::Newer { path, found, known } => Self::Newer { path, found, known },
            DatabaseError::NoWriteAheadLog { path, mode } => Self::NoWriteAheadLog { path, mode },
            DatabaseError::BrokenReference { table, .. } => Self::Malformed {
                what: "reference",
                detail: format!("the table {table} refers to what is not there"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::WhenMissing;

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("uaic.db");
        let open = || STORE.open_writer(&path, WhenMissing::Create);
        open().unwrap().pragma_update(None, "user_version", 99).unwrap();
        for error in [open().unwrap_err(), STORE.open_reader(&path).unwrap_err()] {
            let told = StoreError::from(error).to_string();
            assert!(told.contains("has format 99, this uaic knows up to 5"), "{told}");
        }
    }
}
