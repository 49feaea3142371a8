//! `uaic show`: shows everything recorded of a run or a study.

mod run;
mod study;

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::fsx;
use crate::report::sheet;
use crate::run_log::LOG_ARTIFACT;
use crate::select::{self, RUN_GRAMMAR, Target};
use crate::store::{RunRecord, Store, StoreError};

use super::exit::Failure;
use super::listing::{Field, Listing, column};
use super::{Global, json, printer, table};
use run::{RunDetails, metrics_listing};
use study::StudyDetails;

pub(super) use study::{best_line, trials_line};

/// Bars of a sparkline.
const SPARKLINE: usize = 60;

/// Arguments of `uaic show`.
// Each is a flag of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic show @                            the latest run
  uaic show best --metric val/accuracy   one metric of the best trial, point by point
  uaic show @/3 --log                    the log of trial 3 of the latest study
  uaic show attention/final --artifact model/config.json --out config.json
  uaic show attention                    the latest study of an experiment, with its spec

{RUN_GRAMMAR}
An id or the name of an experiment that belongs to a study shows the study.

With --csv: metric, last, step, min, max, points; and with --metric: step, time, value.
With --json: {{\"schema\": 1, \"run\": {{as in `uaic ls --json`, and
  \"note\", \"config\": {{the whole configuration}}, \"process\": {{\"host\", \"boot_id\", \"namespace\", \"pid\", \"started\"}},
  \"environment\": {{name: text}}, \"tags\": {{name: text}},
  \"metrics\": [{{\"key\", \"step\", \"value\", \"min\", \"max\", \"count\"}}],
  \"artifacts\": [{{\"name\", \"hash\", \"size\"}}], \"events\": [{{\"time_ms\", \"kind\", \"detail\"}}]}}}}
of a study: {{\"schema\": 1, \"study\": {{as in `uaic ls --studies --json`, and
  \"fingerprint\", \"overrides\": [[key, value]], \"environment\": {{name: text}},
  \"owner\": {{\"host\", \"boot_id\", \"namespace\", \"pid\", \"started\"}} or null, \"spec_path\", \"spec_text\"}}}}
and with --metric: {{\"schema\": 1, \"run\", \"key\",
  \"points\": [{{\"step\", \"time_ms\", \"time\", \"value\"}}]}}"))]
pub struct ShowArgs {
    /// The run or study
    #[arg(value_name = "SEL")]
    pub selector: String,

    /// SEL selects a study: `@` is then the latest study
    #[arg(long, conflicts_with_all = ["metric", "log", "artifact"])]
    pub study: bool,

    /// Show all points of one metric
    #[arg(long, value_name = "KEY", conflicts_with_all = ["log", "artifact"])]
    pub metric: Option<String>,

    /// Print the run's log
    #[arg(long, conflicts_with_all = ["artifact", "json"])]
    pub log: bool,

    /// Print the content of an artifact
    #[arg(long, value_name = "NAME", conflicts_with = "json")]
    pub artifact: Option<String>,

    /// Write the artifact to this file instead
    #[arg(long, value_name = "FILE", requires = "artifact")]
    pub out: Option<PathBuf>,

    /// Print the points of the metric, or else the metrics of the run, as CSV
    #[arg(long, conflicts_with_all = ["json", "log", "artifact", "study"])]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows it.
pub(super) fn run(global: &Global, args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let part_of_run = args.metric.is_some() || args.log || args.artifact.is_some();
    let target = if args.study {
        Target::Study(Box::new(select::resolve_study(&*store, Some(&args.selector))?))
    } else if part_of_run {
        Target::Run(Box::new(select::resolve(&*store, &args.selector)?))
    } else {
        select::resolve_any(&*store, &args.selector)?
    };
    match target {
        Target::Study(study) if args.csv => {
            let id = study.id.short();
            let message = format!(
                "a study is no table, and its trials are: `uaic ls --study {id} --csv` prints them as CSV"
            );
            return Err(Failure::usage(message).into());
        }
        Target::Study(study) => {
            let details = StudyDetails::read(&*store, &study)?;
            if args.json { printer::json(&details.json())? } else { printer::data(details.text().text())? }
        }
        Target::Run(run) => match (&args.metric, &args.artifact) {
            (Some(key), _) => show_metric(&*store, &run, key, args)?,
            _ if args.csv => metrics_listing(&store.latest_metrics(run.id)?).print_csv()?,
            (_, Some(name)) => show_artifact(&*store, &run, name, args.out.as_ref())?,
            _ if args.log => show_artifact(&*store, &run, LOG_ARTIFACT, None)?,
            _ => {
                let details = RunDetails::read(&*store, &run)?;
                if args.json {
                    printer::json(&details.json())?;
                } else {
                    printer::data(details.text().text())?;
                }
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn show_metric(store: &dyn Store, run: &RunRecord, key: &str, args: &ShowArgs) -> anyhow::Result<()> {
    let points = store.metric_history(run.id, key)?;
    if points.is_empty() {
        let known: Vec<String> = store.latest_metrics(run.id)?.into_iter().map(|metric| metric.key).collect();
        let hint =
            if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        let message = format!("run {} has no metric `{key}`; {hint}", run.id.short());
        return Err(Failure::not_found(message).into());
    }
    if args.csv {
        let mut listing = Listing::new(["step", "time", "value"].map(|name| column("", name)));
        for point in &points {
            let time = Field::of("", sheet::time(point.time_ms));
            listing.add([Field::plain(point.step), time, Field::number(Some(point.value))]);
        }
        return listing.print_csv();
    }
    if args.json {
        let points: Vec<Value> = points.iter().map(json::point).collect();
        return printer::json(
            &json!({ "schema": json::SCHEMA, "run": run.id, "key": key, "points": points }),
        );
    }
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let key = table::one_line(key);
    printer::talk(format!("{key} of run {}, {} points", run.id.short(), points.len()));
    let mut text = format!("{}\n", table::sparkline(&values, SPARKLINE));
    for point in &points {
        let _ = writeln!(text, "{:>8}  {}", point.step, table::exact(point.value));
    }
    Ok(printer::data(text.trim_end_matches('\n'))?)
}

fn show_artifact(
    store: &dyn Store,
    run: &RunRecord,
    name: &str,
    out: Option<&PathBuf>,
) -> anyhow::Result<()> {
    let content = match store.read_artifact(run.id, name) {
        Err(StoreError::NotFound { .. }) => return Err(no_artifact(store, run, name)?.into()),
        other => other?,
    };
    if let Some(path) = out {
        fsx::write_atomic(path, &content)?;
        printer::talk(format!("wrote {} to {}", table::bytes(content.len() as u64), path.display()));
    } else if std::io::stdout().is_terminal() && std::str::from_utf8(&content).is_err() {
        let message = format!("artifact `{name}` is no text; write it to a file with `--out FILE`");
        return Err(Failure::usage(message).into());
    } else {
        printer::write_content(&content)?;
    }
    Ok(())
}

fn no_artifact(store: &dyn Store, run: &RunRecord, name: &str) -> anyhow::Result<Failure> {
    let known: Vec<String> = store.artifacts(run.id)?.into_iter().map(|artifact| artifact.name).collect();
    let hint =
        if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
    Ok(Failure::not_found(format!("run {} has no artifact `{name}`; {hint}", run.id.short())))
}
