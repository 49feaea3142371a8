//! `uaic resume`: goes on with a study that was stopped or killed.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;

use super::execute::execute;
use super::exit::Failure;
use super::run::HowArgs;
use super::work::Work;
use super::{Global, printer};
use crate::experiment::select;
use crate::store::{SqliteStore, StudyRecord, StudyState};

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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
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
    let work = Work::of_study(&found)?;
    if work.fingerprint() != found.new.fingerprint {
        return Err(Failure::locked(changed(&found, &work)).into());
    }
    if let Some(trials) = args.trials.filter(|trials| *trials <= found.new.trials && !args.how.quiet) {
        printer::talk(format!(
            "note: study {} has {} trials; --trials {trials} does not lower that",
            found.id.short(),
            found.new.trials
        ));
    } else if found.state == StudyState::Complete && args.trials.is_none() && !args.how.quiet {
        printer::talk(format!("study {} is complete; showing its results", found.id.short()));
    }
    execute(&work, &store, found.id, args.how.execution(global, args.trials))
}

/// Says why the spec and the data of a study no longer give what they gave.
fn changed(study: &StudyRecord, work: &Work) -> String {
    let (then, now) = (&study.new.environment, work.environment());
    let files: Vec<&str> = then
        .keys()
        .chain(now.keys())
        .filter(|fact| then.get(*fact) != now.get(*fact))
        .filter_map(|fact| fact.strip_prefix("data.")?.strip_suffix(".hash"))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let id = study.id.short();
    let what = if files.is_empty() {
        let version = then.get("uaic.version").map_or("another version", String::as_str);
        format!("uaic {version}, which started study {id}, read its spec otherwise")
    } else {
        format!("the data of study {id} have changed since it was started ({})", files.join(", "))
    };
    format!(
        "{what}; new trials could not be compared with its old ones. Start anew: `uaic run {}`",
        study.new.spec_path
    )
}
