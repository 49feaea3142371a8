//! `uaic study ls`: as `uaic ls --studies`.

use std::process::ExitCode;

use clap::Args;

use super::super::Global;
use super::super::ls as runs;

/// Arguments of `uaic study ls`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic study ls
  uaic study ls --experiment attention -n 3

With --json: as `uaic ls --studies --json`: {\"schema\": 1, \"total\", \"studies\": [{…}]}.")]
pub(super) struct LsArgs {
    /// Only of this experiment
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,

    /// At most so many; 0 for all [default: 20, with --csv all]
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<u32>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists them.
pub(super) fn run(global: &Global, args: &LsArgs) -> anyhow::Result<ExitCode> {
    let args = runs::LsArgs {
        limit: args.limit,
        experiment: args.experiment.clone(),
        study: None,
        parent: None,
        filter: None,
        columns: None,
        group_by: None,
        watch: None,
        state: None,
        all: false,
        studies: true,
        csv: args.csv,
        json: args.json,
    };
    runs::run(global, &args)
}
