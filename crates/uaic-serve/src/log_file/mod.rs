//! Log files of a bounded size, written by a thread of their own.
//!
//! Lines go into a queue of bounded size and are dropped, and counted, where it is full: whoever logs
//! never waits for the disk. `NAME.log` becomes `NAME.log.1` when it would grow too large, that one
//! `NAME.log.2`, and so on; the oldest is removed. A disk that fails loses lines, never the process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use uaic_platform::fsx::{self, FileError};
use uaic_platform::process;

/// How long lines are gathered before they are written together; so long may one that is logged be
/// missing in the file.
const GATHERING: Duration = Duration::from_millis(25);

/// Where log files are, and how large they become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFileSettings {
    /// The folder; created with those above it.
    pub folder: PathBuf,
    /// The name: `NAME.log`.
    pub name: String,
    /// Most bytes of a file; only a single line may be larger.
    pub largest: u64,
    /// How many full files are kept beside the one that is written.
    pub kept: u32,
    /// Most bytes that wait to be written.
    pub waiting: usize,
}

impl LogFileSettings {
    /// Files of 10 MB, 5 of which are kept, and a queue of 4 MiB.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self { folder: folder.into(), name: name.into(), largest: 10_000_000, kept: 5, waiting: 4 << 20 }
    }

    /// The file that is written.
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    /// A full file; 1 is the newest.
    pub fn path_of(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{}.log.{number}", self.name))
    }
}

/// A log file and the thread that writes it. When it is dropped, all that was logged is written;
/// what its writers are given afterwards is dropped.
#[derive(Debug)]
pub struct LogFile {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl LogFile {
    /// Opens the file, to be continued, and starts its thread. `warn` is told of a failure of the disk,
    /// on that thread: once, and again only after it has worked in between.
    ///
    /// # Errors
    /// The folder or the file cannot be created, or the system gives no thread.
    pub fn open(
        settings: LogFileSettings,
        warn: impl FnMut(&FileError) + Send + 'static,
    ) -> Result<Self, FileError> {
        let queue = Arc::new(Queue { largest: settings.waiting, ..Queue::default() });
        let shared = Arc::clone(&queue);
        let path = settings.path();
        let mut rotated = Rotated { settings, file: None };
        rotated.ensure_open()?;
        let thread = thread::Builder::new()
            .name("uaic-log".to_owned())
            .spawn(move || {
                process::work_in_the_background();
                write_all(&shared, &mut rotated, warn);
            })
            .map_err(FileError::at("start a thread that writes", &path))?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)) })
    }

    /// What `tracing` writes to.
    pub fn writer(&self) -> LogWriter {
        LogWriter { queue: Arc::clone(&self.queue) }
    }

    /// Writes what was logged and ends the thread; what is logged afterwards is dropped.
    pub fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread has been reported by itself.
            let _ = thread.join();
        }
    }

    /// Lines that were dropped because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped.load(Ordering::Relaxed)
    }

    /// Lines that were lost because the disk failed.
    pub fn lost(&self) -> u64 {
        self.queue.lost.load(Ordering::Relaxed)
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        self.close();
    }
}

/// Lines on their way to the thread.
#[derive(Debug, Default)]
struct Queue {
    lines: Mutex<Lines>,
    /// Told when there is something to write, much of it, or nothing more.
    changed: Condvar,
    largest: usize,
    dropped: AtomicU64,
    lost: AtomicU64,
}

