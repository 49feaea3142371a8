//! Brings what has been written to the disk: a checkpoint of the write-ahead log.
//!
//! A checkpoint waits for the disk twice, on a busy one for a quarter of a second, and entries would
//! wait as long. So a thread of its own does it, while the other goes on writing. The log can only
//! start afresh once all of it is in the database; where that never is, because there is always
//! something new, it grows to [`LARGEST`] and the writer does the rest itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{RequestLogError, schema};
use uaic_platform::process;

/// Time after which what is written is brought to the disk.
const PATIENCE: Duration = Duration::from_secs(10);
/// Rows after which it is, whatever the time: some MB.
const ROWS: usize = 10_000;
/// Pages of the write-ahead log at most, 128 MiB.
const LARGEST: i64 = 32_768;

/// The handle to the thread. Dropping it ends the thread.
pub(super) struct Syncer {
    requests: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Pages of the write-ahead log at the last checkpoint.
    pages: Arc<AtomicI64>,
    due: Option<Instant>,
    rows: usize,
}

impl Syncer {
    /// Starts the thread.
    pub(super) fn start(path: PathBuf) -> Result<Self, RequestLogError> {
        // One more may be asked for while one is made.
        let (requests, inbox) = sync_channel(1);
        let pages = Arc::new(AtomicI64::new(0));
        let counted = Arc::clone(&pages);
        let thread = std::thread::Builder::new()
            .name("uaic-sync".to_owned())
            .spawn(move || {
                process::work_in_the_background();
                sync_until_closed(&path, &inbox, &counted);
            })
            .map_err(RequestLogError::Thread)?;
        Ok(Self { requests: Some(requests), thread: Some(thread), pages, due: None, rows: 0 })
    }

    /// Rows have been written or deleted.
    pub(super) fn wrote(&mut self, rows: usize, now: Instant) {
        self.rows += rows;
        if self.rows >= ROWS {
            self.due = Some(now);
        } else if rows > 0 {
            self.due.get_or_insert(now + PATIENCE);
        }
    }

    /// When to sync; `None` when nothing has been written since the last time.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due
    }

    /// Asks for a checkpoint, without waiting for it.
    pub(super) fn sync(&mut self, connection: &Connection) {
        (self.due, self.rows) = (None, 0);
        if self.pages.load(Ordering::Relaxed) > LARGEST {
            // The thread has done most of it.
            self.pages.store(0, Ordering::Relaxed);
            let _ = checkpoint(connection);
        } else if let Some(requests) = &self.requests {
            let _ = requests.try_send(());
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by itself.
            let _ = thread.join();
        }
    }
}

fn sync_until_closed(path: &Path, requests: &Receiver<()>, pages: &AtomicI64) {
    let mut connection = None;
    while requests.recv().is_ok() {
        if connection.is_none() {
            connection = schema::open_existing(path).ok();
        }
        // Others may be at it at this moment; then it is done by them, or next time.
        if let Some(Ok(count)) = connection.as_ref().map(checkpoint) {
            pages.store(count, Ordering::Relaxed);
        }
    }
}

/// Moves what it can into the database without keeping anybody waiting, and says how many pages the
/// write-ahead log has.
fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}
