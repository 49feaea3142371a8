//! `uaic model diff`: how two versions differ.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::store::{RunRecord, Store};
use crate::training::load_classifier;

use super::super::compare::Pair;
use super::super::listing::{Field, Listing, column};
use super::super::stored_model::run_with_model;
use super::super::{Global, json, printer, table};
use crate::select::registered_or_best;

/// Arguments of `uaic model diff`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic model diff intents@1 intents@2
  uaic model diff intents@champion attention --json

Shows which keys of the spec and facts differ, the metrics with a test of their difference on the same
test texts where both runs keep their predictions (see `uaic help compare`), labels that only one has,
and the sizes of the files.

With --csv: the metrics, as `uaic compare --csv` prints them.
With --json: {\"schema\": 1, \"comparison\": {as in `uaic compare --json`; A is the baseline},
  \"labels\": {\"only_a\": [text], \"only_b\": [text], \"common\": number},
  \"sizes\": [{\"file\", \"a\": bytes or null, \"b\": bytes or null}]}")]
pub(super) struct DiffArgs {
    /// A version (NAME@3, NAME@champion), or a run with a model
    #[arg(value_name = "A")]
    pub(super) first: String,

    /// Another
    #[arg(value_name = "B")]
    pub(super) second: String,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Shows it.
pub(super) fn run(global: &Global, args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let (first, second) = (run_of(&*store, &args.first)?, run_of(&*store, &args.second)?);
    let labels = |run: &RunRecord| -> anyhow::Result<BTreeSet<String>> {
        Ok(load_classifier(&*store, run.id)?.labels.into_iter().collect())
    };
    let (known, other) = (labels(&first)?, labels(&second)?);
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<String>>();
    let (only_a, only_b) = (only(&known, &other), only(&other, &known));
    let sizes = sizes(&*store, &first, &second)?;
    let pair = Pair::load(&*store, first, second)?;
    if args.csv {
        pair.print_csv()?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.json {
        let sizes: Vec<_> =
            sizes.iter().map(|(file, [a, b])| json!({ "file": file, "a": a, "b": b })).collect();
        printer::json(&json!({
            "schema": json::SCHEMA,
            "comparison": pair.json(),
            "labels": { "only_a": only_a, "only_b": only_b, "common": known.intersection(&other).count() },
            "sizes": sizes,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let listing = listing_of(&sizes);
    let named = |title: &str, labels: &[String]| {
        let labels: Vec<String> = labels.iter().map(|label| table::one_line(label)).collect();
        if labels.is_empty() { String::new() } else { format!("\n{title}: {}", labels.join(", ")) }
    };
    let text = format!(
        "{}\n\nLabels: {} in common{}{}\n\n{}",
        pair.text(),
        known.intersection(&other).count(),
        named("only A", &only_a),
        named("only B", &only_b),
        listing.text(),
    );
    printer::data(text)?;
    Ok(ExitCode::SUCCESS)
}

/// The run of a version, or that a selector names.
fn run_of(store: &dyn Store, text: &str) -> anyhow::Result<RunRecord> {
    match registered_or_best(store, text)? {
        Some(version) => Ok(store.run(version.kept_by()?)?),
        None => run_with_model(store, text, "model diff"),
    }
}

/// A row for each file.
fn listing_of(sizes: &BTreeMap<String, [Option<u64>; 2]>) -> Listing {
    let mut listing = Listing::new([column("FILE", "file"), column(">A", "a"), column(">B", "b")]);
    for (file, sizes) in sizes {
        let [a, b] = sizes.map(|size| {
            let exact = size.map(|size| size.to_string()).unwrap_or_default();
            Field::of(size.map(table::bytes).unwrap_or_default(), exact)
        });
        listing.add([Field::name(file), a, b]);
    }
    listing
}

/// Bytes of the files of both models, by name.
fn sizes(
    store: &dyn Store,
    first: &RunRecord,
    second: &RunRecord,
) -> anyhow::Result<BTreeMap<String, [Option<u64>; 2]>> {
    let mut sizes: BTreeMap<String, [Option<u64>; 2]> = BTreeMap::new();
    for (side, run) in [first, second].into_iter().enumerate() {
        for artifact in store.artifacts(run.id)? {
            if artifact.name.starts_with("model/") {
                sizes.entry(artifact.name).or_default()[side] = Some(artifact.size);
            }
        }
    }
    Ok(sizes)
}
