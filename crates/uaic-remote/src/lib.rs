//! A [`Store`](uaic_study::store::Store) whose records are at a server of uaic.
//!
//! ```no_run
//! use uaic_remote::RemoteStore;
//! use uaic_study::store::Store;
//!
//! let store = RemoteStore::open("http://127.0.0.1:5000", std::env::var("UAIC_TOKEN").ok().as_deref())?;
//! assert!(store.studies()?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod artifact;
mod connection;
mod outbox;
mod shared;
mod store;

pub use store::{RemoteStore, is_address};
