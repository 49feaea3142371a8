//! What a classifier said of every text of a split: a table that figures are computed from.

use serde::{Deserialize, Serialize};

/// The gold number of a text that has no known intent.
pub const OUT_OF_SCOPE: u32 = u32::MAX;

/// What a classifier said of every text of one split; a row per text, in the order of the split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Predictions {
    /// The classifier's labels by number, C of them.
    pub labels: Vec<String>,
    /// Gold labels that the classifier does not know; they are numbered after its own.
    pub unseen: Vec<String>,
    /// The right label of each text, or [`OUT_OF_SCOPE`], `(N)`.
    pub gold: Vec<u32>,
    /// `(N, C)`
    pub logits: Vec<f32>,
    /// The vector that the model makes of each text, before batch norm, `(N, F)`; empty where it was
    /// not kept.
    pub features: Vec<f32>,
    /// The first eight bytes of the BLAKE3 hash of each text, little-endian, `(N)`.
    pub hashes: Vec<u64>,
    /// Words of each text as the model reads it, `(N)`.
    pub words: Vec<u32>,
    /// How many of them the vocabulary does not have, `(N)`.
    pub unknown_words: Vec<u32>,
}

impl Predictions {
    /// Number of texts.
    pub fn len(&self) -> usize {
        self.gold.len()
    }

    /// Whether there are no texts.
    pub fn is_empty(&self) -> bool {
        self.gold.is_empty()
    }

    /// Number of the classifier's labels, C.
    pub fn classes(&self) -> usize {
        self.labels.len()
    }

    /// The logits of one text, `(C)`.
    pub fn row(&self, text: usize) -> &[f32] {
        &self.logits[text * self.classes()..][..self.classes()]
    }

    /// The number of the label with the largest logit, `(N)`; the lowest of equals.
    pub fn predicted(&self) -> Vec<usize> {
        let largest = |row: &[f32]| {
            let better = |best: usize, next: usize| if row[next] > row[best] { next } else { best };
            (0..row.len()).reduce(better).unwrap_or(0)
        };
        (0..self.len()).map(|text| largest(self.row(text))).collect()
    }

    /// Probabilities at a temperature, `(N, C)`: softmax of the logits divided by it.
    pub fn probabilities(&self, temperature: f64) -> Vec<f64> {
        let mut all = Vec::with_capacity(self.logits.len());
        for text in 0..self.len() {
            let row = self.row(text);
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let at = all.len();
            all.extend(row.iter().map(|&logit| libm::exp(f64::from(logit - top) / temperature)));
            let sum: f64 = all[at..].iter().sum();
            all[at..].iter_mut().for_each(|value| *value /= sum);
        }
        all
    }

    /// The texts with these numbers, in this order. Columns that are not there stay so.
    ///
    /// # Panics
    /// There is no text of such a number.
    #[must_use]
    pub fn select(&self, texts: &[usize]) -> Self {
        fn pick<T: Copy>(column: &[T], rows: usize, texts: &[usize]) -> Vec<T> {
            let width = column.len().checked_div(rows).unwrap_or(0);
            texts.iter().flat_map(|&text| &column[text * width..][..width]).copied().collect()
        }
        let rows = self.len();
        Self {
            labels: self.labels.clone(),
            unseen: self.unseen.clone(),
            gold: pick(&self.gold, rows, texts),
            logits: pick(&self.logits, rows, texts),
            features: pick(&self.features, rows, texts),
            hashes: pick(&self.hashes, rows, texts),
            words: pick(&self.words, rows, texts),
            unknown_words: pick(&self.unknown_words, rows, texts),
        }
    }

    /// The name of a gold number.
    pub fn gold_name(&self, gold: u32) -> &str {
        let index = gold as usize;
        let unseen = || self.unseen.get(index.checked_sub(self.classes())?);
        self.labels.get(index).or_else(unseen).map_or("out of scope", String::as_str)
    }
}
