//! `uaic serve`: models as a service.

mod check;
mod options;
mod recording;
mod source;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::serve::{Admin, AdminToken, Listen, Server, Settings, Setup};

pub(super) use self::options::parse_listen;
use self::options::{Canary, Named, sidecars};
use self::source::Source;
use super::exit::Failure;
use super::{Global, printer};

/// The environment variable with the token of the admin routes.
const TOKEN: &str = "UAIC_ADMIN_TOKEN";

/// Fewest characters of a token: 16 of 36 kinds are 80 bits.
const SHORTEST_TOKEN: usize = 16;

/// Arguments of `uaic serve`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic serve intents@champion
  curl -d '{\"text\": \"flights from boston to denver\"}' http://127.0.0.1:8080/intent
  uaic serve intents --canary intents@challenger=10% --watch
  uaic serve a=old.uaic b=new.uaic --listen 0.0.0.0:8080
  UAIC_ADMIN_TOKEN=$(openssl rand -hex 16) uaic serve intents --admin 127.0.0.1:8081
  uaic serve --check http://127.0.0.1:8080/readyz

MODEL is a package (a file or folder of `uaic export`), a registered version (NAME@ALIAS, NAME@3;
NAME is its champion, or else its latest), or a run of the store. It is served under the name
before the `@`, or that of the file; `NAME=MODEL` gives another. The first is what requests ask
that name no model.

When it takes requests, its address is printed on stdout. There, /apidocs documents the routes,
and / is a page to try them. SIGTERM or Ctrl-C: no new requests, those under way end within
--drain, exit 0. SIGHUP loads what has changed where it came from, such as an alias that points
elsewhere; --watch does so by itself.")]
pub struct ServeArgs {
    /// What to serve, as MODEL or NAME=MODEL
    #[arg(value_name = "MODEL", required_unless_present = "check", value_parser = options::parse_named)]
    models: Vec<Named>,

    /// Address to listen on: HOST:PORT (port 0: any free one), or unix:PATH
    #[arg(long, value_name = "ADDRESS", env = "UAIC_LISTEN", default_value = "127.0.0.1:8080", value_parser = options::parse_listen)]
    listen: Listen,

    /// Give a share of the requests to another version: [NAME=]MODEL=10%
    #[arg(long, value_name = "MODEL=SHARE", value_parser = options::parse_canary, help_heading = "Models")]
    canary: Vec<Canary>,

    /// Ask another version as well, and compare without giving its answers: [NAME=]MODEL
    #[arg(long, value_name = "MODEL", value_parser = options::parse_named, help_heading = "Models")]
    shadow: Vec<Named>,

    /// Load models again as soon as their addresses stand for others (looked at every 2 s)
    #[arg(long, help_heading = "Models")]
    watch: bool,

    /// Address of the admin routes, which load, roll back and promote models; off without it
    #[arg(long, value_name = "ADDRESS", value_parser = options::parse_listen, help_heading = "Models")]
    admin: Option<Listen>,

    /// File with the token of the admin routes (also the variable `UAIC_ADMIN_TOKEN`)
    #[arg(long, value_name = "FILE", help_heading = "Models")]
    admin_token_file: Option<PathBuf>,

    /// Limits and times.
    #[command(flatten)]
    tuning: options::Tuning,

    /// What is written down.
    #[command(flatten)]
    recording: recording::Recording,

    /// Ask a server whether it takes requests (exit 0), for container health checks
    #[arg(long, value_name = "URL", conflicts_with = "models")]
    check: Option<String>,
}

/// Serves until told to stop.
pub(super) fn run(global: &Global, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    if let Some(url) = &args.check {
        return check::run(url);
    }
    let log_file = args.recording.start_logging(global)?;
    let mut setup = setup(global, args)?;
    if let Some(file) = log_file.clone() {
        setup.lines_dropped = Some(Box::new(move || file.dropped() + file.lost()));
    }
    let runtime = runtime(args.tuning.http_threads())?;
    let code = runtime.block_on(serve(setup));
    // What is under way after the drain is given up.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some(file) = log_file {
        file.close();
    }
    code
}

