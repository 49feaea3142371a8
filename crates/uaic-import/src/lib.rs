//! What do the records of other tools say?
//!
//! [`detect`] finds out what lies at a path; a [`Source`] is read as a stream into a [`Sink`], in
//! bounded memory. [`EventFile`] and [`CsvLog`] follow files that grow. [`MlflowDatabase`] is the way back.
//!
//! ```
//! use std::path::Path;
//! use uaic_import::{ReadOptions, Sink, SinkError, Skipped, SourcePoint, SourceRun, SourceStudy, detect};
//!
//! /// Counts what comes in.
//! #[derive(Default)]
//! struct Count { runs: usize, points: usize }
//!
//! impl Sink for Count {
//!     fn study(&mut self, _: SourceStudy) -> Result<(), SinkError> { Ok(()) }
//!     fn run(&mut self, _: SourceRun) -> Result<(), SinkError> { self.runs += 1; Ok(()) }
//!     fn points(&mut self, _: &str, points: &[SourcePoint]) -> Result<(), SinkError> {
//!         self.points += points.len();
//!         Ok(())
//!     }
//!     fn artifact(&mut self, _: &str, _: &Path) -> Result<(), SinkError> { Ok(()) }
//!     fn end_run(&mut self) -> Result<(), SinkError> { Ok(()) }
//!     fn skipped(&mut self, _: Skipped) -> Result<(), SinkError> { Ok(()) }
//!     fn warning(&mut self, _: &str) -> Result<(), SinkError> { Ok(()) }
//!     fn progress(&mut self, _: u64, _: u64) -> Result<(), SinkError> { Ok(()) }
//! }
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("history.csv");
//! std::fs::write(&path, "step,loss\n0,0.7\n1,0.5\n")?;
//!
//! let mut count = Count::default();
//! for source in detect(&path)? {
//!     source.read(&ReadOptions::default(), &mut count)?;
//! }
//! assert_eq!((count.runs, count.points), (1, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod artifacts;
mod checksum;
mod csv_log;
mod database;
mod detect;
mod dvclive;
mod error;
mod event_file;
mod folder;
mod identity;
mod json;
mod lightning;
mod lines;
mod mlflow;
mod options;
pub mod optuna;
mod params;
mod protobuf;
mod python;
mod record;
mod sacred;
mod series;
mod sink;
mod source;
mod table;
mod tensorboard;
mod transformers;
mod wandb;
mod yaml;
mod zone;

pub use csv_log::CsvLog;
pub use detect::detect;
pub use error::ImportError;
pub use event_file::EventFile;
pub use identity::News;
pub use mlflow::{MlflowDatabase, MlflowPoint, MlflowRun};
pub use options::{ReadOptions, TableRows};
pub use record::{Skipped, SourceParam, SourcePoint, SourceRun, SourceStudy, SourceTrial};
pub use sink::{Sink, SinkError};
pub use source::{Format, Source};
pub use zone::Zone;
