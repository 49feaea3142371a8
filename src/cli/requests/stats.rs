//! `uaic requests stats`: counts, latencies, and how often the model was right.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::report::sheet;
use crate::serve::request_log::{Period, Stats, Tally};

use super::super::listing::{Field, Listing, column};
use super::super::{Global, json, printer, table};
use super::LogArgs;
use super::ls::milliseconds;
use super::selection::SelectionArgs;

/// Arguments of `uaic requests stats`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic requests stats --since 7d
  uaic requests stats --since 1d --by hour
  uaic requests stats --model intents --json | jq '.models[] | {version, role, accuracy}'

TOLD counts texts whose right label somebody has told, ACCURACY is the share of them that the model
had right, with its 95 % interval (Wilson). Who tells chooses what to tell of, mistakes above all, so it
is no accuracy on all texts; two versions that get the same feedback can be compared by it.

With --csv: by (model, label or time), name, version, role, texts, out_of_scope_share, confidence, p50_us, p99_us,
  feedback, right.
With --json: {\"schema\": 1, \"total\": {counts}, \"unknown_feedback\",
  \"models\": [{\"model\", \"version\", \"role\", counts}], \"labels\": [{\"label\", counts}],
  \"times\": [{\"at_ms\", \"at\", counts}]}; counts are \"texts\", \"out_of_scope\", \"out_of_scope_share\",
  \"confidence\", \"latency_us\": {\"p50\", \"p90\", \"p99\", \"p999\", \"max\"}, \"feedback\", \"right\" and
  \"accuracy\": {\"value\", \"n\", \"low\", \"high\"} or null; shares, means and latencies are null without texts.
unknown_feedback counts what was told of requests that are not in the log.")]
pub(super) struct StatsArgs {
    /// Count by this stretch of time
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,

    #[command(flatten)]
    log: LogArgs,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    selection: SelectionArgs,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// 60 minutes, in UTC
    Hour,
    /// 24 hours, in UTC
    Day,
}

impl By {
    fn period(self) -> Period {
        match self {
            Self::Hour => Period::Hour,
            Self::Day => Period::Day,
        }
    }
}

/// Counts.
pub(super) fn run(global: &Global, args: &StatsArgs) -> anyhow::Result<ExitCode> {
    let reader = args.log.open(global)?;
    let stats = reader.stats(&args.selection.filter(&reader)?, args.by.period())?;
    if args.json {
        printer::json(&shape_of(&stats))?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.csv {
        rows_of(&stats).print_csv()?;
        return Ok(ExitCode::SUCCESS);
    }
    if stats.total.texts == 0 {
        printer::talk("no requests; leave a filter out, or ask the server something");
    } else {
        printer::data(text(&stats, args.by))?;
    }
    match stats.unknown_feedback {
        0 => {}
        1 => printer::talk("1 label was told of a request that is not in the log"),
        more => printer::talk(format!("{more} labels were told of requests that are not in the log")),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(stats: &Stats, by: By) -> String {
    let models = stats.by_model.iter().map(|((model, version, role), tally)| {
        (vec![format!("{}@{}", table::one_line(model), table::one_line(version)), role.clone()], tally)
    });
    let labels = stats.by_label.iter().map(|(label, tally)| (vec![table::shortened(label, 40)], tally));
    let times = stats.by_time.iter().map(|(at_ms, tally)| (vec![time(*at_ms, by)], tally));
    let title = if by == By::Hour { "HOUR" } else { "DAY" };
    let mut labels: Vec<_> = labels.collect();
    // The most frequent first; equally frequent ones stay in the order of their names.
    labels.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.texts));
    let parts = [listing(&["MODEL", "ROLE"], models), listing(&["LABEL"], labels), listing(&[title], times)];
    parts.join("\n\n")
}

/// A row for each model, label and stretch of time.
fn rows_of(stats: &Stats) -> Listing {
    let figures = ["texts", "out_of_scope_share", "confidence", "p50_us", "p99_us", "feedback", "right"];
    let names = ["by", "name", "version", "role"].into_iter().chain(figures);
    let mut listing = Listing::new(names.map(|name| column("", name)));
    let mut add = |names: [&str; 4], tally: &Tally| {
        let latency =
            |share| Field::plain(tally.latency_us(share).map(|us| us.to_string()).unwrap_or_default());
        listing.add(names.map(|name| Field::of("", name)).into_iter().chain([
            Field::plain(tally.texts),
            Field::number(tally.out_of_scope_share()),
            Field::number(tally.mean_confidence()),
            latency(0.5),
            latency(0.99),
            Field::plain(tally.feedback),
            Field::plain(tally.right),
        ]));
    };
    for ((model, version, role), tally) in &stats.by_model {
        add(["model", model, version, role], tally);
    }
    for (label, tally) in &stats.by_label {
        add(["label", label, "", ""], tally);
    }
    for (at_ms, tally) in &stats.by_time {
        add(["time", &sheet::time(*at_ms), "", ""], tally);
    }
    listing
}

/// Hours and days, in UTC.
fn time(at_ms: i64, by: By) -> String {
    let utc = table::utc(at_ms);
    let length = if by == By::Hour { "2026-11-28 10:00".len() } else { "2026-11-28".len() };
    utc.get(..length).map_or(utc.clone(), str::to_owned)
}

fn listing<'a>(titles: &[&str], rows: impl IntoIterator<Item = (Vec<String>, &'a Tally)>) -> String {
    let figures =
        [">TEXTS", ">OUT OF SCOPE", ">CONFIDENCE", ">P50", ">P99", ">TOLD", ">ACCURACY", ">95 % INTERVAL"];
    let mut listing = table::table(&[titles, &figures[..]].concat());
    for (mut cells, tally) in rows {
        let accuracy = tally.accuracy();
        let latency = |share| tally.latency_us(share).map(milliseconds).unwrap_or_default();
        cells.extend([
            tally.texts.to_string(),
            tally.out_of_scope_share().map(table::number).unwrap_or_default(),
            tally.mean_confidence().map(table::number).unwrap_or_default(),
            latency(0.5),
            latency(0.99),
            tally.feedback.to_string(),
            accuracy.map(|estimate| table::number(estimate.value)).unwrap_or_default(),
            accuracy.map(|estimate| table::interval(&estimate)).unwrap_or_default(),
        ]);
        listing.add_row(cells);
    }
    table::render(&listing)
}

