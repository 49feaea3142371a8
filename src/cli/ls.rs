//! `uaic ls`: lists runs and studies.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use comfy_table::{Cell, Table};
use serde_json::{Map, Value, json};

use crate::report::sheet;
use crate::store::{Id, RunQuery, RunRecord, SqliteStore, Store, StudyRecord, Tally};
use crate::trial::RunState;

use super::listing::{Field, Listing, column};
use super::{Global, json, printer, table};
use crate::select::{self, metric_of, path_in_study};

/// Names of `--state`.
const STATES: [&str; 6] = ["running", "complete", "pruned", "failed", "interrupted", "crashed"];

/// Arguments of `uaic ls`.
// Each is a flag of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic ls                        the 20 latest runs
  uaic ls --study @ --limit 0    all runs of the latest study
  uaic ls --state failed         what went wrong
  uaic ls --studies              studies, and how far they are
  uaic ls --study @ --csv        all trials of a study with their values and parameters, for pandas and the like
  uaic ls --json | jq -r '.runs[] | select(.value > 0.9) | .id'

A run whose process has died is CRASHED; `uaic resume` repeats it.

With --csv: number, state, id, study, experiment, kind, a column for each metric and each parameter, started,
  ended, duration_s, attempts, hidden, excluded, violation, reason; numbers to the last bit, NaN and inf as
  words, empty where there is none. A parameter whose name is taken is params.NAME.
