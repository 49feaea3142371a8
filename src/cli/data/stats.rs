//! `uaic data stats`: the figures of a data set.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::listing::{Field, Listing, column};
use crate::cli::{json, printer, table};
use crate::data::stats::{self, DatasetStats, SplitStats};
use crate::data::{self, Dataset};
use crate::number::{exact, percent};

/// The longest bar of the class table, in characters.
const BAR: usize = 30;

/// Arguments of `uaic data stats`.
#[derive(Args, Debug)]
#[command(after_help = "\
Tokens are lower-cased words between blanks. \"not in train\" is the share of a split's tokens (and of
its distinct words) that never occur in train; \"texts also in train\" counts leaked rows.

Examples:
  uaic data stats flights
  uaic data stats ./my-texts
  uaic data stats flights --json

With --csv: split, figure, class, value: a row for each figure of each split, and for the rows of each class.
With --json: {\"schema\": 1, \"name\", \"folder\",
  \"splits\": [{\"split\", \"out_of_scope\", \"hash\", \"rows\", \"classes\", \"multi_intent\",
    \"length\": {\"mean\", \"median\", \"p95\", \"max\"}, \"majority_label\", \"majority_share\",
    \"oov_token_rate\", \"oov_type_rate\", \"duplicates\", \"also_in_train\",
    \"unseen_labels\": {label: rows}, \"labels\": {label: rows}}]}")]
pub(super) struct StatsArgs {
    /// A name under data/, or the path of a folder (with a `/`)
    #[arg(value_name = "NAME|PATH")]
    dataset: String,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    name: &'a str,
    folder: String,
    splits: &'a [SplitStats],
}

