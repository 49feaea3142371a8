//! `uaic ls`: lists runs and studies.

mod columns;
mod groups;
mod runs;
mod studies;

pub(super) use columns::Facts;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::store::query::{self, Condition, Field, OrderKey, QueryError};
use crate::store::{RunQuery, Store};
use crate::trial::{Direction, RunState};

use super::{Global, printer};
use crate::select;

/// Names of `--state`.
const STATES: [&str; 6] = ["running", "complete", "pruned", "failed", "interrupted", "crashed"];

/// The grammar of `--where`, for the help of every verb that has it.
pub(super) const QUERY_GRAMMAR: &str = "\
A QUERY compares fields: metrics.NAME (the latest value), params.NAME, tags.NAME, id, name, experiment,
study, parent, kind, state, number, value, started, ended, duration, attempts, reason, note, hidden;
with = != < <= > >=, like and ilike (% is any text), in (a, b), is null, is not null; joined by and, or,
not and parentheses; and ends in `order by FIELD [desc], …`. Times are `-7d` (that long ago),
`2026-11-29` or \"2026-11-29 18:00\" (UTC). Names with other signs are quoted: metrics.\"my loss\".";

/// Arguments of `uaic ls`.
// Each is a flag of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic ls                        the 20 latest runs
  uaic ls --study @ --limit 0    all runs of the latest study
  uaic ls --state failed         what went wrong
  uaic ls --studies              studies, and how far they are
  uaic ls -w 'metrics.val/accuracy > 0.9 and params.opt = adam and started > -7d'
  uaic ls -w 'tags.team like \"%nlp%\" order by metrics.loss' --columns metrics.loss,params.lr,name
  uaic ls --group-by params.model --columns metrics.val/accuracy     mean and spread of each
  uaic ls --watch                again every two seconds
  uaic ls --study @ --csv        all trials of a study with their values and parameters, for pandas and the like
  uaic ls --json | jq -r '.runs[] | select(.value > 0.9) | .id'

{QUERY_GRAMMAR}

A run whose process has died is CRASHED; `uaic resume` repeats it.

With --csv: number, state, id, study, experiment, kind, a column for each metric and each parameter, started,
  ended, duration_s, attempts, hidden, excluded, violation, reason, name, parent; numbers to the last bit, NaN and inf as
  words, empty where there is none. A parameter whose name is taken is params.NAME.
With --json: {{\"schema\": 1, \"total\", \"runs\": [{{\"id\", \"study\", \"experiment\", \"name\", \"parent\", \"kind\", \"number\",
  \"state\", \"value\", \"reason\", \"started_ms\", \"started\", \"ended_ms\", \"ended\", \"duration_s\",
  \"attempts\", \"hidden\", \"excluded\", \"violation\", \"params\"}}]}}
  with --columns also \"columns\": {{field: value}}
and with --group-by: {{\"schema\": 1, \"by\", \"groups\": [{{\"group\", \"runs\",
  \"columns\": {{field: {{\"n\", \"mean\", \"deviation\", \"min\", \"max\"}}}}}}]}}
and with --studies: {{\"schema\": 1, \"total\", \"studies\": [{{\"id\", \"experiment\", \"state\", \"seed\",
  \"metric\", \"direction\", \"trials\", \"done\", \"complete\", \"pruned\", \"failed\", \"running\",
  \"interrupted\", \"crashed\", \"hidden\", \"excluded\", \"best\", \"best_trial\", \"created_ms\",
  \"created\"}}]}}
Hidden and excluded trials are in no other count, and never the best. \"violation\" is by how much a
trial misses the constraints of study.feasible; such trials rank behind all others."))]
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

    /// Only those of which this holds; may end in `order by FIELD [desc], …`
    #[arg(short = 'w', long = "where", value_name = "QUERY", conflicts_with = "studies",
        value_parser = parse_query)]
    pub filter: Option<Query>,

    /// Only the parts of this run
    #[arg(long, value_name = "RUN", conflicts_with = "studies")]
    pub parent: Option<String>,

    /// These columns instead: metrics.NAME, params.NAME, tags.NAME, name, started …
    #[arg(long, value_name = "FIELDS", conflicts_with = "studies", value_parser = parse_fields)]
    pub columns: Option<Fields>,

    /// Groups of runs with the same value here, and mean and spread of the columns
    #[arg(long, value_name = "FIELD", conflicts_with = "studies", value_parser = parse_field)]
    pub group_by: Option<Field>,

    /// List again every so many seconds, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["csv", "json"])]
    pub watch: Option<u64>,

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

/// What `--where` says.
#[derive(Clone, Debug)]
pub struct Query {
    condition: Condition,
    order: Vec<OrderKey>,
}

/// What `--columns` says.
#[derive(Clone, Debug)]
pub struct Fields(Vec<Field>);

pub(super) fn parse_query(text: &str) -> Result<Query, QueryError> {
    let (condition, order) = query::parse(text, jiff::Timestamp::now().as_millisecond())?;
    Ok(Query { condition, order })
}

fn parse_fields(text: &str) -> Result<Fields, QueryError> {
    Ok(Fields(query::parse_order(text)?.into_iter().map(|key| key.field).collect()))
}

pub(super) fn parse_field(text: &str) -> Result<Field, QueryError> {
    query::parse_field(text)
}

pub(super) fn parse_direction(text: &str) -> Result<Direction, String> {
    Direction::from_name(text).ok_or_else(|| "it is `minimize` or `maximize`".to_owned())
}

impl Query {
    /// Adds what it says to what else is asked for.
    pub(super) fn narrow(&self, query: RunQuery) -> RunQuery {
        RunQuery { condition: Some(self.condition.clone()), order: self.order.clone(), ..query }
    }
}

fn parse_state(name: String) -> Result<RunState, String> {
    RunState::from_name(&name.to_ascii_uppercase()).ok_or(name)
}

/// Lists what is asked for.
pub(super) fn run(global: &Global, args: &LsArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let Some(seconds) = args.watch else {
        list(&*store, args)?;
        return Ok(ExitCode::SUCCESS);
    };
    loop {
        if std::io::stdout().is_terminal() {
            printer::data("\u{1b}[H\u{1b}[2J")?;
        }
        list(&*store, args)?;
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

fn list(store: &dyn Store, args: &LsArgs) -> anyhow::Result<()> {
    match &args.group_by {
        _ if args.studies => studies::list(store, args),
        Some(field) => groups::list(store, args, field),
        None => runs::list(store, args),
    }
}

impl LsArgs {
    /// What is asked for.
    fn query(&self, store: &dyn Store) -> anyhow::Result<RunQuery> {
        let study = self.study.as_deref().map(|text| select::resolve_study(store, Some(text))).transpose()?;
        let parent = self.parent.as_deref().map(|text| select::resolve(store, text)).transpose()?;
        let query = RunQuery {
            study: study.map(|study| study.id),
            parent: parent.map(|parent| parent.id),
            experiment: self.experiment.clone(),
            state: self.state,
            include_hidden: self.all,
            limit: self.most(),
            ..RunQuery::default()
        };
        Ok(self.filter.as_ref().map_or(query.clone(), |filter| filter.narrow(query)))
    }

    /// How many are wanted at most.
    fn most(&self) -> Option<u32> {
        // A file is read by programs, which are not served by a part of it.
        let usual = if self.csv { 0 } else { 20 };
        Some(self.limit.unwrap_or(usual)).filter(|limit| *limit > 0)
    }
}

fn tell_rest(shown: u64, total: u64) {
    if shown < total {
        printer::talk(format!("… and {} more; `--limit 0` lists all {total}", total - shown));
    }
}
