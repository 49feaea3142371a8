//! `uaic best`: shows the best trials of a study.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;
use comfy_table::Cell;
use serde_json::{Map, Value, json};

use crate::store::{RunRecord, SqliteStore, Store, StudyRecord};

use super::select::{self, STUDY_GRAMMAR};
use super::{Global, printer, shape, table};

/// Arguments of `uaic best`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic best                 the 5 best trials of the latest study
  uaic best attention -n 1  the best trial of the latest study of an experiment
  uaic best --json | jq '.trials[0].params'

{STUDY_GRAMMAR}

With --json: {{\"schema\", \"study\": {{as in `uaic ls --studies --json`}},
  \"trials\": [{{as in `uaic ls --json`}}]}}, best first; of equal values the lower number."))]
pub struct BestArgs {
    /// The study; the latest by default
    pub study: Option<String>,

    /// At most so many; 0 for all
    #[arg(short = 'n', long, default_value_t = 5, value_name = "N")]
    pub limit: u32,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows them.
pub(super) fn run(global: &Global, args: &BestArgs) -> anyhow::Result<ExitCode> {
    let store = SqliteStore::open_read_only(&global.store)?;
    let study = select::resolve_study(&store, args.study.as_deref())?;
    let mut trials = select::best_trials(&store, &study)?;
    if args.limit > 0 {
        trials.truncate(args.limit as usize);
    }
    let tally = store.tally(study.id)?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    if args.json {
        let trials: Vec<Map<String, Value>> = trials.iter().map(|run| shape::run(run, now_ms)).collect();
        let study = shape::study(&study, &tally);
        printer::json(&json!({ "schema": shape::SCHEMA, "study": study, "trials": trials }))?;
        return Ok(ExitCode::SUCCESS);
    }
    printer::talk(format!(
        "study {} of {}: {} of {} trials done, {} {}",
        study.id.short(),
        table::one_line(&study.new.experiment),
        tally.done(),
        study.new.trials,
        study.new.direction,
        table::one_line(&study.new.metric),
    ));
    if trials.is_empty() {
        printer::talk("none is complete yet");
    } else {
        printer::data(ranking(&study, &trials, now_ms))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A table of trials with a column for each of their parameters.
fn ranking(study: &StudyRecord, trials: &[RunRecord], now_ms: i64) -> String {
    let names: BTreeSet<&str> =
        trials.iter().flat_map(|run| run.new.params.keys().map(String::as_str)).collect();
    let value = format!(">{}", table::one_line(&study.new.metric));
    let params: Vec<String> = names.iter().map(|name| format!(">{}", table::one_line(name))).collect();
    let mut titles = vec![">TRIAL", "ID", &value];
    titles.extend(params.iter().map(String::as_str));
    titles.push(">TOOK");
    let mut listing = table::table(&titles);
    for run in trials {
        let mut row = vec![
            run.new.number.map(|number| number.to_string()).unwrap_or_default(),
            run.id.short(),
            run.value.map(table::number).unwrap_or_default(),
        ];
        row.extend(names.iter().map(|name| run.new.params.get(*name).map(table::param).unwrap_or_default()));
        row.push(shape::seconds(run, now_ms).map(table::duration).unwrap_or_default());
        listing.add_row(row.into_iter().map(Cell::new));
    }
    table::render(&listing)
}
