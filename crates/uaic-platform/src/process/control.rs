//! Signals to groups of processes, and priorities of threads.

use std::process::Child;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};

/// Lets other threads of the system go before the calling one: for work that nobody waits for. Where
/// threads have no priority of their own, it does nothing.
pub fn work_in_the_background() {
    // Only Linux takes the calling thread alone for process 0. Refused, the thread works as others do.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, BACKGROUND);
}

/// The niceness of threads in the background: a third of the share of others, not nothing.
#[cfg(target_os = "linux")]
const BACKGROUND: i32 = 5;

/// A group of processes that a child of this one leads: the child and all that it starts, unless
/// they leave.
#[derive(Clone, Copy, Debug)]
pub struct ProcessGroup {
    leader: Pid,
}

impl ProcessGroup {
    /// The group of a child that was started with `process_group(0)`.
    pub fn led_by(child: &Child) -> Self {
        Self { leader: Pid::from_child(child) }
    }

    /// The group with an id, which is its leader's process id.
    pub fn with_id(id: i32) -> Option<Self> {
        Pid::from_raw(id.max(0)).map(|leader| Self { leader })
    }

    /// Asks all its processes to end (SIGTERM). Nothing happens when there are none.
    pub fn terminate(self) {
        // It fails when nobody is left, which is what was wanted.
        let _ = kill_process_group(self.leader, Signal::TERM);
    }

    /// Ends all its processes (SIGKILL). Nothing happens when there are none.
    pub fn kill(self) {
        let _ = kill_process_group(self.leader, Signal::KILL);
    }

    /// Whether it has any process, ended ones that nobody has waited for included.
    pub fn exists(self) -> bool {
        test_kill_process_group(self.leader) != Err(rustix::io::Errno::SRCH)
    }

    /// Waits until its leader, a child of this process, has ended, and leaves its status to be
    /// fetched: until then its id belongs to nobody else.
    pub fn wait_for_leader(self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(self.leader), options), Err(rustix::io::Errno::INTR)) {}
    }
}
