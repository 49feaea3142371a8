//! The one place that knows the operating system: process identity and liveness, groups of
//! processes, host and processor names, file modes, and the thread setting of the matrix kernels.
//!
//! Linux and macOS are supported. What a system cannot tell is `None`, never a guess.

#[cfg(feature = "control")]
mod control;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

#[cfg(feature = "control")]
pub use control::{ProcessGroup, work_in_the_background};

/// Identifies one process for ever: a process id alone is reused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// Host name.
    pub host: String,
    /// Changes with every start of the machine; empty where unknown.
    pub boot_id: String,
    /// The process-id namespace (`pid:[4026531836]`): containers count their processes apart, even
    /// under one host name. Empty where there is none.
    #[serde(default)]
    pub namespace: String,
    /// Process id.
    pub pid: u32,
    /// When the process started, in the system's own units; empty where unknown.
    pub started: String,
}

impl ProcessIdentity {
    /// This process.
    pub fn current() -> Self {
        let pid = std::process::id();
        Self {
            host: host_name(),
            boot_id: boot_id(),
            namespace: namespace(),
            pid,
            started: process_start(pid).unwrap_or_default(),
        }
    }

    /// Whoever was asked to evaluate a trial and will tell the result: no process, and never dead.
    pub fn outside() -> Self {
        Self {
            host: OUTSIDE.to_owned(),
            boot_id: String::new(),
            namespace: String::new(),
            pid: 0,
            started: String::new(),
        }
    }

    /// Whether this is [`ProcessIdentity::outside`].
    pub fn is_outside(&self) -> bool {
        self.pid == 0 && self.host == OUTSIDE
    }

    /// Whether the process runs now; `None` when it belongs to another host or container, of which
    /// nothing can be said from here.
    pub fn is_alive(&self) -> Option<bool> {
        if self.is_outside() {
            return Some(true);
        }
        if self.host != host_name() {
            return None;
        }
        if self.boot_id != boot_id() {
            return Some(false);
        }
        if self.namespace != namespace() {
            return None;
        }
        Some(process_start(self.pid).is_some_and(|started| started == self.started))
    }
}

/// In place of a host's name; no host is called so.
const OUTSIDE: &str = "(outside)";

/// The name of this machine.
pub fn host_name() -> String {
    first_line("/proc/sys/kernel/hostname")
        .or_else(|| run("hostname", &[]))
        .unwrap_or_else(|| "unknown".to_owned())
}

fn boot_id() -> String {
    first_line("/proc/sys/kernel/random/boot_id")
        .or_else(|| run("sysctl", &["-n", "kern.bootsessionuuid"]))
        .unwrap_or_default()
}

fn namespace() -> String {
    std::fs::read_link("/proc/self/ns/pid")
        .map(|target| target.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The start time of a process; `None` when no such process runs (a zombie does not run).
fn process_start(pid: u32) -> Option<String> {
    if cfg!(target_os = "linux") {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command name is in parentheses and may itself contain blanks and parentheses.
        let after_name = stat.rsplit_once(')')?.1;
        let mut fields = after_name.split_ascii_whitespace();
        let state = fields.next()?;
        if state == "Z" || state == "X" {
            return None;
        }
        fields.nth(18).map(str::to_owned) // field 22 of the line, 20th after the name
    } else {
        run("ps", &["-o", "lstart=", "-p", &pid.to_string()]).filter(|line| !line.is_empty())
    }
}

/// The processor's name, e.g. `Intel(R) Xeon(R) Platinum 8488C`.
pub fn cpu_model() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|info| {
            info.lines().find_map(|line| {
                line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
            })
        })
        .or_else(|| run("sysctl", &["-n", "machdep.cpu.brand_string"]))
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// The number of trials that can run at once here; respects cgroup limits and affinity.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Gives a file the mode of an ordinary one (`rw-r--r--`).
///
/// # Errors
/// The system refuses.
pub fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

/// Makes every matrix product run on its caller's thread: trials are the unit of parallelism.
/// Without it candle re-reads `/proc/cpuinfo` for each product and splits large ones over all
/// cores, under trials that already use them.
///
/// Must be the first statement of `main`, before any other thread exists.
pub fn use_one_thread_per_product() {
    let _ = THREADS_BEFORE.set(std::env::var_os(THREADS));
    // SAFETY: called before any thread is started, so nobody reads the environment meanwhile.
    #[allow(unsafe_code)]
    unsafe {
        std::env::set_var(THREADS, "1");
    }
}

const THREADS: &str = "RAYON_NUM_THREADS";

/// What [`THREADS`] was before it was set here.
static THREADS_BEFORE: OnceLock<Option<OsString>> = OnceLock::new();

/// The environment that this process was started with: what other programs should get, without
/// our own setting of threads.
pub fn inherited_environment() -> BTreeMap<OsString, OsString> {
    let mut variables: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    match THREADS_BEFORE.get() {
        None => {}
        Some(None) => drop(variables.remove(&OsString::from(THREADS))),
        Some(Some(value)) => drop(variables.insert(THREADS.into(), value.clone())),
    }
    variables
}

/// A path that starts this very program again, even when its file was replaced meanwhile.
pub fn own_program() -> Option<PathBuf> {
    if cfg!(target_os = "linux") {
        Some(PathBuf::from("/proc/self/exe"))
    } else {
        std::env::current_exe().ok()
    }
}

fn first_line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_an_impostor_is_not() {
        let mut identity = ProcessIdentity::current();
        assert_eq!(identity.is_alive(), Some(true));
        identity.started.push('0');
        assert_eq!(identity.is_alive(), Some(false), "the pid was reused");
        identity.host.push_str("-elsewhere");
        assert_eq!(identity.is_alive(), None);
    }

    #[test]
    fn of_a_process_in_another_container_nothing_is_known() {
        let ours = ProcessIdentity::current();
        assert_eq!(ours.namespace.starts_with("pid:["), cfg!(target_os = "linux"), "{}", ours.namespace);
        let theirs = ProcessIdentity { namespace: "pid:[1]".into(), pid: 1, ..ours.clone() };
        assert_eq!(theirs.is_alive(), None, "its pid 1 is not ours");
        let before = ProcessIdentity { boot_id: "before".into(), ..theirs };
        assert_eq!(before.is_alive(), Some(false), "no process survives a restart of the machine");
        let mut json = serde_json::to_value(&ours).unwrap();
        json.as_object_mut().unwrap().remove("namespace");
        let unknown: ProcessIdentity = serde_json::from_value(json).unwrap();
        assert_eq!(unknown, ProcessIdentity { namespace: String::new(), ..ours });
    }

    #[test]
    fn an_ended_process_is_not_alive() {
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        let mut identity = ProcessIdentity::current();
        identity.pid = child.id();
        identity.started = process_start(child.id()).unwrap();
        assert_eq!(identity.is_alive(), Some(true));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(identity.is_alive(), Some(false));
    }
}
