//! A server from start to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uaic_http::{Listen, Listener, Protocol, accept};

use super::error::ServeError;
use super::fleet::Fleet;
use super::http::admin::{self, AdminToken};
use super::http::{App, routes};
use super::metrics::{Metrics, RequestLogCounts};
use super::request_log::{Counters, RequestLog};
use super::settings::Settings;
use super::source::ModelSource;

/// How often models are looked at, when they are watched.
const WATCH: Duration = Duration::from_secs(2);

/// The admin routes.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where.
    pub listen: Listen,
    /// For whom.
    pub token: AdminToken,
}

/// A version beside the live one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sidecar {
    /// The model.
    pub name: String,
    /// Where the version comes from.
    pub address: String,
    /// The share of requests that it answers; `None` for a shadow.
    pub share: Option<f64>,
}

/// Counts the lines that log files have dropped.
pub type CountLines = Box<dyn Fn() -> u64 + Send + Sync>;

/// All that a server needs.
pub struct Setup {
    /// Limits and times.
    pub settings: Settings,
    /// Where models come from.
    pub source: Arc<dyn ModelSource>,
    /// Names and addresses; the first is the default.
    pub models: Vec<(String, String)>,
    /// Canaries and shadows.
    pub sidecars: Vec<Sidecar>,
    /// Where requests are recorded; `None` for nowhere.
    pub log: Option<RequestLog>,
    /// How to ask how many lines log files have dropped.
    pub lines_dropped: Option<CountLines>,
    /// Where it listens.
    pub listen: Listen,
    /// The admin routes; `None` for none.
    pub admin: Option<Admin>,
    /// Whether models are loaded again as soon as their addresses stand for others.
    pub watch: bool,
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
        let Setup { settings, source, models, sidecars, log, lines_dropped, listen, admin, watch } = setup;
        let log = log.map(Arc::new);
        let metrics = metrics(log.as_ref(), lines_dropped);
        let fleet = Fleet::new(source, settings.engine, Arc::clone(&metrics));
        let app = Arc::new(App::new(settings, fleet, metrics, log, routes::all()));
        let (stop, stopped) = watch::channel(false);
        // Both before anything is loaded: whoever cannot listen need not load.
        let listener = Listener::bind(&listen).await?;
        let admin = match admin {
            Some(admin) => Some((Listener::bind(&admin.listen).await?, admin.token)),
            None => None,
        };
        let mut server = Self {
            app: Arc::clone(&app),
            stop,
            accepting: Vec::new(),
            watching: None,
            address: listener.address(),
            admin: None,
        };
        server.accept(listener, routes::router(&app), stopped.clone());
        let loading = Arc::clone(&app);
        let loaded = tokio::task::spawn_blocking(move || load(&loading.fleet, &models, &sidecars)).await;
        loaded.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        if let Some((listener, token)) = admin {
            server.admin = listener.address();
            server.accept(listener, admin::router(&app, token), stopped);
        }
        server.watching = watch.then(|| tokio::spawn(keep_fresh(Arc::clone(&app))));
        app.set_ready();
        Ok(server)
    }

    fn accept(&mut self, listener: Listener, router: Router, stopped: watch::Receiver<bool>) {
        let (limits, metrics) = (self.app.settings.limits.connection, Arc::clone(&self.app.metrics));
        self.accepting.push(tokio::spawn(accept(
            listener,
            Protocol::Http1,
            router,
            limits,
            metrics,
            stopped,
        )));
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

/// The metrics of all routes, which read the counts of the logs when they are asked.
fn metrics(log: Option<&Arc<RequestLog>>, lines_dropped: Option<CountLines>) -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new(&routes::paths()));
    if let Some(log) = log.cloned() {
        metrics.read_request_log(move || {
            let Counters { written, dropped, failed } = log.counters();
            RequestLogCounts { rows: written, dropped, failures: failed }
        });
    }
    if let Some(read) = lines_dropped {
        metrics.read_log_lines_dropped(read);
    }
    metrics
}

fn load(fleet: &Fleet, models: &[(String, String)], sidecars: &[Sidecar]) -> Result<(), ServeError> {
    for (name, address) in models {
        fleet.load(name, Some(address)).map_err(|source| ServeError::Model { name: name.clone(), source })?;
    }
    for Sidecar { name, address, share } in sidecars {
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
