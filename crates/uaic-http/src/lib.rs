//! What two HTTP servers share: what they listen on ([`Listener`]), connections ([`accept`]) that may be
//! neither too many nor too slow, and their encryption ([`Tls`]).
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::{Router, routing::get};
//! use tokio::sync::watch;
//! use uaic_http::{ConnectionLimits, Listen, Listener, Protocol, Uncounted, accept};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! runtime.block_on(async {
//!     let listener = Listener::bind(&Listen::Tcp("127.0.0.1:0".to_owned())).await?;
//!     let router = Router::new().route("/health", get(|| async { "OK" }));
//!     let (stop, stopped) = watch::channel(false);
//!     let limits = ConnectionLimits::default();
//!     let server = tokio::spawn(accept(listener, Protocol::Http1, router, limits, Arc::new(Uncounted), stopped));
//!     stop.send_replace(true);
//!     server.await?;
//!     Ok(())
//! })
//! # }
//! ```

mod connection;
mod listener;
mod settings;
mod timed;
mod tls;

pub use connection::{Observer, Refused, Uncounted, accept, accept_encrypted};
pub use listener::{Listen, ListenError, Listener, Peer, Stream};
pub use settings::{ConnectionLimits, Protocol};
pub use tls::{Tls, TlsError, TlsFiles};
