//! A file that holds what a program writes until it is read and recorded.

use std::fs::File;
use std::io::{self, PipeReader};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is taken from a pipe at a time, at most.
const AT_A_TIME: usize = 1 << 20;

/// The beginning of a spool is given back to the disk when so much of it is done with.
const GIVEN_BACK: u64 = 16 << 20;

/// The end of it grows, the beginning is given back.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    /// Bytes that were shown.
    shown: AtomicU64,
    /// Bytes at the beginning that are gone.
    forgotten: AtomicU64,
    /// Why nothing more goes into it.
    trouble: OnceLock<String>,
}

impl Spool {
    /// A spool in a file of a folder, or in memory where there is none.
    pub(crate) fn create(path: Option<&Path>) -> io::Result<Self> {
        Ok(Self::over(create(path)?, 0))
    }

    /// A spool that another process has begun.
    pub(crate) fn over(file: File, shown: u64) -> Self {
        let (shown, forgotten) = (AtomicU64::new(shown), AtomicU64::new(0));
        Self { file, shown, forgotten, trouble: OnceLock::new() }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Bytes that were ever put into it.
    pub(crate) fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    pub(crate) fn shown(&self) -> u64 {
        self.shown.load(Ordering::Acquire)
    }

    pub(crate) fn set_shown(&self, shown: u64) {
        self.shown.store(shown, Ordering::Release);
    }

    /// Notes why nothing more goes into it.
    pub(crate) fn give_up(&self, why: &io::Error) {
        let _ = self.trouble.set(why.to_string());
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.trouble.get().is_some()
    }

    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.get().map(String::as_str)
    }

    /// Reads from a place on.
    pub(crate) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        self.file.read_at(buffer, at)
    }

    /// Waits for bytes in a pipe and takes them; none at its end. `written` is the spool's length.
    #[cfg(target_os = "linux")]
    pub(crate) fn take(&self, pipe: &PipeReader, written: &mut u64) -> io::Result<usize> {
        use rustix::pipe::{SpliceFlags, splice};
        // Moved within the kernel: a byte is in the pipe or in the file, whoever dies.
        Ok(splice(pipe, None, &self.file, Some(written), AT_A_TIME, SpliceFlags::MOVE)?)
    }

    /// Waits for bytes in a pipe and takes them; none at its end. `written` is the spool's length.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn take(&self, pipe: &PipeReader, written: &mut u64) -> io::Result<usize> {
        let mut chunk = vec![0; AT_A_TIME.min(1 << 16)];
        let read = io::Read::read(&mut &*pipe, &mut chunk)?;
        self.file.write_all_at(&chunk[..read], *written)?;
        *written += read as u64;
        Ok(read)
    }

    /// Gives back what is done with before a place, now and then; says whether it did.
    pub(crate) fn forget_before(&self, place: u64) -> bool {
        let done = place.min(self.shown());
        let forgotten = self.forgotten.load(Ordering::Relaxed);
        if done < forgotten + GIVEN_BACK {
            return false;
        }
        let done = done - done % 4096;
        self.forgotten.store(done, Ordering::Relaxed);
        give_back(&self.file, forgotten, done - forgotten)
    }
}

/// Makes a part of a file a hole; some file systems have none.
#[cfg(target_os = "linux")]
fn give_back(file: &File, from: u64, length: u64) -> bool {
    use rustix::fs::{FallocateFlags, fallocate};
    fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, from, length).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn give_back(_file: &File, _from: u64, _length: u64) -> bool {
    false
}

/// A new file, or one in memory.
pub(crate) fn create(path: Option<&Path>) -> io::Result<File> {
    match path {
        Some(path) => File::options().read(true).write(true).create(true).truncate(true).open(path),
        None => in_memory(),
    }
}

#[cfg(target_os = "linux")]
fn in_memory() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(memfd_create("uaic", MemfdFlags::CLOEXEC)?.into())
}

#[cfg(not(target_os = "linux"))]
fn in_memory() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn bytes_go_through_in_order_and_the_beginning_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        for path in [Some(path.as_path()), None] {
            let spool = Spool::create(path).unwrap();
            let (pipe, mut end) = std::io::pipe().unwrap();
            let writer = std::thread::spawn(move || {
                for i in 0..3_000_000_u32 {
                    end.write_all(&i.to_le_bytes()[..]).unwrap();
                    if i % 1000 != 0 {
                        continue;
                    }
                    end.write_all(&[0; 4096]).unwrap();
                }
            });
            let mut written = 0;
            while spool.take(&pipe, &mut written).unwrap() > 0 {}
            writer.join().unwrap();
            assert_eq!(spool.length(), written);
            assert_eq!(written, 3_000_000 * 4 + 3000 * 4096);
            let mut last = [0; 4];
            assert_eq!(spool.read_at(&mut last, written - 4).unwrap(), 4);
            assert_eq!(u32::from_le_bytes(last), 2_999_999);
            assert!(!spool.forget_before(written), "nothing was shown");
            spool.set_shown(written);
            assert!(spool.forget_before(written));
            assert_eq!(spool.length(), written);
            assert_eq!(spool.read_at(&mut last, 4100).unwrap(), 4);
            assert_eq!(last, [0; 4]);
        }
    }
}
