//! A program that runs, with or without a supervisor.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::group::{self, Word};
use super::supervisor::{self, Ending};

/// What to start, and how.
pub(super) struct Launch<'a> {
    /// The program and its arguments; at least the former.
    pub(super) arguments: &'a [String],
    /// Its whole environment.
    pub(super) environment: &'a BTreeMap<OsString, OsString>,
    /// Where it runs.
    pub(super) cwd: &'a Path,
    /// Where a supervisor leaves its notes.
    pub(super) folder: &'a Path,
    /// The time from SIGTERM to SIGKILL.
    pub(super) grace: Duration,
    /// A program that is `uaic`.
    pub(super) supervisor: Option<&'a Path>,
}

/// A program that runs. Dropping it ends it, and waits for that.
pub(super) struct Process {
    leash: Option<Leash>,
    leader: Option<JoinHandle<()>>,
}

/// What is let go of to end a program.
enum Leash {
    /// Who leads its group is a thread of ours.
    Words(Sender<Word>),
    /// Who leads its group is a supervisor; it listens to this pipe. It is held, never used.
    Pipe { _pipe: Option<ChildStdin> },
}

/// What a program writes.
pub(super) struct Streams {
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
}

/// Starts a program; `on_end` is told how it ended, once nothing of it is left.
pub(super) fn start(
    launch: &Launch<'_>,
    on_end: impl FnOnce(Ending) + Send + 'static,
) -> io::Result<(Process, Streams)> {
    match launch.supervisor {
        Some(supervisor) => start_supervised(launch, supervisor, on_end),
        None => start_alone(launch, on_end),
    }
}

fn start_alone(
    launch: &Launch<'_>,
    on_end: impl FnOnce(Ending) + Send + 'static,
) -> io::Result<(Process, Streams)> {
    let (program, arguments) = launch.arguments.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let mut child = group::spawn(launch.prepare(&mut command))?;
    let streams = Streams { stdout: child.stdout.take(), stderr: child.stderr.take() };
    let (tell, words) = mpsc::channel();
    let leash = Leash::Words(tell.clone());
    let grace = launch.grace;
    let leader = std::thread::spawn(move || on_end(Ending::of(group::lead(child, grace, tell, &words))));
    Ok((Process { leash: Some(leash), leader: Some(leader) }, streams))
}

fn start_supervised(
    launch: &Launch<'_>,
    supervisor: &Path,
    on_end: impl FnOnce(Ending) + Send + 'static,
) -> io::Result<(Process, Streams)> {
    let mut command = supervisor::command(supervisor, launch.folder, launch.grace, launch.arguments);
    command.arg0("uaic").stdin(Stdio::piped());
    let mut child = group::spawn(launch.prepare(&mut command))?;
    let streams = Streams { stdout: child.stdout.take(), stderr: child.stderr.take() };
    let leash = Leash::Pipe { _pipe: child.stdin.take() };
    let folder = launch.folder.to_owned();
    let leader = std::thread::spawn(move || {
        let waited = child.wait();
        on_end(if waited.is_ok() { supervisor::ending(&folder) } else { Ending::of(waited) });
    });
    Ok((Process { leash: Some(leash), leader: Some(leader) }, streams))
}

impl Launch<'_> {
    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env_clear().envs(self.environment).current_dir(self.cwd);
        command.stdout(Stdio::piped()).stderr(Stdio::piped())
    }
}

impl Process {
    /// Asks the program to end: SIGTERM to its group now, SIGKILL after the time of grace.
    pub(super) fn stop(&mut self) {
        if let Some(Leash::Words(tell)) = self.leash.take() {
            // Nobody listens when the program has ended.
            let _ = tell.send(Word::Stop);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        if let Some(leader) = self.leader.take() {
            // It panics only where `on_end` does, which has its own witnesses.
            let _ = leader.join();
        }
    }
}
