//! A server on a store of its own, asked over HTTP as clients of MLflow ask, and by our own interface.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::needless_pass_by_value
)]

mod access;
mod api;
mod artifacts;
mod client;
mod experiments;
mod http;
mod killed;
mod logging;
mod metrics;
mod registry;
mod runs;
mod search;
mod store;
mod traces;
mod wire;
