//! `uaic schema`: prints a JSON Schema.

use std::process::ExitCode;

use clap::Args;

use super::{Global, printer};

/// Arguments of `uaic schema`.
#[derive(Args, Debug)]
pub struct SchemaArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &SchemaArgs) -> anyhow::Result<ExitCode> {
    printer::json(&crate::spec::json_schema())?;
    Ok(ExitCode::SUCCESS)
}
