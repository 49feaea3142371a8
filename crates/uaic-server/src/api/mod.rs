//! Our own interface: for people and browsers as JSON (see `/docs`), and for `--store http://…` of other
//! machines as messages.

mod app;
mod artifacts;
mod body;
mod changes;
mod content;
mod cursor;
mod desk;
mod docs;
mod experiments;
mod models;
mod problem;
mod query;
mod routes;
mod runs;
mod segment;
mod series;
mod shape;
mod store;
mod studies;
mod workers;

pub use desk::{Desk, DeskError};
pub use routes::{Need, Right, needs};
pub(crate) use routes::router;
