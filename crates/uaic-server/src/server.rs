//! A server from start to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::access::{self, Declared, Gate};
use super::api::{self, Desk};
use super::error::ServerError;
use super::operation::{self, Monitor};
use super::team::TeamStore;
use super::{mlflow, optuna};
use axum::Router;
use uaic_http::{ConnectionLimits, Listen, Listener, Protocol, Tls, accept, accept_encrypted};

/// What is spoken: HTTP/2 by clients of gRPC.
const PROTOCOL: Protocol = Protocol::Http1Or2;

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
    /// Who may do what.
    pub access: access::Settings,
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
    /// [`ServerError`].
    pub async fn start(setup: Setup) -> Result<Self, ServerError> {
        let Setup { store, desk, listen, limits, access } = setup;
        let tls = access.tls.clone().map(|files| Tls::load(files, PROTOCOL)).transpose()?;
        let listener = Listener::bind(&listen).await?;
        let address = listener.address();
        let gate = Gate::new(&access, address, declared())?;
        check_exposure(&gate, &listen, address, tls.is_some())?;
        let (stop, stopped) = watch::channel(false);
        let monitor = Arc::new(Monitor::new());
        let router = gate.guard(router(store, desk, Arc::clone(&monitor), stopped.clone()));
        let router = access::under(access.prefix.as_deref(), monitor.watch(router));
        let accepting = match tls {
            None => tokio::spawn(accept(listener, PROTOCOL, router, limits, monitor, stopped)),
            Some(tls) => {
                let tls = Arc::new(tls);
                tokio::spawn(accept_encrypted(listener, tls, PROTOCOL, router, limits, monitor, stopped))
            }
        };
        Ok(Self { address, stop, accepting })
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

/// All routes on a store.
pub(crate) fn router(
    store: Arc<dyn TeamStore>,
    desk: Option<Arc<dyn Desk>>,
    monitor: Arc<Monitor>,
    stopped: watch::Receiver<bool>,
) -> Router {
    mlflow::router(Arc::clone(&store) as Arc<_>)
        .merge(optuna::router(Arc::clone(&store) as Arc<_>))
        .merge(operation::router(Arc::clone(&store) as Arc<_>, monitor))
        .merge(api::router(store, desk, stopped))
}

/// What all routes need.
pub(crate) fn declared() -> Vec<Declared> {
    mlflow::declared()
        .into_iter()
        .chain(optuna::declared())
        .chain(operation::declared())
        .chain(api::declared())
        .collect()
}

/// That whoever reaches the server has to say who they are.
///
/// # Errors
/// [`ServerError::NoUsers`].
fn check_exposure(
    gate: &Gate,
    listen: &Listen,
    address: Option<SocketAddr>,
    is_encrypted: bool,
) -> Result<(), ServerError> {
    let is_local = address.is_none_or(|address| address.ip().is_loopback());
    if is_local {
        return Ok(());
    }
    if !gate.has_users() {
        return Err(ServerError::NoUsers { listen: listen.to_string() });
    }
    if !is_encrypted {
        tracing::warn!(
            target: "uaic::server",
            "passwords and tokens cross the network as they are: `--tls-certificate` and `--tls-key` encrypt, or a \
             proxy in front"
        );
    }
    Ok(())
}
