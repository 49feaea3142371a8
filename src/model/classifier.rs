//! A tokenizer, a model and its labels: all that turns texts into labels.

use candle_core::D;

use super::{Batch, Dimensions, Mode, Model, Weights, WeightsError, build};
use crate::spec::ModelSpec;
use crate::text::Tokenizer;

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
        let sizes = Dimensions { vocabulary: tokenizer.vocabulary_size(), classes: labels.len() };
        let model = build(spec, sizes, &mut weights)?;
        weights.check_all_used()?;
        Ok(Self { tokenizer, labels, weights, model })
    }

    /// Predictions for encoded texts, in their order. Texts of like length share a batch.
    ///
    /// # Errors
    /// The model's output is not a number, or a tensor operation fails.
    pub fn predict(&self, texts: &[Vec<u32>]) -> candle_core::Result<Vec<Prediction>> {
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&text| texts[text].len());
        let mut predictions: Vec<Option<Prediction>> = vec![None; texts.len()];
        for part in order.chunks(INFERENCE_BATCH) {
            let batch = Batch::pack(part.iter().map(|&text| texts[text].as_slice()));
            let logits = self.model.forward(&batch, &mut Mode::Eval)?;
            let rows = candle_nn::ops::softmax(&logits, D::Minus1)?.to_vec2::<f32>()?;
            // A label picked among NaNs would look like an answer.
            if !rows.iter().flatten().all(|probability| probability.is_finite()) {
                candle_core::bail!("the model's output is not a number: its training has diverged")
            }
            for (&text, probabilities) in part.iter().zip(batch.in_text_order(rows)) {
                predictions[text] = Some(Prediction { label: largest(&probabilities), probabilities });
            }
        }
        Ok(predictions.into_iter().flatten().collect())
    }
}

fn largest(values: &[f32]) -> usize {
    let better = |best: usize, next: usize| if values[next] > values[best] { next } else { best };
    (0..values.len()).reduce(better).unwrap_or(0)
}
