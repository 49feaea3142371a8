//! Finding rows by the id of their request, at a price that does not depend on the ids.
//!
//! An index over the ids themselves is cheap while they grow with time, but with random ones, as
//! clients send them, every row of a large log would touch another page. So rows come in blocks of
//! 65,536, and the index holds `block << 32 | CRC-32 of the id`: what is written stays inside the
//! newest block, a megabyte, and a search looks once into each block.

use rusqlite::{CachedStatement, Connection, params};

/// Rows of a block, as a power of two.
const BLOCK: u32 = 16;

/// The key of a row.
pub(super) fn key(row: i64, id: &str) -> i64 {
    (row >> BLOCK) << 32 | i64::from(crc32fast::hash(id.as_bytes()))
}

/// The rows of an id, the newest first.
pub(super) struct Rows<'a> {
    statement: CachedStatement<'a>,
    id: &'a str,
    /// The block to look into next.
    block: i64,
    oldest: i64,
    found: Vec<i64>,
}

/// Rows of a request's id, the newest first; looks into no more blocks than are asked for.
pub(super) fn rows<'a>(connection: &'a Connection, id: &'a str) -> rusqlite::Result<Rows<'a>> {
    let (oldest, newest): (i64, i64) = connection
        .prepare_cached(
            "SELECT ifnull(min(row), 0), ifnull((SELECT max(row) FROM requests), -1) FROM requests",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let statement =
        connection.prepare_cached("SELECT row FROM requests WHERE id_key = ? AND id = ? ORDER BY row")?;
    Ok(Rows { statement, id, block: newest >> BLOCK, oldest: oldest >> BLOCK, found: Vec::new() })
}

impl Rows<'_> {
    /// Looks into no more than one block more.
    pub(super) fn stop_soon(&mut self) {
        self.oldest = self.oldest.max(self.block);
    }
}

impl Iterator for Rows<'_> {
    type Item = rusqlite::Result<i64>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.found.is_empty() && self.block >= self.oldest {
            let key = key(self.block << BLOCK, self.id);
            let found = self.statement.query_map(params![key, self.id], |row| row.get(0));
            self.found = match found.and_then(Iterator::collect) {
                Ok(rows) => rows,
                Err(error) => return Some(Err(error)),
            };
            self.block -= 1;
        }
        self.found.pop().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_id_are_found_in_every_block_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let connection = crate::request_log::schema::open_writer(&folder.path().join("x.db")).unwrap();
        let insert = |row: i64, id: &str, key: i64| {
            let sql = "INSERT INTO requests (row, at_ms, origin, label, position, latency_us, id_key, id)
                       VALUES (?, 0, 0, 0, 0, 0, ?, ?)";
            connection.execute(sql, params![row, key, id]).unwrap();
        };
        let wanted = [1, 2, 65_535, 65_536, 300_000];
        for row in wanted {
            insert(row, "a", key(row, "a"));
        }
        insert(3, "b", key(3, "b"));
        // Another id of the same hash.
        insert(4, "c", key(4, "a"));
        let found: Vec<i64> = rows(&connection, "a").unwrap().map(Result::unwrap).collect();
        assert_eq!(found, [300_000, 65_536, 65_535, 2, 1]);
        assert_eq!(rows(&connection, "none").unwrap().count(), 0);
    }

    #[test]
    fn an_empty_log_has_no_rows() {
        let folder = tempfile::tempdir().unwrap();
        let connection = crate::request_log::schema::open_writer(&folder.path().join("x.db")).unwrap();
        assert_eq!(rows(&connection, "a").unwrap().count(), 0);
    }
}
