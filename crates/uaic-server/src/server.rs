//! A server from start to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::api::{self, Desk};
use super::error::ServerError;
use super::team::TeamStore;
use super::{mlflow, optuna};
use uaic_http::{ConnectionLimits, Listen, Listener, Protocol, Uncounted, accept};

/// All that a server needs.
pub struct Setup {
    /// Where everything is recorded.
    pub store: Arc<dyn TeamStore>,
    /// Who proposes trials to workers elsewhere, where somebody does.
    pub desk: Option<Arc<dyn Desk>>,
    /// Where it listens.
    pub listen: Listen,
    /// How many connections there may be, and how slow.
    pub limits: ConnectionLimits,
}

/// A server that runs.
pub struct Server {
    address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens and takes requests.
    ///
    /// # Errors
    /// [`ServerError::Listen`].
    pub async fn start(setup: Setup) -> Result<Self, ServerError> {
        let Setup { store, desk, listen, limits } = setup;
        let listener = Listener::bind(&listen).await?;
        let address = listener.address();
        let (stop, stopped) = watch::channel(false);
        let router = mlflow::router(Arc::clone(&store) as Arc<_>)
            .merge(optuna::router(Arc::clone(&store) as Arc<_>))
            .merge(api::router(store, desk, stopped.clone()));
        let accepting = accept(listener, Protocol::Http1Or2, router, limits, Arc::new(Uncounted), stopped);
        Ok(Self { address, stop, accepting: tokio::spawn(accepting) })
    }

    /// Where it listens; `None` for a socket in the file system.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Takes no more requests and waits until all that it has are answered.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.accepting.await;
    }
}
