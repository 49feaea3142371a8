//! `uaic run`: tunes, trains, records and tests what a spec describes.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::execute::{Execution, execute};
use super::exit::Failure;
use super::progress::Detail;
use super::tracking::Tracking;
use super::work::Work;
use super::{Global, check, printer};
use crate::platform;
use crate::spec::split_override;
use crate::store::StudyState;

/// Arguments of `uaic run`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic run experiments/attention.toml
  uaic run experiments/attention.toml --trials 50 --jobs 8
  uaic run experiments/attention.toml -P train.lr=0.002 -P model.hidden_dim=64
  uaic run experiments/lstm.toml --no-final --json > study.json

The same spec, data and seed give the same trials, metrics and weights, whatever --jobs and however
often the study was stopped and resumed.

With --json: {\"schema\": 1,
  \"study\": {\"id\", \"experiment\", \"seed\", \"metric\", \"direction\",
    \"trials\": [{\"number\", \"run_id\", \"state\", \"value\",
      \"values\": [of each metric], \"params\": {key: value}, \"duration_s\",
      \"violation\", \"hidden\", \"excluded\"}],
    \"best\": {\"number\", \"run_id\", \"value\", \"params\", \"violation\"} or null,
    \"spent\": whether it ended because every point had been tried},
  \"final\": {\"run_id\", \"metrics\": {name: value},
    \"estimates\": {name: {\"value\", \"n\", \"low\", \"high\"}}, \"absent\": {name: reason}} or null}")]
pub struct RunArgs {
    /// The spec, a TOML file (`uaic init` writes one); `-` for the standard input
    pub spec: PathBuf,

    /// Set a key of the spec, such as train.lr=0.002; a searched key is then fixed
    #[arg(short = 'P', long = "param", value_name = "KEY=VALUE", value_parser = split_override)]
    pub params: Vec<(String, String)>,

    /// Number of trials, instead of study.trials
    #[arg(long, value_name = "N")]
    pub trials: Option<u32>,

    /// Seed, instead of study.seed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    #[command(flatten)]
    pub how: HowArgs,

    /// Check the spec and its data, say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What `run` and `resume` have in common.
#[derive(Args, Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "flags")]
pub struct HowArgs {
    /// Trials at once; does not change the results [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,

    /// Leave out the final training and test
    #[arg(long)]
    pub no_final: bool,

    /// Start a server for the programs of trials, which find it in `MLFLOW_TRACKING_URI`
    #[arg(long)]
    pub server: bool,

    /// Print one JSON object on stdout instead of tables
    #[arg(long)]
    pub json: bool,

    /// Say nothing while running
    #[arg(short, long)]
    pub quiet: bool,
}

impl HowArgs {
    pub(super) fn execution<'a>(&self, global: &'a Global, trials: Option<u32>) -> Execution<'a> {
        Execution {
            jobs: self.jobs.map_or_else(platform::cores, usize::from),
            detail: if self.quiet { Detail::Quiet } else { Detail::Normal },
            json: self.json,
            final_stage: !self.no_final,
            trials,
            store: &global.store,
        }
    }
}

/// Runs a spec.
pub(super) fn run(global: &Global, args: &RunArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = args.params.clone();
    overrides.extend(args.trials.map(|trials| ("study.trials".to_owned(), trials.to_string())));
    overrides.extend(args.seed.map(|seed| ("study.seed".to_owned(), seed.to_string())));
    let mut work = Work::load(&args.spec, &overrides)?;
    if work.is_asked() {
        return Err(Failure::usage(asked(&args.spec, &overrides)).into());
    }
    if args.dry_run {
        printer::data(plan(&work, global))?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = global.store.open()?;
    let new = work.new_study();
    let earlier = store.studies()?.into_iter().find(|study| {
        study.plan.fingerprint == new.fingerprint
            && matches!(study.state, StudyState::Interrupted | StudyState::Crashed)
    });
    if !args.how.quiet {
        work.notes().iter().for_each(|note| printer::talk(format!("note: {note}")));
    }
    if let Some(study) = earlier.filter(|_| !args.how.quiet) {
        printer::talk(format!(
            "note: study {} of this spec was not finished; `uaic resume {}` would go on with it; starting a new one",
            study.id.short(),
            study.id.short()
        ));
    }
    let study = store.create_study(&new)?;
    let tracking = Tracking::of(&global.store, args.how.server)?;
    if let Some(tracking) = &tracking {
        work.tracked_at(&tracking.url);
    }
    execute(&work, &*store, study.id, args.how.execution(global, None))
}

/// What to do with a spec whose trials nobody here evaluates.
fn asked(spec: &Path, overrides: &[(String, String)]) -> String {
    let mut create = format!("uaic study create {}", quoted(&spec.display().to_string()));
    for (key, value) in overrides {
        let _ = write!(create, " -P {}", quoted(&format!("{key}={value}")));
    }
    format!(
        "the trials of this spec are asked for and told, so there is nothing to run; `{create}` makes the study, \
         `uaic ask @` gives its trials out and `uaic tell @ NUMBER VALUE` takes their results"
    )
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,@+%".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// What `--dry-run` says.
fn plan(work: &Work, global: &Global) -> String {
    let mut lines = vec![format!("{}: {}", work.name(), check::summary(work))];
    lines.extend(work.space().iter().map(|(key, distribution)| format!("search  {key} = {distribution}")));
    if let Some(experiment) = work.training() {
        let data = &experiment.dataset().folder;
        let examples = experiment.train_examples().len();
        lines.push(format!("data    {}, {examples} training examples", data.display()));
    }
    lines.push(format!("seed    {}", work.study().seed));
    lines.push(format!("store   {}", global.store));
    lines.join("\n")
}
