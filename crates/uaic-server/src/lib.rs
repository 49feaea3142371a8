//! One server for a team: what clients of MLflow and programs of Optuna record, in a store of uaic.
//!
//! ```
//! use std::sync::Arc;
//! use uaic_server::{ConnectionLimits, Listen, Server, Setup};
//! use uaic_store::SqliteStore;
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let folder = tempfile::tempdir()?;
//! let store = Arc::new(SqliteStore::open(folder.path())?);
//! let listen = Listen::Tcp("127.0.0.1:0".to_owned());
//! let (limits, access) = (ConnectionLimits::default(), uaic_server::access::Settings::default());
//! let server = Server::start(Setup { store, desk: None, listen, limits, access }).await?;
//! println!("MLFLOW_TRACKING_URI=http://{}", server.address().ok_or("it has no address")?);
//! server.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod access;
mod api;
mod error;
mod mlflow;
mod operation;
pub mod optuna;
mod outlet;
mod server;
mod team;

pub use api::{Desk, DeskError, Need, Right, needs};
pub use error::ServerError;
pub use server::{Server, Setup};
pub use team::TeamStore;
pub use uaic_http::{ConnectionLimits, Listen, TlsFiles};
