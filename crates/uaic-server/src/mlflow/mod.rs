//! The HTTP interface of MLflow, as its clients use it: a file for each group of routes.

mod app;
mod artifacts;
mod experiments;
mod filter;
mod health;
mod inputs;
mod limits;
mod location;
mod logged_models;
mod logging;
mod metrics;
mod naming;
mod otlp;
mod paging;
mod refusal;
mod registry;
mod route;
mod routes;
mod runs;
mod shape;
mod traces;
mod wire;
mod within;

pub(crate) use routes::{declared, router};
