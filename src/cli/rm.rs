//! `uaic rm` and `uaic restore`: hide runs and bring them back.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::store::{RunRecord, Store};
use crate::trial::RunState;

use super::exit::Failure;
use super::ls::{QUERY_GRAMMAR, Query, parse_query};
use super::{Global, json, printer, selected, table};
use crate::select::{self, RUN_GRAMMAR, place};

/// Arguments of `uaic rm`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Nothing is removed from the store: `uaic restore` brings hidden runs back, `uaic ls --all` lists them,
and `uaic gc` removes for good what has been hidden for long. A run that is running cannot be hidden.

Examples:
  uaic rm 3fa2b1c4        one run
  uaic rm @ @-1           the two latest
  uaic rm attention/3     trial 3 of the latest study of an experiment
  uaic rm --where 'state = failed and started < -30d'
  uaic rm 'old baseline'  a run by its name

{RUN_GRAMMAR}

{QUERY_GRAMMAR}

With --json: {{\"schema\": 1, \"runs\": [{{\"id\", \"hidden\"}}]}}."))]
pub struct RmArgs {
    /// The runs to hide
    #[arg(required_unless_present = "filter", value_name = "SEL")]
    pub runs: Vec<String>,

    /// Also those of which this holds
    #[arg(short = 'w', long = "where", value_name = "QUERY", value_parser = parse_query)]
    pub filter: Option<Query>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `uaic restore`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic ls --all           lists hidden runs too
  uaic restore 3fa2b1c4   brings one back
  uaic restore @/3        trial 3 of the latest study

Hidden runs are selected by id or by study and number; `@`, `best` and `name:` see visible ones.

{RUN_GRAMMAR}

With --json: {{\"schema\": 1, \"runs\": [{{\"id\", \"hidden\"}}]}}."))]
pub struct RestoreArgs {
    /// The runs to bring back
    #[arg(required = true, value_name = "SEL")]
    pub runs: Vec<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Hides runs: all of them, or none when one is running.
pub(super) fn remove(global: &Global, args: &RmArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let runs = selected::runs(&*store, &args.runs, args.filter.as_ref())?;
    if let Some(busy) = runs.iter().find(|run| run.state == RunState::Running) {
        let message = format!(
            "run {} ({}) is running in process {}; stop it first, or wait for it",
            busy.id.short(),
            described(busy),
            busy.start.process.pid
        );
        return Err(Failure::locked(message).into());
    }
    let json = set_visibility(&*store, &runs, Visibility::Hidden)?;
    if args.json {
        printer::json(&json)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings runs back.
pub(super) fn restore(global: &Global, args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let runs = select::resolve_many(&*store, &args.runs)?;
    let json = set_visibility(&*store, &runs, Visibility::Shown)?;
    if args.json {
        printer::json(&json)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Most ids that are named to undo it.
const UNDONE: usize = 20;

#[derive(Clone, Copy, PartialEq)]
enum Visibility {
    Hidden,
    Shown,
}

/// Hides runs or brings them back, and gives what `--json` prints of it.
fn set_visibility(store: &dyn Store, runs: &[RunRecord], visibility: Visibility) -> anyhow::Result<Value> {
    let hide = visibility == Visibility::Hidden;
    for run in runs {
        store.set_hidden(run.id, hide)?;
        let what = match (hide, run.hidden) {
            (true, false) => "hidden",
            (true, true) => "was hidden before",
            (false, true) => "is back",
            (false, false) => "was not hidden",
        };
        printer::talk(format!("{} ({}) {what}", run.id.short(), described(run)));
    }
    if hide && runs.iter().any(|run| !run.hidden) {
        let ids: Vec<String> = runs.iter().take(UNDONE).map(|run| run.id.short()).collect();
        let more = if runs.len() > UNDONE { " …" } else { "" };
        printer::talk(format!("undo with `uaic restore {}{more}`", ids.join(" ")));
    }
    let runs: Vec<_> = runs.iter().map(|run| json!({ "id": run.id, "hidden": hide })).collect();
    Ok(json!({ "schema": json::SCHEMA, "runs": runs }))
}

fn described(run: &RunRecord) -> String {
    format!("{} of {}", place(run), table::one_line(&run.experiment))
}
