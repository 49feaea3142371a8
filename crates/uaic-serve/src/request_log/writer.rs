//! The one thread that writes. Whoever hands it an entry waits for nothing: not for the disk, not for
//! other processes, not for room in the queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::entry::{Counters, Entry, Feedback, Settings};
use super::insert::{Inserter, Names};
use super::retention::{self, Housekeeper, Step};
use super::sync::Syncer;
use super::{FLUSH_WINDOW, RequestLogError, schema};
use uaic_platform::process;

/// Entries that are written at once, whatever the time; half of the queue where that is less.
const BATCH: usize = 1024;
/// Entries of a transaction at most.
const LARGEST_BATCH: usize = 4 * BATCH;
/// How long entries wait for company. A large batch takes the processor from answers for milliseconds
/// at a time, small ones do so often; the rest of the window is for a disk that is slow.
const GATHER: Duration = Duration::from_millis(20);
const _: () = assert!(GATHER.as_millis() * 2 < FLUSH_WINDOW.as_millis());
/// Rows between two offers of the processor to threads that answer: some 50 µs.
const COURTESY: usize = 16;
/// How long to wait for another process's transaction before the write counts as failed.
const PATIENCE: Duration = Duration::from_millis(250);
/// Time between a failed write and the next try.
const RETRY: Duration = Duration::from_millis(250);
/// Failed writes after which closing gives up.
const LAST_TRIES: u32 = 8;
/// Time between two warnings.
const WARN: Duration = Duration::from_secs(60);

/// What is written.
pub(super) enum Message {
    Entry(Entry),
    Feedback(Feedback),
}

/// What both sides see.
#[derive(Default)]
struct Shared {
    /// Messages sent and not yet taken; never less than there are.
    waiting: AtomicUsize,
    closing: AtomicBool,
    written: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

/// The side of those who have something to write.
pub(super) struct Outbox {
    messages: SyncSender<Message>,
    thread: Thread,
    shared: Arc<Shared>,
    /// Messages that fill a batch.
    full: usize,
}

/// Starts the thread.
pub(super) fn start(settings: Settings) -> Result<(Outbox, JoinHandle<()>), RequestLogError> {
    let connection = schema::open_writer(&settings.path)?;
    prepare(&connection).map_err(RequestLogError::at(&settings.path))?;
    let (messages, inbox) = sync_channel(settings.queue.max(1));
    let shared = Arc::new(Shared::default());
    let full = BATCH.min(settings.queue / 2).max(1);
    let writer = Writer {
        connection,
        inbox,
        shared: Arc::clone(&shared),
        full,
        names: Names::default(),
        batch: VecDeque::new(),
        flush_at: None,
        failures_in_a_row: 0,
        warned: None,
        housekeeper: Housekeeper::new(settings.keep_for, settings.keep_bytes),
        syncer: Syncer::start(settings.path.clone())?,
        settings,
    };
    let builder = std::thread::Builder::new().name("uaic-requests".to_owned());
    let run = move || {
        process::work_in_the_background();
        writer.run();
    };
    let thread = builder.spawn(run).map_err(RequestLogError::Thread)?;
    Ok((Outbox { messages, thread: thread.thread().clone(), shared, full }, thread))
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // A thread of its own waits for the disk.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))
}

impl Outbox {
    /// Hands a message over, unless the queue is full; then it is dropped and counted.
    pub(super) fn send(&self, message: Message) -> bool {
        // Counted first, so that the writer never sleeps while something is there.
        let before = self.shared.waiting.fetch_add(1, Ordering::AcqRel);
        if self.messages.try_send(message).is_err() {
            self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        // To wake a thread costs microseconds, so only the first of a batch and the one that fills it do.
        if before == 0 || before + 1 == self.full {
            self.thread.unpark();
        }
        true
    }

    /// Tells the thread to write what is queued, and to end.
    pub(super) fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
        self.thread.unpark();
    }

