//! Opening SQLite files: whose they are, their settings, their format.
//!
//! A [`Database`] is a kind of file. It is marked by an application id, so that files of others are
//! left alone, and has a format, which is how many of its migrations were applied.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

// Versions 3.7.0 to 3.51.2 can corrupt a write-ahead log that two connections reset at once.
const _: () = assert!(rusqlite::ffi::SQLITE_VERSION_NUMBER >= 3_051_003);

/// How long to wait for another process to finish its transaction.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Why a database file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite says no.
    #[error("the database {path} cannot be used: {source}")]
    Sqlite {
        /// The file.
        path: String,
        /// Its reason.
        source: rusqlite::Error,
    },
    /// A file that this user may not write.
    #[error("the database {path} can only be read")]
    ReadOnly {
        /// The file.
        path: String,
    },
    /// Not of this kind.
    #[error("{path} is an SQLite database of another program")]
    Foreign {
        /// The file.
        path: String,
    },
    /// Written by a newer program.
    #[error("the database {path} has format {found}, this program knows up to {known}")]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        found: i64,
        /// The newest format this program knows.
        known: i64,
    },
    /// The file system cannot hold a database that several processes use at once.
    #[error("{path} cannot have a write-ahead log (its journal mode stays `{mode}`)")]
    NoWriteAheadLog {
        /// The file.
        path: String,
        /// What SQLite uses instead.
        mode: String,
    },
    /// A migration left a reference to what is not there.
    #[error("the table {table} of the database {path} refers to what is not there")]
    BrokenReference {
        /// The file.
        path: String,
        /// The table.
        table: String,
    },
}

impl DatabaseError {
    /// Names the file that SQLite complains of; made for `map_err`.
    fn at(path: &Path) -> impl Fn(rusqlite::Error) -> Self + '_ {
        |source| Self::Sqlite { path: path.display().to_string(), source }
    }
}

/// What opening for writing does where there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenMissing {
    /// Makes one.
    Create,
    /// Fails.
    Fail,
}

/// What brings a file from one format to the next.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Statements.
    sql: &'static str,
    /// What statements cannot do, after them.
    rows: Option<fn(&Connection) -> rusqlite::Result<()>>,
}

impl Migration {
    /// One of statements alone.
    pub const fn sql(sql: &'static str) -> Self {
        Self { sql, rows: None }
    }

    /// Statements, and then work on rows.
    pub const fn with_rows(sql: &'static str, rows: fn(&Connection) -> rusqlite::Result<()>) -> Self {
        Self { sql, rows: Some(rows) }
    }

    fn apply(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(self.sql)?;
        self.rows.map_or(Ok(()), |work| work(connection))
    }
}

/// A kind of database file.
#[derive(Clone, Copy, Debug)]
pub struct Database {
    /// Marks a file as of this kind.
    pub application_id: i64,
    /// Migration `i` brings a file of format `i` to format `i + 1`. Released ones never change.
    pub migrations: &'static [Migration],
    /// Statements for a file that is still empty, such as settings that a full one cannot be given.
    pub when_empty: &'static str,
    /// Statements for every connection that writes, beyond those that all kinds need.
    pub when_writing: &'static str,
}

