//! `uaic show`: shows a run.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic show`.
#[derive(Args, Debug)]
pub struct ShowArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &ShowArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
