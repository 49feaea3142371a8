//! `uaic requests ls`: lists answered texts.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{Cell, Color};
use serde_json::json;

use crate::serve::request_log::{Filter, Logged};

use super::super::listing::{Field, Listing, column};
use super::super::{Global, json, printer, table};
use super::selection::SelectionArgs;
use super::{LogArgs, shape_of};

/// Arguments of `uaic requests ls`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic requests ls                          the 20 newest
  uaic requests ls --below 0.6 --since 1d   what the model was unsure of today
  uaic requests ls --wrong -n 0             all that somebody has corrected
  uaic requests ls --model intents@4 --role canary
  uaic requests ls --json | jq -r '.requests[] | [.id, .text] | @tsv'

RIGHT is the label that a client or `uaic requests label` has told; a correct one is told, too.

With --csv: id, position, at, model, version, role, label, confidence, out_of_scope, right, latency_us, text.
With --json: {\"schema\": 1, \"requests\": [{\"id\", \"position\", \"at_ms\", \"at\", \"route\", \"model\", \"version\",
  \"role\", \"text\": text or null, \"label\", \"confidence\", \"out_of_scope\": bool or null,
  \"response\": [{\"label\", \"confidence\"}] or null, \"latency_us\", \"trace\",
  \"correction\": {\"label\", \"at_ms\", \"at\", \"source\": \"client\" or \"cli\"} or null,
  \"right\": bool or null}]}")]
pub(super) struct LsArgs {
    /// At most so many, the newest first; 0 for all
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
    limit: u64,

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

/// Lists them.
pub(super) fn run(global: &Global, args: &LsArgs) -> anyhow::Result<ExitCode> {
    let reader = args.log.open(global)?;
    // One more tells whether there are more.
    let limit = (args.limit > 0).then_some(args.limit + 1);
    let filter = Filter { limit, ..args.selection.filter(&reader)? };
    let mut rows = reader.list(&filter)?;
    let is_more = args.limit > 0 && rows.len() as u64 > args.limit;
    if is_more {
        rows.pop();
    }
    if args.json {
        let requests: Vec<_> = rows.iter().map(shape_of).collect();
        printer::json(&json!({ "schema": json::SCHEMA, "requests": requests }))?;
    } else if args.csv {
        listing(&rows).print_csv()?;
        if is_more {
            printer::talk("… and more; `--limit 0` lists all");
        }
    } else if rows.is_empty() {
        printer::talk("no requests; leave a filter out, or ask the server something");
    } else {
        printer::data(listing(&rows).text())?;
        if is_more {
            printer::talk("… and more; `--limit 0` lists all");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn listing(rows: &[Logged]) -> Listing {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut listing = Listing::new([
        column("ID", "id"),
        column("", "position"),
        column("CAME", "at"),
        column("MODEL", "model"),
        column("", "version"),
        column("", "role"),
        column("LABEL", "label"),
        column(">CONFIDENCE", "confidence"),
        column("", "out_of_scope"),
        column("?RIGHT", "right"),
        column("", "latency_us"),
        column("TEXT…", "text"),
    ]);
    for row in rows {
        let correction = row.correction.as_ref().map(|correction| correction.label.as_str());
        let text = row.text.as_deref().unwrap_or_default();
        listing.add([
            Field::of(place(row), row.id.clone()),
            Field::plain(row.position),
            Field::time(row.at_ms, now_ms),
            Field::of(answerer(row), row.model.clone()),
            Field::plain(&row.version),
            Field::plain(&row.role),
            Field::of(predicted(row), row.label.clone()),
            Field::number(row.confidence),
            Field::plain(row.out_of_scope.map(|is_out| is_out.to_string()).unwrap_or_default()),
            Field::of(right(row), correction.unwrap_or_default()),
            Field::plain(row.latency_us),
            Field::text(text, 60),
        ]);
    }
    listing
}

/// The id, and the place of the text in its request where it is not the first.
fn place(row: &Logged) -> String {
    let id = table::one_line(&row.id);
    if row.position == 0 { id } else { format!("{id} #{}", row.position) }
}

/// Model and version, and the role where it is not the usual one.
pub(super) fn answerer(row: &Logged) -> String {
    let name = format!("{}@{}", table::one_line(&row.model), table::one_line(&row.version));
    if row.role == "live" { name } else { format!("{name} {}", table::one_line(&row.role)) }
}

/// The label, in brackets where the text was told out of scope.
fn predicted(row: &Logged) -> String {
    let label = table::shortened(&row.label, 30);
    if row.out_of_scope == Some(true) { format!("({label})") } else { label }
}

fn right(row: &Logged) -> Cell {
    let label = row.correction.as_ref().map(|correction| table::shortened(&correction.label, 30));
    let colour = if row.is_right() == Some(true) { Color::Green } else { Color::Red };
    Cell::new(label.unwrap_or_default()).fg(colour)
}

/// A latency: `0.12 ms`.
pub(super) fn milliseconds(latency_us: u64) -> String {
    format!("{:.2} ms", latency_us as f64 / 1000.0)
}
