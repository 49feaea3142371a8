//! `uaic ls`: lists runs.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic ls`.
#[derive(Args, Debug)]
pub struct LsArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &LsArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
