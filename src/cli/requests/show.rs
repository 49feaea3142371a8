//! `uaic requests show`: everything logged of a request.

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::serve::request_log::{Correction, Logged};

use super::super::sections::Sections;
use super::super::{Global, json, printer, table};
use super::ls::{answerer, milliseconds};
use super::{LogArgs, no_request, shape_of};

/// Arguments of `uaic requests show`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic requests show 0198c2f0-6a3e-7cc1-b1d5-0a4be0a4a4c2
  uaic requests show my-id --json | jq '.requests[0].response'

A request of several texts has a part for each, and so has one that a shadow was asked, too.

With --json: {\"schema\": 1, \"requests\": [{as in `uaic requests ls --json`}]}")]
pub(super) struct ShowArgs {
    /// The id of the request, in full
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    log: LogArgs,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub(super) fn run(global: &Global, args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let rows = args.log.open(global)?.get(&args.id)?;
    if rows.is_empty() {
        return Err(no_request(&args.id).into());
    }
    if args.json {
        let requests: Vec<_> = rows.iter().map(shape_of).collect();
        printer::json(&json!({ "schema": json::SCHEMA, "requests": requests }))?;
    } else {
        let parts: Vec<String> = rows.iter().map(text).collect();
        printer::data(parts.join("\n\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A label of a response.
#[derive(Deserialize)]
struct Ranked {
    label: String,
    confidence: Option<f64>,
}

fn text(row: &Logged) -> String {
    let mut text = Sections::default();
    let position = if row.position == 0 { String::new() } else { format!(" · text {}", row.position) };
    text.line("request", &format!("{}{position}", row.id));
    text.line("came", &format!("{} · {}", table::utc(row.at_ms), row.route));
    text.line("answered", &format!("by {} in {}", answerer(row), milliseconds(row.latency_us)));
    text.line("text", row.text.as_deref().unwrap_or("not kept"));
    let confidence = row.confidence.map_or_else(|| "no number".to_owned(), table::number);
    let scope = if row.out_of_scope == Some(true) { " · told out of scope" } else { "" };
    text.line("label", &format!("{} · {confidence}{scope}", row.label));
    let ranked: Vec<Ranked> =
        row.response.as_deref().and_then(|response| serde_json::from_str(response).ok()).unwrap_or_default();
    for Ranked { label, confidence } in ranked.iter().skip(1) {
        text.line("", &format!("{label} · {}", confidence.map(table::number).unwrap_or_default()));
    }
    if let Some(Correction { label, at_ms, source }) = &row.correction {
        let verdict = if row.is_right() == Some(true) { "right" } else { "wrong" };
        text.line("told", &format!("{label} · {verdict} · by {source} · {}", table::utc(*at_ms)));
    }
    if let Some(trace) = &row.trace {
        text.line("trace", trace);
    }
    text.text().to_owned()
}
