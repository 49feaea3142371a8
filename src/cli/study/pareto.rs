//! `uaic study pareto`: the trials that no other one beats.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::{Global, json, printer, table};
use crate::report::sheet;
use crate::select::{self, STUDY_GRAMMAR};
use crate::store::{RunKind, RunQuery, RunRecord, Store, StudyRecord};
use crate::study::pareto::front;
use crate::trial::best_first;

/// Arguments of `uaic study pareto`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
A trial is on the front when no other one is at least as good in every metric and better in one, and
it misses no constraint of `study.feasible`.

Examples:
  uaic study pareto @
  uaic plot pareto_front @ -o front.png

{STUDY_GRAMMAR}

With --csv: the columns of `uaic ls --csv`.
With --json: {{\"schema\": 1, \"study\", \"metrics\": [names], \"trials\": [{{as in `uaic ls --json`,
  \"values\": [numbers]}}]}}."))]
pub(super) struct ParetoArgs {
    /// The study; the latest by default
    study: Option<String>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows them.
pub(super) fn run(global: &Global, args: &ParetoArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let study = select::resolve_study(&*store, args.study.as_deref())?;
    let front = trials_on_front(&*store, &study)?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    if args.json {
        let shape_of = |run: &RunRecord| -> Map<String, Value> {
            let mut shape = json::run(run, now_ms);
            let values: Vec<Value> = run.values.clone().into_iter().map(json::number).collect();
            shape.insert("values".to_owned(), values.into());
            shape
        };
        let trials: Vec<_> = front.iter().map(shape_of).collect();
        printer::json(&json!({
            "schema": json::SCHEMA,
            "study": study.id,
            "metrics": study.goals().metrics(),
            "trials": trials,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.csv {
        let studies = BTreeMap::from([(study.id, study)]);
        printer::write_content(&sheet::of_runs(&front, &studies).csv())?;
        return Ok(ExitCode::SUCCESS);
    }
    printer::talk(format!("study {} · {} trials on the front", study.id.short(), front.len()));
    let mut titles = vec![">TRIAL".to_owned(), "ID".to_owned()];
    titles.extend(study.goals().metrics().into_iter().map(|metric| format!(">{}", table::one_line(metric))));
    titles.push("POINT…".to_owned());
    let mut rows = table::table(&titles);
    for run in &front {
        let number = run.start.number.map(|number| number.to_string()).unwrap_or_default();
        let mut row = vec![number, run.id.short()];
        row.extend(run.values.clone().into_iter().map(table::number));
        let params = run.start.params.iter();
        let params: Vec<String> =
            params.map(|(name, value)| format!("{name}={}", table::param(value))).collect();
        row.push(table::one_line(&params.join(" ")));
        rows.add_row(row);
    }
    printer::data(table::render(&rows))?;
    Ok(ExitCode::SUCCESS)
}

/// The front, by the first metric.
fn trials_on_front(store: &dyn Store, study: &StudyRecord) -> anyhow::Result<Vec<RunRecord>> {
    let directions = study.goals().directions();
    let query = RunQuery { study: Some(study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
    let trials = store.runs(&query)?;
    let front = front(&trials, &directions, |run| (run.rank(), run.values.clone()));
    let sorted = best_first(front, study.plan.goals.direction(), |run| run.rank());
    Ok(sorted.into_iter().map(|(_, run)| run.clone()).collect())
}
