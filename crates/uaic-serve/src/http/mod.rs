//! What the server speaks: routes, and what goes in and out at them.
//!
//! ```text
//! telemetry ─► route (intent, predict, inference) ─► dispatch ─► engine
//!                │ body, fields: typed requests         │ request log, drift, shadow
//!                └◄ wire, problem: answers ◄────────────┘
//! ```

pub(super) mod admin;
mod app;
mod body;
mod context;
mod dispatch;
mod docs;
mod feedback;
mod fields;
mod health;
mod inference;
mod intent;
mod page;
mod predict;
mod problem;
mod route;
pub(super) mod routes;
mod telemetry;
mod wire;

pub(crate) use app::App;
