//! `uaic resume`: goes on with a study.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic resume`.
#[derive(Args, Debug)]
pub struct ResumeArgs {}

/// Does it.
pub(super) fn run(_global: &Global, _args: &ResumeArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
