//! `uaic import`: puts a package into the store.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::package::Package;
use crate::platform::ProcessIdentity;
use crate::store::SqliteStore;
use crate::training::import;

use super::{Global, json, printer};

/// Arguments of `uaic import`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic import attention-4f2a90c1.uaic
  uaic import attention.uaic --json | jq -r .run
  uaic --store elsewhere import attention.uaic

The package becomes a complete run of kind `imported` in a study of its own, with its metrics, model,
calibration and lineage (tags package.run, package.study …). Importing the same package again gives
the run that is there. `uaic evaluate`, `errors`, `predict`, `show`, `compare`, `export` and `model
register` take it as they take a final run; what needs the texts of a test split or the trials of a
study is not in a package. The id of the run is printed.

With --json: {\"schema\": 1, \"run\", \"study\", \"experiment\", \"was_there\": true or false, \"sha256\"}")]
pub struct ImportArgs {
    /// The package, a file or a folder
    #[arg(value_name = "PACKAGE")]
    pub package: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Imports it.
pub(super) fn run(global: &Global, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    // Read before a store is made for it.
    let package = Package::read(&args.package)?;
    let store = SqliteStore::open(&global.store)?;
    let imported = import(&store, &package, &args.package, &ProcessIdentity::current())?;
    if args.json {
        let run = crate::store::Store::run(&store, imported.run)?;
        printer::json(&json!({
            "schema": json::SCHEMA,
            "run": imported.run,
            "study": run.start.home.study(),
            "experiment": run.experiment,
            "was_there": imported.was_there,
            "sha256": package.digest(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let id = imported.run.short();
    printer::talk(if imported.was_there {
        format!("run {id} is this package already")
    } else {
        format!("imported; `uaic show {id}` shows it, `uaic predict {id} TEXT` asks it")
    });
    printer::data(imported.run.to_string())?;
    Ok(ExitCode::SUCCESS)
}
