//! `uaic show`: shows everything recorded of a run or a study.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::fsx;
use crate::report::sheet;
use crate::run_log::LOG_ARTIFACT;
use crate::store::{
    ArtifactRecord, EventRecord, LatestMetric, RunRecord, SqliteStore, Store, StoreError, StudyRecord, Tally,
};

use crate::trial::Rank;

use super::exit::Failure;
use super::listing::{Field, Listing, column};
use super::page::Page;
use super::{Global, printer, shape, table};
use crate::select::{self, RUN_GRAMMAR, Target, metric_of, place};

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
  uaic show best --artifact model/config.json --out config.json
  uaic show attention                    the latest study of an experiment, with its spec

{RUN_GRAMMAR}
An id or the name of an experiment that belongs to a study shows the study.

With --csv: metric, last, step, min, max, points; and with --metric: step, time, value.
With --json: {{\"schema\": 1, \"run\": {{as in `uaic ls --json`, and
  \"config\": {{the whole configuration}}, \"process\": {{\"host\", \"boot_id\", \"namespace\", \"pid\", \"started\"}},
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
    let store = SqliteStore::open_read_only(&global.store)?;
    let part_of_run = args.metric.is_some() || args.log || args.artifact.is_some();
    let target = if args.study {
        Target::Study(Box::new(select::resolve_study(&store, Some(&args.selector))?))
    } else if part_of_run {
        Target::Run(Box::new(select::resolve(&store, &args.selector)?))
    } else {
        select::resolve_any(&store, &args.selector)?
    };
    match target {
        Target::Study(study) if args.csv => {
            let id = study.id.short();
            let message = format!(
                "a study is no table, and its trials are: `uaic ls --study {id} --csv` prints them as CSV"
            );
            return Err(Failure::usage(message).into());
        }
        Target::Study(study) => show_study(&store, &study, args.json)?,
        Target::Run(run) => match (&args.metric, &args.artifact) {
            (Some(key), _) => show_metric(&store, &run, key, args)?,
            _ if args.csv => metrics_listing(&store.latest_metrics(run.id)?).print_csv()?,
            (_, Some(name)) => show_artifact(&store, &run, name, args.out.as_ref())?,
            _ if args.log => show_artifact(&store, &run, LOG_ARTIFACT, None)?,
            _ => show_run(&store, &run, args.json)?,
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// What is recorded of a run beside its row.
struct Details {
    metrics: Vec<LatestMetric>,
    artifacts: Vec<ArtifactRecord>,
    tags: BTreeMap<String, String>,
    events: Vec<EventRecord>,
}

fn show_run(store: &SqliteStore, run: &RunRecord, as_json: bool) -> anyhow::Result<()> {
    let details = Details {
        metrics: store.latest_metrics(run.id)?,
        artifacts: store.artifacts(run.id)?,
        tags: store.tags(run.id)?,
        events: store.events(run.id)?,
    };
    let now_ms = jiff::Timestamp::now().as_millisecond();
    if as_json {
        let mut shape = shape::run(run, now_ms);
        shape.extend(shape::object(json!({
            "config": run.new.config,
            "process": run.new.process,
            "environment": run.new.environment,
            "tags": details.tags,
            "metrics": details.metrics.iter().map(shape::metric).collect::<Vec<_>>(),
            "artifacts": details.artifacts,
            "events": details.events,
        })));
        return printer::json(&json!({ "schema": shape::SCHEMA, "run": shape }));
    }
    let mut page = head_of_run(run, &store.study(run.new.study)?, now_ms);
    let params = run.new.params.iter().map(|(name, value)| (name.as_str(), value.to_string()));
    page.section("params", params);
    let metrics = (!details.metrics.is_empty()).then(|| metrics_listing(&details.metrics).text());
    page.block("metrics", metrics.as_deref());
    let artifact = |artifact: &ArtifactRecord| {
        format!("{:>10}  {}", table::bytes(artifact.size), artifact.hash.get(..16).unwrap_or(&artifact.hash))
    };
    page.section("artifacts", details.artifacts.iter().map(|entry| (entry.name.as_str(), artifact(entry))));
    page.section("tags", texts(&details.tags));
    let events = details.events.iter();
    page.section(
        "events",
        events.map(|event| (event.kind.as_str(), format!("{}  {}", table::utc(event.time_ms), event.detail))),
    );
    let mut leaves = Vec::new();
    flatten(&run.new.config, "", &mut leaves);
    // What was searched is listed above.
    let is_listed = |path: &str| run.new.params.contains_key(path.strip_prefix("params.").unwrap_or(path));
    leaves.retain(|(path, _)| !is_listed(path));
    page.section("config", leaves.iter().map(|(path, value)| (path.as_str(), value.clone())));
    page.section("environment", texts(&run.new.environment));
    Ok(printer::data(page.text())?)
}

fn metrics_listing(metrics: &[LatestMetric]) -> Listing {
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

fn head_of_run(run: &RunRecord, study: &StudyRecord, now_ms: i64) -> Page {
    let mut page = Page::default();
    page.line("run", &run.id.to_string());
    page.line("is", &format!("{} of study {}, experiment {}", place(run), study.id.short(), run.experiment));
    page.line("state", run.state.name());
    if let Some(reason) = &run.reason {
        page.line("reason", reason);
    }
    if let Some(value) = run.value {
        page.line("value", &format!("{} = {}", metric_of(run, &study.new.metric), table::exact(value)));
    }
    let took = shape::seconds(run, now_ms).map(|seconds| format!(", took {}", table::duration(seconds)));
    let age = table::age(run.started_ms, now_ms);
    page.line("started", &format!("{} ({age}){}", table::utc(run.started_ms), took.unwrap_or_default()));
    if run.attempts > 1 {
        page.line("attempts", &run.attempts.to_string());
    }
    page.line("process", &format!("{} on {}", run.new.process.pid, run.new.process.host));
    if run.violation > 0.0 {
        page.line("misses", &format!("constraints on its outcome, by {}", table::number(run.violation)));
    }
    if run.excluded {
        page.line("excluded", "yes; it is not among the best, and proposals do not know it");
    }
    if run.hidden {
        page.line("hidden", &format!("yes; `uaic restore {}` brings it back", run.id.short()));
    }
    page
}

fn show_study(store: &SqliteStore, study: &StudyRecord, as_json: bool) -> anyhow::Result<()> {
    let tally = store.tally(study.id)?;
    if as_json {
        let mut shape = shape::study(study, &tally);
        shape.extend(shape::object(json!({
            "fingerprint": study.new.fingerprint,
            "overrides": study.new.overrides,
            "environment": study.new.environment,
            "owner": study.owner,
            "spec_path": study.new.spec_path,
            "spec_text": study.new.spec_text,
        })));
        return printer::json(&json!({ "schema": shape::SCHEMA, "study": shape }));
    }
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut page = Page::default();
    page.line("study", &study.id.to_string());
    page.line("experiment", &study.new.experiment);
    page.line("state", study.state.name());
    page.line("trials", &trials_line(&tally, study.new.trials));
    let best = tally.best.map_or("none yet".to_owned(), |best| {
        best_line(best).replacen(&table::number(best.value()), &table::exact(best.value()), 1)
    });
    page.line("best", &format!("{best} ({} {})", study.new.direction, study.new.metric));
    page.line("seed", &study.new.seed.to_string());
    page.line(
        "created",
        &format!("{} ({})", table::utc(study.created_ms), table::age(study.created_ms, now_ms)),
    );
    if let Some(owner) = &study.owner {
        page.line("process", &format!("{} on {}", owner.pid, owner.host));
    }
    page.line("fingerprint", &study.new.fingerprint);
    let overrides = study.new.overrides.iter();
    page.section("overrides", overrides.map(|(key, value)| (key.as_str(), value.clone())));
    page.section("environment", texts(&study.new.environment));
    page.title(&format!("spec ({})", study.new.spec_path));
    page.lines(&study.new.spec_text);
    Ok(printer::data(page.text())?)
}

/// The value of the best trial, and which one it is.
pub(super) fn best_line(best: Rank) -> String {
    let missed = if best.is_feasible() {
        String::new()
    } else {
        format!(", which misses constraints by {}", table::number(best.violation()))
    };
    format!("{} of trial {}{missed}", table::number(best.value()), best.number())
}

/// How many trials are done, by state.
pub(super) fn trials_line(tally: &Tally, planned: u32) -> String {
    let parts = [
        (tally.complete, "complete"),
        (tally.pruned, "pruned"),
        (tally.failed, "failed"),
        (tally.running, "running"),
        (tally.interrupted, "interrupted"),
        (tally.crashed, "crashed"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let list = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{} of {planned} done{list}{}", tally.done(), tally.aside())
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
        let points: Vec<Value> = points.iter().map(shape::point).collect();
        return printer::json(
            &json!({ "schema": shape::SCHEMA, "run": run.id, "key": key, "points": points }),
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

fn texts(texts: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, String)> {
    texts.iter().map(|(name, value)| (name.as_str(), value.clone()))
}
