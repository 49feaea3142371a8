//! `uaic requests label`: records the right label of a text.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::ErrorKind;
use crate::fsx;
use crate::nearest::nearest;
use crate::serve::request_log::{Feedback, NO_INTENT, RequestReader, correct};

use super::super::exit::Failure;
use super::super::{Global, json, printer, table};
use super::{LogArgs, no_request};

/// Arguments of `uaic requests label`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic requests label 0198c2f0-6a3e-7cc1-b1d5-0a4be0a4a4c2 airfare
  uaic requests label my-batch airfare --position 3      the fourth text of the request
  uaic requests label my-id '<unknown>'                  it has no intent at all
  uaic requests label --file corrections.tsv

A file has ID<TAB>LABEL or ID<TAB>POSITION<TAB>LABEL lines; `-` is standard input. With a bad line
nothing is recorded; ids that are not in the log are named, the others are recorded, and the exit code
is 3. The latest label of a text counts.

With --json: {\"schema\": 1, \"recorded\": number of texts, \"missing\": [{\"id\", \"position\"}]}")]
pub(super) struct LabelArgs {
    /// The id of the request, in full
    #[arg(value_name = "ID", required_unless_present = "file")]
    id: Option<String>,

    /// The right label; `<unknown>` for a text without an intent
    #[arg(value_name = "LABEL", required_unless_present = "file")]
    label: Option<String>,

    /// The number of the text within its request, from 0
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "file")]
    position: u32,

    /// Record the labels in this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "label"])]
    file: Option<PathBuf>,

    /// Accept a new label that looks like a misspelt one
    #[arg(long)]
    new: bool,

    #[command(flatten)]
    log: LogArgs,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Records them.
pub(super) fn run(global: &Global, args: &LabelArgs) -> anyhow::Result<ExitCode> {
    let corrections = corrections(args)?;
    let reader = args.log.open(global)?;
    let slips = if args.new { Slips::Allow } else { Slips::Refuse };
    check_labels(&reader, &corrections, slips)?;
    let counts = correct(&args.log.path(global), &corrections)?;
    let missing: Vec<&Feedback> = corrections
        .iter()
        .zip(&counts)
        .filter(|(_, rows)| **rows == 0)
        .map(|(correction, _)| correction)
        .collect();
    let recorded = corrections.len() - missing.len();
    if args.json {
        let missing: Vec<_> =
            missing.iter().map(|missing| json!({ "id": missing.id, "position": missing.position })).collect();
        let shape = json!({ "schema": json::SCHEMA, "recorded": recorded, "missing": missing });
        printer::json(&shape)?;
    } else if args.file.is_some() {
        printer::data(format!("{recorded} of {} labels recorded", corrections.len()))?;
    }
    match (missing.first(), &args.file) {
        (None, None) if !args.json => tell(&reader, &corrections[0])?,
        (Some(missing), None) => return Err(absent(&reader, missing)?.into()),
        _ => {}
    }
    for missing in &missing {
        printer::talk(absent(&reader, missing)?.to_string());
    }
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ErrorKind::NotFound.into() })
}

/// What has been recorded of one text.
fn tell(reader: &RequestReader, correction: &Feedback) -> anyhow::Result<()> {
    let predicted = reader.predicted(&correction.id, correction.position)?;
    let was = predicted.map_or(String::new(), |predicted| {
        let verdict = if predicted.is_right(&correction.label) { "right" } else { "wrong" };
        format!("; {}@{} was {verdict}, it said {}", predicted.model, predicted.version, predicted.label)
    });
    let line = format!("{} is {}{was}", correction.id, correction.label);
    Ok(printer::data(table::one_line(&line))?)
}

/// Why a text was not found.
fn absent(reader: &RequestReader, missing: &Feedback) -> anyhow::Result<Failure> {
    let rows = reader.get(&missing.id)?;
    Ok(match rows.iter().map(|row| row.position).max() {
        None => no_request(&missing.id),
        Some(last) => Failure::not_found(format!(
            "request `{}` has no text {}; its texts are 0 to {last}",
            missing.id, missing.position
        )),
    })
}

