//! The one thread that writes: it owns the connection and puts many commands in a transaction.
//!
//! Metric points are queued and wait for company; a call is committed at once, together with
//! whatever is queued, and its caller waits for the commit. So what a run wrote is in
//! the store before the run's end is.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::{Fault, write};
use uaic_study::store::rules::now_ms;
use uaic_study::store::{Answer, Attempt, MetricPoint, StoreError, promise};

/// Commands that may wait; whoever sends more has to wait, too.
const QUEUE: usize = 4096;
/// Most commands of one transaction.
const BATCH: usize = 4096;
/// Longest time that points wait for company.
const GATHER: Duration = Duration::from_millis(100);
/// Time between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The handle to the writer thread. Dropping it writes what is queued.
pub(super) struct Writer {
    commands: Option<SyncSender<Command>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// What both sides see.
struct Shared {
    path: PathBuf,
    /// Points sent but not committed, in commands.
    unsettled: AtomicUsize,
    /// Writes that failed after their caller had gone on.
    failures: Mutex<HashMap<Attempt, Fault>>,
}

enum Command {
    Points { attempt: Attempt, points: Vec<MetricPoint> },
    Call(Box<dyn Call>),
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, path: PathBuf) -> Result<Self, StoreError> {
        let (commands, inbox) = sync_channel(QUEUE);
        let shared =
            Arc::new(Shared { path, unsettled: AtomicUsize::new(0), failures: Mutex::new(HashMap::new()) });
        let state = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("uaic-store".to_owned())
            .spawn(move || write_until_closed(connection, &inbox, &state))
            .map_err(|error| StoreError::WriterGone(error.to_string()))?;
        Ok(Self { commands: Some(commands), thread: Some(thread), shared })
    }

    /// Queues metric points; reports what went wrong with earlier ones of the same attempt.
    pub(super) fn queue(&self, attempt: Attempt, points: &[MetricPoint]) -> Result<(), StoreError> {
        self.shared.earlier_failure(attempt)?;
        if points.is_empty() {
            return Ok(());
        }
        self.shared.unsettled.fetch_add(1, Ordering::SeqCst);
        self.send(Command::Points { attempt, points: points.to_vec() })
    }

    /// Does `work` in a transaction, after everything queued before, and waits for the commit.
    pub(super) fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = sync_channel(1);
        // Nobody waits any more if the caller's thread has died.
        let reply = move |result| drop(reply.send(result));
        self.send(Command::Call(Box::new(Pending { work: Some(work), result: None, reply })))?;
        answer.recv().map_err(|_| gone())?.map_err(|fault| fault.at(&self.shared.path))
    }

    /// As [`Writer::call`], without a thread that waits.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<T> {
        let (promise, answer) = promise(StoreError::WriterGone(GONE.to_owned()));
        let shared = Arc::clone(&self.shared);
        let reply =
            move |result: Result<T, Fault>| promise.keep(result.map_err(|fault| fault.at(&shared.path)));
        match self.send(Command::Call(Box::new(Pending { work: Some(work), result: None, reply }))) {
            Ok(()) => answer,
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// As [`Writer::call`], for a write of an attempt: fails when an earlier one of it failed.
    pub(super) fn call_for<T: Send + 'static>(
        &self,
        attempt: Attempt,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let answer = self.call(move |connection| {
            shared.earlier_failure(attempt)?;
            work(connection)
        });
        // Points that failed in the same transaction are the cause, and are reported by this.
        if answer.is_err() {
            self.shared.earlier_failure(attempt)?;
        }
        answer
    }

    /// Returns once everything queued is committed.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        if self.shared.unsettled.load(Ordering::SeqCst) == 0 { Ok(()) } else { self.call(|_| Ok(())) }
    }

    /// As [`Writer::settle`]; reports what went wrong with any attempt.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.settle()?;
        let mut failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let first = failures.keys().min_by_key(|attempt| (attempt.run, attempt.number)).copied();
        match first.and_then(|attempt| failures.remove(&attempt)) {
            Some(fault) => Err(fault.at(&self.shared.path)),
            None => Ok(()),
        }
    }

    fn send(&self, command: Command) -> Result<(), StoreError> {
        self.commands.as_ref().and_then(|commands| commands.send(command).ok()).ok_or_else(gone)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has already reached those who waited for it.
            let _ = thread.join();
        }
    }
}

