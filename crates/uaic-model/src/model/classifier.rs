//! A tokenizer, a model and its labels: all that turns texts into labels.

use std::collections::HashMap;

use super::architecture::{ModelSpec, build};
use super::contract::{Dimensions, Model, Observation, Predictor};
use super::error::{ModelError, WeightsError};
use super::weights::Weights;
use crate::text::{TokenIds, Tokenizer};
use uaic_eval::{OUT_OF_SCOPE, Predictions};
use uaic_kernel::Kernels;

/// Texts per forward pass of [`Classifier::predict`].
const INFERENCE_BATCH: usize = 64;

/// What a classifier says of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Number of the most probable label; the lowest of equals.
    pub label: usize,
    /// Probability of every label, `(C)`.
    pub probabilities: Vec<f32>,
}

/// Whether predictions keep the features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Features {
    /// They do.
    Keep,
    /// They leave them out.
    Omit,
}

/// A tokenizer, a model and its labels.
pub struct Classifier {
    /// What the model was built by.
    pub spec: ModelSpec,
    /// Texts to ids.
    pub tokenizer: Tokenizer,
    /// Label names by number, sorted.
    pub labels: Vec<String>,
    /// The model's tensors.
    pub weights: Weights,
    /// The model.
    pub model: Box<dyn Model>,
}

impl Classifier {
    /// A classifier with the given weights, new ones or loaded ones.
    ///
    /// # Errors
    /// Loaded weights do not fit the specification.
    pub fn new(
        spec: &ModelSpec,
        tokenizer: Tokenizer,
        labels: Vec<String>,
        mut weights: Weights,
    ) -> Result<Self, WeightsError> {
        let sizes = Dimensions {
            vocabulary: tokenizer.vocabulary_size(),
            ngrams: tokenizer.ngram_count(),
            classes: labels.len(),
        };
        let model = build(spec, sizes, &mut weights)?;
        weights.check_all_used()?;
        Ok(Self { spec: spec.clone(), tokenizer, labels, weights, model })
    }

    /// Predictions for encoded texts, in their order. Texts of like length share a batch.
    ///
    /// # Errors
    /// The model's output is not a number, or the model fails, which is a defect.
    pub fn predict(&self, texts: &[TokenIds]) -> Result<Vec<Prediction>, ModelError> {
        let kernels = Kernels::detect();
        let mut predictor = self.model.predictor(kernels, &self.weights);
        let order = by_length(texts);
        let mut predictions: Vec<Option<Prediction>> = vec![None; texts.len()];
        let mut rows = Vec::new();
        for part in order.chunks(INFERENCE_BATCH) {
            let batch: Vec<&TokenIds> = part.iter().map(|&text| &texts[text]).collect();
            predictor.logits(&batch, &mut rows)?;
            kernels.softmax(&mut rows, self.labels.len());
            check_finite(&rows)?;
            for (&text, row) in part.iter().zip(rows.chunks_exact(self.labels.len())) {
                predictions[text] = Some(Prediction { label: largest(row), probabilities: row.to_vec() });
            }
        }
        Ok(predictions.into_iter().flatten().collect())
    }

    /// The table of what the classifier says of texts with their labels, in their order; a text
    /// without a label has none of the classifier's intents. Words are counted as the model reads
    /// them.
    ///
    /// # Errors
    /// As [`Classifier::predict`].
    pub fn predictions<'a>(
        &self,
        texts: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        features: Features,
    ) -> Result<Predictions, ModelError> {
        let mut table = Predictions { labels: self.labels.clone(), ..Predictions::default() };
        let mut numbers: HashMap<&str, u32> = self.labels.iter().map(String::as_str).zip(0..).collect();
        let mut contents = Vec::new();
        for (text, label) in texts {
            let next = numbers.len() as u32;
            let gold = label.map(|label| *numbers.entry(label).or_insert(next));
            if gold == Some(next) {
                table.unseen.extend(label.map(ToOwned::to_owned));
            }
            table.gold.push(gold.unwrap_or(OUT_OF_SCOPE));
            table.hashes.push(text_hash(text));
            contents.push(text);
        }
        self.reader().read(&contents, features, &mut table)?;
        Ok(table)
    }

    /// The classifier, to be applied again and again.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            classifier: self,
            predictor: self.model.predictor(Kernels::detect(), &self.weights),
            seen: Observation::default(),
            encoded: Vec::new(),
        }
    }

    /// The tokens of a text as the model reads them, and how much each had a say in what it made of
    /// them (see [`Observation::shares`]); the weights sum to 1.
    ///
    /// # Errors
    /// The model fails, which is a defect.
    pub fn attention(&self, text: &str) -> Result<Vec<(String, f64)>, ModelError> {
        let mut seen = Observation::default();
        let mut predictor = self.model.predictor(Kernels::detect(), &self.weights);
        predictor.observe(&[&self.tokenizer.encode(text)], &mut seen)?;
        let shares = seen.shares.into_iter().flatten().map(f64::from);
        Ok(self.tokenizer.tokens(text).into_iter().zip(shares).collect())
    }
}

/// A classifier that reads texts, in memory that is reused from call to call.
pub struct Reader<'a> {
    classifier: &'a Classifier,
    predictor: Box<dyn Predictor + 'a>,
    seen: Observation,
    encoded: Vec<TokenIds>,
}

