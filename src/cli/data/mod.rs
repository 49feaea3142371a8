//! `uaic data`: data sets.

mod fetch;
mod generate;
mod ls;
mod stats;

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::{CellAlignment, Table};

use crate::data::ROOT;

use super::{Global, table};

/// Arguments of `uaic data`.
#[derive(Args, Debug)]
#[command(
    after_help = "A data set is a folder of SPLIT.tsv files with `text<TAB>label` lines; train.tsv must be there.\n\nExamples:\n  uaic data ls\n  uaic data generate flights\n  uaic data fetch snips\n  uaic data stats flights"
)]
pub struct DataArgs {
    /// What to do.
    #[command(subcommand)]
    verb: DataVerb,
}

#[derive(Debug, Subcommand)]
enum DataVerb {
    /// List the data sets that are here and those that can be had
    Ls(ls::LsArgs),
    /// Show counts, classes, lengths, unknown words and leaks of a data set
    Stats(stats::StatsArgs),
    /// Download a public data set, or take it from a folder
    Fetch(fetch::FetchArgs),
    /// Write a data set that this program makes itself
    Generate(generate::GenerateArgs),
}

/// Does what the verb says.
pub(super) fn run(_global: &Global, args: &DataArgs) -> anyhow::Result<ExitCode> {
    match &args.verb {
        DataVerb::Ls(args) => ls::run(args),
        DataVerb::Stats(args) => stats::run(args),
        DataVerb::Fetch(args) => fetch::run(args),
        DataVerb::Generate(args) => generate::run(args),
    }
}

/// A table whose columns other than the first are numbers, to the right.
fn table<'a>(titles: impl IntoIterator<Item = &'a str>) -> Table {
    let aligned = |(at, title): (usize, &str)| if at > 0 { format!(">{title}") } else { title.to_owned() };
    table::table(&titles.into_iter().enumerate().map(aligned).collect::<Vec<_>>())
}

/// Makes a column of words.
fn left(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Left);
    }
}

/// How a data set's folder is named on the command line: a bare name under `data/`, else a path.
fn argument(folder: &Path) -> String {
    let text = folder.display().to_string();
    match folder.strip_prefix(ROOT) {
        Ok(name) if name.components().count() == 1 => name.display().to_string(),
        _ if text.contains('/') || text.starts_with('.') => text,
        _ => format!("./{text}"),
    }
}
