//! A server for one test.

use std::net::SocketAddr;
use std::sync::Arc;

use uaic_remote::RemoteStore;
use uaic_server::{ConnectionLimits, Listen, Server, Setup};
use uaic_store::SqliteStore;

/// A server on a store of its own.
pub(crate) struct Served {
    store: Arc<SqliteStore>,
    pub(crate) address: SocketAddr,
    server: Option<Server>,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Served {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let setup = Setup {
            access: uaic_server::access::Settings::default(),
            store: store.clone(),
            desk: None,
            listen: Listen::Tcp("127.0.0.1:0".to_owned()),
            limits: ConnectionLimits::default(),
        };
        let server = runtime.block_on(Server::start(setup)).unwrap();
        let address = server.address().unwrap();
        Self { store, address, server: Some(server), runtime, _folder: folder }
    }

    pub(crate) fn client(&self) -> RemoteStore {
        RemoteStore::open(&format!("http://{}", self.address), None).unwrap()
    }

    pub(crate) fn store(&self) -> Arc<SqliteStore> {
        Arc::clone(&self.store)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            // A client that is still there keeps its connection.
            let soon = std::time::Duration::from_secs(2);
            let _ = self.runtime.block_on(async { tokio::time::timeout(soon, server.stop()).await });
        }
    }
}

/// What the suite of stores takes: a guard that is dropped last, and the store.
pub(crate) fn open() -> (Served, RemoteStore) {
    let served = Served::start();
    let store = served.client();
    (served, store)
}
