//! `uaic report`: writes a folder that explains a study and its model, or runs of any kind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::fsx;
use crate::report::folder::{Report, TABLES};
use crate::report::page::{html, markdown};
use crate::report::plot::KINDS;
use crate::report::runs_report::{self, Wanted};
use crate::report::subject::ReportSubject;
use crate::report::{run_report, study_report};
use crate::store::{RunQuery, RunRecord, Store};
use crate::trial::Direction;

use super::ls::{QUERY_GRAMMAR, Query, parse_direction, parse_query};
use super::{Global, printer, selected};
use crate::select::{self, RUN_GRAMMAR, Target};

/// Arguments of `uaic report`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic report                            the latest study; without any, the latest run
  uaic report attention --open           the latest study of an experiment, in the browser
  uaic report 9c1e22aa --out for-review  into another folder
  uaic report baseline                   a run by its name: of any program, or brought in
  uaic report 4f2a90c1 baseline 7be01d33 several runs, the first as the baseline of tests
  uaic report -w 'experiment = sweep and started > -7d' --metric val/loss

The folder gets index.html (one file, pictures inside, no network), report.md with its pictures
(PNG; SVG where names have letters that the font of PNGs lacks), metrics.json, and tables: of a
study trials.csv and, where a model is trained here, predictions.csv; of a run metrics.csv and,
where it has parts, runs.csv; of several runs runs.csv. The same study or runs give the same
bytes. Its path is printed.

Of a study: what was asked, the data, the search, the best trial, the training, the test, errors,
calibration, reproduction.
Of a run of no study: its command, note, parameters, metrics, curves, the predictions that were
filed with it (`uaic evaluate --predictions`) in figures with intervals and in pictures, use of the
machine, code, environment, files, the last lines of its output, how it ended and how to get it
again. Runs that are parts of it are told as several runs are.
Of several runs, of any kind and experiments: the parameters that differ and their metrics,
parallel coordinates, slices, importance, curves over each other (of more than 30 runs their mean
and a band of one standard deviation), and the tests of `uaic compare` where predictions are of
the same rows.

