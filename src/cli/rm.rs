//! `uaic rm`: hides runs and brings them back.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `uaic rm`.
#[derive(Args, Debug)]
pub struct RmArgs {}

/// Does it.
pub(super) fn remove(_global: &Global, _args: &RmArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}

/// Arguments of `uaic restore`.
#[derive(Args, Debug)]
pub struct RestoreArgs {}

/// Brings runs back.
pub(super) fn restore(_global: &Global, _args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("to come")
}