/// Whole lines, one after the other.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a line, which ends with a line end, or drops it.
    fn push(&self, line: &[u8]) {
        let mut lines = self.lock();
        let before = lines.bytes.len();
        if lines.is_closed || before + line.len() > self.largest {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        lines.bytes.extend_from_slice(line);
        let after = lines.bytes.len();
        lines.ends.push(after);
        drop(lines);
        let half = self.largest / 2;
        if before == 0 || (before < half && after >= half) {
            self.changed.notify_one();
        }
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Waits for lines, and a little longer for more of them, so that a busy log wakes the thread a
    /// few times a second instead of once a line. Swaps them with `taken`; false when it is closed and
    /// empty.
    fn take(&self, taken: &mut Lines) -> bool {
        taken.bytes.clear();
        taken.ends.clear();
        let lines = self.lock();
        let lines = self.changed.wait_while(lines, |lines| lines.ends.is_empty() && !lines.is_closed);
        let lines = lines.unwrap_or_else(PoisonError::into_inner);
        let gathers = |lines: &mut Lines| !lines.is_closed && lines.bytes.len() < self.largest / 2;
        let waited = self.changed.wait_timeout_while(lines, GATHERING, gathers);
        let (mut lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut lines.bytes, &mut taken.bytes);
        std::mem::swap(&mut lines.ends, &mut taken.ends);
        !taken.ends.is_empty()
    }
}

/// The thread: writes what comes until it is closed.
fn write_all(queue: &Queue, rotated: &mut Rotated, mut warn: impl FnMut(&FileError)) {
    let mut lines = Lines::default();
    let mut is_failing = false;
    while queue.take(&mut lines) {
        let (written, outcome) = rotated.write(&lines);
        queue.lost.fetch_add((lines.ends.len() - written) as u64, Ordering::Relaxed);
        if let Err(error) = &outcome
            && !is_failing
        {
            warn(error);
        }
        is_failing = outcome.is_err();
    }
}

/// The file and its predecessors.
#[derive(Debug)]
struct Rotated {
    settings: LogFileSettings,
    /// What is open, and its size.
    file: Option<(File, u64)>,
}

impl Rotated {
    /// Writes lines; gives how many of them, and why not all.
    fn write(&mut self, lines: &Lines) -> (usize, Result<(), FileError>) {
        let mut written = 0;
        while written < lines.ends.len() {
            match self.write_some(lines, written) {
                Ok(count) => written += count,
                Err(error) => return (written, Err(error)),
            }
        }
        (written, Ok(()))
    }

    /// Writes as many lines as the file has room for, at least one; gives how many.
    fn write_some(&mut self, lines: &Lines, first: usize) -> Result<usize, FileError> {
        let start = first.checked_sub(1).map_or(0, |before| lines.ends[before]);
        let size = self.ensure_open()?;
        let room = self.settings.largest.saturating_sub(size);
        let fit = lines.ends[first..].partition_point(|end| (end - start) as u64 <= room);
        if fit == 0 && size > 0 {
            self.rotate()?;
            return Ok(0);
        }
        let count = fit.max(1);
        self.append(&lines.bytes[start..lines.ends[first + count - 1]])?;
        Ok(count)
    }

    /// Writes bytes at the end of the file, all of them or none.
    fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let Some((file, size)) = &mut self.file else { return Ok(()) };
        if let Err(error) = file.write_all(bytes) {
            // A part of a line may be there; a full disk gives room back all the same.
            let _ = file.set_len(*size);
            self.file = None;
            return Err(FileError::at("write", &self.settings.path())(error));
        }
        *size += bytes.len() as u64;
        Ok(())
    }

    /// Opens the file unless it is open, and is still the one by that name; gives its size.
    fn ensure_open(&mut self) -> Result<u64, FileError> {
        let path = self.settings.path();
        if let Some((file, size)) = &mut self.file
            && let Some(found) = size_if_same(file, &path)
        {
            // Others may have emptied it.
            *size = found;
            return Ok(found);
        }
        fsx::create_dir_all(&self.settings.folder)?;
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(FileError::at("open", &path))?;
        let size = file.metadata().map_err(FileError::at("read", &path))?.len();
        self.file = Some((file, size));
        Ok(size)
    }

    /// Moves every file one number up and begins a new one.
    fn rotate(&mut self) -> Result<(), FileError> {
        self.file = None;
        let settings = &self.settings;
        let current = settings.path();
        if settings.kept == 0 {
            return allow_missing(fs::remove_file(&current)).map_err(FileError::at("remove", &current));
        }
        for number in (1..settings.kept).rev() {
            let path = settings.path_of(number);
            let moved = fs::rename(&path, settings.path_of(number + 1));
            allow_missing(moved).map_err(FileError::at("rename", &path))?;
        }
        allow_missing(fs::rename(&current, settings.path_of(1))).map_err(FileError::at("rename", &current))
    }
}

/// The size of an open file; none where its name is gone or another file's.
#[cfg(unix)]
fn size_if_same(file: &File, path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    let (open, named) = (file.metadata().ok()?, fs::metadata(path).ok()?);
    (open.dev() == named.dev() && open.ino() == named.ino()).then_some(open.len())
}

/// The size of an open file; none where its name is gone.
#[cfg(not(unix))]
fn size_if_same(file: &File, path: &Path) -> Option<u64> {
    path.exists().then(|| file.metadata().ok().map(|metadata| metadata.len())).flatten()
}

/// What is not there need not be moved.
fn allow_missing(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// What `tracing` writes lines to; it never waits for the disk.
#[derive(Clone, Debug)]
pub struct LogWriter {
    queue: Arc<Queue>,
}

impl MakeWriter<'_> for LogWriter {
    type Writer = LogLine;

    fn make_writer(&self) -> LogLine {
        LogLine { queue: Arc::clone(&self.queue), bytes: Vec::new() }
    }
}

/// One line, handed on as a whole when it is dropped.
#[derive(Debug)]
pub struct LogLine {
    queue: Arc<Queue>,
    bytes: Vec<u8>,
}

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        match self.bytes.last() {
            None => return,
            Some(b'\n') => {}
            Some(_) => self.bytes.push(b'\n'),
        }
        self.queue.push(&self.bytes);
    }
}

#[cfg(test)]
mod tests;
