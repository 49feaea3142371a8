//! `uaic model ls`: lists names and their versions.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::super::listing::{Field, Listing, column};
use super::super::{Global, json, printer};
use super::{no_model, shape_of};
use crate::select::metric_of;

/// Arguments of `uaic model ls`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic model ls
  uaic model ls intents
  uaic model ls --json | jq -r '.models[] | select(.aliases | index(\"champion\")) | .run'

With --csv: name, version, aliases (with blanks between), run, experiment, value, metric, registered, note.
With --json: {\"schema\": 1, \"models\": [{\"name\", \"version\", \"run\", \"source\", \"note\", \"created_ms\", \"created\",
  \"aliases\": [text], \"experiment\", \"metric\", \"value\": number or null}]}")]
pub(super) struct LsArgs {
    /// Only this name
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Lists them.
pub(super) fn run(global: &Global, args: &LsArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let versions = store.model_versions(args.name.as_deref())?;
    if let Some(name) = args.name.as_ref().filter(|_| versions.is_empty()) {
        return Err(no_model(&*store, name)?.into());
    }
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut listing = Listing::new([
        column("MODEL", ""),
        column("", "name"),
        column("", "version"),
        column("ALIASES", "aliases"),
        column("RUN", "run"),
        column("EXPERIMENT", "experiment"),
        column(">VALUE", "value"),
        column("METRIC", "metric"),
        column("REGISTERED", "registered"),
        column("NOTE…", "note"),
    ]);
    let mut shapes: Vec<Value> = Vec::new();
    for version in &versions {
        // Clients of MLflow register what no run of this store has made, too.
        let run = version.run.map(|run| store.run(run)).transpose()?;
        let metric = run.as_ref().map_or("", |run| metric_of(run, "")).to_owned();
        let experiment = run.as_ref().map_or("", |run| run.experiment.as_str());
        let value = run.as_ref().and_then(uaic_study::store::RunRecord::value);
        let mut shape = shape_of(version);
        shape.extend(json::object(json!({
            "experiment": run.as_ref().map(|run| &run.experiment),
            "metric": metric,
            "value": value.map(json::number),
        })));
        shapes.push(shape.into());
        listing.add([
            Field::of(version.address(), ""),
            Field::plain(&version.name),
            Field::plain(version.version),
            Field::of(version.aliases.join(", "), version.aliases.join(" ")),
            Field::of(
                version.run.map(|run| run.short()).unwrap_or_default(),
                version.run.map(|run| run.to_string()).unwrap_or_default(),
            ),
            Field::text(experiment, 24),
            Field::number(value),
            Field::plain(metric),
            Field::time(version.created_ms, now_ms),
            Field::text(&version.note, 60),
        ]);
    }
    if args.json {
        printer::json(&json!({ "schema": json::SCHEMA, "models": shapes }))?;
    } else if args.csv {
        listing.print_csv()?;
    } else if versions.is_empty() {
        printer::talk("no models; `uaic model register SEL NAME` registers one");
    } else {
        printer::data(listing.text())?;
    }
    Ok(ExitCode::SUCCESS)
}
