//! What a classifier got wrong, and what in its training data is most like it.

use std::collections::{BTreeMap, HashMap};

use crate::eval::{Calibration, OUT_OF_SCOPE, Predictions, Undefined};

/// A text that a classifier got wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mistake {
    /// Its row in the table of predictions.
    pub text: usize,
    /// The number of the label that it was given.
    pub predicted: usize,
    /// How probable the classifier found it, at its temperature.
    pub confidence: f64,
}

/// All mistakes, most confident first; of equals in the order of the split. A text without an
/// intent is a mistake where it is not refused: with a calibration, where it reaches the threshold.
///
/// # Errors
/// The calibration's method looks at features that the predictions do not have.
pub fn mistakes(
    predictions: &Predictions,
    calibration: Option<&Calibration>,
) -> Result<Vec<Mistake>, Undefined> {
    let (predicted, classes) = (predictions.predicted(), predictions.classes());
    let probabilities = predictions.probabilities(calibration.map_or(1.0, |fitted| fitted.temperature));
    let refused: Vec<bool> = match calibration {
        Some(fitted) => fitted.refused(predictions)?,
        None => vec![false; predictions.len()],
    };
    let is_wrong = |text: usize| match predictions.gold[text] {
        OUT_OF_SCOPE => !refused[text],
        gold => gold as usize != predicted[text],
    };
    let mut all: Vec<Mistake> = (0..predictions.len())
        .filter(|&text| is_wrong(text))
        .map(|text| {
            let confidence = probabilities[text * classes + predicted[text]];
            Mistake { text, predicted: predicted[text], confidence }
        })
        .collect();
    // Stable, so that equals keep their order.
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    Ok(all)
}

/// A text that is like another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its position among the texts of the index.
    pub text: usize,
    /// The cosine of the two, from 0 to 1.
    pub similarity: f64,
}

/// Texts to find the nearest of.
///
/// A text is a vector of the words that it has, of its pairs of neighbouring words, and of the
/// three-character parts of its words, each as often as it occurs and weighted by how rare it is
/// among the texts (log of the inverse share of texts that have it). Words and pairs find the same
/// request in other words, parts find inflected and misspelt ones, and rarity keeps what all texts
/// have from counting: unweighted, `show me the` finds `show me the`.
#[derive(Clone, Debug, Default)]
pub struct TextIndex {
    /// For each feature the texts that have it, with its share in their vector of length 1.
    texts_of: HashMap<u64, Vec<(usize, f64)>>,
    rarity: HashMap<u64, f64>,
    count: usize,
}

impl TextIndex {
    /// An index of texts that are given as their words.
    pub fn new(texts: &[Vec<String>]) -> Self {
        let counts: Vec<BTreeMap<u64, f64>> = texts.iter().map(|words| features(words)).collect();
        let mut having: HashMap<u64, u32> = HashMap::new();
        for feature in counts.iter().flat_map(BTreeMap::keys) {
            *having.entry(*feature).or_default() += 1;
        }
        let weight = |&count: &u32| libm::log((1 + texts.len()) as f64 / f64::from(count));
        let rarity: HashMap<u64, f64> =
            having.iter().map(|(&feature, count)| (feature, weight(count))).collect();
        let mut index = Self { texts_of: HashMap::new(), rarity, count: texts.len() };
        for (text, counts) in counts.iter().enumerate() {
            for (feature, value) in index.vector(counts) {
                index.texts_of.entry(feature).or_default().push((text, value));
            }
        }
        index
    }

    /// The text that is most like these words; the first of equals, and `None` where none has
    /// anything in common with them.
    pub fn nearest(&self, words: &[String]) -> Option<Neighbour> {
        let mut sums = vec![0.0; self.count];
        for (feature, value) in self.vector(&features(words)) {
            for &(text, other) in self.texts_of.get(&feature).map_or(&[][..], Vec::as_slice) {
                sums[text] += value * other;
            }
        }
        let better = |best: usize, next: usize| if sums[next] > sums[best] { next } else { best };
        let text = (0..self.count).reduce(better).filter(|&best| sums[best] > 0.0)?;
        // Rounding may leave a hair above 1.
        Some(Neighbour { text, similarity: sums[text].min(1.0) })
    }

    /// A vector of length 1; what no text of the index has counts as what one has.
    fn vector(&self, counts: &BTreeMap<u64, f64>) -> Vec<(u64, f64)> {
        let rarest = libm::log((1 + self.count) as f64);
        let weight = |feature: &u64| self.rarity.get(feature).copied().unwrap_or(rarest);
        let mut vector: Vec<(u64, f64)> =
            counts.iter().map(|(feature, count)| (*feature, count * weight(feature))).collect();
        let length = vector.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
        for (_, value) in &mut vector {
            *value /= length.max(f64::MIN_POSITIVE);
        }
        vector
    }
}

