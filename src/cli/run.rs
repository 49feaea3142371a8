//! `uaic run`: runs a spec.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic run`.
#[derive(Args, Debug)]
pub struct RunArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &RunArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
