//! `uaic study enqueue`, `exclude`, `include`, `correct`: what a user changes of a study.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::super::exit::Failure;
use super::super::work::Work;
use super::super::{Global, json, printer, table};
use crate::select;
use crate::spec::{Space, split_override};
use crate::store::{Change, RunKind, RunRecord, Store, StudyRecord};
use crate::study::promise;
use crate::trial::{ParamValue, Params};

/// Arguments of `uaic study enqueue`.
#[derive(Args, Debug)]
#[command(after_help = "\
What is left open is proposed as usual. A parameter that exists only when another has a certain value
brings this along; what no trial can have is refused. The number of the trial is printed; `uaic resume
STUDY --trials N` gives a study room where all of its trials have ended.

Examples:
  uaic study enqueue @ train.lr=0.002 model.hidden_dim=64
  uaic study enqueue @ optimizer=sgd

With --json: {\"schema\": 1, \"study\", \"number\", \"params\": {name: value}}.")]
pub(super) struct EnqueueArgs {
    /// The study
    study: String,

    /// Names and values
    #[arg(value_name = "NAME=VALUE", required = true, value_parser = split_override)]
    params: Vec<(String, String)>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `uaic study exclude`.
#[derive(Args, Debug)]
#[command(after_help = "\
The trial stays in the record with the reason; proposals, rankings and pictures leave it out.

Example:
  uaic study exclude @/3 --reason 'the disk was full'")]
pub(super) struct ExcludeArgs {
    /// The trial, such as STUDY/3
    trial: String,

    /// Why
    #[arg(long)]
    reason: String,
}

/// Arguments of `uaic study include`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  uaic study include @/3 --reason 'it was another disk'")]
pub(super) struct IncludeArgs {
    /// The trial, such as STUDY/3
    trial: String,

    /// Why
    #[arg(long)]
    reason: String,
}

/// Arguments of `uaic study correct`.
#[derive(Args, Debug)]
#[command(after_help = "\
The old values stay in the record with the reason.

Examples:
  uaic study correct @/5 0.91 --reason 'a typo in the log'
  uaic study correct @/5 0.91 120000 --reason 'two metrics'")]
pub(super) struct CorrectArgs {
    /// The trial, such as STUDY/5
    trial: String,

    /// The value of each metric of the study, in order
    #[arg(value_name = "VALUE", required = true, allow_negative_numbers = true)]
    values: Vec<f64>,

    /// Why
    #[arg(long)]
    reason: String,
}

/// Enqueues a point.
pub(super) fn enqueue(global: &Global, args: &EnqueueArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let study = select::resolve_study(&*store, Some(&args.study))?;
    let work = Work::of_study(&study)?;
    let space = work.latest_space(&store.changes(study.id)?);
    let mut wanted = Params::new();
    for (name, text) in &args.params {
        if wanted.insert(name.clone(), value_of(&space, name, text)).is_some() {
            return Err(Failure::usage(format!("`{name}` is given twice; keep one of the two")).into());
        }
    }
    let params = promise(&space, &wanted)?;
    let brought = params.iter().filter(|(name, _)| !wanted.contains_key(*name));
    let brought: Vec<String> =
        brought.map(|(name, value)| format!("{name}={}", table::param(value))).collect();
    if !brought.is_empty() {
        printer::talk(format!("note: {} comes along, which it needs", brought.join(" ")));
    }
    let number = store.change_study(study.id, &Change::Enqueue { params: params.clone() })?.from_trial;
    if number >= study.plan.trials {
        printer::talk(format!(
            "note: the study has {} trials; `uaic resume {} --trials {}` lets it run",
            study.plan.trials,
            study.id.short(),
            number + 1
        ));
    }
    if args.json {
        printer::json(&json!({
            "schema": json::SCHEMA,
            "study": study.id,
            "number": number,
            "params": json::params(&params),
        }))?;
    } else {
        printer::data(number.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A value as the parameter's distribution has it, or else as it looks.
fn value_of(space: &Space, name: &str, text: &str) -> ParamValue {
    let float = text.parse().map(ParamValue::Float);
    let int = text.parse().map(ParamValue::Int);
    let boolean = text.parse().map(ParamValue::Bool);
    let plain = ParamValue::Text(text.to_owned());
    let mut readings: Vec<ParamValue> =
        [int.ok(), float.ok(), boolean.ok(), Some(plain)].into_iter().flatten().collect();
    let fits = |value: &ParamValue| space.get(name).is_some_and(|distribution| distribution.contains(value));
    let at = readings.iter().position(fits).unwrap_or(0);
    readings.swap_remove(at)
}

/// Excludes a trial.
pub(super) fn exclude(global: &Global, args: &ExcludeArgs) -> anyhow::Result<ExitCode> {
    let (store, _, trial) = trial_of(global, &args.trial)?;
    let number = number_of(&trial)?;
    change(&*store, &trial, &Change::Exclude { trial: number, reason: args.reason.clone() })
}

/// Includes a trial again.
pub(super) fn include(global: &Global, args: &IncludeArgs) -> anyhow::Result<ExitCode> {
    let (store, _, trial) = trial_of(global, &args.trial)?;
    let number = number_of(&trial)?;
    change(&*store, &trial, &Change::Include { trial: number, reason: args.reason.clone() })
}

/// Corrects the values of a trial.
pub(super) fn correct(global: &Global, args: &CorrectArgs) -> anyhow::Result<ExitCode> {
    let (store, study, trial) = trial_of(global, &args.trial)?;
    let metrics = study.goals().metrics();
    if metrics.len() != args.values.len() || args.values.iter().any(|value| value.is_nan()) {
        let message = format!("a trial of this study has a number for each of: {}", metrics.join(", "));
        return Err(Failure::usage(message).into());
    }
    let number = number_of(&trial)?;
    let (old, new) = (trial.values.clone(), args.values.clone());
    change(&*store, &trial, &Change::Correct { trial: number, old, new, reason: args.reason.clone() })
}

fn trial_of(global: &Global, text: &str) -> anyhow::Result<(Arc<dyn Store>, StudyRecord, RunRecord)> {
    let store = global.store.open_existing()?;
    let trial = select::resolve(&*store, text)?;
    let study = store.study(trial.study()?)?;
    Ok((store, study, trial))
}

fn number_of(run: &RunRecord) -> anyhow::Result<u32> {
    let number = run.start.number.filter(|_| run.start.kind == RunKind::Trial);
    let is_none = || Failure::usage(format!("run {} is no trial of a study", run.id.short()));
    Ok(number.ok_or_else(is_none)?)
}

fn change(store: &dyn Store, trial: &RunRecord, change: &Change) -> anyhow::Result<ExitCode> {
    let made = store.change_study(trial.study()?, change)?;
    printer::talk(format!("it counts from trial {} on", made.from_trial));
    Ok(ExitCode::SUCCESS)
}
