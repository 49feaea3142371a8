//! `uaic import`: brings packages and the records of other tools into the store.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::import::{ReadOptions, Source, StoreSink, Summary, TableRows, Zone, detect};
use crate::package::{MANIFEST, Package};
use crate::platform::ProcessIdentity;
use crate::recording::{bring_in, is_record};
use crate::store::Store;
use crate::training::import;

use super::{Global, bundle, json, printer};

/// Arguments of `uaic import`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic import mlruns                      a folder of MLflow; a database: mlflow.db
  uaic import optuna.db journal.log       studies of Optuna, with their trials
  uaic import runs/ lightning_logs/       event files of TensorBoard, logs of Lightning, below a folder
  uaic import wandb                       what W&B wrote offline
  uaic import results.csv --rows runs     a run a row; `--rows steps`: the history of one run
  uaic import old.db --zone Asia/Tokyo    times that are written without a zone
  uaic import uaic-exec-3fa2b1c4.jsonl    what `uaic exec` could not record
  uaic import attention.uaic              a package, which becomes a run with its model
  uaic import team.uaicrun                runs and studies of another store (`uaic bundle`), as they were

What a PATH is, is found out: MLflow (folder, SQLite), Optuna (SQLite 3.x to 5.x, journal), TensorBoard,
W&B offline, Lightning, transformers (trainer_state.json), DVCLive, sacred, CSV, JSONL, or a package of
uaic. Runs keep their times, parameters, series, tags, notes, files and nesting; studies can be plotted,
explained and copied (`uaic study copy --sampler tpe` goes on with one). Reading the same source again
adds nothing, one that has grown adds what is new. What does not come in is told, with the reason.

A package becomes a complete run of kind `imported` in a study of its own, with its metrics, model,
calibration and lineage (tags package.run, package.study …). Importing the same package again gives
the run that is there. `uaic evaluate`, `errors`, `predict`, `show`, `compare`, `export` and `model
register` take it as they take a final run; what needs the texts of a test split or the trials of a
study is not in a package. The id of the run is printed.

