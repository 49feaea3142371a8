//! `uaic study rm`: hides all runs of a study.

use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::super::{Global, printer};
use crate::select::{self, STUDY_GRAMMAR};
use crate::store::{RunQuery, StudyState};

/// Arguments of `uaic study rm`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Nothing is removed from the store: `--undo` brings the runs back.

Examples:
  uaic study rm 9c1e22aa
  uaic study rm 9c1e22aa --undo

{STUDY_GRAMMAR}"))]
pub(super) struct RmArgs {
    /// The study
    study: String,

    /// Bring its runs back
    #[arg(long)]
    undo: bool,
}

/// Hides them, or brings them back.
pub(super) fn run(global: &Global, args: &RmArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let study = select::resolve_study(&*store, Some(&args.study))?;
    if study.state == StudyState::Running && !args.undo {
        let message = format!("study {} is running; stop it first, or wait for it", study.id.short());
        return Err(Failure::locked(message).into());
    }
    let query = RunQuery { study: Some(study.id), include_hidden: true, ..RunQuery::default() };
    let runs = store.runs(&query)?;
    for run in &runs {
        store.set_hidden(run.id, !args.undo)?;
    }
    let id = study.id.short();
    printer::talk(if args.undo {
        format!("the {} runs of study {id} are back", runs.len())
    } else {
        format!("{} runs hidden; undo with `uaic study rm {id} --undo`", runs.len())
    });
    Ok(ExitCode::SUCCESS)
}
