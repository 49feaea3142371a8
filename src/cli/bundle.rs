//! `uaic bundle` and `uaic merge`: runs and studies move between stores.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};

use crate::bundle::{self, BroughtIn, BundleFile, ENDING, Origin, Selection, StoreOrigin};
use crate::number::counted;
use crate::select::{self, RUN_GRAMMAR, Target};
use crate::store::{Id, RunQuery, Store, StoreAddress};

use super::exit::Failure;
use super::ls::{QUERY_GRAMMAR, Query, parse_query};
use super::{Global, json, printer, table};

/// Arguments of `uaic bundle`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic bundle @ --out run.uaicrun
  uaic bundle attention lstm --out both.uaicrun      two studies with all of their runs
  uaic bundle -w 'tags.team = nlp' --out team.uaicrun
  uaic --store elsewhere import team.uaicrun         brings them in, with the same ids

A bundle is one file with runs and studies as they are: parameters, series to the last bit, tags, notes,
names, nesting, environment, configuration, events, artifacts. A run brings its parts and what it is part
of, a run of a study its whole study. Versions of registered models stay behind. Equal runs give equal
bytes. Any unzip opens it; docs/bundle.md is the format.

{RUN_GRAMMAR}
An id or the name of an experiment that belongs to a study means the study.

{QUERY_GRAMMAR}

With --json: {{\"schema\": 1, \"path\", \"studies\", \"runs\", \"points\", \"blobs\", \"size\"}}"))]
pub struct BundleArgs {
    /// Runs and studies
    #[arg(value_name = "SEL", required_unless_present = "filter")]
    pub selectors: Vec<String>,

    /// Also the runs of which this holds
    #[arg(short = 'w', long = "where", value_name = "QUERY", value_parser = parse_query)]
    pub filter: Option<Query>,

    /// The file to write, with the ending .uaicrun
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,

    /// Replace what is there
    #[arg(long)]
    pub force: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `uaic merge`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic merge /mnt/server/runs
  uaic --store all merge laptop/runs

Everything in the other store that is not here comes here, with the same ids: as a bundle of all of it,
without the file. What is here already and has grown there gets what is new; what has more here stays. A
run or study that went on differently on both sides is an error, and nothing comes in then. The other
store is only read, and may be in use. Versions of registered models stay behind.

With --json: {\"schema\": 1, \"from\", \"studies\", \"new\", \"grown\", \"same\", \"older\", \"points\", \"artifacts\"}")]
pub struct MergeArgs {
    /// The other store: its folder, or the address of a server
    #[arg(value_name = "STORE")]
    pub from: StoreAddress,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Writes a bundle.
pub(super) fn write(global: &Global, args: &BundleArgs) -> anyhow::Result<ExitCode> {
    if args.out.extension().is_none_or(|ending| ending != ENDING) {
        let message = format!("a bundle ends in `.{ENDING}`: `--out {}.{ENDING}`", args.out.display());
        return Err(Failure::usage(message).into());
    }
    if std::fs::symlink_metadata(&args.out).is_ok() && !args.force {
        let message = format!("{} is there already; `--force` replaces it", args.out.display());
        return Err(Failure::locked(message).into());
    }
    let store = global.store.open_read_only()?;
    let (runs, studies) = chosen(&*store, args)?;
    let selection = Selection::of(&*store, &runs, &studies)?;
    let origin = StoreOrigin::new(&*store, global.store.to_string(), selection);
    let written = bundle::write(&origin, &args.out)?;
    if args.json {
        printer::json(&json!({
            "schema": json::SCHEMA,
            "path": args.out.display().to_string(),
            "studies": written.studies,
            "runs": written.runs,
            "points": written.points,
            "blobs": written.blobs,
            "size": written.size,
        }))?;
    } else {
        printer::talk(format!(
            "{}, {}, {}",
            counted(written.runs, "run"),
            counted(written.points, "point"),
            table::bytes(written.size)
        ));
        printer::data(args.out.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Ids of the runs and of the studies that are asked for.
fn chosen(store: &dyn Store, args: &BundleArgs) -> anyhow::Result<(Vec<Id>, Vec<Id>)> {
    let (mut runs, mut studies) = (Vec::new(), Vec::new());
    for text in &args.selectors {
        match select::resolve_any(store, text)? {
            Target::Run(run) => runs.push(run.id),
            Target::Study(study) => studies.push(study.id),
        }
    }
    if let Some(filter) = &args.filter {
        runs.extend(store.runs(&filter.narrow(RunQuery::default()))?.iter().map(|run| run.id));
    }
    if runs.is_empty() && studies.is_empty() {
        return Err(Failure::not_found(
            "there is no run of which the query holds; `uaic ls` lists what there is",
        )
        .into());
    }
    Ok((runs, studies))
}

/// Whether a path is a bundle, by its name.
pub(super) fn is_bundle(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

/// Brings bundles in.
pub(super) fn import(global: &Global, paths: &[PathBuf], as_json: bool) -> anyhow::Result<ExitCode> {
    // All of them are checked before a store is made.
    let bundles = paths.iter().map(|path| BundleFile::open(path)).collect::<Result<Vec<_>, _>>()?;
    let store = global.store.open()?;
    for bundle in &bundles {
        bring_in(global, &*store, bundle, as_json)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings another store in.
pub(super) fn merge(global: &Global, args: &MergeArgs) -> anyhow::Result<ExitCode> {
    let other = args.from.open_read_only()?;
    let store = global.store.open()?;
    let place = |store: &StoreAddress| match store.folder() {
        Some(folder) => folder.canonicalize().ok(),
        None => Some(store.to_string().into()),
    };
    if place(&args.from).is_some_and(|from| place(&global.store) == Some(from)) {
        return Err(Failure::usage(
            "a store cannot be merged into itself; `--store DIR` names the one that takes in",
        )
        .into());
    }
    let origin = StoreOrigin::new(&*other, args.from.to_string(), Selection::all(&*other)?);
    bring_in(global, &*store, &origin, args.json)?;
    Ok(ExitCode::SUCCESS)
}

fn bring_in(global: &Global, store: &dyn Store, origin: &dyn Origin, as_json: bool) -> anyhow::Result<()> {
    let start = Instant::now();
    let here = global.store.to_string();
    let done =
        bundle::bring_in(store, origin, global.store.folder().unwrap_or(&std::env::temp_dir()), &here)?;
    if as_json {
        return printer::json(&shape(&origin.name(), &done));
    }
    let mut parts = vec![format!("{} new", counted(done.new, "run"))];
    let more = [
        (done.grown, "with more than before"),
        (done.same, "as before"),
        (done.older, "with more here than there"),
    ];
    parts.extend(more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    match done.studies {
        0 => {}
        1 => parts.push("1 study".to_owned()),
        studies => parts.push(format!("{studies} studies")),
    }
    let more = [(done.points, "point"), (done.artifacts, "artifact")];
    parts.extend(more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count, what)));
    let took = table::duration(start.elapsed().as_secs_f64());
    printer::talk(format!("{}: {} in {took}; `uaic ls` lists them", origin.name(), parts.join(", ")));
    Ok(())
}

fn shape(from: &str, done: &BroughtIn) -> Value {
    json!({
        "schema": json::SCHEMA,
        "from": from,
        "studies": done.studies,
        "new": done.new,
        "grown": done.grown,
        "same": done.same,
        "older": done.older,
        "points": done.points,
        "artifacts": done.artifacts,
    })
}
