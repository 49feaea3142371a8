//! `uaic study create`: a study that others will fill.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::super::work::Work;
use super::super::{Global, json, printer};
use crate::spec::split_override;

/// Arguments of `uaic study create`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  id=$(uaic study create experiments/ask.toml)
  uaic ask $id -n 4 --json
  uaic resume $id            in several terminals: each takes trials until all are done

With --json: {\"schema\": 1, \"study\": its id}.")]
pub(super) struct CreateArgs {
    /// The spec
    spec: PathBuf,

    /// Set a key of the spec, such as study.trials=100
    #[arg(short = 'P', long = "param", value_name = "KEY=VALUE", value_parser = split_override)]
    params: Vec<(String, String)>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Creates it.
pub(super) fn run(global: &Global, args: &CreateArgs) -> anyhow::Result<ExitCode> {
    let work = Work::load(&args.spec, &args.params)?;
    work.notes().iter().for_each(|note| printer::talk(format!("note: {note}")));
    let study = global.store.open()?.create_study(&work.new_study())?;
    if args.json {
        printer::json(&json!({ "schema": json::SCHEMA, "study": study.id }))?;
    } else {
        printer::data(study.id.short())?;
    }
    Ok(ExitCode::SUCCESS)
}
