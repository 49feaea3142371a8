//! `uaic best`: shows the best trials.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic best`.
#[derive(Args, Debug)]
pub struct BestArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &BestArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
