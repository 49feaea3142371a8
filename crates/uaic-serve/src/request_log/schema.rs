//! The database of a request log: its mark, its format, who may read it.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::Connection;

use super::RequestLogError;
use uaic_platform::fsx::{self, FileError};
use uaic_store::database::{Database, Migration, WhenMissing};

/// A request log, marked with `uaiq` in ASCII.
const LOG: Database = Database {
    application_id: 0x7561_6971,
    migrations: &[Migration::sql(include_str!("migrations/0001.sql"))],
    // Only an empty database can still be given to shrink.
    when_empty: "PRAGMA auto_vacuum = INCREMENTAL",
    // What retention deletes is not to be found in the file afterwards. The write-ahead log is moved
    // into the database once it has 4096 pages, unless the writer sees to it, and its file is cut to
    // their 16 MiB when it starts afresh.
    when_writing: "PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 4096;
                   PRAGMA journal_size_limit = 16777216",
};

/// Opens a log for writing; creates it, or brings it to the newest format, where needed.
pub(super) fn open_writer(path: &Path) -> Result<Connection, RequestLogError> {
    fsx::create_dir_all(fsx::parent_of(path))?;
    create_private(path)?;
    Ok(LOG.open_writer(path, WhenMissing::Fail)?)
}

/// Opens a log that is there for writing.
pub(super) fn open_existing(path: &Path) -> Result<Connection, RequestLogError> {
    if path.is_file() { Ok(LOG.open_writer(path, WhenMissing::Fail)?) } else { Err(missing(path)) }
}

/// Opens a log for reading, while a server may write to it. Creates nothing.
pub(super) fn open_reader(path: &Path) -> Result<Connection, RequestLogError> {
    LOG.open_reader(path)?.ok_or_else(|| missing(path))
}

fn missing(path: &Path) -> RequestLogError {
    RequestLogError::Missing { path: path.display().to_string() }
}

/// Makes an empty file that only its owner can read: texts of users are nobody else's business. The
/// files that SQLite puts beside it get the same permissions.
fn create_private(path: &Path) -> Result<(), RequestLogError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(FileError::at("create", path)(error).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/requests.db");
        (folder, path)
    }

    fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> T {
        connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_writer_has_the_settings_that_the_promises_need() {
        let (_folder, path) = file();
        let connection = open_writer(&path).unwrap();
        assert_eq!(pragma::<i64>(&connection, "auto_vacuum"), 2, "INCREMENTAL");
        assert_eq!(pragma::<i64>(&connection, "secure_delete"), 1);
        assert_eq!(pragma::<i64>(&connection, "wal_autocheckpoint"), 4096);
        assert_eq!(pragma::<i64>(&connection, "journal_size_limit"), 16 << 20);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_any_of_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, path) = file();
        let connection = open_writer(&path).unwrap();
        connection.execute("INSERT INTO labels (name) VALUES ('x')", []).unwrap();
        for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        }
    }

    #[test]
    fn logs_of_newer_programs_and_databases_of_others_are_refused_by_name() {
        let (folder, path) = file();
        let theirs = folder.path().join("theirs.db");
        Connection::open(&theirs).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let error = open_writer(&theirs).unwrap_err().to_string();
        assert!(error.contains("no request log of uaic"), "{error}");
        open_writer(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        for error in [open_writer(&path).unwrap_err(), open_reader(&path).unwrap_err()] {
            assert!(error.to_string().contains("has format 99, this uaic knows up to 1"), "{error}");
        }
    }

    #[test]
    fn reading_and_correcting_create_nothing() {
        let (folder, path) = file();
        for error in [open_reader(&path).unwrap_err(), open_existing(&path).unwrap_err()] {
            assert!(matches!(error, RequestLogError::Missing { .. }), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::write(folder.path().join("empty.db"), "").unwrap();
        open_reader(&folder.path().join("empty.db")).unwrap_err();
    }
}
