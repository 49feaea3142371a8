//! `uaic requests ls`: lists answered texts.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{Cell, Color};
use serde_json::json;

use crate::serve::request_log::{Filter, Logged};

use super::super::{Global, printer, shape, table};
use super::selection::SelectionArgs;
use super::{LogArgs, shape_of, taught};

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
    selection: SelectionArgs,

    #[command(flatten)]
    log: LogArgs,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists them.
pub(super) fn run(global: &Global, args: &LsArgs) -> anyhow::Result<ExitCode> {
    let reader = args.log.open(global)?;
    // One more tells whether there are more.
    let limit = (args.limit > 0).then_some(args.limit + 1);
    let filter = Filter { limit, ..args.selection.filter(&reader)? };
    let mut rows = reader.list(&filter).map_err(taught)?;
    let is_more = args.limit > 0 && rows.len() as u64 > args.limit;
    if is_more {
        rows.pop();
    }
    if args.json {
        let requests: Vec<_> = rows.iter().map(shape_of).collect();
        printer::json(&json!({ "schema": shape::SCHEMA, "requests": requests }))?;
    } else if rows.is_empty() {
        printer::talk("no requests; leave a filter out, or ask the server something");
    } else {
        printer::data(text(&rows))?;
        if is_more {
            printer::talk("… and more; `--limit 0` lists all");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn text(rows: &[Logged]) -> String {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let is_told = rows.iter().any(|row| row.correction.is_some());
    let mut titles = vec!["ID", "CAME", "MODEL", "LABEL", ">CONFIDENCE", ">TOOK"];
    titles.extend(is_told.then_some("RIGHT"));
    titles.push("TEXT…");
    let mut listing = table::table(&titles);
    for row in rows {
        let mut cells = vec![
            Cell::new(place(row)),
            Cell::new(table::age(row.at_ms, now_ms)),
            Cell::new(answerer(row)),
            Cell::new(predicted(row)),
            Cell::new(row.confidence.map(table::number).unwrap_or_default()),
            Cell::new(milliseconds(row.latency_us)),
        ];
        cells.extend(is_told.then(|| right(row)));
        cells.push(Cell::new(row.text.as_deref().map(|text| table::shortened(text, 60)).unwrap_or_default()));
        listing.add_row(cells);
    }
    table::render(&listing)
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