impl Database {
    /// Opens a file for writing and brings it to the newest format.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn open_writer(&self, path: &Path, missing: WhenMissing) -> Result<Connection, DatabaseError> {
        let create = match missing {
            WhenMissing::Create => OpenFlags::SQLITE_OPEN_CREATE,
            WhenMissing::Fail => OpenFlags::empty(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | create
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let at = DatabaseError::at(path);
        let mut connection = Connection::open_with_flags(path, flags).map_err(&at)?;
        settle(&connection).map_err(&at)?;
        // SQLite opens a file that may not be written for reading, and says so only at the first write.
        if connection.is_readonly("main").map_err(&at)? {
            return Err(DatabaseError::ReadOnly { path: path.display().to_string() });
        }
        // Before anything is changed: the file may be somebody else's.
        if self.format_of(&connection, path)? == 0 {
            connection.execute_batch(self.when_empty).map_err(&at)?;
        }
        use_write_ahead_log(&connection, path)?;
        // A commit survives any death of the process, but waits for no disk: that would cost milliseconds
        // for each. Who writes syncs every few seconds and at the end, so a power cut takes at most the
        // time since, whole transactions from the end.
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(&at)?;
        connection.execute_batch(self.when_writing).map_err(&at)?;
        self.migrate(&mut connection, path)?;
        Ok(connection)
    }

    /// Opens an existing file for reading, while others may write to it. `None` when there is none, or
    /// an empty one that its creator has not filled yet. One of an older format is left as it is: what is
    /// read is a copy in memory, brought to the newest format.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn open_reader(&self, path: &Path) -> Result<Option<Connection>, DatabaseError> {
        if !path.is_file() {
            return Ok(None);
        }
        let connection = open_read_only(path).map_err(DatabaseError::at(path))?;
        match self.format_of(&connection, path)? {
            0 => Ok(None),
            old if old < self.newest() => self.copy(path, old as usize).map(Some),
            _ => Ok(Some(connection)),
        }
    }

    /// A file of an older format as a database in memory, of the newest.
    fn copy(&self, path: &Path, format: usize) -> Result<Connection, DatabaseError> {
        let at = DatabaseError::at(path);
        let mut copy = Connection::open_with_flags(
            ":memory:",
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
        )
        .map_err(&at)?;
        copy.pragma_update(None, "foreign_keys", false).map_err(&at)?;
        for migration in &self.migrations[..format] {
            migration.apply(&copy).map_err(&at)?;
        }
        fill(&copy, path).map_err(&at)?;
        copy.pragma_update(None, "application_id", self.application_id).map_err(&at)?;
        copy.pragma_update(None, "user_version", format as i64).map_err(&at)?;
        settle(&copy).map_err(&at)?;
        self.migrate(&mut copy, path)?;
        Ok(copy)
    }

    /// The newest format.
    fn newest(&self) -> i64 {
        self.migrations.len() as i64
    }

    /// The format of a file, 0 for an empty one.
    fn format_of(&self, connection: &Connection, path: &Path) -> Result<i64, DatabaseError> {
        // One transaction: another process may be creating the database at this moment.
        let read = || -> rusqlite::Result<(i64, i64, bool)> {
            let look = connection.unchecked_transaction()?;
            Ok((
                look.pragma_query_value(None, "application_id", |row| row.get(0))?,
                look.pragma_query_value(None, "user_version", |row| row.get(0))?,
                look.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?,
            ))
        };
        let (id, found, is_empty) = read().map_err(DatabaseError::at(path))?;
        let (name, known) = (|| path.display().to_string(), self.newest());
        match found {
            0 if id == 0 && is_empty => Ok(0),
            _ if id != self.application_id => Err(DatabaseError::Foreign { path: name() }),
            _ if found > known => Err(DatabaseError::Newer { path: name(), found, known }),
            _ => Ok(found),
        }
    }

    /// Brings a database to the newest format in one transaction. Whoever comes second finds, inside
    /// its own transaction, that nothing is left to do.
    fn migrate(&self, connection: &mut Connection, path: &Path) -> Result<(), DatabaseError> {
        if self.format_of(connection, path)? == self.newest() {
            return Ok(());
        }
        // A step may rebuild a table that others refer to, and inside a transaction this has no effect.
        let switch = |connection: &Connection, on: bool| {
            connection.pragma_update(None, "foreign_keys", on).map_err(DatabaseError::at(path))
        };
        switch(connection, false)?;
        let worked = self.apply(connection).map_err(DatabaseError::at(path));
        switch(connection, true)?;
        match worked? {
            None => Ok(()),
            Some(table) => Err(DatabaseError::BrokenReference { path: path.display().to_string(), table }),
        }
    }

