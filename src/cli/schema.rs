//! `uaic schema`: prints a JSON Schema.

use std::process::ExitCode;

use clap::Args;

use super::{Global, printer};

/// Arguments of `uaic schema`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic schema > uaic.schema.json

A spec that starts with the line `#:schema ./uaic.schema.json` is completed and checked by editors
with a TOML language server (taplo, Even Better TOML).")]
pub struct SchemaArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &SchemaArgs) -> anyhow::Result<ExitCode> {
    printer::json(&crate::spec::json_schema())?;
    Ok(ExitCode::SUCCESS)
}
