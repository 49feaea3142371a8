//! Connections that read, each by one thread at a time.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};

use rusqlite::Connection;

use super::schema::STORE;
use uaic_study::store::StoreError;

/// So many read at once; more than a machine has cores wait for each other.
pub(super) const MOST: usize = 4;

/// KiB of the database that each remembers.
const REMEMBERED: i64 = 8 << 10;

/// Connections that read. There is one from the start, and more are opened when several threads read.
pub(super) struct Readers {
    state: Mutex<State>,
    returned: Condvar,
    path: PathBuf,
    most: usize,
}

struct State {
    idle: Vec<Connection>,
    open: usize,
}

/// A connection that goes back when it is dropped.
pub(super) struct Lent<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Readers {
    /// Those of the database at `path`, at most so many.
    ///
    /// # Errors
    /// [`StoreError::Missing`], or it cannot be read.
    pub(super) fn open(path: &Path, most: usize) -> Result<Self, StoreError> {
        let first = open(path)?.ok_or_else(|| missing(path))?;
        let state = Mutex::new(State { idle: vec![first], open: 1 });
        Ok(Self { state, returned: Condvar::new(), path: path.to_owned(), most })
    }

    /// The same, of which the first is opened when somebody reads.
    pub(super) fn closed(path: &Path, most: usize) -> Self {
        let state = Mutex::new(State { idle: vec![], open: 0 });
        Self { state, returned: Condvar::new(), path: path.to_owned(), most }
    }

    /// Lends a connection, as soon as there is one.
    ///
    /// # Errors
    /// Another one cannot be opened.
    pub(super) fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(Lent { readers: self, connection: Some(connection) });
            }
            if state.open < self.most {
                state.open += 1;
                break;
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        // Whatever happens, the place is free again when this is dropped.
        let mut lent = Lent { readers: self, connection: None };
        lent.connection = open(&self.path)?;
        Ok(lent)
    }
}

fn open(path: &Path) -> Result<Option<Connection>, StoreError> {
    let connection = STORE.open_reader(path)?;
    if let Some(connection) = &connection {
        connection.pragma_update(None, "cache_size", -REMEMBERED).map_err(|source| StoreError::Database {
            path: path.display().to_string(),
            source: source.into(),
        })?;
    }
    Ok(connection)
}

fn missing(path: &Path) -> StoreError {
    StoreError::Missing { folder: path.parent().unwrap_or(path).display().to_string() }
}

impl Lent<'_> {
    /// The connection.
    ///
    /// # Errors
    /// The database is gone.
    pub(super) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or_else(|| missing(&self.readers.path))
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.readers.state.lock().unwrap_or_else(PoisonError::into_inner);
        match self.connection.take() {
            Some(connection) => state.idle.push(connection),
            None => state.open -= 1,
        }
        drop(state);
        self.readers.returned.notify_one();
    }
}
