//! `uaic init`: writes a commented spec.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic init`.
#[derive(Args, Debug)]
pub struct InitArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &InitArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
