//! `uaic model show`: where a version comes from.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::store::{SqliteStore, Store};
use crate::training::load_measures;

use super::super::sections::Sections;
use super::super::{Global, json, printer, table};
use super::{shape_of, version_of};
use crate::select::place;

/// Arguments of `uaic model show`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic model show intents@champion
  uaic model show intents@3 --json | jq .lineage.git_commit

With --json: {\"schema\": 1, \"model\": {as in `uaic model ls --json`, without experiment, metric, value},
  \"lineage\": {\"kind\", \"study\", \"experiment\", \"seed\", \"spec_hash\", \"git_commit\", \"git_dirty\",
    \"uaic\", \"data\": {\"name\", \"hashes\": {split: hash}}, \"params\": {name: value},
    \"package\": {name: text}},
  \"estimates\": {name: {\"value\", \"n\", \"low\", \"high\"}}, \"metrics\": {name: value},
  \"absent\": {name: reason}, \"events\": [{\"time_ms\", \"kind\", \"detail\"}]}
What is not recorded is null; \"package\" has where an imported run comes from. Events are those of the
name, promotions by force among them.")]
pub(super) struct ShowArgs {
    /// The version: NAME@3, NAME@champion, or NAME
    #[arg(value_name = "NAME@V")]
    pub(super) address: String,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Shows it.
pub(super) fn run(global: &Global, args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let store = SqliteStore::open_read_only(&global.store)?;
    let version = version_of(&store, &args.address)?;
    let run = store.run(version.run)?;
    let study = store.study(run.new.study)?;
    let figures = load_measures(&store, run.id)?;
    let events = store.model_events(&version.name)?;
    let tags = store.tags(run.id)?;
    let origin: BTreeMap<&str, &String> =
        tags.iter().filter_map(|(key, value)| Some((key.strip_prefix("package.")?, value))).collect();
    let facts = &run.new.environment;
    let fact = |name: &str| facts.get(name);
    let hashes: BTreeMap<&str, &String> = facts
        .iter()
        .filter_map(|(name, hash)| Some((name.strip_prefix("data.")?.strip_suffix(".hash")?, hash)))
        .collect();
    if args.json {
        let mut json = json::object(json!({
            "schema": json::SCHEMA,
            "model": shape_of(&version),
            "lineage": {
                "kind": run.new.kind,
                "study": study.id,
                "experiment": run.experiment,
                "seed": study.new.seed,
                "spec_hash": fact("spec.hash"),
                "git_commit": fact("git.commit"),
                "git_dirty": fact("git.dirty").map(|dirty| dirty == "true"),
                "uaic": fact("uaic.version"),
                "data": { "name": fact("data.name"), "hashes": hashes },
                "params": json::params(&run.new.params),
                "package": origin,
            },
        }));
        json.extend(json::measures(&figures));
        json.insert(
            "events".to_owned(),
            events.iter().map(|event| json!(event)).collect::<Vec<Value>>().into(),
        );
        printer::json(&Value::from(json))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = Sections::default();
    text.line("model", &version.address());
    text.line("aliases", &version.aliases.join(", "));
    text.line("note", &version.note);
    text.line("registered", &table::utc(version.created_ms));
    text.line("run", &format!("{} ({})", run.id, place(&run)));
    text.line("study", &format!("{}, experiment {}", study.id, run.experiment));
    let fact = |name: &str| fact(name).map_or("not recorded", String::as_str);
    text.line("spec", fact("spec.hash"));
    text.line("seed", &study.new.seed.to_string());
    let dirty = if fact("git.dirty") == "true" { " with uncommitted changes" } else { "" };
    text.line("commit", &format!("{}{dirty}", fact("git.commit")));
    text.line("uaic", fact("uaic.version"));
    text.line("data", fact("data.name"));
    text.section("data hashes", hashes.iter().map(|(split, hash)| (*split, (*hash).clone())));
    text.section("params", run.new.params.iter().map(|(name, value)| (name.as_str(), value.to_string())));
    text.section("imported from", origin.iter().map(|(key, value)| (*key, (*value).clone())));
    let metrics = figures.values.iter().map(|(key, estimate)| (key.as_str(), estimate));
    text.block("metrics", (!figures.values.is_empty()).then(|| table::estimates(metrics)).as_deref());
    let told = |time_ms, detail: &str| format!("{}  {detail}", table::utc(time_ms));
    text.section(
        "events",
        events.iter().map(|event| (event.kind.as_str(), told(event.time_ms, &event.detail))),
    );
    printer::data(text.text())?;
    Ok(ExitCode::SUCCESS)
}
