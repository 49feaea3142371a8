//! Users and tokens, in a file beside the store's: `access.db`, which its owner alone can read.
//!
//! It is no table of the store: who gets a copy of the store, or a backup, gets no hashes of passwords, and
//! another kind of store needs nothing for it.

mod tokens;
mod users;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use uaic_store::database::{Database, Migration, WhenMissing};

use super::error::AccessError;

pub use tokens::{NewToken, TokenRecord};
pub use users::UserRecord;

/// The name of the file.
pub const FILE: &str = "access.db";

/// The kind of file.
const ACCESS: Database = Database {
    application_id: 0x7561_6961,
    migrations: &[Migration::sql(include_str!("schema.sql"))],
    when_empty: "",
    // Hashes of old passwords are overwritten.
    when_writing: "PRAGMA secure_delete = ON",
};

/// Users and tokens of a store. Several processes may have it open; what one changes the others see.
pub struct Directory {
    connection: Mutex<Connection>,
}

/// What is in a directory at a moment.
pub(super) struct Listed {
    /// Users with the hashes of their passwords.
    pub(super) users: Vec<(UserRecord, String)>,
    /// Tokens with their hashes.
    pub(super) tokens: Vec<(TokenRecord, [u8; 32])>,
}

impl Directory {
    /// Opens the file in the folder of a store; makes it where there is none.
    ///
    /// # Errors
    /// [`AccessError::File`], [`AccessError::Database`].
    pub fn open(folder: &Path) -> Result<Self, AccessError> {
        let path = folder.join(FILE);
        keep_private(&path).map_err(|source| AccessError::File { path: path.clone(), source })?;
        let connection = ACCESS.open_writer(&path, WhenMissing::Create)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Opens the file where there is one: without it there are no users.
    ///
    /// # Errors
    /// As of [`Directory::open`].
    pub fn find(folder: &Path) -> Result<Option<Self>, AccessError> {
        if folder.join(FILE).exists() { Self::open(folder).map(Some) } else { Ok(None) }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that is another one when another process has changed something.
    pub(super) fn version(&self) -> Result<i64, AccessError> {
        Ok(self.connection().pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    /// All that is in it.
    pub(super) fn list(&self) -> Result<Listed, AccessError> {
        let mut connection = self.connection();
        let look = connection.transaction()?;
        Ok(Listed { users: users::all(&look)?, tokens: tokens::all(&look)? })
    }
}

/// Makes a file that its owner alone can read, and makes one so that is not. SQLite gives the files beside
/// it the same mode.
fn keep_private(path: &PathBuf) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let metadata = file.metadata()?;
    if metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Milliseconds since 1970 UTC.
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// That a name can be one.
fn check_name(name: &str, what: &'static str, longest: usize) -> Result<(), AccessError> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.@".contains(letter);
    let begins = name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    if begins && name.len() <= longest && name.chars().all(is_letter) {
        return Ok(());
    }
    Err(AccessError::BadName { name: name.to_owned(), what, longest })
}

#[cfg(test)]
mod tests;
