//! A server within another verb, on any free port of this machine, for as long as it is kept.

use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::Runtime;

use crate::server::access::Settings;
use crate::server::{ConnectionLimits, Listen, Server, Setup};
use crate::store::{SqliteStore, StoreAddress};

use super::desk::SpecDesk;
use super::runtime;

/// One that runs; it has ended when this is dropped.
pub(in crate::cli) struct Hosted {
    url: String,
    server: Option<Server>,
    runtime: Runtime,
}

impl Hosted {
    /// Starts it on the store in a folder.
    ///
    /// # Errors
    /// The store cannot be opened, or nothing be listened on.
    pub(in crate::cli) fn start(address: &StoreAddress) -> anyhow::Result<Self> {
        let folder = address.folder().context("a server needs a store in a folder")?;
        let store = Arc::new(SqliteStore::open(folder)?);
        let runtime = runtime(1)?;
        let listen = Listen::Tcp("127.0.0.1:0".to_owned());
        // For this machine and the time of a program: without users.
        let (limits, access) = (ConnectionLimits::default(), Settings::default());
        let setup = Setup { store, desk: Some(Arc::new(SpecDesk)), listen, limits, access };
        let server = runtime.block_on(Server::start(setup))?;
        let address = server.address().context("the server has no address")?;
        Ok(Self { url: format!("http://{address}"), server: Some(server), runtime })
    }

    /// Its address.
    pub(in crate::cli) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let all = async { tokio::time::timeout(std::time::Duration::from_secs(2), server.stop()).await };
            // Whoever still holds a connection open has ended, or will be told.
            let _ = self.runtime.block_on(all);
        }
    }
}