metrics.json of a study: {{\"schema\": 1, \"experiment\", \"study\", \"run\",
  \"metrics\": {{name: {{\"value\", \"n\", \"low\", \"high\"}}}}, \"absent\": {{name: why}}}}
of a run: {{\"schema\": 1, \"experiment\", \"run\", \"name\", \"state\", \"params\",
  \"metrics\": {{name: {{\"value\", \"step\", \"min\", \"max\", \"count\", \"n\", \"low\", \"high\"}}}}, \"absent\", \"parts\": [id]}}
of several: {{\"schema\": 1, \"metric\", \"direction\",
  \"runs\": [{{\"id\", \"name\", \"experiment\", \"study\", \"parent\", \"kind\", \"state\", \"value\", \"params\", \"metrics\"}}],
  \"comparison\": {{\"baseline\", \"tests\": [{{\"metric\", \"run\", \"difference\", \"low\", \"high\", \"p\", \"p_holm\",
    \"test\", \"n\"}}]}} or null}}
trials.csv, runs.csv: the columns of `uaic ls --csv`; runs.csv also metrics.NAME
predictions.csv: text, hash, label, predicted, right, confidence, words, unknown_words
metrics.csv: metric, latest, step, min, max, points, n, low, high

{RUN_GRAMMAR}
An id or the name of an experiment that belongs to a study means the study; among several its
final run, or else its best trial.

{QUERY_GRAMMAR}"))]
pub struct ReportArgs {
    /// A study or runs; the latest study by default
    #[arg(value_name = "SEL")]
    pub selectors: Vec<String>,

    /// Also the runs of which this holds
    #[arg(short = 'w', long = "where", value_name = "QUERY", value_parser = parse_query)]
    pub filter: Option<Query>,

    /// Of runs: a metric to show, the first of which decides; may be given several times
    #[arg(long, value_name = "NAME")]
    pub metric: Vec<String>,

    /// Which end of the first metric is better; as its study says or by its name otherwise
    #[arg(long, value_name = "END", value_parser = parse_direction)]
    pub direction: Option<Direction>,

    /// The folder; reports/EXPERIMENT-ID by default
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Show it in the browser
    #[arg(long)]
    pub open: bool,
}

/// What a report is about.
enum Subject<'a> {
    Study(Box<ReportSubject<'a>>),
    Run(Box<RunRecord>),
    Runs(Vec<RunRecord>),
}

/// Writes it.
pub(super) fn run(global: &Global, args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let subject = subject(&*store, args)?;
    let wanted = Wanted { metrics: args.metric.clone(), direction: args.direction };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let bar = ProgressBar::new(0).with_style(style());
    let done = |all: usize| {
        bar.set_length(all as u64);
        bar.inc(1);
    };
    let made = match subject {
        Subject::Study(subject) => study_report::report(&subject, threads, &done),
        Subject::Run(run) => run_report::report(&*store, *run, &wanted, threads, &done),
        Subject::Runs(runs) => runs_report::report(&*store, runs, &wanted, threads, &done),
    };
    bar.finish_and_clear();
    let made = made?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("reports").join(as_file_name(&made.name)));
    write(&made, &folder)?;
    printer::data(folder.display().to_string())?;
    if args.open {
        open(&folder.join("index.html"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the selectors and the query mean; the latest study without any, or else the latest run.
fn subject<'a>(store: &'a dyn Store, args: &ReportArgs) -> anyhow::Result<Subject<'a>> {
    let of_one = |target: Target| -> anyhow::Result<Subject<'a>> {
        Ok(match target {
            Target::Study(study) => Subject::Study(Box::new(ReportSubject::of_study(store, *study)?)),
            Target::Run(run) if run.start.home.study().is_some() => {
                Subject::Study(Box::new(ReportSubject::of_run(store, *run)?))
            }
            Target::Run(run) => Subject::Run(run),
        })
    };
    match (&args.selectors[..], &args.filter) {
        ([], None) if store.studies()?.is_empty() && store.count_runs(&RunQuery::default())? > 0 => {
            of_one(select::resolve_any(store, "@")?)
        }
        ([], None) => of_one(Target::Study(Box::new(select::resolve_study(store, None)?))),
        ([only], None) => of_one(select::resolve_any(store, only)?),
        (selectors, filter) => {
            let mut runs = selected::standing_for(store, selectors, filter.as_ref())?;
            match runs.len() {
                1 => of_one(Target::Run(Box::new(runs.remove(0)))),
                _ => Ok(Subject::Runs(runs)),
            }
        }
    }
}

/// The name of a folder, whatever an experiment is called.
fn as_file_name(name: &str) -> String {
    let is_plain = |letter: char| !letter.is_control() && !"/\\:*?\"<>|".contains(letter);
    name.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect()
}

fn style() -> ProgressStyle {
    let plain = ProgressStyle::with_template("pictures {bar:24} {pos}/{len}");
    plain.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}

fn write(report: &Report, folder: &Path) -> anyhow::Result<()> {
    fsx::create_dir_all(folder)?;
    remove_older(report, folder)?;
    for picture in report.pictures() {
        fsx::write_atomic(&folder.join(picture.file()), &picture.bytes)?;
    }
    let metrics = serde_json::to_string_pretty(&report.metrics)? + "\n";
    fsx::write_atomic(&folder.join("metrics.json"), metrics.as_bytes())?;
    for (name, table) in &report.tables {
        fsx::write_atomic(&folder.join(name), table)?;
    }
    fsx::write_atomic(&folder.join("report.md"), markdown(&report.page).as_bytes())?;
    fsx::write_atomic(&folder.join("index.html"), html(&report.page).as_bytes())?;
    Ok(())
}

/// Removes pictures and tables of an earlier report that this one does not have, which would be taken for
/// its own: those that the earlier page shows, and those of known names.
fn remove_older(report: &Report, folder: &Path) -> anyhow::Result<()> {
    let earlier = std::fs::read_to_string(folder.join("report.md")).unwrap_or_default();
    let shown = earlier.lines().filter_map(|line| {
        let name = line.strip_prefix("![")?.rsplit_once("](")?.1.strip_suffix(')')?;
        let is_ours =
            ["png", "svg"].iter().any(|end| Path::new(name).extension().is_some_and(|own| own == *end));
        let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.".contains(letter));
        (is_ours && is_plain).then(|| name.to_owned())
    });
    let known = KINDS.iter().flat_map(|kind| ["png", "svg"].map(|ending| format!("{}.{ending}", kind.name)));
    let names: BTreeSet<String> = known.chain(shown).chain(TABLES.map(str::to_owned)).collect();
    for name in names {
        let path = folder.join(&name);
        let is_own = report.pictures().any(|picture| picture.file() == name)
            || report.tables.iter().any(|(table, _)| *table == name);
        if !is_own && path.exists() {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Hands a page to whatever shows pages on this system.
fn open(page: &Path) -> anyhow::Result<()> {
    let (program, first): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    Command::new(program)
        .args(first)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start `{program}`; open {} yourself", page.display()))?;
    Ok(())
}
