//! `uaic study`: studies as a whole.

mod change;
mod copy;
mod create;
mod explain;
mod importance;
mod ls;
mod pareto;
mod rm;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Global, best};

pub(super) use explain::ExplainArgs;
pub(super) use explain::run as explain;

/// Arguments of `uaic study`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic study ls
  uaic study show attention
  uaic study importance @
  uaic study pareto @
  uaic study explain @/17
  uaic study enqueue @ train.lr=0.002 model.hidden_dim=64
  uaic study exclude @/3 --reason 'the disk was full'
  uaic study correct @/5 0.91 --reason 'a typo in the log'")]
pub struct StudyArgs {
    /// What to do.
    #[command(subcommand)]
    verb: StudyVerb,
}

#[derive(Debug, Subcommand)]
enum StudyVerb {
    /// Create a study from a spec without running it, and print its id
    Create(create::CreateArgs),
    /// List studies, and how far they are
    Ls(ls::LsArgs),
    /// Show what a study searches, how far it is, and what was changed of it
    Show(show::ShowArgs),
    /// Show the best trials
    Best(best::BestArgs),
    /// Show the trials that no other one beats in every metric
    Pareto(pareto::ParetoArgs),
    /// Show which parameters matter
    Importance(importance::ImportanceArgs),
    /// Show what led to the point of a trial
    Explain(ExplainArgs),
    /// Let the next free trial evaluate a known point
    Enqueue(change::EnqueueArgs),
    /// Let a trial count no more, with a reason
    Exclude(change::ExcludeArgs),
    /// Let an excluded trial count again, with a reason
    Include(change::IncludeArgs),
    /// Correct the values of a trial, with a reason
    Correct(change::CorrectArgs),
    /// Copy a study with all of its trials, to this store or another
    Copy(copy::CopyArgs),
    /// Hide all runs of a study (nothing is lost: see `--undo`)
    Rm(rm::RmArgs),
}

/// Does what the verb says.
pub(super) fn run(global: &Global, args: &StudyArgs) -> anyhow::Result<ExitCode> {
    match &args.verb {
        StudyVerb::Create(args) => create::run(global, args),
        StudyVerb::Ls(args) => ls::run(global, args),
        StudyVerb::Show(args) => show::run(global, args),
        StudyVerb::Best(args) => best::run(global, args),
        StudyVerb::Pareto(args) => pareto::run(global, args),
        StudyVerb::Importance(args) => importance::run(global, args),
        StudyVerb::Explain(args) => explain::run(global, args),
        StudyVerb::Enqueue(args) => change::enqueue(global, args),
        StudyVerb::Exclude(args) => change::exclude(global, args),
        StudyVerb::Include(args) => change::include(global, args),
        StudyVerb::Correct(args) => change::correct(global, args),
        StudyVerb::Copy(args) => copy::run(global, args),
        StudyVerb::Rm(args) => rm::run(global, args),
    }
}