/// Prints the figures.
pub(super) fn run(args: &StatsArgs) -> anyhow::Result<ExitCode> {
    let folder = data::find(&args.dataset)?;
    let dataset = Dataset::open(&folder)?;
    let stats = stats::of(&dataset)?;
    if args.json {
        let folder = folder.display().to_string();
        printer::json(&Report { schema: json::SCHEMA, name: &stats.name, folder, splits: &stats.splits })?;
    } else if args.csv {
        all_of(&stats).print_csv()?;
    } else {
        let text = [Some(figures(&stats)), unseen(&stats), classes(&stats)];
        printer::data(text.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A row for each figure of each split, and for each class of each split.
fn all_of(stats: &DatasetStats) -> Listing {
    let mut listing = Listing::new(["split", "figure", "class", "value"].map(|name| column("", name)));
    for split in &stats.splits {
        let mut add = |figure: &str, class: &str, value: String| {
            listing.add([split.split.as_str(), figure, class, &value].map(|text| Field::of("", text)));
        };
        add("rows", "", split.rows.to_string());
        add("classes", "", split.classes.to_string());
        add("multi_intent", "", split.multi_intent.to_string());
        add("majority_label", "", split.majority_label.clone());
        add("majority_share", "", exact(split.majority_share));
        add("length_mean", "", exact(split.length.mean));
        add("length_median", "", split.length.median.to_string());
        add("length_p95", "", split.length.p95.to_string());
        add("length_max", "", split.length.max.to_string());
        add("oov_token_rate", "", exact(split.oov_token_rate));
        add("oov_type_rate", "", exact(split.oov_type_rate));
        add("duplicates", "", split.duplicates.to_string());
        add("also_in_train", "", split.also_in_train.to_string());
        for (label, rows) in &split.unseen_labels {
            add("unseen_rows", label, rows.to_string());
        }
        for (label, rows) in &split.labels {
            add("rows", label, rows.to_string());
        }
    }
    listing
}

/// One figure per line, one split per column.
fn figures(stats: &DatasetStats) -> String {
    let header =
        std::iter::once(stats.name.as_str()).chain(stats.splits.iter().map(|split| split.split.as_str()));
    let mut table = super::table(header);
    let mut line = |name: &str, figure: &dyn Fn(&SplitStats) -> String| {
        table.add_row(std::iter::once(name.to_owned()).chain(stats.splits.iter().map(figure)));
    };
    line("rows", &|split| split.rows.to_string());
    line("classes", &|split| split.classes.to_string());
    line("rows with several intents", &|split| split.multi_intent.to_string());
    line("majority class", &|split| split.majority_label.clone());
    line("its share", &|split| percent(split.majority_share));
    line("tokens per text: mean", &|split| format!("{:.1}", split.length.mean));
    line("  median", &|split| split.length.median.to_string());
    line("  95 % have at most", &|split| split.length.p95.to_string());
    line("  longest", &|split| split.length.max.to_string());
    line("tokens not in train", &|split| against_train(split, percent(split.oov_token_rate)));
    line("words not in train", &|split| against_train(split, percent(split.oov_type_rate)));
    line("repeated texts", &|split| split.duplicates.to_string());
    line("texts also in train", &|split| against_train(split, split.also_in_train.to_string()));
    line("rows of unseen classes", &|split| {
        let rows: usize = split.unseen_labels.values().sum();
        if split.out_of_scope { "–".to_owned() } else { against_train(split, rows.to_string()) }
    });
    table::render(&table)
}

/// A comparison of `train` with itself says nothing.
fn against_train(split: &SplitStats, figure: String) -> String {
    if split.split == "train" { "–".to_owned() } else { figure }
}

/// `labels missing from train: test day_name 2, …`.
fn unseen(stats: &DatasetStats) -> Option<String> {
    let of_split = |split: &SplitStats| {
        let labels: Vec<String> =
            split.unseen_labels.iter().map(|(label, rows)| format!("{label} {rows}")).collect();
        (!labels.is_empty())
            .then(|| format!("labels of {} that train has not: {}", split.split, labels.join(", ")))
    };
    let lines: Vec<String> = stats.splits.iter().filter_map(of_split).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Rows per class and in-scope split, most frequent in `train` first.
fn classes(stats: &DatasetStats) -> Option<String> {
    let in_scope: Vec<&SplitStats> = stats.splits.iter().filter(|split| !split.out_of_scope).collect();
    let train = in_scope.iter().find(|split| split.split == "train")?;
    let mut labels: Vec<&String> = in_scope.iter().flat_map(|split| split.labels.keys()).collect();
    labels.sort();
    labels.dedup();
    let count = |split: &SplitStats, label: &String| split.labels.get(label).copied().unwrap_or(0);
    labels.sort_by_key(|label| std::cmp::Reverse(count(train, label)));

    let splits = in_scope.iter().map(|split| split.split.as_str());
    let mut table = super::table(std::iter::once("CLASS").chain(splits).chain(["SHARE OF TRAIN", ""]));
    super::left(&mut table, in_scope.len() + 2);
    let most = labels.first().map_or(0, |label| count(train, label));
    for label in labels {
        let rows = count(train, label);
        let counts = in_scope.iter().map(|split| count(split, label).to_string());
        let share = percent(rows as f64 / train.rows.max(1) as f64);
        table.add_row(std::iter::once(label.clone()).chain(counts).chain([share, bar(rows, most)]));
    }
    Some(table::render(&table))
}

/// A bar of up to [`BAR`] characters, to an eighth of one; what is there shows at least that much.
fn bar(rows: usize, most: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let length = (rows * BAR * 8).div_ceil(most.max(1));
    "█".repeat(length / 8) + EIGHTHS[length % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_in_proportion_and_one_row_is_still_seen() {
        assert_eq!(bar(100, 100).chars().count(), BAR);
        assert_eq!(bar(50, 100), "█".repeat(BAR / 2));
        assert_eq!(bar(1, 1000), "▏");
        assert_eq!(bar(0, 1000), "");
        assert_eq!(bar(0, 0), "");
    }
}