    /// Applies the steps that are missing, or nothing, and says which table then refers to what is not
    /// there.
    fn apply(&self, connection: &mut Connection) -> rusqlite::Result<Option<String>> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for migration in self.migrations.iter().skip(found as usize) {
            migration.apply(&transaction)?;
        }
        if found < self.newest() {
            if let Some(table) = broken_reference(&transaction)? {
                return Ok(Some(table));
            }
            transaction.pragma_update(None, "application_id", self.application_id)?;
            transaction.pragma_update(None, "user_version", self.newest())?;
        }
        transaction.commit()?;
        Ok(None)
    }
}

/// What every connection needs.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(())
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

/// Copies all rows of a file into tables that are there.
fn fill(copy: &Connection, path: &Path) -> rusqlite::Result<()> {
    let attach = |uri: String| {
        copy.execute("ATTACH DATABASE ? AS old", [uri])?;
        copy.query_row("SELECT count(*) FROM old.sqlite_schema", [], |_| Ok(()))
    };
    match attach(uri(path, "mode=ro")) {
        Err(error) if is_barred(&error) && !has_log(path) => {
            // It may be attached although it cannot be read.
            let _ = copy.execute_batch("DETACH DATABASE old");
            attach(unchanging(path))?;
        }
        other => other?,
    }
    let look = copy.unchecked_transaction()?;
    let tables: Vec<String> = look
        .prepare("SELECT name FROM old.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        let table = table.replace('"', "\"\"");
        look.execute_batch(&format!(
            "DELETE FROM main.\"{table}\"; INSERT INTO main.\"{table}\" SELECT * FROM old.\"{table}\""
        ))?;
    }
    look.commit()?;
    copy.execute_batch("DETACH DATABASE old")
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
    uri(path, "immutable=1")
}

fn uri(path: &Path, how: &str) -> String {
    let path = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?{how}")
}

fn use_write_ahead_log(connection: &Connection, path: &Path) -> Result<(), DatabaseError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer: rusqlite::Result<String> =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match answer {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(DatabaseError::NoWriteAheadLog { path: path.display().to_string(), mode });
            }
            // The switch does not wait by itself while another process opens the same new file.
            Err(error) if is_busy(&error) && Instant::now() < deadline => sleep(Duration::from_millis(7)),
            Err(error) => return Err(DatabaseError::at(path)(error)),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// A table in which something refers to what is not there.
