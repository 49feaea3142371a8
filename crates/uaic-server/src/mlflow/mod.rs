//! The HTTP interface of MLflow, as its clients use it: a file for each group of routes.

mod app;
mod health;
mod routes;
mod wire;

pub(crate) use routes::router;
