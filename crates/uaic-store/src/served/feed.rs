//! What changes in a store, whoever writes to it.
//!
//! Triggers keep the order in which runs were changed last (see `migrations/0005.sql`), so that a change
//! of any process and any version of this program is seen. A look costs a pragma as long as nobody has
//! written: SQLite counts the commits of all other connections in `data_version`.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};

use super::super::Fault;
use super::super::read::Snapshot;
use super::super::schema::STORE;
use uaic_study::store::remote::{Changed, Feed, News};
use uaic_study::store::{Id, RunKind, StoreError};

/// Follows the changes of a store with a connection of its own.
pub(super) struct Follower {
    connection: Connection,
    path: PathBuf,
    /// The version of the data, and the cursor that all changes of it were told up to.
    seen: Option<(i64, u64)>,
}

impl Follower {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let folder = || path.parent().unwrap_or(path).display().to_string();
        let connection = STORE.open_reader(path)?.ok_or_else(|| StoreError::Missing { folder: folder() })?;
        Ok(Self { connection, path: path.to_owned(), seen: None })
    }

    fn look<T>(&mut self, look: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, StoreError> {
        look(self).map_err(|fault| fault.at(&self.path))
    }

    fn version(&self) -> Result<i64, Fault> {
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }
}

impl Feed for Follower {
    fn newest(&mut self) -> Result<u64, StoreError> {
        self.look(|own| {
            let version = own.version()?;
            let newest = newest(&own.connection)?;
            own.seen = Some((version, newest));
            Ok(newest)
        })
    }

    fn since(&mut self, cursor: u64, most: u32) -> Result<News, StoreError> {
        self.look(|own| {
            let version = own.version()?;
            if own.seen == Some((version, cursor)) {
                return Ok(News { changes: Vec::new(), cursor });
            }
            // The first may be the one of the cursor, and would be all for ever.
            let most = most.max(2);
            let transaction = own.connection.unchecked_transaction()?;
            // A cursor of another store, or of one that was restored.
            let cursor = cursor.min(newest(&transaction)?);
            let (changes, read) = changes(&transaction, cursor, most)?;
            drop(transaction);
            let last = changes.last().map_or(cursor, |change| change.cursor).max(read.1);
            if read.0 < most {
                own.seen = Some((version, last));
            }
            Ok(News { changes, cursor: last })
        })
    }
}

fn newest(connection: &Connection) -> Result<u64, Fault> {
    let place: Option<i64> =
        connection.prepare_cached("SELECT max(place) FROM changed")?.query_row([], |row| row.get(0))?;
    Ok(place.unwrap_or_default() as u64)
}

/// The changes from a cursor on; how many rows were read, and the last of their places.
fn changes(connection: &Connection, cursor: u64, most: u32) -> Result<(Vec<Changed>, (u32, u64)), Fault> {
    let snapshot = Snapshot::new(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT place, gone, runs.uuid, kind, runs.state, process, hidden, studies.uuid
         FROM changed LEFT JOIN runs ON runs.id = changed.run LEFT JOIN studies ON studies.id = runs.study
         WHERE place >= ? ORDER BY place LIMIT ?",
    )?;
    let mut rows = statement.query([i64::try_from(cursor).unwrap_or(i64::MAX), i64::from(most)])?;
    let (mut all, mut read) = (Vec::new(), (0, cursor));
    while let Some(row) = rows.next()? {
        let place = row.get::<_, i64>(0)? as u64;
        read = (read.0 + 1, place);
        all.extend(change(&snapshot, place, row)?);
    }
    Ok((all, read))
}

fn change(snapshot: &Snapshot<'_>, cursor: u64, row: &Row<'_>) -> Result<Option<Changed>, Fault> {
    if let Some(gone) = row.get::<_, Option<[u8; 16]>>(1)? {
        return Ok(Some(Changed { cursor, id: Id(gone), kind: None, study: None, state: None }));
    }
    let Some(id) = row.get::<_, Option<[u8; 16]>>(2)?.map(Id) else { return Ok(None) };
    let kind: String = row.get(3)?;
    let kind = RunKind::from_name(&kind);
    // Nobody sees what is being brought in. Of a study the bit above is set.
    if kind.is_some() && row.get::<_, i64>(6)? >= 2 {
        return Ok(None);
    }
    let state = snapshot.state(&row.get::<_, String>(4)?, row.get(5)?)?;
    let study = row.get::<_, Option<[u8; 16]>>(7)?.map(Id).or(kind.is_none().then_some(id));
    Ok(Some(Changed { cursor, id, kind, study, state: Some(state) }))
}
