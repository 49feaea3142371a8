//! What is too old, or too much, is deleted, in steps so small that the queue never fills meanwhile.

use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, TransactionBehavior, params};

/// Rows that one step deletes: a few milliseconds.
pub(super) const ROWS: i64 = 1000;
/// Pages that one step gives back to the file system.
const PAGES: i64 = 256;
/// Free pages that are kept at least, because the next rows will use them.
const SLACK: i64 = 64;
/// Or this part of all pages: to give back what the next second needs would be work for nothing.
const SLACK_PART: i64 = 16;
/// Time between two looks while rows are written.
const BUSY: Duration = Duration::from_secs(1);
/// Time between two looks when nothing happens, for what grows old.
const IDLE: Duration = Duration::from_secs(30);

/// Whether a step left something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    More,
    Done,
}

/// Knows what is to be done, and when next.
pub(super) struct Housekeeper {
    keep_for: Option<Duration>,
    keep_bytes: Option<u64>,
    next: Option<Instant>,
}

impl Housekeeper {
    /// Looks at once: what was too old when the server stopped is older now.
    pub(super) fn new(keep_for: Option<Duration>, keep_bytes: Option<u64>) -> Self {
        Self { keep_for, keep_bytes, next: Some(Instant::now()) }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    /// When there is something to do; `None` until rows are written.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Rows have been written.
    pub(super) fn wrote(&mut self, rows: usize, now: Instant) {
        if rows > 0 && (self.keep_for.is_some() || self.keep_bytes.is_some()) {
            let soon = now + BUSY;
            self.next = Some(self.next.map_or(soon, |next| next.min(soon)));
        }
    }

    /// Does a little of what is due.
    pub(super) fn step(&mut self, connection: &mut Connection, now: Instant) -> rusqlite::Result<Step> {
        // Set first: a step that fails is not repeated at once.
        self.next = Some(now + IDLE).filter(|_| self.keep_for.is_some());
        let step = delete_step(connection, self.oldest_ms(), self.keep_bytes)?;
        if step == Step::More {
            self.next = Some(now);
        }
        Ok(step)
    }

    /// The time before which rows are too old.
    fn oldest_ms(&self) -> Option<i64> {
        let oldest = SystemTime::now().checked_sub(self.keep_for?)?;
        let age = oldest.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(age.as_millis()).ok()
    }
}

/// Deletes some rows that are too old or too many; when there are none, makes the file smaller.
fn delete_step(
    connection: &mut Connection,
    oldest_ms: Option<i64>,
    keep_bytes: Option<u64>,
) -> rusqlite::Result<Step> {
    if let Some(oldest_ms) = oldest_ms
        && delete(connection, oldest_ms)? > 0
    {
        return Ok(Step::More);
    }
    if let Some(keep_bytes) = keep_bytes
        && bytes_in_use(connection)? > keep_bytes
        && delete(connection, i64::MAX)? > 0
    {
        return Ok(Step::More);
    }
    shrink(connection)
}

/// Deletes the oldest of the rows from before `before_ms`, and what was told of them.
fn delete(connection: &mut Connection, before_ms: i64) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rows = transaction
        .prepare_cached(
            "DELETE FROM requests WHERE row IN
             (SELECT row FROM requests WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
        )?
        .execute(params![before_ms, ROWS])?;
    // What was told of rows that are not there goes when rows as old have gone.
    let alone = transaction
        .prepare_cached(
            "DELETE FROM feedback WHERE row IN
             (SELECT row FROM feedback WHERE request IS NULL
              AND at_ms < min(?1, ifnull((SELECT min(at_ms) FROM requests), ?1)) LIMIT ?2)",
        )?
        .execute(params![before_ms, ROWS])?;
    transaction.commit()?;
    Ok(rows + alone)
}

/// The size of what the database holds, without free pages.
pub(super) fn bytes_in_use(connection: &Connection) -> rusqlite::Result<u64> {
    let (pages, free) = pages(connection)?;
    let size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(((pages - free) * size).max(0) as u64)
}

fn pages(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let read = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((read("page_count")?, read("freelist_count")?))
}

/// Gives free pages back to the file system.
fn shrink(connection: &Connection) -> rusqlite::Result<Step> {
    let (pages, free) = pages(connection)?;
    let surplus = (free - SLACK.max((pages - free) / SLACK_PART)).min(PAGES);
    if surplus <= 0 {
        return Ok(Step::Done);
    }
    // It works row by row, so all of its rows must be asked for.
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({surplus})"))?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    Ok(Step::More)
}
