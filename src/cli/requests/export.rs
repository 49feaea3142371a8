//! `uaic requests export`: writes logged texts as training data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::data::tsv;
use crate::fsx;
use crate::serve::request_log::SHADOW;

use super::super::exit::Failure;
use super::super::{Global, json, printer, table};
use super::LogArgs;
use super::harvest::{Harvest, Only};
use super::selection::{SelectionArgs, parse_share};
use crate::number::counted;

/// Conflicts that are described; the others are counted.
const SHOWN: usize = 5;

/// Arguments of `uaic requests export`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic requests export data/mine/train.tsv                    what somebody has labelled
  uaic requests export more.tsv --only confident --above 0.98 --since 7d
  uaic requests export ood.tsv --only out-of-scope
  uaic requests export - --wrong | cut -f 2 | sort | uniq -c

To train on it, put it beside what the model has learnt from, as a data set of its own:
  uaic requests export new.tsv
  mkdir data/mine
  cat data/flights/train.tsv new.tsv > data/mine/train.tsv
  cp data/flights/test.tsv data/mine/
  uaic data stats mine
  uaic run experiments/attention.toml --param data.dataset=mine

Each text is written once. What somebody has told beats what was predicted, and later beats earlier;
texts that were told different labels are named. Answers of shadows are left out, unless --role asks for
them. A model that learns what it has predicted itself (`confident`, `all`) learns its mistakes, too:
look through the file first.

With --json: {\"schema\": 1, \"path\", \"texts\", \"corrected\", \"predicted\", \"labels\": {label: texts},
  \"rows\", \"duplicates\", \"without_text\", \"without_intent\", \"unfit\",
  \"conflicts\": [{\"text\", \"label\", \"others\": [labels]}]}")]
pub(super) struct ExportArgs {
    /// The file to write; `-` for standard output
    #[arg(value_name = "OUT.tsv")]
    out: PathBuf,

    /// Which texts
    #[arg(long, value_enum, default_value_t = Only::Corrected)]
    only: Only,

    /// With `--only confident`: the least confidence
    #[arg(long, value_name = "X", default_value_t = 0.95, value_parser = parse_share)]
    above: f64,

    /// Replace what is there
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    log: LogArgs,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    selection: SelectionArgs,
}

/// Writes them.
pub(super) fn run(global: &Global, args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let to_stdout = args.out == Path::new("-");
    if to_stdout && args.json {
        return Err(Failure::usage("the data and --json cannot both go to standard output").into());
    }
    if !to_stdout && std::fs::symlink_metadata(&args.out).is_ok() && !args.force {
        let message = format!("{} is there already; `--force` replaces it", args.out.display());
        return Err(Failure::locked(message).into());
    }
    let harvest = gather(global, args)?;
    if harvest.examples.is_empty() {
        return Err(nothing(args, &harvest).into());
    }
    let bytes = tsv::render(&harvest.examples);
    if to_stdout {
        printer::write_content(&bytes)?;
    } else {
        fsx::create_dir_all(fsx::parent_of(&args.out))?;
        fsx::write_atomic(&args.out, &bytes)?;
    }
    tell(args, &harvest)?;
    Ok(ExitCode::SUCCESS)
}

fn gather(global: &Global, args: &ExportArgs) -> anyhow::Result<Harvest> {
    let reader = args.log.open(global)?;
    let filter = args.selection.filter(&reader)?;
    let mut gathering = super::harvest::Gathering::default();
    let visit = reader.visit(&filter, |row| {
        if args.selection.role.is_some() || row.role != SHADOW {
            gathering.add(row);
        }
    });
    visit?;
    Ok(gathering.harvest(args.only, args.above))
}

/// Why there is nothing to write, and how to get something.
fn nothing(args: &ExportArgs, harvest: &Harvest) -> Failure {
    let why = if harvest.rows == 0 {
        "no request is meant; leave a filter out".to_owned()
    } else if harvest.without_text == harvest.rows {
        "no text is in the log: it was written without texts".to_owned()
    } else {
        match args.only {
            Only::Corrected => "no text has been labelled; `uaic requests label ID LABEL` does so, \
                                `--only confident` takes what was predicted"
                .to_owned(),
            Only::Confident => format!("no text was answered with a confidence of {} or more", args.above),
            Only::OutOfScope => "no text was told out of scope".to_owned(),
            Only::All => "no text has an intent".to_owned(),
        }
    };
    Failure::not_found(format!("there is nothing to export: {why}"))
}

fn tell(args: &ExportArgs, harvest: &Harvest) -> anyhow::Result<()> {
    let mut labels: BTreeMap<&str, u64> = BTreeMap::new();
    for example in &harvest.examples {
        *labels.entry(&example.label).or_default() += 1;
    }
    if args.json {
        let conflicts: Vec<_> = harvest
            .conflicts
            .iter()
            .map(|conflict| json!({ "text": conflict.text, "label": conflict.label, "others": conflict.others }))
            .collect();
        printer::json(&json!({
            "schema": json::SCHEMA,
            "path": args.out.display().to_string(),
            "texts": harvest.examples.len(),
            "corrected": harvest.corrected,
            "predicted": harvest.examples.len() - harvest.corrected,
            "labels": labels,
            "rows": harvest.rows,
            "duplicates": harvest.duplicates,
            "without_text": harvest.without_text,
            "without_intent": harvest.without_intent,
            "unfit": harvest.unfit,
            "conflicts": conflicts,
        }))?;
    }
    printer::talk(format!(
        "{} with {}: {} as somebody told, {} as predicted",
        counted(harvest.examples.len(), "text"),
        counted(labels.len(), "label"),
        harvest.corrected,
        harvest.examples.len() - harvest.corrected
    ));
    let left_out = [
        (harvest.duplicates, "that repeat another"),
        (harvest.without_text, "logged without a text"),
        (harvest.without_intent, "without an intent (`--only out-of-scope` writes those)"),
        (harvest.unfit, "empty, or with a label that cannot stand in a file"),
    ];
    for (count, why) in left_out.into_iter().filter(|(count, _)| *count > 0) {
        printer::talk(format!("left out: {count} {why}"));
    }
    tell_conflicts(harvest);
    Ok(())
}

fn tell_conflicts(harvest: &Harvest) {
    for conflict in harvest.conflicts.iter().take(SHOWN) {
        let (text, others) = (table::shortened(&conflict.text, 60), conflict.others.join(", "));
        let label = table::one_line(&conflict.label);
        printer::talk(format!(
            "told differently: {text:?} is {label}, as told last; also {}",
            table::one_line(&others)
        ));
    }
    let more = harvest.conflicts.len().saturating_sub(SHOWN);
    if more > 0 {
        printer::talk(format!("and {more} more texts were told differently; --json has them"));
    }
}