impl Reader<'_> {
    /// Fills in what a table says of texts besides their labels and hashes. Texts of like length share
    /// a forward pass.
    ///
    /// # Errors
    /// As [`Classifier::predict`].
    pub fn read<T: AsRef<str>>(
        &mut self,
        texts: &[T],
        features: Features,
        table: &mut Predictions,
    ) -> Result<(), ModelError> {
        self.encode(texts, table);
        let Self { predictor, seen, encoded, .. } = self;
        table.logits.clear();
        table.features.clear();
        for part in by_length(encoded).chunks(INFERENCE_BATCH) {
            let batch: Vec<&TokenIds> = part.iter().map(|&text| &encoded[text]).collect();
            predictor.observe(&batch, seen)?;
            check_finite(&seen.logits)?;
            place(part, texts.len(), &seen.logits, &mut table.logits);
            if features == Features::Keep {
                check_finite(&seen.features)?;
                place(part, texts.len(), &seen.features, &mut table.features);
            }
        }
        Ok(())
    }

    fn encode<T: AsRef<str>>(&mut self, texts: &[T], table: &mut Predictions) {
        let tokenizer = &self.classifier.tokenizer;
        self.encoded.clear();
        self.encoded.extend(texts.iter().map(|text| tokenizer.encode(text.as_ref())));
        table.words.clear();
        table.unknown_words.clear();
        for ids in &self.encoded {
            let (words, unknown) = tokenizer.count(ids);
            table.words.push(words as u32);
            table.unknown_words.push(unknown as u32);
        }
    }
}

/// The positions of texts by rising length, so that texts of like length are neighbours.
fn by_length(texts: &[TokenIds]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&text| texts[text].len());
    order
}

/// A label picked among NaNs would look like an answer.
fn check_finite(values: &[f32]) -> Result<(), ModelError> {
    if !values.iter().all(|value| value.is_finite()) {
        return Err(ModelError::NotFinite);
    }
    Ok(())
}

/// Puts the rows of some texts in their places among the rows of all `count` texts.
fn place(texts: &[usize], count: usize, rows: &[f32], table: &mut Vec<f32>) {
    let width = rows.len() / texts.len();
    table.resize(count * width, 0.0);
    for (&text, row) in texts.iter().zip(rows.chunks_exact(width)) {
        table[text * width..][..width].copy_from_slice(row);
    }
}

/// The first eight bytes of a text's BLAKE3 hash, little-endian.
pub fn text_hash(text: &str) -> u64 {
    let bytes = blake3::hash(text.as_bytes());
    bytes.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

fn largest(values: &[f32]) -> usize {
    let better = |best: usize, next: usize| if values[next] > values[best] { next } else { best };
    (0..values.len()).reduce(better).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RecurrentSpec;
    use crate::text::TextSpec;
    use uaic_kernel::rng::SeedTree;

    const TEXTS: [&str; 4] = ["show flights to oslo", "fare", "flights from rome to cairo please", ""];

    fn classifier() -> Classifier {
        let tokenizer =
            Tokenizer::build(["show flights to oslo", "fare of flights"], &TextSpec::default()).unwrap();
        let labels = vec!["fare".to_owned(), "flight".to_owned()];
        let spec = RecurrentSpec { embedding_dim: 6, hidden_dim: 5, ..RecurrentSpec::default() };
        let spec = ModelSpec::LstmAttention(spec);
        Classifier::new(&spec, tokenizer, labels, Weights::new(SeedTree::new(3))).unwrap()
    }

    #[test]
    fn a_table_of_predictions_says_what_single_predictions_say() {
        let classifier = classifier();
        let golds = [Some("flight"), Some("meal"), Some("flight"), None];
        let table = classifier.predictions(TEXTS.into_iter().zip(golds), Features::Keep).unwrap();
        assert_eq!(table.gold, [1, 2, 1, OUT_OF_SCOPE]);
        assert_eq!((&table.labels, &table.unseen[..]), (&classifier.labels, &["meal".to_owned()][..]));
        assert_eq!((&table.words[..], &table.unknown_words[..]), (&[4, 1, 6, 1][..], &[0, 0, 4, 1][..]));
        assert_eq!(table.hashes[1].to_le_bytes(), blake3::hash(b"fare").as_bytes()[..8]);
        let encoded = TEXTS.map(|text| classifier.tokenizer.encode(text));
        let single = classifier.predict(&encoded).unwrap();
        let all = table.probabilities(1.0);
        for (text, prediction) in single.iter().enumerate() {
            assert_eq!(prediction.label, table.predicted()[text]);
            for (class, p) in prediction.probabilities.iter().enumerate() {
                assert!((f64::from(*p) - all[text * 2 + class]).abs() < 1e-6);
            }
        }
        assert_eq!(table.features.len() % TEXTS.len(), 0);
        let without = classifier.predictions(TEXTS.into_iter().zip(golds), Features::Omit).unwrap();
        assert_eq!(without, Predictions { features: Vec::new(), ..table });
    }

    #[test]
    fn a_table_does_not_depend_on_what_texts_are_beside_one() {
        let classifier = classifier();
        let all = classifier.predictions(TEXTS.map(|text| (text, None)), Features::Keep).unwrap();
        let width = all.features.len() / TEXTS.len();
        for (row, text) in TEXTS.into_iter().enumerate() {
            let alone = classifier.predictions([(text, None)], Features::Keep).unwrap();
            assert!(alone.logits == all.row(row) && alone.features == all.features[row * width..][..width]);
        }
        let none = classifier.predictions([], Features::Keep).unwrap();
        assert!(none.is_empty() && none.logits.is_empty());
    }

    #[test]
    fn attention_names_the_tokens_as_the_model_reads_them() {
        let attention = classifier().attention("Flights to Rome").unwrap();
        let tokens: Vec<&str> = attention.iter().map(|(token, _)| token.as_str()).collect();
        assert_eq!(tokens, ["flights", "to", "rome"]);
        assert!((attention.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-6);
        assert_eq!(classifier().attention("").unwrap(), [("<unk>".to_owned(), 1.0)]);
    }
}
