//! All that is recorded of a run.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::listing::{Field, Listing, column};
use super::super::sections::Sections;
use super::super::{json, table};
use crate::select::{metric_of, place};
use crate::store::{
    ArtifactRecord, EventRecord, LatestMetric, RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord,
};

/// A run with what is recorded beside its row.
pub(super) struct RunDetails<'a> {
    run: &'a RunRecord,
    study: Option<StudyRecord>,
    parts: u64,
    metrics: Vec<LatestMetric>,
    artifacts: Vec<ArtifactRecord>,
    tags: BTreeMap<String, String>,
    events: Vec<EventRecord>,
    now_ms: i64,
}

impl<'a> RunDetails<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn read(store: &dyn Store, run: &'a RunRecord) -> Result<Self, StoreError> {
        Ok(Self {
            run,
            study: run.start.home.study().map(|study| store.study(study)).transpose()?,
            parts: store.count_runs(&RunQuery { parent: Some(run.id), ..RunQuery::default() })?,
            metrics: store.latest_metrics(run.id)?,
            artifacts: store.artifacts(run.id)?,
            tags: store.tags(run.id)?,
            events: store.events(run.id)?,
            now_ms: jiff::Timestamp::now().as_millisecond(),
        })
    }

    /// As the help promises.
    pub(super) fn json(&self) -> Value {
        let new = &self.run.start;
        let mut shape = json::run(self.run, self.now_ms);
        shape.extend(json::object(json!({
            "note": self.run.note,
            "config": new.config,
            "process": new.process,
            "environment": new.environment,
            "tags": self.tags,
            "metrics": self.metrics.iter().map(json::metric).collect::<Vec<_>>(),
            "artifacts": self.artifacts,
            "events": self.events,
        })));
        json!({ "schema": json::SCHEMA, "run": shape })
    }

    /// For people.
    pub(super) fn text(&self) -> Sections {
        let mut text = Sections::default();
        self.head(&mut text);
        if let Some(note) = &self.run.note {
            text.title("note");
            text.lines(note);
        }
        let new = &self.run.start;
        let params = new.params.iter().map(|(name, value)| (name.as_str(), value.to_string()));
        text.section("params", params);
        let metrics = (!self.metrics.is_empty()).then(|| metrics_listing(&self.metrics).text());
        text.block("metrics", metrics.as_deref());
        let artifacts = self.artifacts.iter();
        text.section(
            "artifacts",
            artifacts.map(|artifact| (artifact.name.as_str(), size_and_hash(artifact))),
        );
        text.texts("tags", &self.tags);
        let events = self.events.iter();
        let told = |event: &EventRecord| format!("{}  {}", table::utc(event.time_ms), event.detail);
        text.section("events", events.map(|event| (event.kind.as_str(), told(event))));
        let mut leaves = Vec::new();
        flatten(&new.config, "", &mut leaves);
        // What was searched is listed above.
        let is_listed = |path: &str| new.params.contains_key(path.strip_prefix("params.").unwrap_or(path));
        leaves.retain(|(path, _)| !is_listed(path));
        text.section("config", leaves.iter().map(|(path, value)| (path.as_str(), value.clone())));
        text.texts("environment", &new.environment);
        text
    }

    fn head(&self, text: &mut Sections) {
        let Self { run, study, now_ms, .. } = self;
        text.line("run", &run.id.to_string());
        let of = study.as_ref().map_or_else(String::new, |study| format!(" of study {}", study.id.short()));
        text.line("is", &format!("{}{of}, experiment {}", place(run), run.experiment));
        if let Some(name) = run.name.as_ref().filter(|_| run.start.kind != RunKind::Free) {
            text.line("name", name);
        }
        if let Some(parent) = &run.parent {
            text.line("part of", &format!("run {}", parent.short()));
        }
        if self.parts > 0 {
            let list = format!("uaic ls --parent {}", run.id.short());
            text.line("parts", &format!("{} (`{list}` lists them)", self.parts));
        }
        text.line("state", run.state.name());
        if let Some(reason) = &run.reason {
            text.line("reason", reason);
        }
        if let Some(value) = run.value() {
            let metric = study.as_ref().map_or("", |study| metric_of(run, study.plan.goals.metric()));
            text.line("value", &format!("{metric} = {}", table::exact(value)));
        }
        let took = json::seconds(run, *now_ms).map(|seconds| format!(", took {}", table::duration(seconds)));
        let age = table::age(run.started_ms, *now_ms);
        text.line("started", &format!("{} ({age}){}", table::utc(run.started_ms), took.unwrap_or_default()));
        if run.attempts > 1 {
            text.line("attempts", &run.attempts.to_string());
        }
        if run.start.home.study().is_some() || !run.start.process.is_outside() {
            text.line("process", &format!("{} on {}", run.start.process.pid, run.start.process.host));
        }
        if run.violation > 0.0 {
            text.line("misses", &format!("constraints on its outcome, by {}", table::number(run.violation)));
        }
        if run.excluded {
            text.line("excluded", "yes; it is not among the best, and proposals do not know it");
        }
        if run.hidden {
            text.line("hidden", &format!("yes; `uaic restore {}` brings it back", run.id.short()));
        }
    }
}

fn size_and_hash(artifact: &ArtifactRecord) -> String {
    format!("{:>10}  {}", table::bytes(artifact.size), artifact.hash.get(..16).unwrap_or(&artifact.hash))
}

/// The latest value of each metric.
pub(super) fn metrics_listing(metrics: &[LatestMetric]) -> Listing {
    let mut listing = Listing::new([
        column("  METRIC", "metric"),
        column(">LAST", "last"),
        column(">STEP", "step"),
        column(">MIN", "min"),
        column(">MAX", "max"),
        column(">POINTS", "points"),
    ]);
    for metric in metrics {
        listing.add([
            Field::of(format!("  {}", table::one_line(&metric.key)), metric.key.clone()),
            Field::number(Some(metric.value)),
            Field::plain(metric.step),
            Field::number(metric.min),
            Field::number(metric.max),
            Field::plain(metric.count),
        ]);
    }
    listing
}

/// The leaves of a configuration by their key path: `train.lr`.
fn flatten(value: &Value, path: &str, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(member, &path, leaves);
            }
        }
        Value::String(text) => leaves.push((path.to_owned(), text.clone())),
        other => leaves.push((path.to_owned(), other.to_string())),
    }
}
