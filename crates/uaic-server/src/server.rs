//! A server from start to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::ServerError;
use super::mlflow;
use uaic_study::store::TrackingStore;

/// All that a server needs.
pub struct Setup {
    /// Where everything is recorded.
    pub store: Arc<dyn TrackingStore>,
    /// Where it listens; with port 0 on any that is free.
    pub listen: SocketAddr,
}

/// A server that runs.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens and takes requests.
    ///
    /// # Errors
    /// [`ServerError::Listen`].
    pub async fn start(setup: Setup) -> Result<Self, ServerError> {
        let Setup { store, listen } = setup;
        let failed = |source| ServerError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, mut stopped) = watch::channel(false);
        let router = mlflow::router(store);
        let accepting = tokio::spawn(async move {
            let end = async move {
                // The sender is gone with the server.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(end).await {
                tracing::error!(target: "uaic::server", "the server has ended: {error}");
            }
        });
        Ok(Self { address, stop, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests and waits until all that it has are answered.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.accepting.await;
    }
}
