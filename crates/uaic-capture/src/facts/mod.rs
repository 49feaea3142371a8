//! What a program is: its code, its interpreter, its surroundings. Gathered while it runs.

mod git;
mod machine;
mod packages;
mod process;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

pub use git::{State as CodeState, state as code_state};
pub use machine::machine;

use crate::desk::Event;
use crate::environment;
use crate::interpreter;
use crate::recorder::Facts;
use crate::secrets::Secrets;
use git::Diff;

/// How long facts that are not gathered yet are still gathered when the program has ended.
const GRACE: Duration = Duration::from_secs(2);

/// Finds facts out and tells them.
type Gatherer = fn(&Subject, &dyn Fn(Event));

/// The program that facts are wanted of.
pub(crate) struct Subject {
    pub(crate) program: Vec<OsString>,
    pub(crate) folder: PathBuf,
    pub(crate) secrets: Secrets,
    /// The program has ended.
    pub(crate) has_ended: AtomicBool,
}

/// Gathers facts on threads of their own, and tells them as they come. It is done when all senders are
/// gone.
pub(crate) fn gather(subject: &Arc<Subject>, events: &SyncSender<Event>) {
    let gatherers: [Gatherer; 4] = [describe, see_code, see_remote, see_packages];
    for gatherer in gatherers {
        let (subject, events) = (Arc::clone(subject), events.clone());
        std::thread::spawn(move || {
            // Whoever records may have broken.
            gatherer(&subject, &|event| drop(events.send(event)));
        });
    }
}

impl Subject {
    /// Whether facts are still wanted; to be asked now and then.
    fn patience(&self) -> impl Fn() -> bool {
        let ended = std::cell::Cell::new(None);
        move || {
            if !self.has_ended.load(Ordering::Relaxed) {
                return true;
            }
            let since = ended.get().unwrap_or_else(Instant::now);
            ended.set(Some(since));
            since.elapsed() < GRACE
        }
    }
}

fn facts<const N: usize>(facts: [(&str, Option<String>); N]) -> Facts {
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// What is known at once: the command, the machine, the environment.
fn describe(subject: &Subject, tell: &dyn Fn(Event)) {
    let Subject { program, folder, secrets, .. } = subject;
    let masked: Vec<String> =
        program.iter().map(|argument| secrets.mask(&argument.to_string_lossy())).collect();
    let mut known = machine();
    known.extend(environment::facts(secrets));
    known.extend(facts([
        ("argv", serde_json::to_string(&masked).ok()),
        ("cwd", Some(folder.display().to_string())),
    ]));
    tell(Event::Facts(known));
    let graphics = machine::graphics();
    if !graphics.is_empty() {
        tell(Event::Facts(graphics));
    }
}

fn see_code(subject: &Subject, tell: &dyn Fn(Event)) {
    let folder = &subject.folder;
    let Some(state) = git::state_while(folder, subject.patience()) else { return };
    tell(Event::Facts(facts([
        ("git.commit", state.commit.clone()),
        ("git.branch", state.branch.clone()),
        ("git.dirty", Some(state.is_dirty.to_string())),
    ])));
    if !state.untracked.is_empty() {
        tell(Event::Text("code/untracked.txt".to_owned(), (state.untracked.join("\n") + "\n").into_bytes()));
    }
    if state.is_dirty && state.commit.is_some() {
        match git::diff(folder, subject.patience()) {
            Diff::Text(diff) => tell(Event::Text("code/diff.patch".to_owned(), diff)),
            Diff::Unkept(why) => {
                tell(Event::Trouble(format!("the difference of the code is not kept: {why}")));
            }
        }
    }
}

fn see_remote(subject: &Subject, tell: &dyn Fn(Event)) {
    if is_in_repository(&subject.folder)
        && let Some(remote) = git::remote(&subject.folder, subject.patience())
    {
        tell(Event::Facts(facts([("git.remote", Some(remote))])));
    }
}

/// Settings of git itself are not those of a repository.
fn is_in_repository(folder: &Path) -> bool {
    folder.ancestors().any(|folder| folder.join(".git").exists())
}

fn see_packages(subject: &Subject, tell: &dyn Fn(Event)) {
    let Some(python) = interpreter::find(&subject.program, &subject.folder) else { return };
    let packages = packages::read(&python.packages);
    tell(Event::Facts(facts([
        ("python.path", Some(python.path.display().to_string())),
        ("python.version", python.version),
        ("python.environment", python.environment.map(|root| root.display().to_string())),
        ("python.packages", Some(packages.len().to_string())),
    ])));
    if !packages.is_empty() {
        tell(Event::Text("environment/packages.txt".to_owned(), packages::written(&packages).into_bytes()));
    }
}