    pub(super) fn counters(&self) -> Counters {
        Counters {
            written: self.shared.written.load(Ordering::Relaxed),
            dropped: self.shared.dropped.load(Ordering::Relaxed),
            failed: self.shared.failed.load(Ordering::Relaxed),
        }
    }
}

struct Writer {
    connection: Connection,
    inbox: Receiver<Message>,
    shared: Arc<Shared>,
    /// Messages that fill a batch.
    full: usize,
    settings: Settings,
    names: Names,
    /// Taken from the queue, not yet in the database.
    batch: VecDeque<Message>,
    /// When what waits must be written.
    flush_at: Option<Instant>,
    failures_in_a_row: u32,
    warned: Option<Instant>,
    housekeeper: Housekeeper,
    syncer: Syncer,
}

impl Writer {
    fn run(mut self) {
        loop {
            let now = Instant::now();
            let waiting = self.shared.waiting.load(Ordering::Acquire);
            let closing = self.shared.closing.load(Ordering::Acquire);
            if self.flush_at.is_none() && waiting > 0 {
                self.flush_at = Some(now + GATHER);
            }
            let is_full = waiting >= self.full && self.failures_in_a_row == 0;
            if closing || is_full || self.flush_at.is_some_and(|at| at <= now) {
                self.flush();
                if closing && self.is_done() {
                    break;
                }
            } else if self.housekeeper.is_due(now) {
                self.keep_house(now);
            } else if self.syncer.next().is_some_and(|at| at <= now) {
                self.syncer.sync(&self.connection);
            } else {
                self.sleep(now);
            }
        }
        self.end();
    }

    /// Sleeps until there is something to do, or the next message asks for it.
    fn sleep(&self, now: Instant) {
        match [self.flush_at, self.housekeeper.next(), self.syncer.next()].into_iter().flatten().min() {
            Some(at) => std::thread::park_timeout(at.saturating_duration_since(now)),
            None => std::thread::park(),
        }
    }

    /// Takes what waits and writes it; what cannot be written is kept for the next time.
    fn flush(&mut self) {
        let is_more = self.take();
        match self.write() {
            Ok(()) => {
                // What is left has waited already.
                self.flush_at = is_more.then(Instant::now);
                self.shared.written.fetch_add(self.batch.len() as u64, Ordering::Relaxed);
                self.failures_in_a_row = 0;
                let now = Instant::now();
                self.housekeeper.wrote(self.batch.len(), now);
                self.syncer.wrote(self.batch.len(), now);
                self.batch.clear();
            }
            Err(error) => self.note_failure(&error),
        }
    }

    /// Fills the batch up, and says whether there may be more than it holds.
    fn take(&mut self) -> bool {
        let before = self.batch.len();
        self.batch.extend(self.inbox.try_iter().take(LARGEST_BATCH - before));
        self.shared.waiting.fetch_sub(self.batch.len() - before, Ordering::AcqRel);
        self.batch.len() == LARGEST_BATCH
    }

    fn write(&mut self) -> rusqlite::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut rows = Inserter::new(&transaction, &mut self.names, &self.settings)?;
        for (number, message) in self.batch.iter().enumerate() {
            // A low priority alone does not end a time slice early.
            if number % COURTESY == COURTESY - 1 {
                std::thread::yield_now();
            }
            match message {
                Message::Entry(entry) => rows.entry(entry)?,
                Message::Feedback(feedback) => rows.feedback(feedback)?,
            }
        }
        drop(rows);
        transaction.commit()
    }

    fn note_failure(&mut self, error: &rusqlite::Error) {
        self.names.forget();
        self.failures_in_a_row += 1;
        self.shared.failed.fetch_add(1, Ordering::Relaxed);
        self.flush_at = Some(Instant::now() + RETRY);
        if self.shared.closing.load(Ordering::Acquire) {
            std::thread::sleep(RETRY);
        }
        self.warn(&format!("cannot be written, {} entries wait: {error}", self.batch.len()));
    }

    fn keep_house(&mut self, now: Instant) {
        match self.housekeeper.step(&mut self.connection, now) {
            Ok(Step::More) => self.syncer.wrote(retention::ROWS as usize, now),
            Ok(Step::Done) => {}
            Err(error) => self.warn(&format!("cannot be tidied up: {error}")),
        }
    }

    /// At most one warning a minute: a full disk must not be filled up with complaints.
    fn warn(&mut self, what: &str) {
        let now = Instant::now();
        if self.warned.is_none_or(|last| now.duration_since(last) >= WARN) {
            self.warned = Some(now);
            tracing::warn!("the request log {} {what}", self.settings.path.display());
        }
    }

    /// Whether everything is written, or it is time to give up.
    fn is_done(&self) -> bool {
        let is_written = self.batch.is_empty() && self.shared.waiting.load(Ordering::Acquire) == 0;
        is_written || self.failures_in_a_row >= LAST_TRIES
    }

    fn end(mut self) {
        let lost = self.batch.len() + self.inbox.try_iter().count();
        if lost > 0 {
            self.shared.dropped.fetch_add(lost as u64, Ordering::Relaxed);
            self.warned = None;
            self.warn(&format!("could not be written: {lost} entries are lost"));
        }
        drop(self.syncer);
        // Brings all to the disk and empties the log of writes, unless others are reading. Without,
        // the next to open it does so.
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}
