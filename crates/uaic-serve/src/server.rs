//! A server from start to stop.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connection::accept;
use super::fleet::{Fleet, FleetError};
use super::http::admin::{self, Token};
use super::http::{App, ROUTES, router};
use super::metrics::{Metrics, RequestLogCounts};
use super::request_log::{Counters, RequestLog};
use super::settings::Settings;
use super::source::ModelSource;
use uaic_wording::ErrorKind;

/// How often models are looked at, when they are watched.
const WATCH: Duration = Duration::from_secs(2);

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A host and a port, such as `127.0.0.1:8080`; port 0 is any free one.
    Tcp(String),
    /// A socket in the file system, for this user alone.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => formatter.write_str(address),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// The admin routes.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where.
    pub listen: Listen,
    /// For whom.
    pub token: Token,
}

/// A version beside the live one.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The model.
    pub name: String,
    /// Where the version comes from.
    pub address: String,
    /// The share of requests that it answers; `None` for a shadow.
    pub share: Option<f64>,
}

/// All that a server needs.
pub struct Setup {
    /// Limits and times.
    pub settings: Settings,
    /// Where models come from.
    pub source: Arc<dyn ModelSource>,
    /// Names and addresses; the first is the default.
    pub models: Vec<(String, String)>,
    /// Canaries and shadows.
    pub beside: Vec<Beside>,
    /// Where requests are recorded; `None` for nowhere.
    pub log: Option<RequestLog>,
    /// How to ask how many lines log files have dropped.
    pub lines_dropped: Option<Box<dyn Fn() -> u64 + Send + Sync>>,
    /// Where it listens.
    pub listen: Listen,
    /// The admin routes; `None` for none.
    pub admin: Option<Admin>,
    /// Whether models are loaded again as soon as their addresses stand for others.
    pub watch: bool,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It cannot listen there.
    #[error("cannot listen on {listen}: {source}; {hint}")]
    Listen {
        /// Where.
        listen: Listen,
        /// What to do.
        hint: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A model cannot be served.
    #[error("cannot serve {name}: {source}")]
    Model {
        /// Its name.
        name: String,
        /// Why.
        source: FleetError,
    },
}

impl ServeError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => ErrorKind::Locked,
            Self::Listen { .. } => ErrorKind::Failed,
            Self::Model { source, .. } => source.kind(),
        }
    }
}

/// A server that runs.
pub struct Server {
    app: Arc<App>,
    stop: watch::Sender<bool>,
    accepting: Vec<JoinHandle<()>>,
    watching: Option<JoinHandle<()>>,
    address: Option<SocketAddr>,
    admin: Option<SocketAddr>,
}

impl Server {
    /// Listens, loads the models, and takes requests.
    ///
    /// # Errors
    /// It cannot listen, or a model cannot be loaded.
    pub async fn start(setup: Setup) -> Result<Self, ServeError> {
        let Setup { settings, source, models, beside, log, lines_dropped, listen, admin, watch } = setup;
        let metrics = Arc::new(Metrics::new(&ROUTES));
        let log = log.map(Arc::new);
        if let Some(log) = log.clone() {
            metrics.read_request_log(move || {
                let Counters { written, dropped, failed } = log.counters();
                RequestLogCounts { rows: written, dropped, failures: failed }
            });
        }
        if let Some(read) = lines_dropped {
            metrics.read_log_lines_dropped(read);
        }
        let fleet = Fleet::new(source, settings.engine, Arc::clone(&metrics));
        let app = Arc::new(App::new(settings, fleet, metrics, log));
        let (stop, stopped) = watch::channel(false);
        let mut server = Self {
            app: Arc::clone(&app),
            stop,
            accepting: Vec::new(),
            watching: None,
            address: None,
            admin: None,
        };
        // Both before anything is loaded: whoever cannot listen need not load.
        let listener = Listener::bind(&listen).await?;
        server.address = listener.address();
        let admin = match admin {
            Some(admin) => Some((Listener::bind(&admin.listen).await?, admin.token)),
            None => None,
        };
        server.accepting.push(tokio::spawn(accept(
            listener,
            router(&app),
            Arc::clone(&app),
            stopped.clone(),
        )));
        let loading = Arc::clone(&app);
        let loaded = tokio::task::spawn_blocking(move || load(&loading.fleet, &models, &beside)).await;
        loaded.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        if let Some((listener, token)) = admin {
            server.admin = listener.address();
            let router: Router = admin::router(&app, token);
            server.accepting.push(tokio::spawn(accept(listener, router, Arc::clone(&app), stopped)));
        }
        server.watching = watch.then(|| tokio::spawn(keep_fresh(Arc::clone(&app))));
        app.set_ready();
        Ok(server)
    }

