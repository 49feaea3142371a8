//! `uaic edit`: changes what people call a run and write about it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::fsx;
use crate::select::{self, RUN_GRAMMAR};
use crate::store::{Id, RunEdit, Store};

use super::exit::Failure;
use super::{Global, json, printer};

/// Arguments of `uaic edit`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic edit @ --name 'longer context'
  uaic edit 3fa2b1c4 --tag team=nlp --tag keep=yes --untag draft
  uaic edit @ --note 'The loss rises after step 400.'
  uaic edit @ --note-file notes.md
  uaic edit @ --parent @-1               makes it part of another run
  uaic edit @ --no-parent --name ''      takes its parent and its name away

Any run can be edited, whether it runs or has ended. A note is Markdown.

{RUN_GRAMMAR}

With --json: {{\"schema\": 1, \"run\": {{as in `uaic ls --json`, and \"note\", \"tags\": {{name: text}}}}}}."))]
pub struct EditArgs {
    /// The run
    #[arg(value_name = "RUN")]
    pub run: String,

    /// What it is to be called; an empty text takes the name away
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// What is to be written about it, in Markdown; an empty text takes the note away
    #[arg(long, value_name = "TEXT", conflicts_with = "note_file")]
    pub note: Option<String>,

    /// The same from a file
    #[arg(long, value_name = "FILE")]
    pub note_file: Option<PathBuf>,

    /// A tag to set; may be given several times
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
    pub tags: Vec<(String, String)>,

    /// A tag to take away; may be given several times
    #[arg(long = "untag", value_name = "KEY")]
    pub untags: Vec<String>,

    /// The run that it is to be part of
    #[arg(long, value_name = "RUN", conflicts_with = "no_parent")]
    pub parent: Option<String>,

    /// Part of no run
    #[arg(long)]
    pub no_parent: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn parse_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a tag is `KEY=VALUE`, such as `team=nlp`".to_owned()),
    }
}

/// Edits it.
pub(super) fn run(global: &Global, args: &EditArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_existing()?;
    let run = select::resolve(&*store, &args.run)?.id;
    let edits = edits(&*store, args)?;
    if edits.is_empty() && args.tags.is_empty() {
        let message =
            "nothing to edit; give `--name`, `--note`, `--tag`, `--untag`, `--parent` or `--no-parent`";
        return Err(Failure::usage(message).into());
    }
    for edit in &edits {
        store.edit_run(run, edit)?;
    }
    for (key, value) in &args.tags {
        store.set_tag(run, key, value)?;
    }
    if args.json {
        printer::json(&shape(&*store, run)?)?;
    } else {
        printer::talk(format!("edited; `uaic show {}` shows it", run.short()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is asked for; the parent first, which may be refused.
fn edits(store: &dyn Store, args: &EditArgs) -> anyhow::Result<Vec<RunEdit>> {
    let some = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let mut edits = Vec::new();
    if let Some(parent) = &args.parent {
        edits.push(RunEdit::Parent(Some(select::resolve(store, parent)?.id)));
    }
    if args.no_parent {
        edits.push(RunEdit::Parent(None));
    }
    if let Some(path) = &args.note_file {
        let text = String::from_utf8(fsx::read(path)?)
            .map_err(|_| Failure::usage(format!("{} is no text in UTF-8", path.display())))?;
        edits.push(RunEdit::Note(some(text)));
    }
    edits.extend(args.note.clone().map(|note| RunEdit::Note(some(note))));
    edits.extend(args.name.clone().map(|name| RunEdit::Name(some(name))));
    edits.extend(args.untags.iter().cloned().map(RunEdit::RemoveTag));
    Ok(edits)
}

fn shape(store: &dyn Store, run: Id) -> anyhow::Result<serde_json::Value> {
    let record = store.run(run)?;
    let mut shape = json::run(&record, jiff::Timestamp::now().as_millisecond());
    shape.insert("note".to_owned(), json!(record.note));
    shape.insert("tags".to_owned(), json!(store.tags(run)?));
    Ok(json!({ "schema": json::SCHEMA, "run": shape }))
}