fn corrections(args: &LabelArgs) -> anyhow::Result<Vec<Feedback>> {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    if let Some(path) = &args.file {
        return from_file(path, now_ms);
    }
    let (id, label) = (args.id.clone().unwrap_or_default(), args.label.clone().unwrap_or_default());
    if let Some(what) = wrong_with(&label) {
        return Err(Failure::usage(format!("`{}` cannot be a label: {what}", label.escape_debug())).into());
    }
    Ok(vec![Feedback { id, position: args.position, label, at_ms: now_ms }])
}

fn from_file(path: &Path, now_ms: i64) -> anyhow::Result<Vec<Feedback>> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        bytes
    } else if path.exists() {
        fsx::read(path)?
    } else {
        return Err(Failure::not_found(format!("there is no file {}", path.display())).into());
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.trim_start_matches('\u{feff}').lines().map(|line| line.trim_end_matches('\r'));
    let numbered = lines.enumerate().filter(|(_, line)| !line.is_empty());
    let parsed: Vec<Result<Feedback, String>> = numbered
        .map(|(number, line)| {
            parse_line(line, now_ms).map_err(|what| format!("{}:{}: {what}", path.display(), number + 1))
        })
        .collect();
    let wrong: Vec<&str> = parsed.iter().filter_map(|line| line.as_ref().err().map(String::as_str)).collect();
    if !wrong.is_empty() {
        let shown = wrong[..wrong.len().min(20)].join("\n");
        return Err(Failure::usage(format!("{shown}\nnothing was recorded")).into());
    }
    if parsed.is_empty() {
        return Err(Failure::usage(format!("{} has no lines", path.display())).into());
    }
    Ok(parsed.into_iter().flatten().collect())
}

fn parse_line(line: &str, now_ms: i64) -> Result<Feedback, String> {
    let parts: Vec<&str> = line.split('\t').collect();
    let (id, position, label) = match parts[..] {
        [id, label] => (id, 0, label),
        [id, position, label] => {
            let position =
                position.parse().map_err(|_| format!("the position `{position}` is no whole number"))?;
            (id, position, label)
        }
        _ => return Err("a line is ID<TAB>LABEL or ID<TAB>POSITION<TAB>LABEL".to_owned()),
    };
    if id.is_empty() {
        return Err("the id is empty".to_owned());
    }
    match wrong_with(label) {
        Some(what) => Err(format!("`{}` cannot be a label: {what}", label.escape_debug())),
        None => Ok(Feedback { id: id.to_owned(), position, label: label.to_owned(), at_ms: now_ms }),
    }
}

/// What keeps a label from standing in a data set.
fn wrong_with(label: &str) -> Option<&'static str> {
    if label.trim().is_empty() {
        Some("it is empty")
    } else if label.trim() != label {
        Some("it begins or ends with a blank")
    } else if label.contains(char::is_control) {
        Some("it has a control character")
    } else {
        None
    }
}

/// What to do with a label that looks like a slip of another.
#[derive(Clone, Copy, PartialEq)]
enum Slips {
    Allow,
    Refuse,
}

/// Refuses labels that look like slips, where it is to: unlike every label of the log, but close to one of them.
fn check_labels(reader: &RequestReader, corrections: &[Feedback], slips: Slips) -> anyhow::Result<()> {
    let known = reader.labels()?;
    let mut fresh: Vec<&str> = corrections.iter().map(|correction| correction.label.as_str()).collect();
    fresh.retain(|label| *label != NO_INTENT && !known.iter().any(|other| other == label));
    fresh.sort_unstable();
    fresh.dedup();
    for label in fresh {
        if let Some(meant) =
            nearest(label, known.iter().map(String::as_str)).filter(|_| slips == Slips::Refuse)
        {
            let message = format!(
                "no request has the label `{label}`; did you mean `{meant}`? `--new` takes it as it is"
            );
            return Err(Failure::usage(message).into());
        }
        printer::talk(format!(
            "`{}` is a new label: no request in the log has it yet",
            table::one_line(label)
        ));
    }
    Ok(())
}