fn broken_reference(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut broken = statement.query([])?;
    broken.next()?.map(|row| row.get(0)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PETS: Database = Database {
        application_id: 0x7065_7473,
        migrations: &[Migration::sql(
            "CREATE TABLE pets (name TEXT) STRICT; INSERT INTO pets VALUES ('kept');",
        )],
        when_empty: "PRAGMA auto_vacuum = INCREMENTAL",
        when_writing: "PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 77",
    };

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pets.db");
        (folder, path)
    }

    fn open_writer(path: &Path) -> Result<Connection, DatabaseError> {
        PETS.open_writer(path, WhenMissing::Create)
    }

    fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> T {
        connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_writer_has_the_settings_of_all_kinds_and_of_its_own() {
        let (_folder, path) = file();
        let connection = open_writer(&path).unwrap();
        assert_eq!(pragma::<String>(&connection, "journal_mode"), "wal");
        assert_eq!(pragma::<i64>(&connection, "synchronous"), 1, "NORMAL");
        assert_eq!(pragma::<i64>(&connection, "foreign_keys"), 1);
        assert_eq!(pragma::<i64>(&connection, "trusted_schema"), 0);
        assert_eq!(pragma::<i64>(&connection, "busy_timeout"), 30_000);
        assert_eq!(pragma::<i64>(&connection, "secure_delete"), 1);
        assert_eq!(pragma::<i64>(&connection, "wal_autocheckpoint"), 77);
        assert_eq!(pragma::<i64>(&connection, "auto_vacuum"), 2, "INCREMENTAL");
        assert_eq!(pragma::<i64>(&connection, "application_id"), PETS.application_id);
        assert_eq!(pragma::<i64>(&connection, "user_version"), 1);
        drop(connection);
        assert_eq!(pragma::<i64>(&open_writer(&path).unwrap(), "auto_vacuum"), 2, "still");
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
        let connection = PETS.open_reader(&path).unwrap().unwrap();
        assert_eq!(pragma::<String>(&connection, "integrity_check"), "ok");
    }

    #[test]
    fn a_step_runs_once_and_a_failed_step_leaves_the_old_format() {
        let (_folder, path) = file();
        drop(open_writer(&path).unwrap());
        let broken = "CREATE TABLE half (x INTEGER) STRICT; CREATE TABLE broken (;";
        let dangling = "CREATE TABLE owners (pet INTEGER REFERENCES pets (rowid)) STRICT;
                        PRAGMA foreign_keys = OFF; INSERT INTO owners VALUES (7);";
        for step in [broken, dangling] {
            let steps: &'static [Migration] = Box::leak(Box::new([PETS.migrations[0], Migration::sql(step)]));
            let next = Database { migrations: steps, ..PETS };
            next.open_writer(&path, WhenMissing::Fail).unwrap_err();
            let connection = open_writer(&path).unwrap();
            assert_eq!(pragma::<i64>(&connection, "user_version"), 1);
            connection.execute("SELECT 1 FROM half", []).unwrap_err();
            connection.execute("SELECT 1 FROM owners", []).unwrap_err();
        }
        let steps: &'static [Migration] = Box::leak(Box::new([
            PETS.migrations[0],
            Migration::sql("CREATE TABLE next (x INTEGER) STRICT;"),
        ]));
        let before = std::fs::read(&path).unwrap();
        let copy = Database { migrations: steps, ..PETS }.open_reader(&path).unwrap().unwrap();
        assert_eq!(pragma::<i64>(&copy, "user_version"), 2);
        let names: Vec<String> = copy
            .prepare("SELECT name FROM pets")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(names, ["kept"], "not twice");
        assert_eq!(std::fs::read(&path).unwrap(), before, "a reader leaves the file as it is");
        let next = Database { migrations: steps, ..PETS };
        for _ in 0..2 {
            let connection = next.open_writer(&path, WhenMissing::Fail).unwrap();
            assert_eq!(pragma::<i64>(&connection, "user_version"), 2);
            assert_eq!(pragma::<i64>(&connection, "foreign_keys"), 1);
            let count = |table| {
                connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
            };
            assert_eq!((count("pets").unwrap(), count("next").unwrap()), (1, 0));
        }
    }

    #[test]
    fn a_database_of_somebody_else_is_left_alone() {
        let (_folder, path) = file();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(open_writer(&path), Err(DatabaseError::Foreign { .. })));
        assert!(matches!(PETS.open_reader(&path), Err(DatabaseError::Foreign { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let (_folder, path) = file();
        std::fs::write(&path, "not a database, but long enough to have a header ".repeat(20)).unwrap();
        let error = open_writer(&path).unwrap_err().to_string();
        assert!(error.contains("pets.db") && error.contains("not a database"), "{error}");
    }

    #[test]
    fn a_newer_format_is_refused() {
        let (_folder, path) = file();
        open_writer(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        for error in [open_writer(&path).unwrap_err(), PETS.open_reader(&path).unwrap_err()] {
            assert!(matches!(error, DatabaseError::Newer { found: 99, known: 1, .. }), "{error}");
        }
    }

    #[test]
    fn a_path_of_any_name_can_be_opened_as_unchanging() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50% of #1?.db");
        drop(open_writer(&path).unwrap());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(unchanging(&path), flags).unwrap();
        assert_eq!(pragma::<i64>(&connection, "user_version"), 1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no log beside it");
    }

    #[test]
    fn reading_and_correcting_create_nothing() {
        let (folder, path) = file();
        assert!(PETS.open_reader(&path).unwrap().is_none());
        PETS.open_writer(&path, WhenMissing::Fail).unwrap_err();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::write(&path, "").unwrap();
        assert!(PETS.open_reader(&path).unwrap().is_none(), "nobody has filled it yet");
    }
}
