//! Leading a program, and all that it starts, to an end.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::platform::ProcessGroup;

/// How often to look whether what a program left behind has ended.
const GLANCE: Duration = Duration::from_millis(10);

/// What the leader of a group is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The program itself has ended.
    Ended,
    /// The program should end.
    Stop,
}

/// Starts a program as the first of a group of its own, which Ctrl-C in a terminal does not reach.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    command.process_group(0).spawn()
}

/// Waits until a program has ended, or ends it: after [`Word::Stop`] its whole group gets SIGTERM,
/// and SIGKILL once `grace` has passed. What it leaves behind in its group is ended in the same way.
pub(super) fn lead(
    mut child: Child,
    grace: Duration,
    tell: Sender<Word>,
    words: &Receiver<Word>,
) -> io::Result<ExitStatus> {
    let group = ProcessGroup::led_by(&child);
    std::thread::spawn(move || {
        group.wait_for_leader();
        // Nobody listens any more only when the program was waited for anyway.
        let _ = tell.send(Word::Ended);
    });
    let stopped = words.recv() == Ok(Word::Stop);
    let deadline = Instant::now() + grace;
    if stopped {
        group.terminate();
        if !ends_before(deadline, words) {
            group.kill();
        }
    }
    // From here on the id of the group is its own only as long as it has members.
    let status = child.wait()?;
    if !stopped && group.exists() {
        group.terminate();
    }
    clear(group, deadline);
    Ok(status)
}

fn ends_before(deadline: Instant, words: &Receiver<Word>) -> bool {
    loop {
        match words.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Word::Ended) => return true,
            Ok(Word::Stop) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// Waits for a group that was asked to end.
fn clear(group: ProcessGroup, deadline: Instant) {
    while group.exists() {
        if Instant::now() >= deadline {
            return group.kill();
        }
        std::thread::sleep(GLANCE);
    }
}
