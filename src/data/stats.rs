//! What one should know of a data set before training on it.
//!
//! Tokens here are lower-cased, whitespace-separated words: a measure of the data that does not
//! depend on how a spec tokenizes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{DataError, Dataset, Example, Split, is_out_of_scope};

/// The figures of a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatasetStats {
    /// The data set's name.
    pub name: String,
    /// One entry per split: `train`, `dev`, `test`, others, out of scope.
    pub splits: Vec<SplitStats>,
}

/// The figures of one split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SplitStats {
    /// Its name.
    pub split: String,
    /// Whether its texts have no known intent.
    pub out_of_scope: bool,
    /// BLAKE3 of the file, in hexadecimal.
    pub hash: String,
    /// Examples.
    pub rows: usize,
    /// Distinct labels.
    pub classes: usize,
    /// Rows with more than one intent (a `+` in the label).
    pub multi_intent: usize,
    /// Tokens per text.
    pub length: LengthStats,
    /// The most frequent label; the first by name of several.
    pub majority_label: String,
    /// Its share of the rows, 0 to 1.
    pub majority_share: f64,
    /// Share of the tokens that never occur in `train`, 0 to 1.
    pub oov_token_rate: f64,
    /// Share of the distinct tokens that never occur in `train`, 0 to 1.
    pub oov_type_rate: f64,
    /// Rows whose text stands in an earlier row of the split.
    pub duplicates: usize,
    /// Rows whose text also stands in `train`; 0 for `train` itself.
    pub also_in_train: usize,
    /// Labels that never occur in `train`, with their rows; empty for out-of-scope splits.
    pub unseen_labels: BTreeMap<String, usize>,
    /// Rows per label.
    pub labels: BTreeMap<String, usize>,
}

/// Tokens per text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LengthStats {
    /// Arithmetic mean.
    pub mean: f64,
    /// Half of the texts are no longer than this.
    pub median: usize,
    /// 95 % of the texts are no longer than this.
    pub p95: usize,
    /// The longest text.
    pub max: usize,
}

/// Computes the figures of every split.
///
/// # Errors
/// The data set has no `train` split to compare with.
pub fn of(dataset: &Dataset) -> Result<DatasetStats, DataError> {
    let train = Reference::new(&dataset.train()?.examples);
    let splits = dataset.ordered().into_iter().map(|(name, split)| of_split(name, split, &train));
    Ok(DatasetStats { name: dataset.name.clone(), splits: splits.collect() })
}

/// What is known after seeing `train`.
struct Reference<'a> {
    texts: BTreeSet<&'a str>,
    tokens: BTreeSet<String>,
    labels: BTreeSet<&'a str>,
}

impl<'a> Reference<'a> {
    fn new(train: &'a [Example]) -> Self {
        Self {
            texts: train.iter().map(|example| example.text.as_str()).collect(),
            tokens: train.iter().flat_map(|example| tokens(&example.text)).collect(),
            labels: train.iter().map(|example| example.label.as_str()).collect(),
        }
    }
}

fn of_split(name: &str, split: &Split, train: &Reference<'_>) -> SplitStats {
    let examples = split.examples.as_slice();
    let out_of_scope = is_out_of_scope(name);
    let rows = examples.len();
    let mut labels: BTreeMap<String, usize> = BTreeMap::new();
    let mut texts = BTreeSet::new();
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    for example in examples {
        *labels.entry(example.label.clone()).or_default() += 1;
        texts.insert(example.text.as_str());
        for token in tokens(&example.text) {
            *types.entry(token).or_default() += 1;
        }
    }
    // Of equal counts the last one wins in `max_by_key`; reversed, that is the first by name.
    let majority = labels.iter().rev().max_by_key(|(_, count)| **count);
    let unknown: Vec<usize> =
        types.iter().filter(|(token, _)| !train.tokens.contains(*token)).map(|(_, count)| *count).collect();
    let unseen = labels.iter().filter(|(label, _)| !out_of_scope && !train.labels.contains(label.as_str()));
    let also_in_train = examples.iter().filter(|example| train.texts.contains(example.text.as_str())).count();
    SplitStats {
        split: name.to_owned(),
        out_of_scope,
        hash: split.hash.clone(),
        rows,
        classes: labels.len(),
        multi_intent: examples.iter().filter(|example| example.label.contains('+')).count(),
        length: lengths(examples),
        majority_label: majority.map(|(label, _)| label.clone()).unwrap_or_default(),
        majority_share: share(majority.map_or(0, |(_, count)| *count), rows),
        oov_token_rate: share(unknown.iter().sum(), types.values().sum()),
        oov_type_rate: share(unknown.len(), types.len()),
        duplicates: rows - texts.len(),
        also_in_train: if name == "train" { 0 } else { also_in_train },
        unseen_labels: unseen.map(|(label, count)| (label.clone(), *count)).collect(),
        labels,
    }
}

