//! Opening a log: whose it is, its settings, its format.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::RequestLogError;
use uaic_platform::fsx::{self, FileError};

/// Marks a file as ours: `uaiq` in ASCII.
const APPLICATION_ID: i64 = 0x7561_6971;

/// Step `i` brings a log of format `i` to format `i + 1`. Released steps never change.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001.sql")];

/// How long to wait for another process while a log is opened, read or corrected by hand.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The write-ahead log is moved into the database once it has so many pages, 16 MiB, unless the writer
/// sees to it, and its file is cut to that size when it starts afresh.
const CHECKPOINT_PAGES: i64 = 4096;

/// Opens a log for writing; creates it, or brings it to the newest format, where needed.
pub(super) fn open_writer(path: &Path) -> Result<Connection, RequestLogError> {
    fsx::create_dir_all(fsx::parent_of(path))?;
    create_private(path)?;
    open_to_write(path)
}

/// Opens a log that is there for writing.
pub(super) fn open_existing(path: &Path) -> Result<Connection, RequestLogError> {
    if path.is_file() { open_to_write(path) } else { Err(missing(path)) }
}

/// Opens a log for reading, while a server may write to it. Creates nothing.
pub(super) fn open_reader(path: &Path) -> Result<Connection, RequestLogError> {
    if !path.is_file() {
        return Err(missing(path));
    }
    let connection = open_read_only(path).map_err(RequestLogError::at(path))?;
    // An empty file is a log whose creator has not filled it yet.
    if format_of(&connection, path)? == 0 { Err(missing(path)) } else { Ok(connection) }
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

fn open_to_write(path: &Path) -> Result<Connection, RequestLogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let at = RequestLogError::at(path);
    let mut connection = Connection::open_with_flags(path, flags).map_err(&at)?;
    settle(&connection).map_err(&at)?;
    // SQLite opens a file that may not be written for reading, and says so only at the first write.
    if connection.is_readonly("main").map_err(&at)? {
        return Err(RequestLogError::ReadOnly { path: path.display().to_string() });
    }
    // Before anything is changed: the file may be somebody else's.
    if format_of(&connection, path)? == 0 {
        // Only an empty database can still be given to shrink.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(&at)?;
    }
    use_write_ahead_log(&connection, path)?;
    settle_writes(&connection).map_err(&at)?;
    migrate(&mut connection, path, &MIGRATIONS)?;
    Ok(connection)
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

fn settle_writes(connection: &Connection) -> rusqlite::Result<()> {
    // A commit survives any death of the process, but waits for no disk; the writer syncs every few
    // seconds, so a power cut takes whole transactions from the end.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What retention deletes is not to be found in the file afterwards.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    let limit = CHECKPOINT_PAGES * 4096;
    connection.pragma_update_and_check(None, "journal_size_limit", limit, |_| Ok(()))
}

fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let open = |connection: Connection| {
        settle(&connection)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    match open(Connection::open_with_flags(path, flags)?) {
        // Readers share an index of the write-ahead log in a file, which in a folder that may not be
        // written cannot be made; without such a log it is not needed.
        Err(error) if is_barred(&error) && !has_log(path) => {
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

/// The format of a log, 0 for an empty file.
fn format_of(connection: &Connection, path: &Path) -> Result<i64, RequestLogError> {
    // One transaction: another process may be creating the log at this moment.
    let read = || -> rusqlite::Result<(i64, i64, bool)> {
        let look = connection.unchecked_transaction()?;
        Ok((
            look.pragma_query_value(None, "application_id", |row| row.get(0))?,
            look.pragma_query_value(None, "user_version", |row| row.get(0))?,
            look.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?,
        ))
    };
    let (name, known) = (|| path.display().to_string(), MIGRATIONS.len() as i64);
    match read().map_err(RequestLogError::at(path))? {
        (0, 0, true) => Ok(0),
        (APPLICATION_ID, found, _) if found > known => {
            Err(RequestLogError::Newer { path: name(), found, known })
        }
        (APPLICATION_ID, found, _) => Ok(found),
        _ => Err(RequestLogError::Foreign { path: name() }),
    }
}

fn use_write_ahead_log(connection: &Connection, path: &Path) -> Result<(), RequestLogError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer: rusqlite::Result<String> =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match answer {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(RequestLogError::NoWriteAheadLog { path: path.display().to_string(), mode });
            }
            // The switch does not wait by itself while another process opens the same new file.
            Err(error) if is_busy(&error) && Instant::now() < deadline => sleep(Duration::from_millis(7)),
            Err(error) => return Err(RequestLogError::at(path)(error)),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Brings a log to the newest format in one transaction. Whoever comes second finds, inside its own
/// transaction, that nothing is left to do.
fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), RequestLogError> {
    let newest = steps.len() as i64;
    if format_of(connection, path)? == newest {
        return Ok(());
    }
    let work = |connection: &mut Connection| -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for step in steps.iter().skip(found as usize) {
            transaction.execute_batch(step)?;
        }
        if found < newest {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", newest)?;
        }
        transaction.commit()
    };
    work(connection).map_err(RequestLogError::at(path))
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
        assert_eq!(pragma::<String>(&connection, "journal_mode"), "wal");
        assert_eq!(pragma::<i64>(&connection, "synchronous"), 1, "NORMAL");
        assert_eq!(pragma::<i64>(&connection, "auto_vacuum"), 2, "INCREMENTAL");
        assert_eq!(pragma::<i64>(&connection, "secure_delete"), 1);
        assert_eq!(pragma::<i64>(&connection, "foreign_keys"), 1);
        assert_eq!(pragma::<i64>(&connection, "user_version"), MIGRATIONS.len() as i64);
        drop(connection);
        assert_eq!(pragma::<i64>(&open_existing(&path).unwrap(), "auto_vacuum"), 2, "still");
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
    fn many_processes_may_open_a_fresh_log_at_once() {
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
        assert_eq!(pragma::<String>(&open_reader(&path).unwrap(), "integrity_check"), "ok");
    }

    #[test]
    fn a_step_runs_once_and_a_failed_step_leaves_the_old_format() {
        let (_folder, path) = file();
        let mut connection = open_writer(&path).unwrap();
        connection.execute("INSERT INTO labels (name) VALUES ('kept')", []).unwrap();
        let newest = MIGRATIONS.len() as i64;
        let with_last = |step| [&MIGRATIONS[..], &[step]].concat();
        let broken = with_last("CREATE TABLE half (x INTEGER) STRICT; CREATE TABLE broken (;");
        migrate(&mut connection, &path, &broken).unwrap_err();
        assert_eq!(pragma::<i64>(&connection, "user_version"), newest);
        connection.execute("SELECT 1 FROM half", []).unwrap_err();
        migrate(&mut connection, &path, &with_last("CREATE TABLE next (x INTEGER) STRICT;")).unwrap();
        assert_eq!(pragma::<i64>(&connection, "user_version"), newest + 1);
        let kept: i64 = connection.query_row("SELECT count(*) FROM labels", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1);
    }

    #[test]
    fn databases_of_others_and_of_newer_programs_are_left_alone() {
        let (folder, path) = file();
        let theirs = folder.path().join("theirs.db");
        Connection::open(&theirs).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let before = std::fs::read(&theirs).unwrap();
        assert!(matches!(open_writer(&theirs), Err(RequestLogError::Foreign { .. })));
        assert!(matches!(open_reader(&theirs), Err(RequestLogError::Foreign { .. })));
        assert_eq!(std::fs::read(&theirs).unwrap(), before);

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

    #[test]
    fn a_log_of_any_name_can_be_opened_as_unchanging() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50% of #1?.db");
        drop(open_writer(&path).unwrap());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(unchanging(&path), flags).unwrap();
        assert_eq!(pragma::<i64>(&connection, "user_version"), MIGRATIONS.len() as i64);
    }
}
