//! The state of the code, as git tells it. Without git, or outside of a repository, nothing is known.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::process::{Answer, ask};

/// How long git may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A larger difference is not kept.
const LARGEST_DIFF: u64 = 16 << 20;

/// More names of files are not listed.
const MOST_UNTRACKED: usize = 10_000;

/// Names and other short answers.
const LARGEST_ANSWER: u64 = 8 << 20;

/// The state of a working copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The commit that is checked out; `None` before the first.
    pub commit: Option<String>,
    /// The branch, if one is checked out.
    pub branch: Option<String>,
    /// Whether files that git knows differ from the commit.
    pub is_dirty: bool,
    /// Files that git does not know.
    pub untracked: Vec<String>,
}

/// What changed since the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Diff {
    /// In the form that `git apply` takes, binary files included.
    Text(Vec<u8>),
    /// It could not be kept, and why.
    Unkept(&'static str),
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    // Nothing that the repository's settings name is started, no lock taken, nobody asked.
    command.args([
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.untrackedCache=keep",
        "-c",
        "core.hooksPath=/dev/null",
    ]);
    command
        .current_dir(folder)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C");
    command
}

/// The state of the code in a folder.
pub fn state(folder: &Path) -> Option<State> {
    state_while(folder, || true)
}

pub(super) fn state_while(folder: &Path, is_wanted: impl Fn() -> bool) -> Option<State> {
    let mut command = git(folder);
    command.args([
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--untracked-files=normal",
        "--ignore-submodules=none",
    ]);
    match ask(&mut command, LARGEST_ANSWER, LIMIT, is_wanted) {
        Answer::Given(answer) => Some(read_status(&answer)),
        _ => None,
    }
}

fn read_status(answer: &[u8]) -> State {
    let mut state = State::default();
    let mut entries = answer.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    while let Some(entry) = entries.next() {
        let known = |value: &str| (!value.starts_with('(')).then(|| value.to_owned());
        if let Some(commit) = entry.strip_prefix("# branch.oid ") {
            state.commit = known(commit);
        } else if let Some(branch) = entry.strip_prefix("# branch.head ") {
            state.branch = known(branch);
        } else if let Some(name) = entry.strip_prefix("? ") {
            if state.untracked.len() < MOST_UNTRACKED {
                state.untracked.push(name.to_owned());
            }
        } else if entry.starts_with(['1', '2', 'u']) {
            state.is_dirty = true;
            if entry.starts_with('2') {
                // The name that it had before.
                entries.next();
            }
        }
    }
    state
}

/// Where the code comes from, without credentials: the remote of the name `origin`, or the first.
pub(super) fn remote(folder: &Path, is_wanted: impl Fn() -> bool) -> Option<String> {
    let mut command = git(folder);
    command.args(["config", "--get-regexp", r"^remote\..*\.url$"]);
    let Answer::Given(answer) = ask(&mut command, LARGEST_ANSWER, LIMIT, is_wanted) else { return None };
    let text = String::from_utf8_lossy(&answer).into_owned();
    let mut remotes = text.lines().filter_map(|line| line.split_once(' '));
    let first = remotes.clone().next();
    let origin = remotes.find(|(name, _)| *name == "remote.origin.url");
    origin.or(first).map(|(_, url)| without_credentials(url))
}

/// `https://user:token@host/x` is `https://host/x`.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    let rest = rest[..host_end].rfind('@').map_or(rest, |at| &rest[at + 1..]);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    format!("{scheme}://{rest}")
}

/// What changed since the commit.
pub(super) fn diff(folder: &Path, is_wanted: impl Fn() -> bool) -> Diff {
    let mut command = git(folder);
    command.args(["diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "HEAD"]);
    match ask(&mut command, LARGEST_DIFF, LIMIT, is_wanted) {
        Answer::Given(diff) => Diff::Text(diff),
        Answer::TooLong => Diff::Unkept("it has more than 16 MiB"),
        Answer::TooLate => Diff::Unkept("it took too long"),
        Answer::None => Diff::Unkept("git could not tell it"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn credentials_are_left_out() {
        for (url, expected) in [
            ("https://user:token@host.org/a/b.git", "https://host.org/a/b.git"),
            ("https://x@y@host/a@b", "https://host/a@b"),
            ("git@host:a/b.git", "git@host:a/b.git"),
            ("https://host/a?token=1", "https://host/a"),
            ("/srv/a", "/srv/a"),
        ] {
            assert_eq!(without_credentials(url), expected);
        }
    }

    #[test]
    fn a_repository_tells_its_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(state(path), None);
        let run = |arguments: &[&str]| {
            let mut command = git(path);
            command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=trunk"]);
            assert!(command.args(arguments).output().unwrap().status.success(), "{arguments:?}");
        };
        run(&["init", "-q"]);
        assert_eq!(state(path), Some(State { branch: Some("trunk".into()), ..State::default() }));
        fs::write(path.join("a b"), [0, 1, 2, 255]).unwrap();
        run(&["add", "."]);
        run(&["commit", "-qm", "one"]);
        run(&["remote", "add", "backup", "https://u:p@h/backup"]);
        run(&["remote", "add", "origin", "https://u:p@h/origin"]);
        let clean = state(path).unwrap();
        assert_eq!((clean.commit.as_ref().map(String::len), clean.is_dirty), (Some(40), false));
        assert_eq!(remote(path, || true).as_deref(), Some("https://h/origin"));
        fs::write(path.join("a b"), [0, 1, 2, 3]).unwrap();
        fs::write(path.join("new"), "").unwrap();
        let dirty = state(path).unwrap();
        assert!(dirty.is_dirty && dirty.untracked == ["new"], "{dirty:?}");
        let Diff::Text(diff) = diff(path, || true) else { panic!("no diff") };
        fs::write(path.join("patch"), &diff).unwrap();
        run(&["checkout", "-q", "."]);
        run(&["apply", "patch"]);
        assert_eq!(fs::read(path.join("a b")).unwrap(), [0, 1, 2, 3]);
        run(&["mv", "a b", "c"]);
        assert!(state(path).unwrap().is_dirty);
    }
}
