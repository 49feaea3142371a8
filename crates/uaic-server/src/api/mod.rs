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
mod listing;
mod models;
mod problem;
mod query;
mod right;
mod routes;
mod runs;
mod segment;
mod series;
mod shape;
mod store;
mod studies;
mod workers;

pub use desk::{Desk, DeskError};
pub use right::{Need, Right};
pub use routes::needs;
pub(crate) use routes::{declared, router};
