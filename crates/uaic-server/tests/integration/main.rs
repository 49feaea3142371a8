//! A server on a store of its own, asked over HTTP as clients of MLflow ask.

mod access;
mod artifacts;
mod client;
mod experiments;
mod http;
mod logging;
mod metrics;
mod runs;
mod search;
mod store;
mod wire;
