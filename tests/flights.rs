//! The bundled data set `flights`: what its files promise, and how hard it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use uaic::data::Example;
use uaic::data::generate::{self, DEFAULT_SEED, GeneratedDataset, OUT_OF_SCOPE};

const FOLDER: &str = "data/flights";

fn committed() -> GeneratedDataset {
    generate::flights(DEFAULT_SEED)
}

fn split<'a>(data: &'a GeneratedDataset, name: &str) -> &'a [Example] {
    data.split(name).unwrap_or_else(|| panic!("no split {name}"))
}

fn counts(examples: &[Example]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for example in examples {
        *counts.entry(example.label.as_str()).or_default() += 1;
    }
    counts
}

#[test]
fn the_committed_files_are_what_the_generator_writes() {
    let fresh = tempfile::tempdir().unwrap();
    let folder = fresh.path().join("made/on/demand");
    committed().write(&folder).unwrap();
    for name in ["train.tsv", "test.tsv", "ood.tsv", "ood_test.tsv"] {
        let committed = fs::read(Path::new(FOLDER).join(name)).unwrap_or_default();
        assert!(
            committed == fs::read(folder.join(name)).unwrap(),
            "{FOLDER}/{name} differs from the generator's; run `uaic data generate flights --seed {DEFAULT_SEED} --out {FOLDER} --force`"
        );
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "a split has no committed file");
}

#[test]
fn a_seed_gives_the_same_data_and_another_seed_other_data() {
    assert_eq!(generate::flights(7), generate::flights(7));
    let (one, other) = (generate::flights(1), generate::flights(2));
    for name in ["train", "test", "ood", "ood_test"] {
        let texts: BTreeSet<_> = split(&one, name).iter().map(|example| &example.text).collect();
        let shared = split(&other, name).iter().filter(|example| texts.contains(&example.text)).count();
        // Short texts recur under any seed.
        assert!(shared * 2 < texts.len(), "{name}: {shared} of {} texts are the same", texts.len());
    }
}

#[test]
fn every_generator_has_a_name_and_no_other_name_is_known() {
    for name in generate::GENERATORS {
        assert!(generate::by_name(name, 1).is_some(), "{name}");
    }
    assert_eq!(generate::by_name("flight", 1), None);
}

#[test]
fn every_seed_fills_every_split() {
    for seed in [0, DEFAULT_SEED, u64::MAX] {
        let data = generate::flights(seed);
        let sizes: Vec<_> =
            data.splits.iter().map(|(name, examples)| (name.as_str(), examples.len())).collect();
        assert_eq!(sizes, [("train", 3032), ("test", 617), ("ood", 300), ("ood_test", 300)], "seed {seed}");
    }
}

#[test]
fn classes_have_a_long_tail_and_joined_labels() {
    let data = committed();
    let train = counts(split(&data, "train"));
    let total = split(&data, "train").len();
    let (joined, single): (Vec<&str>, Vec<&str>) = train.keys().partition(|label| label.contains('+'));
    assert_eq!((single.len(), joined.len()), (20, 4));
    for label in joined {
        assert!(label.split('+').all(|part| train.contains_key(part)), "{label}");
    }
    assert!((35..45).contains(&(train["flight"] * 100 / total)), "{} of {total}", train["flight"]);
    let rare = train.values().filter(|count| **count < 15).count();
    assert!(rare >= 3, "only {rare} labels have fewer than 15 examples");
    let test = counts(split(&data, "test"));
    assert_eq!(test.keys().collect::<Vec<_>>(), train.keys().collect::<Vec<_>>());
    for name in ["ood", "ood_test"] {
        assert_eq!(counts(split(&data, name)).into_keys().collect::<Vec<_>>(), [OUT_OF_SCOPE]);
    }
}

#[test]
fn no_text_occurs_twice_in_the_whole_set() {
    let data = committed();
    let mut seen = BTreeMap::new();
    for (name, examples) in &data.splits {
        for example in examples {
            let before = seen.insert(&example.text, name);
            assert_eq!(before, None, "`{}` of {name}", example.text);
        }
    }
}

#[test]
fn texts_of_every_split_look_alike() {
    let data = committed();
    for example in data.splits.iter().flat_map(|(_, examples)| examples) {
        let words: Vec<&str> = example.text.split(' ').collect();
        assert!(words.iter().all(|word| !word.is_empty()), "blanks in `{}`", example.text);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " '".contains(c);
        assert!(example.text.chars().all(plain), "`{}`", example.text);
    }
}

