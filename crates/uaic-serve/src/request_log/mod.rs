//! What was asked and answered: a database of its own, written by a thread that nobody waits for.
//!
//! ```no_run
//! use uaic_serve::request_log::{RequestLog, Settings};
//!
//! let log = RequestLog::open(Settings::at("runs/requests.db"))?;
//! // log.record(entry) for each text that was answered
//! log.close();
//! assert_eq!(log.counters().dropped, 0);
//! # Ok::<(), uaic_serve::request_log::RequestLogError>(())
//! ```
//!
//! To record an entry is to put it into a bounded queue, without a lock and without waiting; when the
//! queue is full, the entry is dropped and counted. The thread writes what it finds in one transaction
//! every [`FLUSH_WINDOW`] at the latest. A transaction survives any death of the process, so a kill
//! loses at most what came within the window before it (more only where the thread gets no
//! processor, or the disk no writes, for as long); a power cut may take the last 10 seconds.
//! What cannot be written, because the disk is full or another program holds the database, is tried
//! again. Texts are redacted, and old rows deleted, by the same thread.
//!
//! Reading ([`RequestReader`]) and correcting ([`correct`]) have connections of their own and work
//! while a server writes.

mod entry;
mod error;
mod filter;
mod insert;
mod key;
mod reader;
mod recent;
mod redaction;
mod retention;
mod schema;
mod stats;
mod sync;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod writer;

pub use entry::{Counters, Entry, Feedback, NO_INTENT, Predicted, SHADOW, Settings};
pub use error::RequestLogError;
pub use filter::Filter;
pub use insert::correct;
pub use reader::{Correction, Logged, RequestReader};
pub use redaction::{PATTERNS, Redaction, RedactionError};
pub use stats::{Period, Stats, Tally};

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use self::recent::Recent;
use self::writer::{Message, Outbox};

/// How long an entry may be in memory only: what a `kill -9` can lose.
pub const FLUSH_WINDOW: Duration = Duration::from_millis(100);

/// A request log that is being written. Dropping it writes what is queued.
pub struct RequestLog {
    outbox: Outbox,
    recent: Recent,
    path: PathBuf,
    /// Opened by the first who asks for an answer that is no longer in memory.
    reader: Mutex<Option<RequestReader>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl RequestLog {
    /// Opens a log, or creates it, and starts its thread.
    ///
    /// # Errors
    /// The file cannot be written, is damaged, somebody else's or of a newer format.
    pub fn open(settings: Settings) -> Result<Self, RequestLogError> {
        let path = settings.path.clone();
        let (outbox, thread) = writer::start(settings)?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { outbox, recent: Recent::new(), path, reader: Mutex::new(None), thread })
    }

    /// Records an answer. Never waits: when the queue is full, the entry is dropped and counted.
    pub fn record(&self, entry: Entry) {
        self.recent.remember(&entry);
        self.outbox.send(Message::Entry(entry));
    }

    /// Records the right label of a text; `false` when the queue is full. Never waits.
    #[must_use = "feedback that was not taken should be refused"]
    pub fn feedback(&self, feedback: Feedback) -> bool {
        self.outbox.send(Message::Feedback(feedback))
    }

    /// What was answered to a text of a request, if it is known: for the newest answers from memory
    /// at once; for others from the database, which takes a fraction of a millisecond, and never
    /// keeps the writer waiting.
    pub fn predicted(&self, id: &str, position: u32) -> Option<Predicted> {
        self.recent.find(id, position).or_else(|| self.look_up(id, position))
    }

    fn look_up(&self, id: &str, position: u32) -> Option<Predicted> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.is_none() {
            *reader = RequestReader::open(&self.path).ok();
        }
        let found = reader.as_ref()?.predicted(id, position);
        found.unwrap_or_else(|error| {
            tracing::debug!("an answer cannot be looked up: {error}");
            None
        })
    }

    /// What became of the entries so far.
    pub fn counters(&self) -> Counters {
        self.outbox.counters()
    }

    /// Writes what is queued and ends the thread. What comes later is dropped and counted. When the
    /// database cannot be written, it gives up after some seconds.
    pub fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            self.outbox.close();
            // A panic of the thread has been reported by itself.
            let _ = thread.join();
        }
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        self.close();
    }
}
