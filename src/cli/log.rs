//! `uaic log`: adds to a run from a shell script.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::select::{self, RUN_GRAMMAR};
use crate::store::{Attempt, Id, MetricPoint, RunEdit, RunRecord, Store, StoreAddress, StoreError};

use super::Global;
use super::exec::{RUN_ID, pair, params};
use super::exit::Failure;

/// How long a run is waited for whose program has just been started.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `uaic log`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples, in a script that `uaic exec` runs:
  uaic log val/accuracy=0.91 --step 3
  uaic log loss=0.41 accuracy=0.9          each gets the step after its last
  uaic log --param depth=3 --tag team=nlp
  uaic log --file model.pt --file out/roc.png=plots/roc.png
  uaic log --note 'the first with **dropout**'
and anywhere, of a run that runs:
  uaic log --run 3fa2b1c4 loss=0.4

{RUN_GRAMMAR}

Tags and notes can be added to any run, all else to one that runs. Files are kept as artifacts/NAME.
Exit codes: 0 done, 1 failed, 2 usage, 3 no such run, 4 the run has ended."))]
pub struct LogArgs {
    /// Metrics
    #[arg(value_name = "NAME=VALUE", value_parser = metric)]
    pub metrics: Vec<(String, f64)>,

    /// The x of the metrics [default: one after the last]
    #[arg(long, value_name = "N")]
    pub step: Option<i64>,

    /// A parameter
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub params: Vec<(String, String)>,

    /// A tag
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = pair)]
    pub tags: Vec<(String, String)>,

    /// A note, in Markdown; comes after what is there
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,

    /// A file to keep, perhaps under another name
    #[arg(long = "file", value_name = "PATH[=NAME]")]
    pub files: Vec<String>,

    /// The run [default: that of the `exec` around it, `$UAIC_RUN_ID`]
    #[arg(long, value_name = "SEL")]
    pub run: Option<String>,
}

fn metric(text: &str) -> Result<(String, f64), String> {
    let (name, value) = pair(text)?;
    let value = value.parse().map_err(|_| format!("`{value}` is no number"))?;
    Ok((name, value))
}

/// Adds it.
pub(super) fn run(global: &Global, args: &LogArgs) -> anyhow::Result<ExitCode> {
    let is_empty = args.metrics.is_empty() && args.params.is_empty() && args.tags.is_empty();
    if is_empty && args.note.is_none() && args.files.is_empty() {
        return Err(Failure::usage("there is nothing to add; write `uaic log NAME=VALUE`").into());
    }
    let (store, run) = find(&global.store, args.run.as_deref())?;
    let attempt = Attempt { run: run.id, number: run.attempts };
    for (key, value) in &args.tags {
        store.set_tag(run.id, key, value)?;
    }
    if let Some(note) = &args.note {
        let note = run.note.as_ref().map_or_else(|| note.clone(), |before| format!("{before}\n\n{note}"));
        store.edit_run(run.id, &RunEdit::Note(Some(note)))?;
    }
    if !args.params.is_empty() {
        let mut all = run.start.params.clone();
        all.extend(params(&args.params));
        store.set_params(attempt, &all, &json!({ "params": all }))?;
    }
    if !args.metrics.is_empty() {
        store.log_metrics(attempt, &points(&*store, run.id, args)?)?;
    }
    for file in &args.files {
        keep(&*store, attempt, file)?;
    }
    store.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn points(store: &dyn Store, run: Id, args: &LogArgs) -> Result<Vec<MetricPoint>, StoreError> {
    let known = if args.step.is_some() { vec![] } else { store.latest_metrics(run)? };
    let next = |key: &str| {
        known.iter().find(|metric| metric.key == key).map_or(1, |last| last.step.saturating_add(1))
    };
    let point = |(key, value): &(String, f64)| MetricPoint {
        step: args.step.unwrap_or_else(|| next(key)),
        ..MetricPoint::new(key.clone(), 0, *value)
    };
    Ok(args.metrics.iter().map(point).collect())
}

/// Keeps a file, which may be given another name.
fn keep(store: &dyn Store, attempt: Attempt, given: &str) -> anyhow::Result<()> {
    let (path, name) = match given.rsplit_once('=') {
        Some((path, name)) if !Path::new(given).exists() => (PathBuf::from(path), name.to_owned()),
        _ => {
            let path = PathBuf::from(given);
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            (path, name)
        }
    };
    // The run has to run, which a file alone would not show.
    store.log_metrics(attempt, &[])?;
    let run = store.run(attempt.run)?;
    if run.state.is_final() {
        return Err(StoreError::Ended { run: attempt.run.short(), state: run.state }.into());
    }
    store.add_outside_artifact(attempt.run, &format!("artifacts/{name}"), &path)?;
    Ok(())
}

/// The store and the run.
fn find(address: &StoreAddress, selector: Option<&str>) -> anyhow::Result<(Arc<dyn Store>, RunRecord)> {
    if let Some(selector) = selector {
        let store = address.open_existing()?;
        let run = select::resolve(&*store, selector)?;
        return Ok((store, run));
    }
    let Ok(id) = std::env::var(RUN_ID) else {
        let message = format!(
            "there is no ${RUN_ID}: `uaic exec` sets it for its program; elsewhere `--run SEL` says which run"
        );
        return Err(Failure::usage(message).into());
    };
    let id = Id::parse(&id)
        .ok_or_else(|| Failure::usage(format!("${RUN_ID} is `{id}`, which is no id of a run")))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Whoever records it may still be about to open the store.
        let found = address.open_existing().and_then(|store| store.run(id).map(|run| (store, run)));
        match found {
            Err(StoreError::NotFound { .. } | StoreError::Missing { .. }) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(StoreError::NotFound { .. } | StoreError::Missing { .. }) => {
                let message = format!("there is no run {} in {}", id.short(), address);
                return Err(Failure::not_found(message).into());
            }
            found => return Ok(found?),
        }
    }
}