const GONE: &str = "its writer thread has ended";

fn gone() -> StoreError {
    StoreError::WriterGone(GONE.to_owned())
}

impl Shared {
    fn earlier_failure(&self, attempt: Attempt) -> Result<(), StoreError> {
        let failure = self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&attempt);
        failure.map_or(Ok(()), |fault| Err(fault.at(&self.path)))
    }

    /// Keeps the first failure of an attempt: the later ones follow from it.
    fn note_failure(&self, attempt: Attempt, fault: Fault) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).entry(attempt).or_insert(fault);
    }
}

/// A piece of work with somebody waiting for its result.
trait Call: Send {
    fn run(&mut self, connection: &Connection) -> Outcome;
    fn deliver(self: Box<Self>, commit: &Result<(), rusqlite::Error>);
}

/// Whether the changes of a command are to stay.
enum Outcome {
    Keep,
    Undo(Cause),
}

/// SQLite's reason, where it is SQLite's.
type Cause = Option<rusqlite::Error>;

struct Pending<T, F, R> {
    work: Option<F>,
    result: Option<Result<T, Fault>>,
    reply: R,
}

impl<T, F, R> Call for Pending<T, F, R>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, Fault> + Send,
    R: FnOnce(Result<T, Fault>) + Send,
{
    fn run(&mut self, connection: &Connection) -> Outcome {
        self.result = self.work.take().map(|work| work(connection));
        match &self.result {
            Some(Err(fault)) => Outcome::Undo(fault.cause()),
            _ => Outcome::Keep,
        }
    }

    fn deliver(self: Box<Self>, commit: &Result<(), rusqlite::Error>) {
        let result = match (commit, self.result) {
            // Its own refusal says more than what became of the transaction.
            (_, Some(Err(fault))) => Err(fault),
            (Err(error), _) => Err(Fault::Sqlite(copy_of(error))),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Fault::Refused(gone())),
        };
        (self.reply)(result);
    }
}

fn write_until_closed(mut connection: Connection, inbox: &Receiver<Command>, shared: &Shared) {
    let mut next_beat = Instant::now() + HEARTBEAT;
    let mut identity = None;
    loop {
        let batch = match inbox.recv_timeout(next_beat.saturating_duration_since(Instant::now())) {
            Ok(first) => gather(first, inbox, GATHER),
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if !batch.is_empty() {
            commit(&mut connection, batch, shared);
        }
        if Instant::now() >= next_beat {
            next_beat = Instant::now() + HEARTBEAT;
            sync(&connection);
            let identity = identity.get_or_insert_with(uaic_platform::process::ProcessIdentity::current);
            if let Err(fault) = write::heartbeat(&connection, identity, now_ms()) {
                tracing::warn!(
                    "the store {}: no heartbeat: {}",
                    shared.path.display(),
                    fault.at(&shared.path)
                );
            }
        }
    }
    sync(&connection);
    // Statistics for the planner; a store without them works as well.
    let _ = connection.execute_batch("PRAGMA optimize");
}

/// Brings what has been committed to the disk.
fn sync(connection: &Connection) {
    // Others may be reading or syncing at this moment; then it is done by them, or next time.
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)");
}

/// Takes what is queued. Points wait up to `patience` for more of them; somebody waits for a call,
/// so a batch with a call takes along what is there and waits for nothing.
fn gather(first: Command, inbox: &Receiver<Command>, patience: Duration) -> Vec<Command> {
    let deadline = Instant::now() + patience;
    let mut awaited = false;
    let mut batch = Vec::new();
    let mut next = Some(first);
    while let Some(command) = next {
        awaited |= matches!(command, Command::Call(_));
        batch.push(command);
        next = if batch.len() == BATCH {
            None
        } else if awaited {
            inbox.try_recv().ok()
        } else {
            inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
        };
    }
    batch
}

