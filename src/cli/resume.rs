//! `uaic resume`: goes on with a study that was stopped or killed.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::execute::execute;
use super::exit::Failure;
use super::run::HowArgs;
use super::{Global, select};
use crate::experiment::Experiment;
use crate::spec::Spec;
use crate::store::{SqliteStore, Store, StudyState};

/// Arguments of `uaic resume`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic resume                     the newest study
  uaic resume 3f2a9c              by the start of its id
  uaic resume --trials 50         and raise its number of trials

The study goes on from its stored spec: finished trials are kept, the others are repeated with the
same parameters and seeds, so the result is that of an uninterrupted run. Data that have changed
since are refused.

With --json, as `uaic run --json`: {\"schema\": 1, \"study\": {…}, \"final\": {…} or null}, with the
trials of earlier processes in it.")]
pub struct ResumeArgs {
    /// The study: the start of its id, an experiment's name, or nothing for the newest
    pub study: Option<String>,

    /// Raise the study's number of trials to N
    #[arg(long, value_name = "N")]
    pub trials: Option<u32>,

    #[command(flatten)]
    pub how: HowArgs,
}

/// Goes on with a study.
pub(super) fn run(global: &Global, args: &ResumeArgs) -> anyhow::Result<ExitCode> {
    // Looked up read-only first, so that a wrong name creates no store.
    let reader = SqliteStore::open_read_only(&global.store)?;
    let found = select::resolve_study(&reader, args.study.as_deref())?;
    drop(reader);
    let store = SqliteStore::open(&global.store)?;
    let spec = Spec::parse(&found.new.spec_text, Path::new(&found.new.spec_path), &found.new.overrides)?;
    let experiment = Experiment::open(spec)?;
    if experiment.fingerprint() != found.new.fingerprint {
        return Err(Failure::locked(format!(
            "the data of study {} have changed since it was started; its trials cannot be compared with new ones. \
             Start anew: `uaic run {}`",
            found.id.short(),
            found.new.spec_path
        ))
        .into());
    }
    if let Some(trials) = args.trials {
        store.extend_study(found.id, trials)?;
    }
    let study = store.study(found.id)?;
    if study.state == StudyState::Complete && args.trials.is_none() && !args.how.quiet {
        super::printer::talk(format!("study {} is complete; showing its results", study.id.short()));
    }
    execute(&experiment, &store, &study, args.how.execution(global))
}
