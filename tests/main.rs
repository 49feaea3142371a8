//! Whole commands and whole-crate rules; one module per subject.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asked;
mod bench;
mod calibrate;
mod command;
mod compare;
mod constraints;
mod data;
mod deploy;
mod enqueued;
mod evaluate;
mod exec;
mod flights;
mod guide;
mod listing;
#[cfg(feature = "serve")]
mod load;
mod moving;
mod numbers;
mod onnx;
mod package;
mod package_fuzz;
mod pictures;
mod points;
mod predictions;
mod rank;
mod readme;
mod registry;
mod report;
mod report_runs;
#[cfg(feature = "serve")]
mod requests;
mod run;
mod search;
mod serve;
mod serve_real;
mod serve_versions;
mod snapshots;
mod spec;
mod store;
mod structure;
mod study;
mod support;
mod tables;
mod team;
mod training;
mod transformer;