    /// The address that it listens on; `None` for a socket in the file system.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The address of the admin routes; `None` without them, or for a socket in the file system.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// The models that are served.
    pub fn fleet(&self) -> &Fleet {
        &self.app.fleet
    }

    /// Loads again what has changed where it came from; warns of what cannot be loaded.
    pub async fn refresh(&self) {
        refresh(Arc::clone(&self.app)).await;
    }

    /// Takes no more requests, lets those that it has end for so long as the settings say, and ends.
    /// Tells whether all have.
    pub async fn stop(mut self) -> bool {
        self.app.set_draining();
        if let Some(watching) = self.watching.take() {
            watching.abort();
        }
        self.stop.send_replace(true);
        let accepting = std::mem::take(&mut self.accepting);
        let all = async {
            for one in accepting {
                let _ = one.await;
            }
        };
        let have_ended = tokio::time::timeout(self.app.settings.drain, all).await.is_ok();
        if let Some(log) = self.app.log.clone() {
            let _ = tokio::task::spawn_blocking(move || log.close()).await;
        }
        have_ended
    }
}

fn load(fleet: &Fleet, models: &[(String, String)], beside: &[Beside]) -> Result<(), ServeError> {
    for (name, address) in models {
        fleet.load(name, Some(address)).map_err(|source| ServeError::Model { name: name.clone(), source })?;
    }
    for Beside { name, address, share } in beside {
        let done = match share {
            Some(share) => fleet.set_canary(name, address, *share),
            None => fleet.set_shadow(name, address),
        };
        done.map_err(|source| ServeError::Model { name: address.clone(), source })?;
    }
    Ok(())
}

async fn keep_fresh(app: Arc<App>) {
    loop {
        tokio::time::sleep(WATCH).await;
        refresh(Arc::clone(&app)).await;
    }
}

async fn refresh(app: Arc<App>) {
    let done = tokio::task::spawn_blocking(move || app.fleet.refresh()).await;
    for (name, error) in done.unwrap_or_default() {
        tracing::warn!(target: "uaic::serve", "{name} stays as it is: {error}");
    }
}

/// Whatever a server listens on.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    async fn bind(listen: &Listen) -> Result<Self, ServeError> {
        let bound = match listen {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Listen::Unix(path) => bind_unix(path).await.map(|listener| Self::Unix(listener, path.clone())),
        };
        bound.map_err(|source| {
            let hint = match source.kind() {
                io::ErrorKind::AddrInUse => "another program does; choose another port, or 0 for any",
                io::ErrorKind::PermissionDenied => "ports below 1024 are for the system; choose another",
                _ => "an address is HOST:PORT, such as 127.0.0.1:8080",
            };
            ServeError::Listen { listen: listen.clone(), hint, source }
        })
    }

    fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // An answer is one small write: nothing follows that it could wait for.
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Self::Unix(listener, _) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // It may be gone already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A socket that a dead process left is taken over; a living one's is not.
async fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    if path.exists() {
        if UnixStream::connect(path).await.is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// A connection of either kind.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
