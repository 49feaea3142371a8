//! `uaic explain`: what led to the point of a trial.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::exit::Failure;
use super::super::listing::{Field, Listing, column};
use super::super::work::Work;
use super::super::{Global, json, printer, table};
use crate::select;
use crate::store::{RunKind, RunRecord};
use crate::study::{self, sampler::Explanation};

/// Arguments of `uaic explain`.
#[derive(Args, Debug)]
#[command(after_help = "\
The proposal is made again from exactly what it could see, so this works for any trial of any study.
`ln good/bad` says how much more likely the point is among good trials than among bad ones; the
parameters alone need not add up to it, because they are modelled together.

Examples:
  uaic explain @/17
  uaic explain attention/17 --json

With --csv: parameter, value, and what the sampler says of each.
With --json: {\"schema\": 1, \"number\", \"run_id\", \"sampler\", \"reason\", \"good\": [numbers],
  \"bad\": [numbers], \"log_ratio\": number or null, \"by_param\": {name: number},
  \"facts\": {name: number}}.")]
pub struct ExplainArgs {
    /// The trial, such as STUDY/17
    trial: String,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Explains it.
pub(in super::super) fn run(global: &Global, args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let trial = select::resolve(&*store, &args.trial)?;
    let number = trial.start.number.filter(|_| trial.start.kind == RunKind::Trial);
    let is_none = || Failure::usage(format!("run {} is no trial of a study", trial.id.short()));
    let number = number.ok_or_else(is_none)?;
    let record = store.study(trial.study()?)?;
    let work = Work::of_study(&record)?;
    let explanation = study::explain(&*store, &record, &work.setup()?, number)?;
    if args.json {
        printer::json(&json_of(&trial, number, &explanation))?;
    } else if args.csv {
        params(&trial, &explanation).print_csv()?;
    } else {
        printer::data(text_of(&trial, number, &explanation))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn json_of(trial: &RunRecord, number: u32, explanation: &Explanation) -> Value {
    let by_param: Map<String, Value> =
        explanation.by_param.iter().map(|(name, value)| (name.clone(), json::number(*value))).collect();
    let facts: Map<String, Value> =
        explanation.facts.iter().map(|(name, value)| ((*name).to_owned(), json::number(*value))).collect();
    json!({
        "schema": json::SCHEMA,
        "number": number,
        "run_id": trial.id,
        "sampler": explanation.sampler,
        "reason": explanation.reason,
        "good": explanation.good,
        "bad": explanation.bad,
        "log_ratio": explanation.log_ratio.map(json::number),
        "by_param": by_param,
        "facts": facts,
    })
}

fn text_of(trial: &RunRecord, number: u32, explanation: &Explanation) -> String {
    let mut lines = vec![format!("trial {number} · {} · {}", explanation.sampler, explanation.reason)];
    if !explanation.good.is_empty() {
        lines.push(format!("good trials   {}", listed(&explanation.good)));
    }
    if !explanation.bad.is_empty() {
        lines.push(format!("bad trials    {}", listed(&explanation.bad)));
    }
    if let Some(ratio) = explanation.log_ratio {
        lines.push(format!("ln good/bad   {}", table::number(ratio)));
    }
    for (name, value) in &explanation.facts {
        let is_count = value.fract() == 0.0 && value.abs() < 1e15;
        let shown = if is_count { format!("{value:.0}") } else { table::number(*value) };
        lines.push(format!("{name:<13} {shown}"));
    }
    lines.push(params(trial, explanation).text());
    lines.join("\n")
}

/// The parameters of the trial, and what the sampler says of each.
fn params(trial: &RunRecord, explanation: &Explanation) -> Listing {
    let (title, name) = match (explanation.by_param.is_empty(), explanation.log_ratio) {
        (true, _) => ("", ""),
        (false, Some(_)) => (">ln good/bad", "ln_good_bad"),
        (false, None) => (">LENGTH SCALE", "length_scale"),
    };
    let mut listing =
        Listing::new([column("PARAMETER", "parameter"), column("VALUE", "value"), column(title, name)]);
    for (name, value) in &trial.start.params {
        let ratio = explanation.by_param.iter().find(|(of, _)| of == name);
        listing.add([
            Field::name(name),
            Field::param(Some(value)),
            Field::number(ratio.map(|(_, ratio)| *ratio)),
        ]);
    }
    listing
}

/// Numbers on one line, the middle of a long list left out.
fn listed(numbers: &[u32]) -> String {
    const ENDS: usize = 12;
    let texts: Vec<String> = numbers.iter().map(u32::to_string).collect();
    if texts.len() <= 2 * ENDS {
        return texts.join(", ");
    }
    let (first, last) = (&texts[..ENDS], &texts[texts.len() - ENDS..]);
    format!("{}, … {} in all …, {}", first.join(", "), texts.len(), last.join(", "))
}
