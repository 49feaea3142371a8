//! `uaic requests`: what a server was asked and answered, and what it should have.

mod export;
mod harvest;
mod label;
mod ls;
mod selection;
mod show;
mod stats;
mod time;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::nearest::suggestion;
use crate::serve::request_log::{Logged, RequestReader};

use super::exit::Failure;
use super::{Global, json};

/// Arguments of `uaic requests`.
#[derive(Args, Debug)]
#[command(after_help = "\
`uaic serve` writes each answered text into a log, an SQLite database of its own. Clients tell right
labels through POST /v1/feedback, and `label` records them from the terminal; `export` makes training
data of both. All of this works while the server runs.

Examples:
  uaic requests ls --below 0.6             what the model was unsure of
  uaic requests stats --since 7d
  uaic requests label 0198c2f0-6a3e-7cc1-b1d5-0a4be0a4a4c2 airfare
  uaic requests export data/mine/train.tsv
  uaic data stats mine")]
pub struct RequestsArgs {
    /// What to do.
    #[command(subcommand)]
    verb: RequestsVerb,
}

#[derive(Debug, Subcommand)]
enum RequestsVerb {
    /// List answered texts, newest first
    Ls(ls::LsArgs),
    /// Show everything logged of a request
    Show(show::ShowArgs),
    /// Count by model, label and time; latencies, and how often the model was right
    Stats(stats::StatsArgs),
    /// Record the right label of a text
    Label(label::LabelArgs),
    /// Write corrected texts as training data
    Export(export::ExportArgs),
}

/// Does what the verb says.
pub(super) fn run(global: &Global, args: &RequestsArgs) -> anyhow::Result<ExitCode> {
    match &args.verb {
        RequestsVerb::Ls(args) => ls::run(global, args),
        RequestsVerb::Show(args) => show::run(global, args),
        RequestsVerb::Stats(args) => stats::run(global, args),
        RequestsVerb::Label(args) => label::run(global, args),
        RequestsVerb::Export(args) => export::run(global, args),
    }
}

/// Where the log is.
#[derive(Args, Debug)]
struct LogArgs {
    /// The request log; `requests.db` in the store by default
    #[arg(long, env = "UAIC_REQUESTS", value_name = "FILE")]
    log: Option<PathBuf>,
}

impl LogArgs {
    fn path(&self, global: &Global) -> PathBuf {
        self.log.clone().unwrap_or_else(|| global.store.beside("requests.db"))
    }

    fn open(&self, global: &Global) -> anyhow::Result<RequestReader> {
        Ok(RequestReader::open(&self.path(global))?)
    }
}

/// There is no request of that id.
fn no_request(id: &str) -> Failure {
    Failure::not_found(format!(
        "there is no request `{id}` in the log; `uaic requests ls` lists the newest, ids are given in full"
    ))
}

/// `; did you mean …?`, or the names that there are.
fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(question) = suggestion(name, known.clone()) {
        return question;
    }
    let known: Vec<&str> = known.into_iter().take(20).collect();
    if known.is_empty() { "the log is empty".to_owned() } else { format!("known: {}", known.join(", ")) }
}

/// The JSON of a row.
fn shape_of(row: &Logged) -> Map<String, Value> {
    let response = row.response.as_deref().and_then(|response| serde_json::from_str(response).ok());
    let correction = row.correction.as_ref().map(|correction| {
        json!({
            "label": correction.label,
            "at_ms": correction.at_ms,
            "at": json::iso_time(correction.at_ms),
            "source": correction.source,
        })
    });
    json::object(json!({
        "id": row.id,
        "position": row.position,
        "at_ms": row.at_ms,
        "at": json::iso_time(row.at_ms),
        "route": row.route,
        "model": row.model,
        "version": row.version,
        "role": row.role,
        "text": row.text,
        "label": row.label,
        "confidence": row.confidence,
        "out_of_scope": row.out_of_scope,
        "response": response.unwrap_or(Value::Null),
        "latency_us": row.latency_us,
        "trace": row.trace,
        "correction": correction,
        "right": row.is_right(),
    }))
}
