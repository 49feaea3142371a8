//! `uaic study show`: what a study searches, how far it is, and what was changed of it.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::show::{best_line, trials_line};
use super::super::work::Work;
use super::super::{Global, json, printer, table};
use crate::report::study::StudyView;
use crate::select::{self, STUDY_GRAMMAR};
use crate::spec::{Duplicates, Space};
use crate::store::{Change, StudyChange, StudyRecord, Tally};

/// Arguments of `uaic study show`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic study show
  uaic study show attention --json | jq .changes

{STUDY_GRAMMAR}

With --json: {{\"schema\": 1, \"study\": {{as in `uaic ls --studies --json`}}, \"metrics\": [names],
  \"sampler\", \"pruner\", \"parallel\", \"space\": {{\"params\", \"conditions\", \"constraints\"}},
  \"changes\": [{{\"from_trial\", \"time_ms\", \"kind\", …}}]}}."))]
pub(super) struct ShowArgs {
    /// The study; the latest by default
    study: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub(super) fn run(global: &Global, args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let study = select::resolve_study(&*store, args.study.as_deref())?;
    let tally = store.tally(study.id)?;
    let changes = store.changes(study.id)?;
    // Without a spec a program proposes its trials, and nothing is known of how.
    let work = if study.plan.spec_text.is_empty() { None } else { Some(Work::of_study(&study)?) };
    let space = match &work {
        Some(work) => work.latest_space(&changes),
        None => StudyView::load(&*store, &study)?.space,
    };
    if args.json {
        let mut shown: Map<String, Value> = json::object(json!({
            "schema": json::SCHEMA,
            "study": json::study(&study, &tally),
            "metrics": study.goals().metrics(),
            "sampler": work.as_ref().map(|work| work.study().sampler.name()),
            "pruner": work.as_ref().map(|work| work.spec().pruner.name()),
            "parallel": work.as_ref().map(|work| work.study().parallel),
            "space": space,
        }));
        shown.insert("changes".to_owned(), serde_json::to_value(&changes)?);
        printer::json(&shown)?;
    } else {
        printer::data(text(&study, &tally, &changes, work.as_ref(), &space))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(
    study: &StudyRecord,
    tally: &Tally,
    changes: &[StudyChange],
    work: Option<&Work>,
    space: &Space,
) -> String {
    let mut lines = vec![
        format!(
            "study     {} · {} · {}",
            study.id.short(),
            table::one_line(&study.plan.experiment),
            study.state
        ),
        format!("trials    {}", trials_line(tally, study.plan.trials)),
    ];
    for goal in study.goals().iter() {
        lines.push(format!("{:<9} {}", goal.direction.to_string(), table::one_line(&goal.metric)));
    }
    if let Some(best) = tally.best {
        lines.push(format!("best      {}", best_line(best)));
    }
    match work {
        Some(work) => lines.extend(settings(work)),
        None => lines.push("proposed  by a program".to_owned()),
    }
    for (name, distribution) in space.iter() {
        let mut line = format!("search    {} = {distribution}", table::one_line(name));
        for (parent, values) in space.condition(name).into_iter().flatten() {
            let values: Vec<String> = values.iter().map(table::param).collect();
            line = format!("{line}, when {parent} is {}", values.join(" or "));
        }
        lines.push(line);
    }
    lines.extend(space.constraints().iter().map(|constraint| format!("such that {constraint}")));
    lines.extend(changes.iter().map(changed));
    lines.join("\n")
}

/// How trials are proposed and stopped.
fn settings(work: &Work) -> [String; 2] {
    let setting = work.study();
    let duplicates = match setting.duplicates {
        Duplicates::Avoid => "avoid",
        Duplicates::Reuse => "reuse",
        Duplicates::Repeat => "repeat",
    };
    let sampler = format!(
        "sampler   {} · {} in parallel · seed {} · duplicates: {}",
        setting.sampler, setting.parallel, setting.seed, duplicates
    );
    [sampler, format!("pruner    {}", work.spec().pruner.name())]
}

fn changed(change: &StudyChange) -> String {
    let what = match &change.change {
        Change::Enqueue { params } => {
            let values: Vec<String> =
                params.iter().map(|(name, value)| format!("{name}={}", table::param(value))).collect();
            format!("trial {} is to be {}", change.from_trial, values.join(" "))
        }
        Change::Exclude { trial, reason } => format!("trial {trial} excluded: {reason}"),
        Change::Include { trial, reason } => format!("trial {trial} included again: {reason}"),
        Change::Correct { trial, old, new, reason } => {
            format!("trial {trial} corrected from {old:?} to {new:?}: {reason}")
        }
        Change::Space { .. } => format!("another search space from trial {} on", change.from_trial),
    };
    format!("changed   {} · {}", table::utc(change.time_ms), table::one_line(&what))
}
