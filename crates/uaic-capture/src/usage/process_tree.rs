//! What a program and all that it started use of the machine, as `/proc` tells it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

/// What is used, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Used {
    /// Processor time in the system's ticks, of ended processes included.
    pub(super) ticks: u64,
    /// Resident memory in bytes; shared pages count for each.
    pub(super) memory: u64,
    /// Bytes read from and written to disks.
    pub(super) read: u64,
    pub(super) written: u64,
    pub(super) processes: usize,
}

/// The processes below one, and those that were below it when their parent ended: these are ours then.
#[derive(Debug)]
pub(super) struct ProcessTree {
    root: i32,
    /// This process, which orphans become children of.
    own: i32,
    /// Children of this process that are not the program's: they were there before anything of it was
    /// orphaned, or have our own program.
    strangers: HashSet<i32>,
    /// Bytes read and written by each process that was ever seen.
    traffic: HashMap<i32, (u64, u64)>,
    page: u64,
}

/// Of one process.
struct Stat {
    parent: i32,
    is_zombie: bool,
    ticks: u64,
    pages: u64,
}

impl ProcessTree {
    pub(super) fn new(root: u32, strangers: HashSet<i32>) -> Self {
        let own = std::process::id() as i32;
        let page = rustix::param::page_size() as u64;
        Self { root: root as i32, own, strangers, traffic: HashMap::new(), page }
    }

    /// What is used now; `None` where the system does not tell.
    pub(super) fn look(&mut self) -> Option<Used> {
        let stats = all()?;
        let members = self.members(&stats);
        let mut used = Used { processes: members.len(), ..Used::default() };
        for pid in &members {
            let Some(stat) = stats.get(pid) else { continue };
            used.ticks += stat.ticks;
            used.memory += stat.pages * self.page;
            if let Some(traffic) = traffic(*pid) {
                self.traffic.insert(*pid, traffic);
            }
            let is_left = stat.is_zombie && stat.parent == self.own && *pid != self.root;
            if is_left {
                bury(*pid);
            }
        }
        used.read = self.traffic.values().map(|(read, _)| read).sum();
        used.written = self.traffic.values().map(|(_, written)| written).sum();
        Some(used)
    }

    fn members(&self, stats: &HashMap<i32, Stat>) -> Vec<i32> {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for (pid, stat) in stats {
            children.entry(stat.parent).or_default().push(*pid);
        }
        let orphans = children.get(&self.own).into_iter().flatten().copied();
        let mut open: Vec<i32> =
            orphans.filter(|pid| !self.strangers.contains(pid) && *pid != self.root).collect();
        open.retain(|pid| self.is_of_program(*pid));
        open.push(self.root);
        let mut members = vec![];
        while let Some(pid) = open.pop() {
            if stats.contains_key(&pid) {
                members.push(pid);
                open.extend(children.get(&pid).into_iter().flatten());
            }
        }
        members
    }

    /// Whether a child of this process came from the program: not what this process has started itself.
    fn is_of_program(&self, pid: i32) -> bool {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        self.traffic.contains_key(&pid) || name.trim() != "git"
    }
}

/// Takes note of the end of a process that nobody else waits for.
fn bury(pid: i32) {
    use rustix::process::{Pid, WaitOptions, waitpid};
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    }
}

/// All processes.
fn all() -> Option<HashMap<i32, Stat>> {
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let stats: HashMap<i32, Stat> = pids.filter_map(|pid| Some((pid, stat(pid)?))).collect();
    (!stats.is_empty()).then_some(stats)
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name is in parentheses and may itself contain blanks and parentheses.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<i64>().ok();
    // utime, stime, and those of children that were waited for.
    let ticks = (11..15).map(|at| number(at).unwrap_or(0).max(0) as u64).sum();
    Some(Stat {
        parent: number(1)? as i32,
        is_zombie: *fields.first()? == "Z",
        ticks,
        pages: number(21).unwrap_or(0).max(0) as u64,
    })
}

/// Bytes that a process has read from and written to disks.
fn traffic(pid: i32) -> Option<(u64, u64)> {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("io")).ok()?;
    let number = |name: &str| text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok();
    Some((number("read_bytes:")?, number("write_bytes:")?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn children_and_their_children_are_counted() {
        let script = "sh -c 'sh -c \"while :; do :; done\" & wait' & sleep 100";
        let mut child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        let mut tree = ProcessTree::new(child.id(), HashSet::new());
        let deadline = Instant::now() + Duration::from_secs(20);
        let used = loop {
            let used = tree.look().unwrap();
            if (used.processes >= 4 && used.ticks > 0) || Instant::now() > deadline {
                break used;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let members = tree.members(&all().unwrap());
        for pid in members {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
        child.wait().unwrap();
        assert!(used.processes >= 4 && used.ticks > 0 && used.memory > 100_000, "{used:?}");
    }
}
