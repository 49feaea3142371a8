//! Runs for other programs.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::json;

use super::super::exit::Failure;
use super::super::{json, printer, selected};
use super::ExportArgs;
use crate::export::{TableFormat, to_mlflow, to_tables};
use crate::fsx::{self, FileError};
use crate::number::counted;
use crate::store::{Id, Store};

/// What runs are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A database of MLflow and its artifacts
    Mlflow,
    /// Tables as CSV
    Csv,
    /// Tables as JSON lines
    Jsonl,
    /// Tables as Parquet
    Parquet,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Mlflow => "mlflow",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

/// Writes them into a folder, whole or not at all.
pub(super) fn export(
    store: &dyn Store,
    args: &ExportArgs,
    to: Target,
    out: &Path,
) -> anyhow::Result<ExitCode> {
    if std::fs::symlink_metadata(out).is_ok() {
        let message = format!("{} is there already; name a folder that is not", out.display());
        return Err(Failure::locked(message).into());
    }
    let runs = selected::with_studies(store, &args.selectors, args.filter.as_ref())?;
    let parent = fsx::parent_of(out);
    let staged = tempfile::Builder::new()
        .prefix(".uaic-")
        .tempdir_in(parent)
        .map_err(FileError::at("write", parent))?;
    let home = parent.canonicalize().map_err(FileError::at("read", parent))?;
    let home = home.join(out.file_name().unwrap_or(out.as_os_str()));
    let done = write(store, &runs, to, staged.path(), &home)?;
    std::fs::rename(staged.path(), out).map_err(FileError::at("write", out))?;
    // It is where it should be, and no longer to be removed.
    let _ = staged.keep();
    if args.json {
        printer::json(&json!({
            "schema": json::SCHEMA,
            "path": out.display().to_string(),
            "to": to.name(),
            "runs": done.runs,
            "points": done.points,
            "artifacts": done.artifacts,
            "doubled": done.doubled,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if done.doubled > 0 {
        printer::talk(format!(
            "note: {} are equal to another, and MLflow has them once",
            counted(done.doubled, "point")
        ));
    }
    printer::talk(format!(
        "{}, {}, {}",
        counted(done.runs, "run"),
        counted(done.points, "point"),
        counted(done.artifacts, "artifact")
    ));
    printer::data(out.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn write(
    store: &dyn Store,
    runs: &[Id],
    to: Target,
    folder: &Path,
    home: &Path,
) -> anyhow::Result<crate::export::Exported> {
    Ok(match to {
        Target::Mlflow => to_mlflow(store, runs, folder, home)?,
        Target::Csv => to_tables(store, runs, folder, TableFormat::Csv)?,
        Target::Jsonl => to_tables(store, runs, folder, TableFormat::JsonLines)?,
        Target::Parquet => to_tables(store, runs, folder, TableFormat::Parquet)?,
    })
}
