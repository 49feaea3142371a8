//! `uaic model register`: puts a run under a name.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::trial::RunState;

use super::super::exit::Failure;
use super::super::stored_model::{MODEL_GRAMMAR, run_with_model};
use super::super::{Global, json, printer};
use super::shape_of;

/// Arguments of `uaic model register`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic model register @ intents
  uaic model register attention/final intents --note 'more data'

{MODEL_GRAMMAR}

A run that has a version of this name keeps it. The address (NAME@VERSION) is printed.

With --json: {{\"schema\": 1, \"model\": {{\"name\", \"version\", \"run\", \"note\", \"created_ms\", \"created\",
  \"aliases\": [text]}}}}"))]
pub(super) struct RegisterArgs {
    /// The model: a final or imported run, or a study
    #[arg(value_name = "SEL")]
    pub(super) selector: String,

    /// The name: letters, digits, `-`, `_` and `.`
    #[arg(value_name = "NAME")]
    pub(super) name: String,

    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) note: String,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Registers it.
pub(super) fn run(global: &Global, args: &RegisterArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let run = run_with_model(&*store, &args.selector, "model register")?;
    if run.state != RunState::Complete {
        let (id, state) = (run.id.short(), run.state.name().to_lowercase());
        return Err(
            Failure::usage(format!("run {id} is {state}; only complete runs can be registered")).into()
        );
    }
    let version = store.register_model(&args.name, run.id, &args.note)?;
    if args.json {
        printer::json(&json!({ "schema": json::SCHEMA, "model": shape_of(&version) }))?;
    } else {
        printer::data(version.address())?;
    }
    Ok(ExitCode::SUCCESS)
}
