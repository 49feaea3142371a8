//! Models as a service: HTTP in front of an engine that answers in micro-batches, a request log,
//! metrics, drift, and swaps of models that drop no request.

pub mod drift;
pub mod log_file;
pub mod metrics;
pub mod request_log;
