//! The process that goes on when we are killed.
//!
//! A program writes to pipes that we read. When whoever reads a pipe dies, the program dies of its next
//! line, and what was in the pipe is gone. So there is a second process, which holds the pipes as well and
//! does nothing: `uaic` starts itself again as a small guard, which waits for us. When we are gone, it
//! relays the program's output to where it goes until its end, spools it, and writes what was not recorded
//! to a file.
//!
//! Being in our process group it is also a witness of signals: one that reaches the guard, too, was sent to
//! the whole group, and so to the program as well.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::recovery;
use crate::signals;
use crate::stream::{Marks, Spool, Stream, Target, relay};

/// The first argument of a guard: a verb that is not for users.
pub const GUARD: &str = "guard-program";

/// The record is complete.
const DONE: u8 = b'D';
/// The program has ended, but others still write to its pipes.
const TAKE_OVER: u8 = b'T';

/// A guard that waits.
#[derive(Debug)]
pub(crate) struct Guard {
    leash: PipeWriter,
    child: Child,
}

/// What a guard needs.
pub(crate) struct Watched<'a> {
    /// The program `uaic`.
    pub(crate) uaic: &'a Path,
    /// Where what is to be recovered lies; `None` where nothing can be.
    pub(crate) folder: Option<&'a Path>,
    pub(crate) streams: &'a [Arc<Stream>],
    pub(crate) marks: &'a Marks,
    /// Where the guard tells which signals it has got.
    pub(crate) witness: &'a PipeWriter,
}

impl Guard {
    /// Starts one. It finds the pipes by the numbers that they have here.
    pub(crate) fn start(watched: &Watched<'_>) -> io::Result<Self> {
        let (end, leash) = io::pipe()?;
        let mut command = Command::new(watched.uaic);
        command.arg0("uaic-guard").arg(GUARD).arg(std::process::id().to_string());
        command.arg(watched.folder.map_or(OsStr::new(""), Path::as_os_str));
        command.arg(watched.marks.file().as_raw_fd().to_string());
        command.arg(watched.witness.as_raw_fd().to_string());
        for stream in watched.streams {
            let pipe = stream.pipe().map_or(-1, |pipe| pipe.as_raw_fd());
            let spool = stream.spool.file().as_raw_fd();
            command.arg(format!("{}:{}:{pipe}:{spool}", stream.name, stream.target.name()));
        }
        let child = command.stdin(Stdio::from(end)).spawn()?;
        Ok(Self { leash, child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// That nobody wants to see a stream any more.
    pub(crate) fn close(&self, stream: usize) {
        let _ = (&self.leash).write_all(&[b'0' + stream as u8]);
    }

    /// That all is recorded. Where a stream has not ended, the guard goes on with it.
    pub(crate) fn release(self, has_ended: bool) {
        let _ = (&self.leash).write_all(&[if has_ended { DONE } else { TAKE_OVER }]);
    }
}

/// Guards a program, when that is what this process was started for; else `None`. To be called first of
/// all with the arguments of `main`, the program's name included: what follows is not for a parser of
/// options.
pub fn guard_if_asked(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if arguments.nth(1)?.as_os_str() != OsStr::new(GUARD) {
        return None;
    }
    let Some(task) = Task::read(&mut arguments) else { return Some(ExitCode::from(2)) };
    // Nobody is there to be told.
    let _ = task.execute();
    Some(ExitCode::SUCCESS)
}

struct Task {
    parent: u32,
    folder: Option<PathBuf>,
    marks: i32,
    witness: i32,
    streams: Vec<(String, Target, i32, i32)>,
}

impl Task {
    fn read(arguments: &mut impl Iterator<Item = OsString>) -> Option<Self> {
        let parent = arguments.next()?.to_str()?.parse().ok()?;
        let folder = Some(PathBuf::from(arguments.next()?)).filter(|folder| !folder.as_os_str().is_empty());
        let mut number = || arguments.next()?.to_str()?.parse().ok();
        let (marks, witness) = (number()?, number()?);
        let stream = |text: OsString| {
            let text = text.into_string().ok()?;
            let mut parts = text.split(':');
            let (name, target) = (parts.next()?.to_owned(), Target::from_name(parts.next()?)?);
            Some((name, target, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
        };
        let streams = arguments.map(stream).collect::<Option<Vec<_>>>()?;
        Some(Self { parent, folder, marks, witness, streams })
    }

    fn execute(self) -> io::Result<()> {
        let witness: PipeWriter = OwnedFd::from(self.open(self.witness, false)?).into();
        let marks = Marks::new(self.open(self.marks, true)?);
        let mut streams = vec![];
        for (name, target, pipe, spool) in &self.streams {
            let pipe: PipeReader = OwnedFd::from(self.open_to_read(*pipe)?).into();
            let spool = Spool::over(self.open(*spool, true)?, 0);
            streams.push(Arc::new(Stream::new(name, *target, pipe, spool)));
        }
        // From here on nothing is lost when the parent is killed.
        signals::tell(witness)?;
        let word = listen(&streams);
        if word == Some(DONE) {
            return Ok(());
        }
        for (at, stream) in streams.iter().enumerate() {
            stream.spool.set_shown(marks.get(at).min(stream.spool.length()));
        }
        std::thread::scope(|scope| {
            for stream in &streams {
                scope.spawn(|| relay(stream, |_| (), || ()));
            }
        });
        if let (None, Some(folder)) = (word, &self.folder) {
            recovery::recover(folder, &streams);
        }
        Ok(())
    }

    /// A file that the parent has open.
    fn open(&self, descriptor: i32, is_read: bool) -> io::Result<File> {
        let path = format!("/proc/{}/fd/{descriptor}", self.parent);
        File::options().read(is_read).write(true).open(path)
    }

    /// A pipe that the parent reads.
    fn open_to_read(&self, descriptor: i32) -> io::Result<File> {
        let path = format!("/proc/{}/fd/{descriptor}", self.parent);
        // Without waiting for somebody who writes; who may have ended. Reading waits, though.
        let flags = OFlags::NONBLOCK.bits() as i32;
        let file = File::options().read(true).custom_flags(flags).open(path)?;
        rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
        Ok(file)
    }
}

/// Listens to the parent until its last word; `None` when it is gone without one.
fn listen(streams: &[Arc<Stream>]) -> Option<u8> {
    let mut word = [0];
    loop {
        match io::stdin().read(&mut word) {
            Ok(0) => return None,
            Ok(_) if word[0] == DONE || word[0] == TAKE_OVER => return Some(word[0]),
            Ok(_) => {
                if let Some(stream) = streams.get(usize::from(word[0].wrapping_sub(b'0'))) {
                    stream.close();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