fn shape_of(stats: &Stats) -> Value {
    let with = |names: Value, tally: &Tally| -> Value {
        let mut shape = json::object(names);
        shape.extend(counts(tally));
        shape.into()
    };
    let models: Vec<Value> = stats
        .by_model
        .iter()
        .map(|((model, version, role), tally)| {
            with(json!({ "model": model, "version": version, "role": role }), tally)
        })
        .collect();
    let labels: Vec<Value> =
        stats.by_label.iter().map(|(label, tally)| with(json!({ "label": label }), tally)).collect();
    let times: Vec<Value> = stats
        .by_time
        .iter()
        .map(|(at_ms, tally)| with(json!({ "at_ms": at_ms, "at": json::iso_time(*at_ms) }), tally))
        .collect();
    json!({
        "schema": json::SCHEMA,
        "total": counts(&stats.total),
        "unknown_feedback": stats.unknown_feedback,
        "models": models,
        "labels": labels,
        "times": times,
    })
}

fn counts(tally: &Tally) -> Map<String, Value> {
    json::object(json!({
        "texts": tally.texts,
        "out_of_scope": tally.out_of_scope,
        "out_of_scope_share": tally.out_of_scope_share(),
        "confidence": tally.mean_confidence(),
        "latency_us": {
            "p50": tally.latency_us(0.5),
            "p90": tally.latency_us(0.9),
            "p99": tally.latency_us(0.99),
            "p999": tally.latency_us(0.999),
            "max": tally.latency_us(1.0),
        },
        "feedback": tally.feedback,
        "right": tally.right,
        "accuracy": tally.accuracy().map(|estimate| json::estimate(&estimate)),
    }))
}
