//! Models as a service: HTTP in front of an engine that answers in micro-batches, a request log,
//! metrics, drift, and swaps of models that drop no request.

mod connection;
pub mod drift;
pub mod engine;
mod fleet;
mod http;
pub mod load;
pub mod log_file;
pub mod metrics;
pub mod request_log;
mod server;
mod settings;
mod source;

pub use fleet::{Deployment, Fleet, FleetError, Model, Picked};
pub use http::admin::Token;
pub use http::{ROUTES, openapi};
pub use server::{Admin, Beside, Listen, ServeError, Server, Setup};
pub use settings::{Limits, Settings};
pub use source::{LoadedModel, ModelSource, SourceError};