/// Runs a batch in one transaction and tells everybody what became of it.
fn commit(connection: &mut Connection, mut batch: Vec<Command>, shared: &Shared) {
    join_points(&mut batch);
    let outcome = run_all(connection, &mut batch, shared);
    for command in batch {
        match command {
            Command::Call(call) => call.deliver(&outcome),
            Command::Points { attempt, .. } => {
                if let Err(error) = &outcome {
                    shared.note_failure(attempt, Fault::Sqlite(copy_of(error)));
                }
                shared.unsettled.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }
}

/// Puts the points of an attempt together that no call came between: written as one, they cost a fraction.
/// Commands stay, because each is answered for.
fn join_points(batch: &mut [Command]) {
    let mut first: HashMap<Attempt, usize> = HashMap::new();
    for at in 0..batch.len() {
        let (earlier, rest) = batch.split_at_mut(at);
        match &mut rest[0] {
            Command::Call(_) => first.clear(),
            Command::Points { attempt, points } => match first.get(attempt) {
                None => {
                    first.insert(*attempt, at);
                }
                Some(&place) => {
                    if let Command::Points { points: whole, .. } = &mut earlier[place] {
                        whole.append(points);
                    }
                }
            },
        }
    }
}

fn run_all(connection: &mut Connection, batch: &mut [Command], shared: &Shared) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for command in batch {
        if matches!(command, Command::Points { points, .. } if points.is_empty()) {
            continue;
        }
        // A refused command takes back its own changes, not those of its neighbours.
        let savepoint = transaction.savepoint()?;
        let outcome = match command {
            Command::Call(call) => call.run(&savepoint),
            Command::Points { attempt, points } => match write::points(&savepoint, *attempt, points) {
                Ok(()) => Outcome::Keep,
                Err(fault) => {
                    let cause = fault.cause();
                    shared.note_failure(*attempt, fault);
                    Outcome::Undo(cause)
                }
            },
        };
        match outcome {
            // A full disk and the like end the whole transaction.
            Outcome::Undo(cause) if savepoint.is_autocommit() => {
                return Err(cause.unwrap_or_else(|| failure(rusqlite::ffi::SQLITE_ABORT_ROLLBACK, None)));
            }
            Outcome::Undo(_) => savepoint.finish()?,
            Outcome::Keep => savepoint.commit()?,
        }
    }
    transaction.commit()
}

/// The same error once more; everybody in a failed batch gets one.
fn copy_of(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => {
            rusqlite::Error::SqliteFailure(*code, message.clone())
        }
        other => failure(rusqlite::ffi::SQLITE_ERROR, Some(other.to_string())),
    }
}

fn failure(code: i32, message: Option<String>) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), message)
}

impl Fault {
    fn cause(&self) -> Cause {
        match self {
            Self::Sqlite(error) => Some(copy_of(error)),
            Self::Refused(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uaic_study::store::Id;

    fn points() -> Command {
        Command::Points { attempt: Attempt { run: Id([0; 16]), number: 1 }, points: Vec::new() }
    }

    fn call() -> Command {
        let work = |_: &Connection| -> Result<(), Fault> { Ok(()) };
        Command::Call(Box::new(Pending { work: Some(work), result: None, reply: drop }))
    }

    #[test]
    fn a_batch_with_a_call_waits_for_nothing_wherever_the_call_is() {
        let patience = Duration::from_secs(5);
        for batch in [vec![call()], vec![call(), points()], vec![points(), call(), points(), points()]] {
            let (commands, inbox) = sync_channel(QUEUE);
            let queued = batch.len();
            let mut batch = batch.into_iter();
            let first = batch.next().unwrap();
            batch.for_each(|command| commands.send(command).unwrap());
            let before = Instant::now();
            assert_eq!(gather(first, &inbox, patience).len(), queued, "what is queued goes along");
            assert!(before.elapsed() < patience, "the caller was kept waiting");
        }
    }

    #[test]
    fn points_wait_for_company_and_a_batch_has_an_end() {
        let (commands, inbox) = sync_channel(QUEUE);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                commands.send(call()).unwrap();
            });
            assert_eq!(gather(points(), &inbox, Duration::from_secs(60)).len(), 2);
        });
        (0..BATCH).for_each(|_| commands.send(points()).unwrap());
        assert_eq!(gather(points(), &inbox, Duration::from_secs(60)).len(), BATCH);
    }
}