With --json: {\"schema\": 1, \"total\", \"runs\": [{\"id\", \"study\", \"experiment\", \"kind\", \"number\",
  \"state\", \"value\", \"reason\", \"started_ms\", \"started\", \"ended_ms\", \"ended\", \"duration_s\",
  \"attempts\", \"hidden\", \"excluded\", \"violation\", \"params\"}]}
and with --studies: {\"schema\": 1, \"total\", \"studies\": [{\"id\", \"experiment\", \"state\", \"seed\",
  \"metric\", \"direction\", \"trials\", \"done\", \"complete\", \"pruned\", \"failed\", \"running\",
  \"interrupted\", \"crashed\", \"hidden\", \"excluded\", \"best\", \"best_trial\", \"created_ms\",
  \"created\"}]}
Hidden and excluded trials are in no other count, and never the best. \"violation\" is by how much a
trial misses the constraints of study.feasible; such trials rank behind all others.")]
pub struct LsArgs {
    /// At most so many, the latest first; 0 for all [default: 20, with --csv all]
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<u32>,

    /// Only of this experiment
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,

    /// Only of this study: an id prefix, `@` (the latest), `@-1` or an experiment
    #[arg(long, value_name = "STUDY", conflicts_with = "studies")]
    pub study: Option<String>,

    /// Only in this state
    #[arg(long, value_name = "STATE", ignore_case = true, conflicts_with = "studies",
        value_parser = PossibleValuesParser::new(STATES).try_map(parse_state))]
    pub state: Option<RunState>,

    /// Also runs hidden by `uaic rm`
    #[arg(long, conflicts_with = "studies")]
    pub all: bool,

    /// List studies instead of runs
    #[arg(long)]
    pub studies: bool,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn parse_state(name: String) -> Result<RunState, String> {
    RunState::from_name(&name.to_ascii_uppercase()).ok_or(name)
}

/// Lists what is asked for.
pub(super) fn run(global: &Global, args: &LsArgs) -> anyhow::Result<ExitCode> {
    let store = SqliteStore::open_read_only(&global.store)?;
    if args.studies {
        list_studies(&store, args)?;
    } else {
        list_runs(&store, args)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl LsArgs {
    /// How many are wanted at most.
    fn most(&self) -> Option<u32> {
        // A file is read by programs, which are not served by a part of it.
        let usual = if self.csv { 0 } else { 20 };
        Some(self.limit.unwrap_or(usual)).filter(|limit| *limit > 0)
    }
}

fn list_runs(store: &dyn Store, args: &LsArgs) -> anyhow::Result<()> {
    let study = args.study.as_deref().map(|text| select::resolve_study(store, Some(text))).transpose()?;
    let query = RunQuery {
        study: study.map(|study| study.id),
        experiment: args.experiment.clone(),
        state: args.state,
        include_hidden: args.all,
        limit: args.most(),
        ..RunQuery::default()
    };
    let runs = store.runs(&query)?;
    let total = store.count_runs(&query)?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    if args.json {
        let runs: Vec<Map<String, Value>> = runs.iter().map(|run| json::run(run, now_ms)).collect();
        return printer::json(&json!({ "schema": json::SCHEMA, "total": total, "runs": runs }));
    }
    if args.csv {
        let studies = store.studies()?.into_iter().map(|study| (study.id, study)).collect();
        printer::write_content(&sheet::of_runs(&runs, &studies).csv())?;
        tell_rest(runs.len() as u64, total);
        return Ok(());
    }
    if runs.is_empty() {
        printer::talk("no runs; leave a filter out, or `uaic ls --all` to see hidden ones");
        return Ok(());
    }
    let metrics = Metrics::of(store)?;
    let mut titles = vec!["ID", "RUN", "EXPERIMENT", "STATE", ">VALUE", "METRIC", "STARTED", ">TOOK"];
    if runs.iter().any(|run| note(run).is_some()) {
        titles.push("REASON…");
    }
    let mut listing = table::table(&titles);
    for run in &runs {
        add_run(&mut listing, run, &metrics, now_ms);
    }
    printer::data(table::render(&listing))?;
    tell_rest(runs.len() as u64, total);
    Ok(())
}

/// The metric whose value a run carries, by study.
struct Metrics(BTreeMap<Id, String>);

impl Metrics {
    fn of(store: &dyn Store) -> anyhow::Result<Self> {
        Ok(Self(
            store.studies()?.into_iter().map(|study| (study.id, study.goals().metric().to_owned())).collect(),
        ))
    }

    fn name(&self, run: &RunRecord) -> &str {
        match (run.value(), self.0.get(&run.start.study)) {
            (Some(_), Some(metric)) => metric_of(run, metric),
            _ => "",
        }
    }
}

fn add_run(listing: &mut Table, run: &RunRecord, metrics: &Metrics, now_ms: i64) {
    let mut row = vec![
        Cell::new(run.id.short()),
        Cell::new(path_in_study(run)),
        Cell::new(table::shortened(&run.experiment, 24)),
        table::run_state(run.state),
        Cell::new(run.value().map(table::number).unwrap_or_default()),
        Cell::new(table::one_line(metrics.name(run))),
        Cell::new(table::age(run.started_ms, now_ms)),
        Cell::new(json::seconds(run, now_ms).map(table::duration).unwrap_or_default()),
    ];
    row.extend(note(run).map(Cell::new));
    listing.add_row(row);
}

/// Why a run ended as it did, and why it is not among the best.
fn note(run: &RunRecord) -> Option<String> {
    let reason = run.reason.as_deref().map(|reason| table::shortened(reason, 160));
    let hidden = run.hidden.then(|| "hidden".to_owned());
    let excluded = run.excluded.then(|| "excluded".to_owned());
    let missed = (run.violation > 0.0).then(|| "misses constraints".to_owned());
    let parts: Vec<String> = hidden.into_iter().chain(excluded).chain(missed).chain(reason).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn list_studies(store: &dyn Store, args: &LsArgs) -> anyhow::Result<()> {
    let mut studies = store.studies()?;
    studies.retain(|study| args.experiment.as_ref().is_none_or(|name| *name == study.plan.experiment));
    let total = studies.len() as u64;
    if let Some(most) = args.most() {
        studies.truncate(most as usize);
    }
    let studies = studies
        .into_iter()
        .map(|study| Ok((store.tally(study.id)?, study)))
        .collect::<anyhow::Result<Vec<(Tally, StudyRecord)>>>()?;
    if args.json {
        let studies: Vec<Map<String, Value>> =
            studies.iter().map(|(tally, study)| json::study(study, tally)).collect();
        return printer::json(&json!({ "schema": json::SCHEMA, "total": total, "studies": studies }));
    }
    if studies.is_empty() && !args.csv {
        printer::talk("no studies; `uaic run experiments/attention.toml` makes one");
        return Ok(());
    }
    let listing = listing_of_studies(&studies);
    if args.csv {
        listing.print_csv()?;
    } else {
        printer::data(listing.text())?;
    }
    tell_rest(studies.len() as u64, total);
    Ok(())
}

fn listing_of_studies(studies: &[(Tally, StudyRecord)]) -> Listing {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut listing = Listing::new([
        column("ID", "id"),
        column("EXPERIMENT", "experiment"),
        column("STATE", "state"),
        column(">TRIALS", "done"),
        column("", "trials"),
        column(">BEST", "best"),
        column("", "best_trial"),
        column("METRIC", "metric"),
        column("", "direction"),
        column("", "seed"),
        column("", "complete"),
        column("", "pruned"),
        column("", "failed"),
        column("", "hidden"),
        column("", "excluded"),
        column("CREATED", "created"),
    ]);
    for (tally, study) in studies {
        listing.add([
            Field::of(study.id.short(), study.id.to_string()),
            Field::text(&study.plan.experiment, 40),
            Field::of(table::study_state(study.state), study.state.name()),
            Field::of(
                format!("{}/{}{}", tally.done(), study.plan.trials, tally.aside()),
                tally.done().to_string(),
            ),
            Field::plain(study.plan.trials),
            Field::number(tally.best.map(|best| best.value())),
            Field::plain(tally.best.map(|best| best.number().to_string()).unwrap_or_default()),
            Field::name(study.plan.goals.metric()),
            Field::plain(study.plan.goals.direction()),
            Field::plain(study.plan.seed),
            Field::plain(tally.complete),
            Field::plain(tally.pruned),
            Field::plain(tally.failed),
            Field::plain(tally.hidden),
            Field::plain(tally.excluded),
            Field::time(study.created_ms, now_ms),
        ]);
    }
    listing
}

fn tell_rest(shown: u64, total: u64) {
    if shown < total {
        printer::talk(format!("… and {} more; `--limit 0` lists all {total}", total - shown));
    }
}
