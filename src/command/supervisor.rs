//! The process between us and a program, which ends the program when we die.
//!
//! A process that is killed with SIGKILL cannot tidy up, so somebody else has to: `uaic` starts itself
//! again as a small supervisor, which starts the program and holds a pipe from `uaic`. When the pipe
//! closes, be it on purpose or because `uaic` is gone, the supervisor ends the program's group.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::group::{self, Word};
use crate::platform::{self, ProcessGroup};

/// The first argument of a supervisor: a verb that is not for users.
pub const SUPERVISE: &str = "supervise-command";

/// In the trial's folder: how the program ended.
const STATUS: &str = "status";
/// In the trial's folder: the id of the program's group.
const GROUP: &str = "group";

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself, with an exit code.
    Exit(i32),
    /// By a signal.
    Signal(i32),
    /// It could not be started.
    Unstarted(String),
    /// Nobody knows; why.
    Unknown(String),
}

impl Ending {
    pub(super) fn of(status: std::io::Result<ExitStatus>) -> Self {
        match status {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => Self::Exit(code),
                (None, Some(signal)) => Self::Signal(signal),
                (None, None) => Self::Unknown(format!("it ended with {status}")),
            },
            Err(error) => Self::Unknown(format!("its end was not seen: {error}")),
        }
    }

    fn to_line(&self) -> String {
        match self {
            Self::Exit(code) => format!("exit {code}"),
            Self::Signal(signal) => format!("signal {signal}"),
            Self::Unstarted(why) => format!("unstarted {why}"),
            Self::Unknown(why) => format!("unknown {why}"),
        }
    }

    fn from_line(line: &str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ')?;
        Some(match kind {
            "exit" => Self::Exit(rest.parse().ok()?),
            "signal" => Self::Signal(rest.parse().ok()?),
            "unstarted" => Self::Unstarted(rest.to_owned()),
            _ => Self::Unknown(rest.to_owned()),
        })
    }
}

/// The command that supervises `program`, whose standard input is the pipe.
pub(super) fn command(supervisor: &Path, folder: &Path, grace: Duration, program: &[String]) -> Command {
    let mut command = Command::new(supervisor);
    command.arg(SUPERVISE).arg(folder).arg(grace.as_millis().to_string());
    command.arg(std::process::id().to_string()).args(program);
    command
}

/// What a supervisor that has ended left in the folder. If it was killed, its program is killed, too.
pub(super) fn ending(folder: &Path) -> Ending {
    let read = |name| std::fs::read_to_string(folder.join(name)).ok();
    read(STATUS).and_then(|line| Ending::from_line(&line)).unwrap_or_else(|| {
        let id = read(GROUP).and_then(|id| id.parse().ok());
        if let Some(group) = id.and_then(ProcessGroup::with_id) {
            group.kill();
        }
        Ending::Unknown("its supervisor was killed".to_owned())
    })
}

/// Supervises a program, when that is what this process was started for; else `None`. To be called
/// first of all with the arguments of `main`, the program's name included: what follows is not for a
/// parser of options.
pub fn supervise_if_asked(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if arguments.nth(1)?.as_os_str() != OsStr::new(SUPERVISE) {
        return None;
    }
    let Some(task) = Task::read(&mut arguments) else { return Some(ExitCode::from(2)) };
    task.execute();
    Some(ExitCode::SUCCESS)
}

struct Task {
    folder: PathBuf,
    grace: Duration,
    parent: u32,
    program: Vec<OsString>,
}

impl Task {
    fn read(arguments: &mut impl Iterator<Item = OsString>) -> Option<Self> {
        let folder = PathBuf::from(arguments.next()?);
        let mut number = || arguments.next()?.to_str()?.parse::<u64>().ok();
        let (grace, parent) = (Duration::from_millis(number()?), number()? as u32);
        let program: Vec<OsString> = arguments.collect();
        (!program.is_empty()).then_some(Self { folder, grace, parent, program })
    }

    fn execute(self) {
        let line = self.run().to_line();
        // Who could be told that this fails? The parent sees that there is no status.
        let _ = crate::fsx::write_atomic(&self.folder.join(STATUS), line.as_bytes());
        if std::os::unix::process::parent_id() != self.parent {
            // Nobody reads it, and nobody else removes the folder.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    fn run(&self) -> Ending {
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]).stdin(Stdio::null());
        command.env_clear().envs(platform::inherited_environment());
        let child = match group::spawn(&mut command) {
            Ok(child) => child,
            Err(error) => return Ending::Unstarted(error.to_string()),
        };
        let _ = std::fs::write(self.folder.join(GROUP), child.id().to_string());
        let (tell, words) = mpsc::channel();
        let stop = tell.clone();
        std::thread::spawn(move || {
            // Ends when the pipe closes. Nothing is ever written to it.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            let _ = stop.send(Word::Stop);
        });
        Ending::of(group::lead(child, self.grace, tell, &words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_survive_their_line() {
        for ending in [
            Ending::Exit(3),
            Ending::Signal(9),
            Ending::Unstarted("No such file or directory (os error 2)".into()),
            Ending::Unknown("its end was not seen: x".into()),
        ] {
            assert_eq!(Ending::from_line(&ending.to_line()), Some(ending));
        }
        assert_eq!(Ending::from_line("exit"), None);
        assert_eq!(Ending::from_line("exit x"), None);
    }

    #[test]
    fn only_the_hidden_verb_makes_a_supervisor() {
        let asked = |arguments: &[&str]| {
            supervise_if_asked(arguments.iter().map(OsString::from)).map(|code| code == ExitCode::from(2))
        };
        assert_eq!(asked(&["uaic"]), None);
        assert_eq!(asked(&["uaic", "run", SUPERVISE]), None);
        assert_eq!(asked(&["uaic", SUPERVISE, "/x", "many"]), Some(true));
        assert_eq!(asked(&["uaic", SUPERVISE, "/x", "10", "1"]), Some(true));
    }
}
