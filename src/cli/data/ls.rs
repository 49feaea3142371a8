//! `uaic data ls`: lists data sets.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::listing::{self, Field, column};
use crate::cli::{json, printer, table};
use crate::data::fetch::SOURCES;
use crate::data::generate::GENERATORS;
use crate::data::{self, Dataset, Example, ROOT};

/// Arguments of `uaic data ls`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic data ls
  uaic data ls --json | jq -r '.datasets[].name'

With --csv: name, folder, split, rows, classes, problem, of the data sets that are here.
With --json: {\"schema\": 1,
  \"datasets\": [{\"name\", \"folder\", \"splits\": [{\"split\", \"rows\", \"classes\"}], \"classes\", \"problem\"}],
  \"available\": [{\"name\", \"about\", \"command\", \"licence\"}]}
\"problem\" says why a data set cannot be read, and is null when it can.")]
pub(super) struct LsArgs {
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Listing {
    schema: u32,
    datasets: Vec<Entry>,
    available: Vec<Available>,
}

/// A data set that is here.
#[derive(Serialize)]
struct Entry {
    name: String,
    folder: String,
    splits: Vec<SplitEntry>,
    /// Distinct labels of `train`.
    classes: usize,
    /// Why it cannot be read, if so.
    problem: Option<String>,
}

#[derive(Serialize)]
struct SplitEntry {
    split: String,
    rows: usize,
    classes: usize,
}

/// A data set that can be had.
#[derive(Serialize)]
struct Available {
    name: &'static str,
    about: &'static str,
    command: String,
    licence: Option<&'static str>,
}

/// Prints the listing.
pub(super) fn run(args: &LsArgs) -> anyhow::Result<ExitCode> {
    let datasets: Vec<Entry> = data::list(Path::new(ROOT))?.iter().map(|folder| entry(folder)).collect();
    let available =
        available().filter(|known| datasets.iter().all(|entry| entry.name != known.name)).collect();
    let listing = Listing { schema: json::SCHEMA, datasets, available };
    if args.json {
        printer::json(&listing)?;
    } else if args.csv {
        splits(&listing).print_csv()?;
    } else {
        show(&listing)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn entry(folder: &Path) -> Entry {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder_text = folder.display().to_string();
    let dataset = match Dataset::open(folder) {
        Ok(dataset) => dataset,
        // One broken data set does not hide the others.
        Err(error) => {
            let problem = Some(error.to_string());
            return Entry { name, folder: folder_text, splits: Vec::new(), classes: 0, problem };
        }
    };
    let splits: Vec<SplitEntry> = dataset
        .ordered()
        .into_iter()
        .map(|(name, split)| SplitEntry {
            split: name.to_owned(),
            rows: split.examples.len(),
            classes: distinct_labels(&split.examples),
        })
        .collect();
    let classes = splits.iter().find(|split| split.split == "train").map_or(0, |train| train.classes);
    Entry { name, folder: folder_text, splits, classes, problem: None }
}

fn distinct_labels(examples: &[Example]) -> usize {
    examples.iter().map(|example| example.label.as_str()).collect::<BTreeSet<_>>().len()
}

fn available() -> impl Iterator<Item = Available> {
    let generated = GENERATORS.into_iter().map(|name| Available {
        name,
        about: "made by this program",
        command: format!("uaic data generate {name}"),
        licence: None,
    });
    let fetched = SOURCES.iter().map(|source| Available {
        name: source.name,
        about: source.about,
        command: format!("uaic data fetch {}", source.name),
        licence: Some(source.licence),
    });
    generated.chain(fetched)
}

/// A row for each split of the data sets that are here, and one for each data set that cannot be read.
fn splits(listing: &Listing) -> listing::Listing {
    let names = ["name", "folder", "split", "rows", "classes", "problem"];
    let mut rows = listing::Listing::new(names.map(|name| column("", name)));
    for entry in &listing.datasets {
        let of_entry = || [Field::plain(&entry.name), Field::plain(&entry.folder)];
        for split in &entry.splits {
            let of_split = [
                Field::plain(&split.split),
                Field::plain(split.rows),
                Field::plain(split.classes),
                Field::name(""),
            ];
            rows.add(of_entry().into_iter().chain(of_split));
        }
        if let Some(problem) = &entry.problem {
            let empty = [(); 3].map(|()| Field::name(""));
            rows.add(of_entry().into_iter().chain(empty).chain([Field::name(problem)]));
        }
    }
    rows
}

fn show(listing: &Listing) -> anyhow::Result<()> {
    let mut text = String::new();
    if !listing.datasets.is_empty() {
        let mut here = super::table(["HERE", "CLASSES", "ROWS"]);
        for entry in &listing.datasets {
            let rows: Vec<String> =
                entry.splits.iter().map(|split| format!("{} {}", split.split, split.rows)).collect();
            let (classes, rows) = match &entry.problem {
                None => (entry.classes.to_string(), rows.join(", ")),
                Some(problem) => ("–".to_owned(), first_line(problem).to_owned()),
            };
            here.add_row([entry.name.clone(), classes, rows]);
        }
        super::left(&mut here, 2);
        text.push_str(&table::render(&here));
        text.push_str("\n\n");
    }
    if !listing.available.is_empty() {
        let mut known = super::table(["CAN BE HAD", "WHAT", "COMMAND"]);
        super::left(&mut known, 1);
        super::left(&mut known, 2);
        for known_set in &listing.available {
            known.add_row([known_set.name, known_set.about, &known_set.command]);
        }
        text.push_str(&table::render(&known));
    }
    Ok(printer::data(text.trim_end())?)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
