//! `uaic ask` and `uaic tell`: trials that somebody else evaluates.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::work::Work;
use super::{Global, json, printer, table};
use crate::select::{self, STUDY_GRAMMAR};
use crate::study::{self, Asked, Told};

/// Arguments of `uaic ask`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
For objectives that uaic cannot run: a laboratory, a cluster, another language. Each trial is given
out once, to whoever asks, and stays RUNNING until its result is told.

Examples:
  id=$(uaic study create experiments/ask.toml)
  uaic ask $id -n 4 --json
  uaic tell $id 0 0.91
  uaic tell $id 1 --fail 'out of memory'

{STUDY_GRAMMAR}

With --json: {{\"schema\": 1, \"study\", \"trials\": [{{\"number\", \"run_id\", \"params\": {{name: value}}}}]}}."))]
pub struct AskArgs {
    /// The study; `uaic study create` makes one
    pub study: String,

    /// How many trials
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub n: u32,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `uaic tell`.
#[derive(Args, Debug)]
#[command(after_help = "\
Telling the same again changes nothing and is no error; telling something else is refused (exit 4):
`uaic study correct` changes a recorded value, with a reason.

Examples:
  uaic tell @ 3 0.913
  uaic tell @ 3 0.913 120000      one value for each metric of the study
  uaic tell @ 4 --pruned
  uaic tell @ 5 --fail 'the loss became infinite'

With --json: {\"schema\": 1, \"study\", \"number\", \"news\": whether it was not known before}.")]
pub struct TellArgs {
    /// The study
    pub study: String,

    /// The number of the trial
    pub number: u32,

    /// The value of each metric of the study, in order
    #[arg(
        value_name = "VALUE",
        allow_negative_numbers = true,
        required_unless_present_any = ["pruned", "fail"],
        conflicts_with_all = ["pruned", "fail"]
    )]
    pub values: Vec<f64>,

    /// It was stopped early
    #[arg(long, conflicts_with = "fail")]
    pub pruned: bool,

    /// It failed, and why
    #[arg(long, value_name = "REASON", num_args = 0..=1, default_missing_value = "no reason was told")]
    pub fail: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Gives trials out.
pub(super) fn ask(global: &Global, args: &AskArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let study = select::resolve_study(&*store, Some(&args.study))?;
    let work = Work::of_study(&study)?;
    let setup = work.setup()?;
    let mut asked: Vec<Asked> = Vec::new();
    for _ in 0..args.n {
        match study::ask(&*store, &study, &setup) {
            Ok(trial) => asked.push(trial),
            // What has been given out already must reach whoever asked.
            Err(error) if !asked.is_empty() => {
                printer::talk(format!("note: {} of {} trials: {error}", asked.len(), args.n));
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if args.json {
        let trials: Vec<Value> = asked
            .iter()
            .map(|trial| {
                json!({
                    "number": trial.number,
                    "run_id": trial.run,
                    "params": json::params(&trial.params),
                })
            })
            .collect();
        printer::json(&json!({ "schema": json::SCHEMA, "study": study.id, "trials": trials }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for trial in &asked {
        let params: Vec<String> = trial
            .params
            .iter()
            .map(|(name, value)| format!("{name}={}", table::one_line(&value.written())))
            .collect();
        printer::data(format!("{}  {}", trial.number, params.join("  ")))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes a result.
pub(super) fn tell(global: &Global, args: &TellArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let study = select::resolve_study(&*store, Some(&args.study))?;
    let told = match (&args.fail, args.pruned) {
        (Some(reason), _) => Told::Failed(reason.clone()),
        (None, true) => Told::Pruned,
        (None, false) => Told::Values(args.values.clone()),
    };
    let work = Work::of_study(&study)?;
    let news = study::tell(&*store, &study, &work.setup()?, args.number, &told)?;
    if args.json {
        let id = study.id;
        printer::json(&json!({ "schema": json::SCHEMA, "study": id, "number": args.number, "news": news }))?;
    } else if !news {
        printer::talk(format!("trial {} was told so before", args.number));
    }
    Ok(ExitCode::SUCCESS)
}
