//! Programs of Optuna against a server, and what the store says of them afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod hostile;
mod killed;
mod programs;
mod server;