fn tokens(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(str::to_lowercase)
}

fn lengths(examples: &[Example]) -> LengthStats {
    let mut lengths: Vec<usize> =
        examples.iter().map(|example| example.text.split_whitespace().count()).collect();
    lengths.sort_unstable();
    // The smallest length that at least `percent` of the texts do not exceed (nearest rank).
    let quantile = |percent: usize| {
        let rank = (lengths.len() * percent).div_ceil(100);
        lengths.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    };
    LengthStats {
        mean: share(lengths.iter().sum(), lengths.len()),
        median: quantile(50),
        p95: quantile(95),
        max: quantile(100),
    }
}

/// `part / whole`; 0 of nothing.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tsv;
    use approx::assert_relative_eq;
    use std::path::Path;

    fn dataset(splits: &[(&str, &str)]) -> Dataset {
        let split = |text: &str| Split {
            examples: tsv::parse(text.as_bytes(), Path::new("x.tsv")).unwrap(),
            hash: "abc".into(),
        };
        Dataset {
            name: "x".into(),
            folder: "x".into(),
            splits: splits.iter().map(|&(name, text)| (name.to_owned(), split(text))).collect(),
        }
    }

    fn small() -> DatasetStats {
        of(&dataset(&[
            ("ood", "Fly me\t<unknown>\n"),
            ("test", "fly to rome now\tfly\nto rome\tcity\nfly to rome now\tfly+fare\n"),
            ("train", "fly to Rome\tfly\nto rome\tfly\nthe fare\tfare\nthe fare\tfare\n"),
        ]))
        .unwrap()
    }

    #[test]
    fn splits_are_compared_with_train() {
        let stats = small();
        let [train, test, ood] = &stats.splits[..] else { panic!("{stats:?}") };
        assert_eq!((train.split.as_str(), test.split.as_str(), ood.split.as_str()), ("train", "test", "ood"));
        assert_eq!((test.rows, test.classes, test.multi_intent), (3, 3, 1));
        // `now` twice among ten tokens; one of the types fly, to, rome, now.
        assert_relative_eq!(test.oov_token_rate, 0.2);
        assert_relative_eq!(test.oov_type_rate, 0.25);
        assert_eq!((test.duplicates, test.also_in_train), (1, 1));
        assert_eq!(test.unseen_labels, [("city".into(), 1), ("fly+fare".into(), 1)].into());
    }

    #[test]
    fn train_leaks_nothing_into_itself() {
        let train = &small().splits[0];
        assert_eq!((train.duplicates, train.also_in_train), (1, 0));
        assert!(train.oov_type_rate == 0.0 && train.unseen_labels.is_empty());
    }

    #[test]
    fn a_tie_for_the_majority_goes_to_the_first_name() {
        let train = &small().splits[0];
        assert_eq!(train.majority_label, "fare");
        assert_relative_eq!(train.majority_share, 0.5);
    }

    #[test]
    fn the_label_of_an_out_of_scope_split_is_no_class() {
        let ood = &small().splits[2];
        assert!(ood.out_of_scope && ood.unseen_labels.is_empty());
        assert_relative_eq!(ood.oov_token_rate, 0.5, epsilon = 1e-12);
    }

    #[test]
    fn quantiles_are_lengths_that_occur() {
        let texts = (1..=20).map(|n| "w ".repeat(n) + "\tx\n").collect::<String>();
        let length = of(&dataset(&[("train", &texts)])).unwrap().splits[0].length;
        assert_eq!((length.median, length.p95, length.max), (10, 19, 20));
        assert_relative_eq!(length.mean, 10.5);
    }
}
