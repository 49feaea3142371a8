//! Who has changed what: a line of JSON for each request that may change something, in `audit.jsonl` beside
//! the store, and for each login that failed.
//!
//! Lines are written by a thread of their own. What cannot be written is counted and told, and changes
//! nothing for the request: a full disk must not stop those who record.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use serde::Serialize;

/// The name of the file; full ones have `.1`, the newest, to `.9` behind it.
pub const FILE: &str = "audit.jsonl";
/// Bytes of a file.
const LARGEST: u64 = 50_000_000;
/// Full files that are kept.
const KEPT: u32 = 9;
/// Lines that wait for the disk.
const WAITING: usize = 10_000;

/// A line.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    /// When, UTC.
    pub(super) time: String,
    /// Who, where there are users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<&'a str>,
    /// With which token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<&'a str>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    /// How.
    pub(super) method: &'a str,
    /// What, as the router has it.
    pub(super) route: &'a str,
    /// What, as it was asked for.
    pub(super) path: &'a str,
    /// Of which thing, as the route knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<&'a str>,
    /// With which status it was answered.
    pub(super) status: u16,
    /// With which status of gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grpc_status: Option<&'a str>,
}

/// The thing that a request was about, such as `run_id=…`: a handler may put it among the extensions of its
/// answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(pub String);

/// The log, and the thread that writes it. When it is dropped, all is written.
#[derive(Debug)]
pub(super) struct Audit {
    lines: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    lost: Arc<AtomicU64>,
}

impl Audit {
    /// Opens the log in a folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        Self::with(folder, LARGEST)
    }

    fn with(folder: &Path, largest: u64) -> io::Result<Self> {
        let log = Log::open(folder.join(FILE), largest)?;
        let (lines, inbox) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let thread =
            thread::Builder::new().name("audit".to_owned()).spawn(move || write(log, &inbox, &counted))?;
        Ok(Self { lines: Some(lines), thread: Some(thread), lost })
    }

    /// Adds a line.
    pub(super) fn note(&self, entry: &Entry<'_>) {
        let Ok(mut line) = serde_json::to_vec(entry) else { return };
        line.push(b'\n');
        let is_taken = self.lines.as_ref().is_some_and(|lines| lines.try_send(line).is_ok());
        if !is_taken {
            tell_lost(&self.lost, "the disk is slower than those who change something");
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        // Without a sender the thread ends behind the last line.
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Tells the first loss, and then each time that there are twice as many.
fn tell_lost(lost: &AtomicU64, why: &str) {
    let count = lost.fetch_add(1, Ordering::Relaxed) + 1;
    if count.is_power_of_two() {
        tracing::error!(target: "uaic::server", "{count} lines of the audit log are lost: {why}");
    }
}

fn write(mut log: Log, inbox: &Receiver<Vec<u8>>, lost: &AtomicU64) {
    while let Ok(line) = inbox.recv() {
        let done = log.add(&line).and_then(|()| {
            while let Ok(line) = inbox.try_recv() {
                log.add(&line)?;
            }
            log.file.flush()
        });
        if let Err(error) = done {
            tell_lost(lost, &error.to_string());
            // A file that was removed, or a disk that was full.
            if let Ok(again) = Log::open(log.path.clone(), log.largest) {
                log = again;
            }
        }
    }
}

/// A file that is written, and those before it.
struct Log {
    path: PathBuf,
    file: BufWriter<File>,
    size: u64,
    largest: u64,
}

impl Log {
    fn open(path: PathBuf, largest: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file: BufWriter::new(file), size, largest })
    }

    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        if self.size > 0 && self.size + line.len() as u64 > self.largest {
            self.file.flush()?;
            self.rotate()?;
        }
        self.size += line.len() as u64;
        self.file.write_all(line)
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..KEPT).rev() {
            match fs::rename(self.full(number), self.full(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, self.full(1))?;
        *self = Self::open(self.path.clone(), self.largest)?;
        Ok(())
    }

    fn full(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> Entry<'_> {
        Entry {
            time: "2026-11-30T00:00:00Z".to_owned(),
            user: Some("ada"),
            token: None,
            from: None,
            method: "POST",
            route: "/r",
            path,
            subject: None,
            status: 200,
            grpc_status: None,
        }
    }

    #[test]
    fn lines_are_whole_and_files_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::with(folder.path(), 1000).unwrap();
        for number in 0..200 {
            // What a client writes cannot end a line.
            audit.note(&entry(&format!("/a\n{number}")));
        }
        drop(audit);
        let mut files = 0;
        for file in fs::read_dir(folder.path()).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(text.len() <= 1000, "{}", text.len());
            for line in text.lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(line["user"], "ada");
            }
            files += 1;
        }
        assert_eq!(files, 10);
        assert!(fs::read_to_string(folder.path().join(FILE)).unwrap().contains("199"));
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Audit::open(&folder.path().join("absent")).is_err());
        let (lines, inbox) = sync_channel(1);
        let audit = Audit { lines: Some(lines), thread: None, lost: Arc::default() };
        for _ in 0..5 {
            audit.note(&entry("/a"));
        }
        assert_eq!(audit.lost.load(Ordering::Relaxed), 4);
        drop(inbox);
    }
}
