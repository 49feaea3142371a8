//! What it was asked on.

use super::super::page::{Block, Section, Table};
use super::super::subject::ReportSubject;
use super::super::wording::share;
use crate::data::stats;

/// What it was asked on.
pub(super) fn data(subject: &ReportSubject<'_>) -> Section {
    let mut section = Section::new("data", "Data");
    match subject
        .dataset()
        .map_err(|error| error.to_string())
        .and_then(|dataset| stats::of(&dataset).map_err(|error| error.to_string()))
    {
        Ok(found) => {
            let columns = [
                "split",
                ">texts",
                ">classes",
                ">mean words",
                ">unknown words",
                ">also in train",
                ">unseen labels",
            ];
            let mut table = Table::new("", &columns);
            for split in &found.splits {
                let is_train = split.split == "train";
                table.rows.push(vec![
                    split.split.clone(),
                    split.rows.to_string(),
                    if split.out_of_scope { "–".to_owned() } else { split.classes.to_string() },
                    format!("{:.1}", split.length.mean),
                    if is_train { "–".to_owned() } else { share(split.oov_token_rate) },
                    if is_train { "–".to_owned() } else { split.also_in_train.to_string() },
                    split.unseen_labels.values().sum::<usize>().to_string(),
                ]);
            }
            section.text("Texts that occur in training, too, and labels that do not, are counted because they move test figures up and down.");
            section.blocks.push(Block::Table(table));
            let changed = changed_splits(subject, &found);
            if !changed.is_empty() {
                section.text(format!("The data have changed since the study ran: {}. Figures below are of the data as they were.", changed.join(", ")));
            }
        }
        Err(why) => section.text(format!(
            "The data set is no longer at hand, so texts are not shown: {}",
            why.trim_start_matches("error: ").lines().next().unwrap_or_default()
        )),
    }
    section
}

/// Splits whose file is not what it was when the study ran.
fn changed_splits(subject: &ReportSubject<'_>, found: &stats::DatasetStats) -> Vec<String> {
    let recorded = &subject.study.plan.environment;
    let differs = |split: &&stats::SplitStats| {
        recorded.get(&format!("data.{}.hash", split.split)).is_some_and(|hash| *hash != split.hash)
    };
    found.splits.iter().filter(differs).map(|split| split.split.clone()).collect()
}