fn runtime(threads: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).thread_name("uaic-http").enable_all().build()
}

fn setup(global: &Global, args: &ServeArgs) -> anyhow::Result<Setup> {
    let models: Vec<(String, String)> =
        args.models.iter().map(|named| (named.name(), named.address.clone())).collect();
    let twice = |(at, (name, _)): (usize, &(String, String))| {
        models[..at].iter().any(|(other, _)| other == name).then(|| name.clone())
    };
    if let Some(name) = models.iter().enumerate().find_map(twice) {
        let message = format!("`{name}` is served twice; give one another name: OTHER={name}");
        return Err(Failure::usage(message).into());
    }
    let settings: Settings = args.tuning.settings();
    Ok(Setup {
        settings,
        source: Arc::new(Source { store: global.store.clone() }),
        sidecars: sidecars(&models, &args.canary, &args.shadow)?,
        models,
        log: args.recording.open_log(global)?,
        lines_dropped: None,
        listen: args.listen.clone(),
        admin: admin(args)?,
        watch: args.watch,
    })
}

fn admin(args: &ServeArgs) -> anyhow::Result<Option<Admin>> {
    let Some(listen) = args.admin.clone() else { return Ok(None) };
    let secret = match &args.admin_token_file {
        Some(path) => String::from_utf8_lossy(&crate::fsx::read(path)?).into_owned(),
        None => std::env::var(TOKEN).unwrap_or_default(),
    };
    let secret = secret.trim();
    if secret.chars().count() < SHORTEST_TOKEN {
        let message = format!(
            "the admin routes need a token of {SHORTEST_TOKEN} characters or more; \
             `export {TOKEN}=$(openssl rand -hex 16)` makes one"
        );
        return Err(Failure::usage(message).into());
    }
    Ok(Some(Admin { listen, token: AdminToken::new(secret) }))
}

async fn serve(setup: Setup) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let server = Server::start(setup).await?;
    announce(&server)?;
    while let Notice::Refresh = signals.next().await {
        tracing::info!("SIGHUP: looking for other versions");
        server.refresh().await;
    }
    tracing::info!("stopping: no new requests, those under way may end");
    let ended = tokio::select! {
        ended = server.stop() => ended,
        // Whoever asks twice means it.
        () = signals.stop() => false,
    };
    if !ended {
        tracing::warn!("stopped before all requests had ended");
    }
    Ok(ExitCode::SUCCESS)
}

/// The address on stdout, for programs; what is served in the log, for people.
fn announce(server: &Server) -> anyhow::Result<()> {
    for (name, slot) in &*server.fleet().slots() {
        for deployment in slot.all() {
            let model = &deployment.model;
            let (labels, role) = (model.predictor.classifier.labels.len(), deployment.role.as_str());
            let kind = &model.architecture;
            tracing::info!(
                "{name} {} ({role}): {kind}, {labels} labels, from {}",
                model.version,
                model.address
            );
        }
    }
    if let Some(address) = server.admin_address() {
        tracing::info!("admin routes on http://{address}/admin/models");
    }
    if let Some(address) = server.address() {
        tracing::info!("listening on {0}; documentation on {0}/apidocs, Ctrl-C stops", url(address));
        printer::data(url(address))?;
    }
    Ok(())
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// What the process is told by signals.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// What a signal asks for.
enum Notice {
    Stop,
    Refresh,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Notice {
        tokio::select! {
            _ = self.terminate.recv() => Notice::Stop,
            _ = self.interrupt.recv() => Notice::Stop,
            _ = self.hang_up.recv() => Notice::Refresh,
        }
    }

    async fn stop(&mut self) {
        while !matches!(self.next().await, Notice::Stop) {}
    }
}
