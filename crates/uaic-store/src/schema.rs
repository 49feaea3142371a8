//! Opening a database: whose it is, its settings, its format.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::Fault;
use uaic_study::store::StoreError;

// Versions 3.7.0 to 3.51.2 can corrupt a write-ahead log that two connections reset at once.
const _: () = assert!(rusqlite::ffi::SQLITE_VERSION_NUMBER >= 3_051_003);

/// Marks a file as ours: `uaic` in ASCII.
const APPLICATION_ID: i64 = 0x7561_6963;

/// Step `i` brings a database of format `i` to format `i + 1`. Released steps never change.
const MIGRATIONS: [&str; 3] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
];

/// How long to wait for another process to finish its transaction.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a database for writing; creates it, or brings it to the newest format, where needed.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let at = |fault: Fault| fault.at(path);
    let mut connection = Connection::open_with_flags(path, flags).map_err(Fault::from).map_err(at)?;
    settle(&connection).map_err(at)?;
    // SQLite opens a file that may not be written for reading, and says so only at the first write.
    if connection.is_readonly("main").map_err(Fault::from).map_err(at)? {
        return Err(StoreError::ReadOnly { path: path.display().to_string() });
    }
    // Before anything is changed: the file may be somebody else's.
    format_of(&connection, path)?;
    use_write_ahead_log(&connection, path)?;
    // A commit survives any death of the process, but waits for no disk: that would cost milliseconds
    // for every start and end of a trial. The writer syncs every few seconds and when it closes; a power
    // cut takes at most the time since, whole transactions from the end, which `resume` repeats.
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(Fault::from).map_err(at)?;
    migrate(&mut connection, path, &MIGRATIONS)?;
    Ok(connection)
}

/// Opens an existing database for reading. `None` when there is none, or an empty one that its
/// creator has not filled yet.
pub(super) fn open_reader(path: &Path) -> Result<Option<Connection>, StoreError> {
    if !path.is_file() {
        return Ok(None);
    }
    let connection = open_read_only(path).map_err(|fault| fault.at(path))?;
    let format = format_of(&connection, path)?;
    Ok(Some(connection).filter(|_| format > 0))
}

fn open_read_only(path: &Path) -> Result<Connection, Fault> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let open = |connection: Connection| -> Result<Connection, Fault> {
        settle(&connection)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    match open(Connection::open_with_flags(path, flags)?) {
        // Readers share an index of the log in a file, which in a folder that may not be written
        // cannot be made; without a log it is not needed.
        Err(Fault::Sqlite(error)) if is_barred(&error) && !has_log(path) => {
            open(Connection::open_with_flags(unchanging(path), flags | OpenFlags::SQLITE_OPEN_URI)?)
        }
        other => other,
    }
}

fn is_barred(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|metadata| metadata.len() > 0)
}

/// The URI of a database that nobody changes.
fn unchanging(path: &Path) -> String {
    let path = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?immutable=1")
}

fn settle(connection: &Connection) -> Result<(), Fault> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The format of a database, 0 for an empty one.
fn format_of(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    // One transaction: another process may be creating the database at this moment.
    let read = || -> Result<(i64, i64, bool), Fault> {
        let look = connection.unchecked_transaction()?;
        Ok((
            look.pragma_query_value(None, "application_id", |row| row.get(0))?,
            look.pragma_query_value(None, "user_version", |row| row.get(0))?,
            look.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?,
        ))
    };
    let name = || path.display().to_string();
    match read().map_err(|fault| fault.at(path))? {
        (0, 0, true) => Ok(0),
        (APPLICATION_ID, found, _) if found > MIGRATIONS.len() as i64 => {
            Err(StoreError::Newer { path: name(), found, known: MIGRATIONS.len() as i64 })
        }
        (APPLICATION_ID, found, _) => Ok(found),
        _ => Err(StoreError::Foreign { path: name() }),
    }
}

fn use_write_ahead_log(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer: rusqlite::Result<String> =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match answer {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(StoreError::NoWriteAheadLog { path: path.display().to_string(), mode }),
            // The switch does not wait by itself while another process opens the same new file.
            Err(error) if is_busy(&error) && Instant::now() < deadline => sleep(Duration::from_millis(7)),
            Err(error) => return Err(Fault::from(error).at(path)),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Brings a database to the newest format in one transaction. Whoever comes second finds, inside
/// its own transaction, that nothing is left to do.
fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let newest = steps.len() as i64;
    if format_of(connection, path)? == newest {
        return Ok(());
    }
    let work = |connection: &mut Connection| -> Result<(), Fault> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for step in steps.iter().skip(found as usize) {
            transaction.execute_batch(step)?;
        }
        if found < newest {
            check_references(&transaction)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", newest)?;
        }
        Ok(transaction.commit()?)
    };
    // A step may rebuild a table that others refer to, and inside a transaction this has no effect.
    let switch = |connection: &Connection, on: bool| {
        connection.pragma_update(None, "foreign_keys", on).map_err(|error| Fault::from(error).at(path))
    };
    switch(connection, false)?;
    let worked = work(connection).map_err(|fault| fault.at(path));
    switch(connection, true)?;
    worked
}

