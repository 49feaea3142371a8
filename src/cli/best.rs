//! `uaic best`: shows the best trials of a study.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::report::sheet;
use crate::store::{RunRecord, StudyRecord, Tally};

use super::trials::{Row, trial_table};
use super::{Global, json, printer, table};
use crate::select::{self, STUDY_GRAMMAR};

/// Arguments of `uaic best`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic best                 the 5 best trials of the latest study
  uaic best attention -n 1  the best trial of the latest study of an experiment
  uaic best -n 0 --csv      all complete trials, best first
  uaic best --json | jq '.trials[0].params'

Trials that hold the constraints of study.feasible come first, then the others by how much they miss
them. Hidden and excluded trials are left out, here and wherever a best trial is named.

{STUDY_GRAMMAR}

With --csv: the columns of `uaic ls --csv`.
With --json: {{\"schema\": 1, \"study\": {{as in `uaic ls --studies --json`}},
  \"trials\": [{{as in `uaic ls --json`}}]}}, best first; of equal values the lower number."))]
pub struct BestArgs {
    /// The study; the latest by default
    pub study: Option<String>,

    /// At most so many; 0 for all
    #[arg(short = 'n', long, default_value_t = 5, value_name = "N")]
    pub limit: u32,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows them.
pub(super) fn run(global: &Global, args: &BestArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let study = select::resolve_study(&*store, args.study.as_deref())?;
    let mut trials = select::best_trials(&*store, &study)?;
    if args.limit > 0 {
        trials.truncate(args.limit as usize);
    }
    let tally = store.tally(study.id)?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    if args.json {
        let trials: Vec<Map<String, Value>> = trials.iter().map(|run| json::run(run, now_ms)).collect();
        let study = json::study(&study, &tally);
        printer::json(&json!({ "schema": json::SCHEMA, "study": study, "trials": trials }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.csv {
        let studies = BTreeMap::from([(study.id, study)]);
        printer::write_content(&sheet::of_runs(&trials, &studies).csv())?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&study, &tally, &trials, now_ms)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints them for people.
fn print(study: &StudyRecord, tally: &Tally, trials: &[RunRecord], now_ms: i64) -> anyhow::Result<()> {
    printer::talk(format!(
        "study {} · {} · {} of {} trials done{} · {} {}",
        study.id.short(),
        table::one_line(&study.plan.experiment),
        tally.done(),
        study.plan.trials,
        tally.aside(),
        study.plan.goals.direction(),
        table::one_line(study.plan.goals.metric()),
    ));
    if trials.is_empty() && tally.hidden + tally.excluded > 0 {
        printer::talk("none that is complete is left; `uaic ls --all` lists hidden ones, too");
    } else if trials.is_empty() {
        printer::talk("none is complete yet");
    } else {
        if let Some(missed) = tally.best.filter(|best| !best.is_feasible()) {
            printer::talk(format!(
                "no trial holds the constraints of study.feasible; the best misses them by {}",
                table::number(missed.violation())
            ));
        }
        let rows: Vec<Row<'_>> = trials
            .iter()
            .map(|run| Row {
                number: run.start.number,
                run: run.id,
                value: run.value(),
                params: &run.start.params,
                seconds: json::seconds(run, now_ms),
            })
            .collect();
        printer::data(trial_table(study.plan.goals.metric(), &rows))?;
    }
    Ok(())
}