/// How often a text has each of its features, by the hash of the feature.
fn features(words: &[String]) -> BTreeMap<u64, f64> {
    let mut counts = BTreeMap::new();
    let mut add = |kind: u8, parts: &[&str], weight: f64| {
        *counts.entry(hash(kind, parts)).or_insert(0.0) += weight;
    };
    for word in words {
        add(0, &[word], 1.0);
        let marked: Vec<char> = format!("<{word}>").chars().collect();
        let parts = marked.windows(3);
        // Together the parts of a word count half as much as the word.
        let share = 0.5 / parts.len().max(1) as f64;
        for part in parts {
            add(1, &[&part.iter().collect::<String>()], share);
        }
    }
    for pair in words.windows(2) {
        add(2, &[&pair[0], &pair[1]], 1.0);
    }
    counts
}

/// The 64-bit FNV-1a hash (Fowler, Noll & Vo) of a kind and parts.
fn hash(kind: u8, parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    [kind].into_iter().chain(bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{OutOfScopeMethod, Quality, ScopeModels};
    use approx::assert_relative_eq;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// Two labels; a row is its margin and its gold number.
    fn table(rows: &[(f32, u32)]) -> Predictions {
        Predictions {
            labels: vec!["a".to_owned(), "b".to_owned()],
            gold: rows.iter().map(|(_, gold)| *gold).collect(),
            logits: rows.iter().flat_map(|(margin, _)| [*margin, 0.0]).collect(),
            ..Predictions::default()
        }
    }

    #[test]
    fn mistakes_come_by_confidence_and_equals_in_their_order() {
        let table = table(&[(1.0, 0), (1.0, 1), (-3.0, 0), (1.0, 5), (0.5, 1)]);
        let found = mistakes(&table, None).unwrap();
        assert_eq!(found.iter().map(|mistake| mistake.text).collect::<Vec<_>>(), [2, 1, 3, 4]);
        assert_eq!(found.iter().map(|mistake| mistake.predicted).collect::<Vec<_>>(), [1, 0, 0, 0]);
        assert_relative_eq!(found[0].confidence, 1.0 / (1.0 + (-3.0_f64).exp()));
    }

    #[test]
    fn out_of_scope_texts_are_mistakes_where_they_are_accepted() {
        let quality = Quality { loss: 0.0, ece: 0.0 };
        let calibration = Calibration {
            temperature: 2.0,
            temperature_texts: 9,
            before: quality,
            after: quality,
            method: OutOfScopeMethod::MaxSoftmax,
            threshold: 0.7,
            threshold_texts: 9,
            choice: None,
            reason: String::new(),
            reference: None,
            models: ScopeModels::default(),
        };
        let table = table(&[(1.0, OUT_OF_SCOPE), (4.0, OUT_OF_SCOPE), (0.1, 1)]);
        let found = mistakes(&table, Some(&calibration)).unwrap();
        assert_eq!(found.iter().map(|mistake| mistake.text).collect::<Vec<_>>(), [1, 2]);
        assert_relative_eq!(found[0].confidence, 1.0 / (1.0 + (-2.0_f64).exp()));
        assert_eq!(mistakes(&table, None).unwrap().len(), 3, "without a threshold nothing is refused");
    }

    #[test]
    fn the_nearest_text_shares_what_is_rare() {
        let texts = [
            "show me the flights to oslo",
            "show me the fares to rome",
            "show me the cheapest fare to cairo",
            "which airline is this",
        ]
        .map(words);
        let index = TextIndex::new(&texts);
        let nearest = |text: &str| index.nearest(&words(text)).map(|found| found.text);
        assert_eq!(nearest("show me the airline"), Some(3), "not what all texts have");
        assert_eq!(nearest("cheapest fare"), Some(2));
        assert_eq!(nearest("flihgts to olso"), Some(0), "parts of words");
        assert_eq!(nearest("xyz"), None);
        assert_eq!(TextIndex::new(&[]).nearest(&words("a")), None);
        let same = index.nearest(&texts[1]).unwrap();
        assert_eq!(same.text, 1);
        assert_relative_eq!(same.similarity, 1.0, epsilon = 1e-12);
    }

    #[test]
    fn of_equal_texts_the_first_is_nearest() {
        let index = TextIndex::new(&["a b", "c d", "c d"].map(words));
        assert_eq!(index.nearest(&words("c d")).unwrap().text, 1);
    }
}
