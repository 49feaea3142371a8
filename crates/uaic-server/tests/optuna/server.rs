//! A server in a process of its own, so that it can be killed; and Python.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use uaic_server::access::Settings;
use uaic_server::{ConnectionLimits, Listen, Setup};
use uaic_store::SqliteStore;

/// Names the store of a server that a test starts.
const STORE: &str = "UAIC_SERVER_TEST_STORE";
/// Names its port.
const PORT: &str = "UAIC_SERVER_TEST_PORT";

/// A server that ends with its value.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts one on a store; at port 0 on any that is free.
    pub(crate) fn start(folder: &Path, port: u16) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["server::a_server_of_its_own", "--exact", "--ignored", "--nocapture"])
            .env(STORE, folder)
            .env(PORT, port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("listening on ").map(str::to_owned));
        let port = address.unwrap().rsplit(':').next().unwrap().parse().unwrap();
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

#[test]
#[ignore = "is what other tests start"]
fn a_server_of_its_own() {
    let Some(folder) = std::env::var_os(STORE) else { return };
    let store = Arc::new(SqliteStore::open(Path::new(&folder)).unwrap());
    let listen = Listen::Tcp(format!("127.0.0.1:{}", std::env::var(PORT).unwrap()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let access = Settings::default();
        let setup = Setup { store, desk: None, listen, limits: ConnectionLimits::default(), access };
        let server = uaic_server::Server::start(setup).await.unwrap();
        eprintln!("listening on {}", server.address().unwrap());
        std::future::pending::<()>().await;
    });
}

/// A script beside this file.
pub(crate) fn python(script: &str, port: u16) -> Command {
    let python = std::env::var("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let mut command = Command::new(python);
    command.arg(scripts().join(script)).arg(port.to_string()).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Where the scripts are.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/optuna")
}
