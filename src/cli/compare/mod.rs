//! `uaic compare`: what differs between runs, and whether the difference is real.

mod export;
pub(super) mod gates;
mod sheets;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::ErrorKind;
use crate::comparison::{self, ComparedRun, Comparison};
use crate::fsx;
use crate::report::draw::{Format, Options, draw};
use crate::report::subject::ReportSubject;
use crate::store::{RunRecord, Store};

use super::exit::Failure;
use super::ls::{QUERY_GRAMMAR, Query, parse_query};
use super::{Global, printer, selected};
use crate::select::{self, RUN_GRAMMAR};
use sheets::Rows;

/// Arguments of `uaic compare`.
// Each is a flag of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic compare attention/final lstm/final    two final runs, on the same test texts
  uaic compare @/0 @/1 @/2                   trials of the latest study, on the same folds
  uaic compare best --baseline attention     the best trial of now and the run of an experiment
  uaic compare attention lstm --plot out.png
  uaic compare attention lstm --fail-if 'test/accuracy < baseline - 0.005'
  uaic compare 9c1e22aa 4f2a90c1 7be01d33 --across-seeds --md
  uaic compare -w 'experiment = lm and params.opt = adam order by metrics.loss'

{RUN_GRAMMAR}
An id or the name of an experiment that belongs to a study means its final run, or else its best trial.

{QUERY_GRAMMAR}

Tests: test/accuracy and other shares by McNemar's exact test; f1, precision, recall, mcc, loss and
brier by the paired bootstrap, both on the texts that the runs share; val/… by the t-test corrected for folds that
overlap, where data, seed and division are the same; seeds by Welch's t-test. With several runs,
p-values are corrected (Holm) for their number, metric by metric. Where no test can be made, it is said why.

--fail-if takes METRIC OP BOUND: OP is <, <=, > or >=; BOUND is a number, `baseline`, or `baseline`
with `+ number`, `- number` or `* number`. It and --fail-if-worse make the exit code 1 when a run
other than the baseline breaks a rule.

With --json: {{\"schema\": 1, \"baseline\": {{the number of a column}}, \"decisive\": {{a metric}},
  \"columns\": [{{\"name\", \"experiment\", \"what\", \"runs\": [id]}}],
  \"params\": [{{\"key\", \"differs\", \"values\": [{{one for each column}}]}}],
  \"facts\": [{{\"key\", \"area\", \"differs\", \"values\"}}],
  \"metrics\": [{{\"key\", \"direction\", \"values\": [{{\"value\", \"n\", \"low\", \"high\", \"deviation\"}} or null],
    \"deltas\": [{{\"delta\", \"method\", \"n\", \"low\", \"high\", \"p\", \"p_holm\", \"reason\"}} or null]}}],
  \"gates\": [{{\"rule\", \"column\", \"broken\", \"why\"}}]}}"))]
pub struct CompareArgs {
    /// Runs or studies
    #[arg(value_name = "SEL", required_unless_present = "filter")]
    pub selectors: Vec<String>,

    /// Also the runs of which this holds
    #[arg(short = 'w', long = "where", value_name = "QUERY", value_parser = parse_query)]
    pub filter: Option<Query>,

    /// What the others are compared with; the first by default
    #[arg(long, value_name = "SEL")]
    pub baseline: Option<String>,

    /// Also parameters and facts that are equal
    #[arg(long)]
    pub all: bool,

    /// Join runs that differ in their seed alone
    #[arg(long)]
    pub across_seeds: bool,

    /// Print Markdown
    #[arg(long, conflicts_with_all = ["csv", "json"])]
    pub md: bool,

    /// Print the metrics as CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Draw the differences and the course of the trainings into this file (PNG, or SVG by its ending)
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,

    /// Exit with 1 when this is true of a run; may be given several times
    #[arg(long, value_name = "RULE")]
    pub fail_if: Vec<String>,

    /// Exit with 1 when a run is worse than the baseline beyond chance (p < 0.05) by test/accuracy,
    /// or else by the metric of the baseline's study
    #[arg(long)]
    pub fail_if_worse: bool,
}

/// The first run is what the others are compared with.
const BASELINE: usize = 0;

