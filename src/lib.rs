//! `uaic` takes a TOML experiment spec, tunes and trains models in parallel, records every run in
//! a local store and explains the result.
//!
//! ```text
//! experiments/x.toml ─► spec ─► study (sampler) ─► trial ─► objective (data, text, model, train, eval)
//!                                                    │
//!                              store ◄───────────────┘   params, metrics, artifacts, states
//!                                │
//!               ls / show / best / compare / plot / report
//! ```
//!
//! # Words
//! One term per concept: an *experiment* names a group of runs; a *spec* is the checked TOML file;
//! a *study* is one search over a space; a *trial* is one point of a study, numbered from 0; a
//! *run* is one recorded execution (every trial is a run, and so is the final retraining); an
//! *objective* is what a trial evaluates; a *step* is the x of a metric series.
//!
//! # Crates
//! This crate is the command line and what puts everything together; what can be used by itself is in
//! crates of its own, which it passes on: [`study`], [`store`], [`model`], [`eval`], [`report::draw`],
//! [`kernel`] and, with the feature `serve`, [`serve`]. `ARCHITECTURE.md` has the picture.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod bundle;
pub mod cli;
pub mod command;
pub mod comparison;
pub mod data;
pub mod export;
pub mod import;
pub mod package;
pub mod predictions;
pub mod recording;
pub mod report;
pub mod run_log;
pub mod select;
pub mod spec;
pub mod store;
pub mod training;
mod wording;

pub use uaic_eval as eval;
pub use uaic_kernel as kernel;
pub use uaic_kernel::rng;
pub use uaic_model::{inference, model, onnx, text, train};
pub use uaic_platform::{fsx, process as platform};
#[cfg(feature = "serve")]
pub use uaic_serve::{self as serve, load};
#[cfg(feature = "serve")]
pub use uaic_server as server;
pub use uaic_study::{self as study, space, trial};
pub use uaic_wording::{ErrorKind, nearest, number};

pub use training::IntentClassifier;

/// The Rust code of the README and the guide, which the tests of documentation compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/guide/library.md")]
mod documents {}
