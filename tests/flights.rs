//! The bundled data set `flights`.

use std::collections::{BTreeMap, BTreeSet};

use uaic::data::Example;
use uaic::data::generate::{self, DEFAULT_SEED};

#[test]
#[ignore]
fn write_it() {
    generate::flights(DEFAULT_SEED).write("data/flights".as_ref()).unwrap();
}

#[test]
fn a_linear_baseline_on_bags_of_words_is_neither_perfect_nor_poor() {
    let data = generate::flights(DEFAULT_SEED);
    let (train, test) = (data.split("train").unwrap(), data.split("test").unwrap());
    let words = Baseline::train(train, words).accuracy(test);
    let pairs = Baseline::train(train, pairs).accuracy(test);
    println!("accuracy of logistic regression: bag of words {words:.4}, with word pairs {pairs:.4}");
    assert!((0.80..=0.95).contains(&words), "{words}");
}

/// A text's features.
type Features = fn(&str) -> BTreeSet<String>;

/// The words, wherever they stand.
fn words(text: &str) -> BTreeSet<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The words and their pairs of neighbours, so something of their order.
fn pairs(text: &str) -> BTreeSet<String> {
    let sequence: Vec<&str> = std::iter::once("^").chain(text.split(' ')).collect();
    let mut features = words(text);
    features.extend(sequence.windows(2).map(|pair| pair.join(" ")));
    features
}

/// Multinomial logistic regression on the presence of features.
struct Baseline {
    features: Features,
    columns: BTreeMap<String, usize>,
    labels: Vec<String>,
    /// One row of a weight per label for each feature; the last row is the bias.
    weights: Vec<Vec<f32>>,
}

impl Baseline {
    const EPOCHS: usize = 60;

    /// Stochastic gradient descent in the order of the file, with a falling step size.
    fn train(examples: &[Example], features: Features) -> Self {
        let label_set: BTreeSet<&String> = examples.iter().map(|example| &example.label).collect();
        let feature_set: BTreeSet<String> =
            examples.iter().flat_map(|example| features(&example.text)).collect();
        let labels: Vec<String> = label_set.into_iter().cloned().collect();
        let columns: BTreeMap<String, usize> =
            feature_set.into_iter().enumerate().map(|(column, feature)| (feature, column)).collect();
        let weights = vec![vec![0.0; labels.len()]; columns.len() + 1];
        let mut model = Self { features, columns, labels, weights };
        let encoded: Vec<(Vec<usize>, usize)> = examples
            .iter()
            .map(|example| {
                let target = model.labels.iter().position(|label| *label == example.label).unwrap();
                (model.encode(&example.text), target)
            })
            .collect();
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
        }
        model
    }

    /// The rows of the features known from training, and of the bias.
    fn encode(&self, text: &str) -> Vec<usize> {
        let known =
            (self.features)(text).iter().filter_map(|feature| self.columns.get(feature).copied()).collect();
        [known, vec![self.columns.len()]].concat()
    }

    fn probabilities(&self, rows: &[usize]) -> Vec<f32> {
        let mut scores = vec![0.0_f32; self.labels.len()];
        for row in rows {
            for (score, weight) in scores.iter_mut().zip(&self.weights[*row]) {
                *score += weight;
            }
        }
        let highest = scores.iter().copied().fold(f32::MIN, f32::max);
        for score in &mut scores {
            *score = (*score - highest).exp();
        }
        let sum: f32 = scores.iter().sum();
        scores.iter().map(|score| score / sum).collect()
    }

    fn accuracy(&self, examples: &[Example]) -> f64 {
        let right = examples.iter().filter(|example| {
            let probabilities = self.probabilities(&self.encode(&example.text));
            let best = (0..self.labels.len()).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
            let hit = best.is_some_and(|best| self.labels[best] == example.label);
            if !hit {
                println!("{} {} | {}", example.label, self.labels[best.unwrap()], example.text);
            }
            hit
        });
        right.count() as f64 / examples.len() as f64
    }
}