#[test]
fn the_readme_states_counts_and_an_example_of_every_label() {
    let data = committed();
    let readme = fs::read_to_string(Path::new(FOLDER).join("README.md")).unwrap();
    let test = counts(split(&data, "test"));
    let mut rows = 0;
    for (label, train) in counts(split(&data, "train")) {
        let start = format!("| `{label}` | {train} | {} | ", test[label]);
        let row = readme.lines().find_map(|line| line.strip_prefix(&start));
        let row = row.unwrap_or_else(|| panic!("no row starts with {start}"));
        let quoted = row.trim_end_matches(" |");
        let is_quoted = |example: &Example| example.label == label && example.text == quoted;
        assert!(split(&data, "train").iter().any(is_quoted), "{label}: no training text is `{quoted}`");
        rows += 1;
    }
    let is_label = |line: &&str| line.starts_with("| `") && !line.contains(".tsv`");
    assert_eq!(readme.lines().filter(is_label).count(), rows, "a row is of no label");
}

/// The README of the data set quotes what this prints.
#[test]
#[allow(clippy::print_stdout)]
fn a_linear_model_of_single_words_is_good_but_not_perfect() {
    let data = committed();
    let (train, test) = (split(&data, "train"), split(&data, "test"));
    let accuracy = LogisticRegression::train(train, words).accuracy(test);
    println!("logistic regression on bags of words: accuracy {accuracy:.4} of {} texts", test.len());
    assert!((0.80..=0.95).contains(&accuracy), "accuracy {accuracy:.4}");
}

#[test]
fn the_order_of_words_is_worth_knowing() {
    let data = committed();
    let (train, test) = (split(&data, "train"), split(&data, "test"));
    let single = LogisticRegression::train(train, words).accuracy(test);
    let pairs = LogisticRegression::train(train, words_and_pairs).accuracy(test);
    assert!(pairs > single, "{pairs:.4} with pairs of words, {single:.4} without");
}

/// A text's features.
type Features = fn(&str) -> BTreeSet<String>;

/// The words, wherever they stand.
fn words(text: &str) -> BTreeSet<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The words and the pairs of neighbours; the first word is the neighbour of `^`.
fn words_and_pairs(text: &str) -> BTreeSet<String> {
    let sequence: Vec<&str> = std::iter::once("^").chain(text.split(' ')).collect();
    let mut features = words(text);
    features.extend(sequence.windows(2).map(|pair| pair.join(" ")));
    features
}

/// Multinomial logistic regression on the presence of features, with an L2 penalty.
struct LogisticRegression {
    features: Features,
    columns: BTreeMap<String, usize>,
    labels: Vec<String>,
    /// A row of one weight per label for each feature, and a last row for the bias.
    weights: Vec<Vec<f32>>,
}

impl LogisticRegression {
    const EPOCHS: usize = 60;
    /// Per pass. The strongest of 0, 0.05, 0.2 and 0.5; they lie within 0.01 of each other.
    const PENALTY: f32 = 0.2;

    /// Stochastic gradient descent in the order of the examples, with a falling step size.
    fn train(examples: &[Example], features: Features) -> Self {
        let known: BTreeSet<String> = examples.iter().flat_map(|example| features(&example.text)).collect();
        let columns: BTreeMap<_, _> = known.into_iter().zip(0..).collect();
        let labels: Vec<String> = counts(examples).into_keys().map(str::to_owned).collect();
        let weights = vec![vec![0.0; labels.len()]; columns.len() + 1];
        let mut model = Self { features, columns, labels, weights };
        let position = |label: &String| model.labels.iter().position(|known| known == label).unwrap();
        let encoded: Vec<_> =
            examples.iter().map(|example| (model.encode(&example.text), position(&example.label))).collect();
        for epoch in 0..Self::EPOCHS {
            let rate = 0.5 / (1.0 + epoch as f32 / 5.0);
            for (rows, target) in &encoded {
                let mut gradient = model.probabilities(rows);
                gradient[*target] -= 1.0;
                for row in rows {
                    for (weight, slope) in model.weights[*row].iter_mut().zip(&gradient) {
                        *weight -= rate * slope;
                    }
                }
            }
            for weight in model.weights.iter_mut().flatten() {
                *weight *= 1.0 - rate * Self::PENALTY;
            }
        }
        model
    }

    /// The rows of the features known from training, and that of the bias.
    fn encode(&self, text: &str) -> Vec<usize> {
        let features = (self.features)(text);
        let known = features.iter().filter_map(|feature| self.columns.get(feature).copied());
        known.chain([self.columns.len()]).collect()
    }

    fn probabilities(&self, rows: &[usize]) -> Vec<f32> {
        let mut scores = vec![0.0_f32; self.labels.len()];
        for row in rows {
            for (score, weight) in scores.iter_mut().zip(&self.weights[*row]) {
                *score += weight;
            }
        }
        let highest = scores.iter().copied().fold(f32::MIN, f32::max);
        let powers: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
        let sum: f32 = powers.iter().sum();
        powers.iter().map(|power| power / sum).collect()
    }

    fn accuracy(&self, examples: &[Example]) -> f64 {
        let right = examples.iter().filter(|example| {
            let probabilities = self.probabilities(&self.encode(&example.text));
            let best = (0..self.labels.len()).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
            best.is_some_and(|best| self.labels[best] == example.label)
        });
        right.count() as f64 / examples.len() as f64
    }
}
