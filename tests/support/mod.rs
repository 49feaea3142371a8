//! What tests of whole commands, and of whole models, share.

pub(crate) mod abuse;
pub(crate) mod plain_bert;
pub(crate) mod plain_candle;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod small_study;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder of its own for one test; commands run in it and keep their store in it.
pub(crate) struct TestDir {
    folder: TempDir,
}

impl TestDir {
    /// An empty folder, removed when the test ends.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The path of something inside.
    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Reads a text file.
    pub(crate) fn read(&self, name: impl AsRef<Path>) -> String {
        fs::read_to_string(self.join(name)).unwrap()
    }

    /// `uaic` in this folder, with nothing of the user's environment that would change its answer.
    pub(crate) fn uaic(&self) -> Command {
        uaic_in(self.folder.path())
    }

    /// Runs `uaic` with arguments that may have blanks.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Answer {
        let answer = Answer::of(self.uaic().args(arguments).output().unwrap());
        Answer { arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(), ..answer }
    }

    /// Runs `uaic` with blank-separated arguments.
    pub(crate) fn run(&self, arguments: &str) -> Answer {
        self.ask(&arguments.split_whitespace().collect::<Vec<_>>())
    }
}

/// `uaic` in a folder, with nothing of the user's environment that would change its answer.
pub(crate) fn uaic_in(folder: &Path) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("uaic");
    command.current_dir(folder).env("UAIC_STORE", folder.join("runs")).env("NO_COLOR", "1");
    for name in
        ["UAIC_LOG", "UAIC_KERNELS", "UAIC_DATA_MIRROR", "http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"]
    {
        command.env_remove(name);
    }
    command
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was asked, where it is known.
    pub(crate) arguments: Vec<String>,
    /// Exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Data.
    pub(crate) stdout: String,
    /// Talk.
    pub(crate) stderr: String,
}

impl Answer {
    /// What a process left.
    pub(crate) fn of(output: std::process::Output) -> Self {
        Self {
            arguments: vec![],
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The stdout of a command that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// The stdout of a command that must have succeeded, as JSON, which is as its schema says.
    #[track_caller]
    pub(crate) fn json(self) -> serde_json::Value {
        let arguments = self.arguments.clone();
        let said = serde_json::from_str(&self.ok()).unwrap();
        schema::hold(&arguments, &said);
        said
    }

    /// The stderr of a command that must have ended with this code.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.stderr
    }
}

/// What a Python script says, given arguments and something to read.
pub(crate) fn python(script: &str, arguments: &[&OsStr], input: &str) -> std::process::Output {
    let python = std::env::var_os("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let mut command = Command::new(python);
    command.arg(script).args(arguments).write_stdin(input).output().unwrap()
}