/// Compares them.
pub(super) fn run(global: &Global, args: &CompareArgs) -> anyhow::Result<ExitCode> {
    let rules = gates::rules(&args.fail_if)?;
    let store = global.store.open_read_only()?;
    let runs = resolve(&*store, args)?
        .into_iter()
        .map(|run| ComparedRun::load(&*store, run))
        .collect::<Result<Vec<ComparedRun>, _>>()?;
    let comparison = if args.across_seeds {
        comparison::compare_seeds(&runs, BASELINE)
    } else {
        comparison::compare(&*store, &runs, BASELINE)?
    };
    let gates = gates::check(&comparison, &rules, args.fail_if_worse)?;
    let shown = if args.all { Rows::All } else { Rows::Differing };
    if args.json {
        printer::json(&export::json(&comparison, &gates))?;
    } else if args.csv {
        export::csv(&comparison).print_csv()?;
    } else if args.md {
        printer::data(sheets::markdown(&comparison, shown))?;
    } else {
        printer::data(sheets::terminal(&comparison, shown))?;
    }
    if let Some(path) = &args.plot {
        plot(&*store, &comparison, path)?;
    }
    for gate in &gates {
        printer::talk(gate.told());
    }
    let broken = gates.iter().any(|gate| gate.broken);
    Ok(if broken { ErrorKind::Failed.into() } else { ExitCode::SUCCESS })
}

/// A comparison of two runs, the second with the first, as `compare` prints it.
pub(super) struct Pair {
    pub(super) comparison: Comparison,
}

impl Pair {
    pub(super) fn load(store: &dyn Store, baseline: RunRecord, other: RunRecord) -> anyhow::Result<Self> {
        let runs = [ComparedRun::load(store, baseline)?, ComparedRun::load(store, other)?];
        Ok(Self { comparison: comparison::compare(store, &runs, 0)? })
    }

    /// Tables of what differs.
    pub(super) fn text(&self) -> String {
        sheets::terminal(&self.comparison, Rows::Differing)
    }

    /// Prints its metrics as `compare --csv` does.
    pub(super) fn print_csv(&self) -> anyhow::Result<()> {
        export::csv(&self.comparison).print_csv()
    }

    /// The shape that the help of `compare` promises.
    pub(super) fn json(&self) -> serde_json::Value {
        export::json(&self.comparison, &[])
    }
}

/// The runs, each once; the first is the baseline.
fn resolve(store: &dyn Store, args: &CompareArgs) -> anyhow::Result<Vec<RunRecord>> {
    let selectors: Vec<String> = args.baseline.iter().chain(&args.selectors).cloned().collect();
    let runs = selected::standing_for(store, &selectors, args.filter.as_ref())?;
    if let [only] = runs.as_slice() {
        let name = select::path_in_study(only);
        let why = format!("there is only {name} to compare: name another run, or a --baseline");
        return Err(Failure::usage(why).into());
    }
    Ok(runs)
}

/// Draws the comparison.
fn plot(store: &dyn Store, comparison: &Comparison, path: &Path) -> anyhow::Result<()> {
    // Of the first run of each column; a final training has no folds, so names differ by kind.
    const COURSES: [&str; 3] = ["train/loss", "fold=0/val/accuracy", "fold=0/train/loss"];
    let mut chosen = (COURSES[0], Vec::new());
    for key in COURSES {
        let mut curves = Vec::with_capacity(comparison.columns.len());
        for column in &comparison.columns {
            let subject = ReportSubject::of_run(store, store.run(column.runs[0])?)?;
            let points = subject.series(column.runs[0], key)?;
            curves.push(points.into_iter().map(|(step, value)| (step as f64, value)).collect::<Vec<_>>());
        }
        if curves.iter().all(|points| points.len() > 1) {
            chosen = (key, curves);
            break;
        }
    }
    let figure = crate::report::comparison::forest(comparison, chosen.0, &chosen.1);
    let is_svg = path.extension().is_some_and(|ending| ending == "svg");
    let format = if is_svg { Format::Svg } else { Format::Png };
    let bytes = draw(&figure, &Options { format, ..Options::default() })?;
    fsx::write_atomic(path, &bytes)?;
    printer::talk(format!("drawn: {}", path.display()));
    Ok(())
}