With --json, of records: {\"schema\": 1, \"sources\": [{\"path\", \"format\"}], \"new\", \"grown\", \"same\",
  \"studies\", \"points\", \"artifacts\", \"skipped\": [{\"what\", \"why\"}], \"skipped_count\", \"warnings\": [text]}
of what `uaic exec` left: {\"schema\": 1, \"records\": [{\"path\", \"run\", \"was_there\"}]}
of bundles, one after the other: {\"schema\": 1, \"from\", \"studies\", \"new\", \"grown\", \"same\", \"older\",
  \"points\", \"artifacts\"}
and of a package: {\"schema\": 1, \"run\", \"study\", \"experiment\", \"was_there\": true or false, \"sha256\"}")]
pub struct ImportArgs {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// The zone of times that are written without one: UTC, +09:00, Asia/Tokyo
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    pub zone: Option<Zone>,

    /// Put all runs into this experiment
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,

    /// What the rows of a table are: runs, or steps of one run [default: by its columns]
    #[arg(long, value_name = "WHAT", value_parser = parse_rows)]
    pub rows: Option<TableRows>,

    /// Stands for the path, so that a source that was moved or copied is the same one
    #[arg(long, value_name = "NAME")]
    pub identity: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn parse_zone(text: &str) -> Result<Zone, String> {
    Zone::named(text).map_err(|error| error.to_string())
}

fn parse_rows(text: &str) -> Result<TableRows, String> {
    match text {
        "runs" => Ok(TableRows::Runs),
        "steps" => Ok(TableRows::Steps),
        _ => Err("the rows of a table are `runs` or `steps`".to_owned()),
    }
}

/// Imports them.
pub(super) fn run(global: &Global, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    if args.paths.iter().any(|path| bundle::is_bundle(path)) {
        return bundle::import(global, &args.paths, args.json);
    }
    if let [path] = args.paths.as_slice()
        && is_package(path)
    {
        return import_package(global, path, args.json);
    }
    if args.paths.iter().all(|path| is_record(path)) {
        return import_records(global, args);
    }
    // All of them are known for what they are before a store is made.
    let mut sources = Vec::new();
    for path in &args.paths {
        sources.extend(detect(path)?);
    }
    let store = global.store.open()?;
    let bar = progress_bar();
    let start = Instant::now();
    let summary = read_all(&*store, &sources, args, &bar);
    bar.finish_and_clear();
    let summary = summary?;
    if args.json {
        printer::json(&shape(&sources, &summary))?;
    } else {
        tell(&sources, &summary, start.elapsed());
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings in what `uaic exec` could not record.
fn import_records(global: &Global, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let mut runs = vec![];
    for path in &args.paths {
        let (run, was_missing) = bring_in(&global.store, path, args.experiment.as_deref())?;
        if !args.json {
            let what = if was_missing { "is recorded whole now" } else { "was there already" };
            printer::talk(format!("run {} {what}", run.short()));
        }
        runs.push(json!({ "path": path, "run": run, "was_there": !was_missing }));
    }
    if args.json {
        printer::json(&json!({ "schema": json::SCHEMA, "records": runs }))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read_all(
    store: &dyn Store,
    sources: &[Source],
    args: &ImportArgs,
    bar: &ProgressBar,
) -> anyhow::Result<Summary> {
    let options = ReadOptions { zone: args.zone.clone(), identity: args.identity.clone(), rows: args.rows };
    let watch = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let mut sink = StoreSink::new(store, args.experiment.clone(), Box::new(watch));
    for source in sources {
        bar.set_message(source.path().display().to_string());
        bar.reset();
        source.read(&options, &mut sink)?;
    }
    let summary = sink.finish()?;
    store.flush()?;
    Ok(summary)
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template("{wide_msg} {bar:24} {percent:>3} % {eta:>5} left") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn shape(sources: &[Source], summary: &Summary) -> serde_json::Value {
    let source = |source: &Source| json!({ "path": source.path(), "format": source.format().to_string() });
    let skipped = |skipped: &crate::import::Skipped| json!({ "what": skipped.what, "why": skipped.why });
    json!({
        "schema": json::SCHEMA,
        "sources": sources.iter().map(source).collect::<Vec<_>>(),
        "new": summary.new,
        "grown": summary.grown,
        "same": summary.same,
        "studies": summary.studies,
        "points": summary.points,
        "artifacts": summary.artifacts,
        "skipped": summary.skipped.iter().map(skipped).collect::<Vec<_>>(),
        "skipped_count": summary.skipped_count,
        "warnings": summary.warnings,
    })
}

/// Most things that are told of what did not come in.
const TOLD: usize = 20;

fn tell(sources: &[Source], summary: &Summary, took: Duration) {
    for source in sources {
        printer::talk(format!("{}: {}", source.path().display(), source.format()));
    }
    for warning in &summary.warnings {
        printer::talk(format!("note: {warning}"));
    }
    for skipped in summary.skipped.iter().take(TOLD) {
        printer::talk(format!("left out: {}: {}", skipped.what, skipped.why));
    }
    let named = summary.skipped.len().min(TOLD) as u64;
    if summary.skipped_count > named {
        printer::talk(format!(
            "… and {} more things were left out; `--json` names them",
            summary.skipped_count - named
        ));
    }
    let counted = crate::number::counted;
    let mut parts = vec![format!("{} new", counted(summary.new, "run"))];
    for (count, what) in [(summary.grown, "with more than before"), (summary.same, "as before")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let more = [(summary.studies, "study"), (summary.points, "point"), (summary.artifacts, "artifact")];
    parts.extend(more.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| match (count, what) {
        (1, _) | (_, "point" | "artifact") => counted(count, what),
        _ => format!("{count} studies"),
    }));
    let took = super::table::duration(took.as_secs_f64());
    printer::talk(format!("{} in {took}; `uaic ls` lists them", parts.join(", ")));
}

/// Whether a path is a package, to be read as one: by what it has, so that a broken one is told as such.
fn is_package(path: &Path) -> bool {
    let is_named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("uaic"));
    if path.is_dir() {
        return is_named || path.join(MANIFEST).exists();
    }
    // A pipe can be read only once, and no record of another tool is one.
    is_named || !path.is_file() && path.exists() || starts_as_archive(path)
}

fn starts_as_archive(path: &Path) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start))
        .is_ok_and(|()| start == *b"PK")
}

fn import_package(global: &Global, path: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    // Read before a store is made for it.
    let package = Package::read(path)?;
    let store = global.store.open()?;
    let imported = import(&*store, &package, path, &ProcessIdentity::current())?;
    if as_json {
        let run = store.run(imported.run)?;
        printer::json(&json!({
            "schema": json::SCHEMA,
            "run": imported.run,
            "study": run.start.home.study(),
            "experiment": run.experiment,
            "was_there": imported.was_there,
            "sha256": package.digest(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let id = imported.run.short();
    printer::talk(if imported.was_there {
        format!("run {id} is this package already")
    } else {
        format!("imported; `uaic show {id}` shows it, `uaic predict {id} TEXT` asks it")
    });
    printer::data(imported.run.to_string())?;
    Ok(ExitCode::SUCCESS)
}
