//! What texts looked like when a model was calibrated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uaic_kernel::statistics::quantile::in_steps;

use super::{Predictions, Undefined};

/// Twentieths: the smallest value, those that 5 %, 10 % … of the texts do not exceed, the largest.
const STEPS: usize = 20;

/// What a classifier made of the in-scope texts that it was calibrated on. Where texts that come
/// later look otherwise, what they ask has drifted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// How many texts.
    pub texts: usize,
    /// Quantiles of the out-of-scope score, from 0 to 1 in steps of 0.05.
    pub score: Vec<f64>,
    /// The same of the probability of the predicted label, at the temperature.
    pub confidence: Vec<f64>,
    /// Shares of the predicted labels, by name; those never predicted are left out.
    pub labels: BTreeMap<String, f64>,
    /// Words of a text, on average.
    pub mean_words: f64,
    /// Numbers of words that texts have, rising, and the share of the texts with so many. Shares and
    /// not quantiles, as these are whole numbers of which many texts have the same. Earlier versions
    /// did not keep it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengths: Vec<(u32, f64)>,
    /// The share of all words that the vocabulary does not have.
    pub unknown_words: f64,
}

impl Reference {
    /// Of a table and the scores of its texts.
    ///
    /// # Errors
    /// There are no texts.
    pub(super) fn of(table: &Predictions, scores: &[f64], temperature: f64) -> Result<Self, Undefined> {
        if table.is_empty() {
            return Err(Undefined::NoExamples);
        }
        let (predicted, probabilities) = (table.predicted(), table.probabilities(temperature));
        let confidence = predicted.iter().enumerate();
        let confidence = confidence.map(|(text, label)| probabilities[text * table.classes() + label]);
        let mut labels: BTreeMap<String, f64> = BTreeMap::new();
        for &label in &predicted {
            *labels.entry(table.labels[label].clone()).or_default() += 1.0;
        }
        let texts = table.len() as f64;
        for count in labels.values_mut() {
            *count /= texts;
        }
        let sum = |counts: &[u32]| counts.iter().map(|&count| f64::from(count)).sum::<f64>();
        let words = sum(&table.words);
        Ok(Self {
            texts: table.len(),
            score: quantiles(scores.to_vec()),
            confidence: quantiles(confidence.collect()),
            labels,
            mean_words: words / texts,
            lengths: shares(&table.words),
            unknown_words: if words > 0.0 { sum(&table.unknown_words) / words } else { 0.0 },
        })
    }
}

/// The values that occur, rising, and the share of each.
fn shares(values: &[u32]) -> Vec<(u32, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let share = |alike: &[u32]| Some((*alike.first()?, alike.len() as f64 / sorted.len() as f64));
    sorted.chunk_by(|a, b| a == b).filter_map(share).collect()
}

/// Between neighbouring values on a straight line, as `numpy.quantile` does by default.
fn quantiles(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    in_steps(&values, STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn quantiles_equal_numpy() {
        // np.quantile([3, 1, 4, 1.5, 9, 2.6], [0, .05, .5, .95, 1])
        let found = quantiles(vec![3.0, 1.0, 4.0, 1.5, 9.0, 2.6]);
        assert_eq!(found.len(), STEPS + 1);
        for (step, expected) in [(0, 1.0), (1, 1.125), (10, 2.8), (19, 7.75), (20, 9.0)] {
            assert_relative_eq!(found[step], expected, max_relative = 1e-12);
        }
        assert_eq!(quantiles(vec![2.0]), [2.0; STEPS + 1]);
    }

    #[test]
    fn texts_are_described_by_scores_labels_and_words() {
        let table = Predictions {
            labels: ["a", "b", "c"].map(str::to_owned).to_vec(),
            gold: vec![0, 0, 1, 1],
            logits: [[2.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [1.0, 0.0, 0.0]].concat(),
            words: vec![3, 5, 4, 8],
            unknown_words: vec![0, 1, 0, 4],
            ..Predictions::default()
        };
        let reference = Reference::of(&table, &[0.1, 0.2, 0.3, 0.4], 1.0).unwrap();
        assert_eq!(reference.labels, [("a".to_owned(), 0.75), ("b".to_owned(), 0.25)].into());
        assert_relative_eq!(reference.mean_words, 5.0);
        assert_eq!(reference.lengths, [(3, 0.25), (4, 0.25), (5, 0.25), (8, 0.25)]);
        assert_relative_eq!(reference.unknown_words, 0.25);
        assert_relative_eq!(reference.score[10], 0.25);
        assert!(reference.confidence[20] > 0.9 && reference.confidence[0] < 0.6);
        assert_eq!(Reference::of(&Predictions::default(), &[], 1.0), Err(Undefined::NoExamples));
    }

    #[test]
    fn equal_lengths_share_one_entry() {
        assert_eq!(shares(&[4, 2, 4, 9, 4]), [(2, 0.2), (4, 0.6), (9, 0.2)]);
        assert_eq!(shares(&[]), []);
    }

    #[test]
    fn what_has_no_lengths_is_still_read_and_written_as_it_was() {
        let text = r#"{"texts":2,"score":[],"confidence":[],"labels":{"a":1.0},"mean_words":3.5,"unknown_words":0.0}"#;
        let read: Reference = serde_json::from_str(text).unwrap();
        assert!(read.lengths.is_empty());
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