/// Refuses a database in which something refers to what is not there.
fn check_references(connection: &Connection) -> Result<(), Fault> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut broken = statement.query([])?;
    match broken.next()? {
        None => Ok(()),
        Some(row) => {
            let detail = format!("the table {} refers to what is not there", row.get::<_, String>(0)?);
            Err(StoreError::Malformed { what: "reference", detail }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("uaic.db");
        (folder, path)
    }

    fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> T {
        connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_writer_has_the_settings_that_durability_needs() {
        let (_folder, path) = file();
        let connection = open_writer(&path).unwrap();
        assert_eq!(pragma::<String>(&connection, "journal_mode"), "wal");
        assert_eq!(pragma::<i64>(&connection, "synchronous"), 1, "NORMAL");
        assert_eq!(pragma::<i64>(&connection, "foreign_keys"), 1);
        assert_eq!(pragma::<i64>(&connection, "trusted_schema"), 0);
        assert_eq!(pragma::<i64>(&connection, "busy_timeout"), 30_000);
        assert_eq!(pragma::<i64>(&connection, "application_id"), APPLICATION_ID);
        assert_eq!(pragma::<i64>(&connection, "user_version"), MIGRATIONS.len() as i64);
    }

    #[test]
    fn many_connections_may_open_a_fresh_database_at_once() {
        let (_folder, path) = file();
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    open_writer(&path).unwrap();
                });
            }
        });
        let connection = open_reader(&path).unwrap().unwrap();
        assert_eq!(pragma::<String>(&connection, "integrity_check"), "ok");
    }

    #[test]
    fn a_step_runs_once_and_a_failed_step_leaves_the_old_format() {
        let (_folder, path) = file();
        let mut connection = open_writer(&path).unwrap();
        let next = "CREATE TABLE next (x INTEGER) STRICT;";
        let newest = MIGRATIONS.len() as i64;
        let with_last = |step| [&MIGRATIONS[..], &[step]].concat();
        // Formats above the newest are refused on opening, so the steps are driven by hand here.
        let steps = with_last("CREATE TABLE half (x INTEGER) STRICT; CREATE TABLE broken (;");
        migrate(&mut connection, &path, &steps).unwrap_err();
        assert_eq!(pragma::<i64>(&connection, "user_version"), newest);
        assert_eq!(pragma::<i64>(&connection, "foreign_keys"), 1);
        connection.execute("SELECT 1 FROM half", []).unwrap_err();
        migrate(&mut connection, &path, &with_last(next)).unwrap();
        assert_eq!(pragma::<i64>(&connection, "user_version"), newest + 1);
        connection.query_row("SELECT count(*) FROM next", [], |row| row.get::<_, i64>(0)).unwrap();
    }

    #[test]
    fn a_database_of_somebody_else_is_left_alone() {
        let (_folder, path) = file();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(open_writer(&path), Err(StoreError::Foreign { .. })));
        assert!(matches!(open_reader(&path), Err(StoreError::Foreign { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let (_folder, path) = file();
        std::fs::write(&path, "not a database, but long enough to have a header ".repeat(20)).unwrap();
        let error = open_writer(&path).unwrap_err().to_string();
        assert!(error.contains("uaic.db") && error.contains("not a database"), "{error}");
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let (_folder, path) = file();
        open_writer(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        for error in [open_writer(&path).unwrap_err(), open_reader(&path).unwrap_err()] {
            assert!(error.to_string().contains("has format 99, this uaic knows up to 3"), "{error}");
        }
    }

    #[test]
    fn a_path_of_any_name_can_be_opened_as_unchanging() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50% of #1?.db");
        drop(open_writer(&path).unwrap());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(unchanging(&path), flags).unwrap();
        assert_eq!(pragma::<i64>(&connection, "user_version"), MIGRATIONS.len() as i64);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no log beside it");
    }

    #[test]
    fn reading_creates_nothing() {
        let (folder, path) = file();
        assert!(open_reader(&path).unwrap().is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
