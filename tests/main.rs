//! Whole commands and whole-crate rules; one module per subject.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod architecture;
mod bench;
mod calibrate;
mod command;
mod compare;
mod data;
mod deploy;
mod evaluate;
mod flights;
mod listing;
#[cfg(feature = "serve")]
mod load;
mod numbers;
mod onnx;
mod package;
mod package_fuzz;
mod readme;
mod registry;
mod report;
#[cfg(feature = "serve")]
mod requests;
mod run;
mod search;
mod serve;
mod serve_real;
mod serve_versions;
mod spec;
mod store;
mod study;
mod support;
mod training;
mod transformer;
