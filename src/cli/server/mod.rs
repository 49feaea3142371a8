//! `uaic server`: a store for a team, over HTTP.

mod backup;
mod desk;
mod hosted;
mod options;
mod people;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::server::{ConnectionLimits, Listen, Server, Setup};
use crate::store::{Announcement, SqliteStore};

use super::exit::Failure;
use super::load::values::parse_some_duration;
use super::serve::parse_listen;
use super::{Global, printer};

use desk::SpecDesk;
pub(super) use hosted::Hosted;

/// Threads that answer; what waits for the disk has threads of its own.
const THREADS: usize = 2;

/// Arguments of `uaic server`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  uaic server                                      the store in runs/, on http://127.0.0.1:5000
  uaic server --store /srv/uaic --listen 127.0.0.1:0
  export MLFLOW_TRACKING_URI=http://127.0.0.1:5000  and programs that log to MLflow log here
  uaic --store http://127.0.0.1:5000 ls            every verb works through a server, too

In Python, `optuna.storages.GrpcStorageProxy(host=\"127.0.0.1\", port=5000)` is the storage of an Optuna
program. What arrives is a run, a study or a model like any other: `uaic ls`, `show`, `compare`, `plot` and
`report` work on it, on this machine or through the server.

Without users, whoever reaches it on this machine may do everything, and it listens on no other address.
`uaic server user add NAME --role admin` adds the first user; from then on everybody says who they are, with a
password (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD) or a token (MLFLOW_TRACKING_TOKEN, UAIC_TOKEN).

When it takes requests, its address is printed on stdout. While it is up, programs that `uaic exec` and
`uaic run` start on this store find it in MLFLOW_TRACKING_URI. SIGTERM or Ctrl-C: no new requests, those
under way end within --drain, exit 0."
)]
pub struct ServerArgs {
    /// Something else than serving.
    #[command(subcommand)]
    task: Option<Task>,

    /// Address to listen on: HOST:PORT (port 0: any free one), or unix:PATH
    #[arg(long, value_name = "ADDRESS", env = "UAIC_SERVER_LISTEN", default_value = "127.0.0.1:5000", value_parser = parse_listen)]
    listen: Listen,

    /// Most open connections; more are turned away with 503
    #[arg(long, value_name = "N", default_value_t = 1024)]
    max_connections: usize,

    /// Time for requests under way to end when it is stopped
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_some_duration)]
    drain: Duration,

    /// Who may do what.
    #[command(flatten)]
    access: options::AccessOptions,
}

/// Something else than serving.
#[derive(Debug, Subcommand)]
enum Task {
    /// Copy the whole store while others write to it
    Backup(backup::BackupArgs),
    /// Bring a copy back, to a folder without a store
    Restore(backup::RestoreArgs),
    /// Say who may use the server
    #[command(subcommand)]
    User(people::UserTask),
    /// Make tokens for programs
    #[command(subcommand)]
    Token(people::TokenTask),
}

/// The folder of the store, which has to be of this machine.
fn local(global: &Global) -> anyhow::Result<&Path> {
    let message = || format!("{} is behind a server already; `--store DIR` names a folder", global.store);
    Ok(global.store.folder().ok_or_else(|| Failure::usage(message()))?)
}

/// Serves until told to stop.
pub(super) fn run(global: &Global, args: &ServerArgs) -> anyhow::Result<ExitCode> {
    match &args.task {
        None => serve(global, args),
        Some(Task::Backup(args)) => backup::back_up_store(global, args),
        Some(Task::Restore(args)) => backup::restore(global, args),
        Some(Task::User(task)) => people::user(global, task),
        Some(Task::Token(task)) => people::token(global, task),
    }
}

fn serve(global: &Global, args: &ServerArgs) -> anyhow::Result<ExitCode> {
    let folder = local(global)?;
    let store = Arc::new(SqliteStore::open(folder)?);
    let limits = ConnectionLimits { connections: args.max_connections, ..ConnectionLimits::default() };
    let access = args.access.settings(folder);
    let listen = args.listen.clone();
    let setup = Setup { store, desk: Some(Arc::new(SpecDesk)), listen, limits, access };
    let runtime = runtime(THREADS)?;
    let code = runtime.block_on(async {
        let mut stop = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let server = Server::start(setup).await?;
        let announcement =
            server.address().map(|address| Announcement::write(folder, address)).transpose()?;
        if let Some(address) = server.address() {
            printer::data(format!("http://{address}"))?;
        }
        tokio::select! {
            _ = stop.0.recv() => {}
            _ = stop.1.recv() => {}
        }
        drop(announcement);
        tracing::info!("stopping: no new requests, those under way may end");
        tokio::select! {
            ended = tokio::time::timeout(args.drain, server.stop()) => {
                if ended.is_err() {
                    tracing::warn!("stopped before all requests had ended");
                }
            }
            // Whoever asks twice means it.
            _ = stop.0.recv() => {}
            _ = stop.1.recv() => {}
        }
        Ok(ExitCode::SUCCESS)
    });
    // What is under way after the drain is given up.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

fn runtime(threads: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).thread_name("uaic-server").enable_all().build()
}
