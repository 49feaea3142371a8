//! A server in a process of its own, so that it can be killed; and Python.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server that ends with its value.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts one on a store; at port 0 on any that is free.
    pub(crate) fn start(folder: &Path, port: u16) -> Self {
        let mut child = Command::new(program())
            .arg(folder)
            .arg(port.to_string())
            .stderr(Stdio::piped())
            .spawn()
            .expect("`cargo test` builds the examples");
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(['/', ' ']).next().unwrap();
        let port = address.rsplit(':').next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"));
        Self { child, port }
    }

    /// Ends it in the midst of whatever it does.
    pub(crate) fn kill(mut self) -> u16 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example, which cargo builds beside its tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples/optuna")
}

/// A script beside this file.
pub(crate) fn python(script: &str, port: u16) -> Command {
    let python = std::env::var("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let mut command = Command::new(python);
    command.arg(scripts().join(script)).arg(port.to_string());
    command
}

/// Where the scripts are.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/optuna")
}
