//! `uaic check`: checks a spec.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic check`.
#[derive(Args, Debug)]
pub struct CheckArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &CheckArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
