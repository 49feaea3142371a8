//! `uaic bench`: measures this program's parts.

mod against;
mod results;
mod samplers;
mod sheets;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Global;

/// Arguments of `uaic bench`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  uaic bench samplers")]
pub struct BenchArgs {
    /// What to measure.
    #[command(subcommand)]
    verb: BenchVerb,
}

#[derive(Debug, Subcommand)]
enum BenchVerb {
    /// Play studies of functions whose minimum is known
    Samplers(samplers::SamplersArgs),
}

/// Does what the verb says.
pub(super) fn run(_global: &Global, args: &BenchArgs) -> anyhow::Result<ExitCode> {
    match &args.verb {
        BenchVerb::Samplers(args) => samplers::run(args),
    }
}
