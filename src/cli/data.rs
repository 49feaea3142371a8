//! `uaic data`: data sets.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic data`.
#[derive(Args, Debug)]
pub struct DataArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &DataArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
