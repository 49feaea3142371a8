//! A tokenizer, a model and its labels: all that turns texts into labels.

use super::{Dimensions, Model, Weights, WeightsError, build};
use crate::kernel::Kernels;
use crate::spec::ModelSpec;
use crate::text::{TokenIds, Tokenizer};

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

/// A tokenizer, a model and its labels.
pub struct Classifier {
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
        Ok(Self { tokenizer, labels, weights, model })
    }

    /// Predictions for encoded texts, in their order. Texts of like length share a batch.
    ///
    /// # Errors
    /// The model's output is not a number, or a tensor operation fails.
    pub fn predict(&self, texts: &[TokenIds]) -> candle_core::Result<Vec<Prediction>> {
        let kernels = Kernels::detect();
        let mut predictor = self.model.predictor(kernels, &self.weights);
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&text| texts[text].len());
        let mut predictions: Vec<Option<Prediction>> = vec![None; texts.len()];
        let mut rows = Vec::new();
        for part in order.chunks(INFERENCE_BATCH) {
            let batch: Vec<&TokenIds> = part.iter().map(|&text| &texts[text]).collect();
            predictor.logits(&batch, &mut rows)?;
            kernels.softmax(&mut rows, self.labels.len());
            // A label picked among NaNs would look like an answer.
            if !rows.iter().all(|probability| probability.is_finite()) {
                candle_core::bail!("the model's output is not a number: its training has diverged")
            }
            for (&text, row) in part.iter().zip(rows.chunks_exact(self.labels.len())) {
                predictions[text] = Some(Prediction { label: largest(row), probabilities: row.to_vec() });
            }
        }
        Ok(predictions.into_iter().flatten().collect())
    }
}

fn largest(values: &[f32]) -> usize {
    let better = |best: usize, next: usize| if values[next] > values[best] { next } else { best };
    (0..values.len()).reduce(better).unwrap_or(0)
}
