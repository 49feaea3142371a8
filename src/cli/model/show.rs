//! `uaic model show`: where a version comes from.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::eval::Measures;
use crate::store::{EventRecord, ModelVersion, RunRecord, Store, StudyRecord};
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
    let store = global.store.open_read_only()?;
    let lineage = Lineage::read(&*store, version_of(&*store, &args.address)?)?;
    if args.json {
        printer::json(&lineage.json())?;
    } else {
        printer::data(lineage.text().text())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A version and all that it comes from.
struct Lineage {
    version: ModelVersion,
    run: RunRecord,
    study: StudyRecord,
    measures: Measures,
    events: Vec<EventRecord>,
    tags: BTreeMap<String, String>,
}

impl Lineage {
    fn read(store: &dyn Store, version: ModelVersion) -> anyhow::Result<Self> {
        let run = store.run(version.kept_by()?)?;
        Ok(Self {
            study: store.study(run.study()?)?,
            measures: load_measures(store, run.id)?,
            events: store.model_events(&version.name)?,
            tags: store.tags(run.id)?,
            version,
            run,
        })
    }

    fn fact(&self, name: &str) -> Option<&String> {
        self.run.start.environment.get(name)
    }

    /// The hashes of the splits.
    fn hashes(&self) -> BTreeMap<&str, &String> {
        let facts = self.run.start.environment.iter();
        facts
            .filter_map(|(name, hash)| Some((name.strip_prefix("data.")?.strip_suffix(".hash")?, hash)))
            .collect()
    }

    /// What is known of the package that an imported run comes from.
    fn origin(&self) -> BTreeMap<&str, &String> {
        let tags = self.tags.iter();
        tags.filter_map(|(key, value)| Some((key.strip_prefix("package.")?, value))).collect()
    }

    fn json(&self) -> Value {
        let mut shape: Map<String, Value> = json::object(json!({
            "schema": json::SCHEMA,
            "model": shape_of(&self.version),
            "lineage": {
                "kind": self.run.start.kind,
                "study": self.study.id,
                "experiment": self.run.experiment,
                "seed": self.study.plan.seed,
                "spec_hash": self.fact("spec.hash"),
                "git_commit": self.fact("git.commit"),
                "git_dirty": self.fact("git.dirty").map(|dirty| dirty == "true"),
                "uaic": self.fact("uaic.version"),
                "data": { "name": self.fact("data.name"), "hashes": self.hashes() },
                "params": json::params(&self.run.start.params),
                "package": self.origin(),
            },
        }));
        shape.extend(json::measures(&self.measures));
        shape.insert("events".to_owned(), self.events.iter().map(|event| json!(event)).collect());
        shape.into()
    }

    fn text(&self) -> Sections {
        let Self { version, run, study, measures, .. } = self;
        let mut text = Sections::default();
        text.line("model", &version.address());
        text.line("aliases", &version.aliases.join(", "));
        text.line("note", &version.note);
        text.line("registered", &table::utc(version.created_ms));
        text.line("run", &format!("{} ({})", run.id, place(run)));
        text.line("study", &format!("{}, experiment {}", study.id, run.experiment));
        let fact = |name: &str| self.fact(name).map_or("not recorded", String::as_str);
        text.line("spec", fact("spec.hash"));
        text.line("seed", &study.plan.seed.to_string());
        let dirty = if fact("git.dirty") == "true" { " with uncommitted changes" } else { "" };
        text.line("commit", &format!("{}{dirty}", fact("git.commit")));
        text.line("uaic", fact("uaic.version"));
        text.line("data", fact("data.name"));
        text.section("data hashes", self.hashes().into_iter().map(|(split, hash)| (split, hash.clone())));
        text.section(
            "params",
            run.start.params.iter().map(|(name, value)| (name.as_str(), value.to_string())),
        );
        text.section("imported from", self.origin().into_iter().map(|(key, value)| (key, value.clone())));
        let metrics = measures.values.iter().map(|(key, estimate)| (key.as_str(), estimate));
        text.block("metrics", (!measures.values.is_empty()).then(|| table::estimates(metrics)).as_deref());
        let told = |event: &EventRecord| format!("{}  {}", table::utc(event.time_ms), event.detail);
        text.section("events", self.events.iter().map(|event| (event.kind.as_str(), told(event))));
        text
    }
}
