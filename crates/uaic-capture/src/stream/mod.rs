//! What a program writes, on its way: from a pipe into a spool, and from there to where it would have
//! gone without us.
//!
//! The spool comes first. On Linux the bytes go from the pipe to the spool within the kernel, so that no
//! kill can come between; and whoever else holds the pipe ([`crate::guard`]) goes on where we stopped.

mod cooked;
mod log;
mod relay;
mod spool;

use std::fs::File;
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use cooked::{Cooked, Piece};
pub(crate) use log::Log;
pub(crate) use relay::relay;
pub(crate) use spool::{Spool, create};

/// Where a stream goes in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Stdout,
    Stderr,
}

impl Target {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Stdout, Self::Stderr].into_iter().find(|target| target.name() == name)
    }

    /// The file itself, past all buffers of this process.
    pub(crate) fn open(self) -> io::Result<File> {
        let descriptor: OwnedFd = match self {
            Self::Stdout => io::stdout().as_fd().try_clone_to_owned()?,
            Self::Stderr => io::stderr().as_fd().try_clone_to_owned()?,
        };
        Ok(descriptor.into())
    }
}

/// Whether both go to the same place, such as a terminal: then one pipe keeps the order of what is
/// written to them.
pub(crate) fn are_one() -> bool {
    let place = |target: Target| {
        let metadata = target.open()?.metadata()?;
        io::Result::Ok((metadata.dev(), metadata.ino(), metadata.rdev()))
    };
    matches!((place(Target::Stdout), place(Target::Stderr)), (Ok(out), Ok(err)) if out == err)
}

/// A stream of a program that runs.
#[derive(Debug)]
pub(crate) struct Stream {
    /// What its log is called.
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) spool: Spool,
    /// `None` once nobody wants to see it any more.
    pipe: Mutex<Option<Arc<PipeReader>>>,
    has_ended: AtomicBool,
}

impl Stream {
    pub(crate) fn new(name: &str, target: Target, pipe: PipeReader, spool: Spool) -> Self {
        let pipe = Mutex::new(Some(Arc::new(pipe)));
        Self { name: name.to_owned(), target, spool, pipe, has_ended: AtomicBool::new(false) }
    }

    pub(crate) fn pipe(&self) -> Option<Arc<PipeReader>> {
        self.pipe.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of the pipe: who writes to it next gets SIGPIPE, as when nobody stands between.
    pub(crate) fn close(&self) {
        self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Whether all that was written so far is spooled and shown.
    pub(crate) fn is_drained(&self) -> bool {
        let Some(pipe) = self.pipe() else { return true };
        // The pipe first: what has left it is in the spool.
        let waiting = rustix::io::ioctl_fionread(&*pipe).unwrap_or(0);
        waiting == 0 && (self.spool.has_failed() || self.spool.shown() >= self.spool.length())
    }
}

/// Tells others how much of each stream was shown, wherever this process ends.
#[derive(Debug)]
pub(crate) struct Marks {
    file: File,
}

impl Marks {
    pub(crate) fn new(file: File) -> Self {
        Self { file }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn set(&self, stream: usize, shown: u64) {
        // Where it fails, some output may be shown twice after a kill.
        let _ = self.file.write_all_at(&shown.to_le_bytes(), stream as u64 * 8);
    }

    pub(crate) fn get(&self, stream: usize) -> u64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, stream as u64 * 8).map_or(0, |()| u64::from_le_bytes(bytes))
    }
}
