//! Models: one trait, one registry, layers on candle.
//!
//! A batch is *packed* ([`Batch`]): only real tokens, step by step, longest text first. There is no
//! padding to mask, so a text's logits cannot depend on what it is batched with.
//!
//! candle's `softmax_last_dim` and `layer_norm` have no backward pass and drop gradients without a
//! word; the layers here use neither, and a test checks that every variable receives a gradient.

mod activation;
mod attention;
mod batch;
mod batch_norm;
mod classifier;
mod dropout;
mod linear;
mod lstm;
mod recurrent;
mod weights;

use candle_core::Tensor;
use rand::rngs::ChaCha8Rng;

pub use batch::Batch;
pub use classifier::{Classifier, Prediction};
pub use weights::{Weights, WeightsError};

use crate::spec::ModelSpec;

/// What a forward pass is for.
pub enum Mode<'a> {
    /// Training: dropout draws from this stream, batch statistics are used and tracked.
    Train(&'a mut ChaCha8Rng),
    /// Inference: no dropout, running statistics.
    Eval,
}

/// Something that gives logits to a batch of token ids.
pub trait Model: Send + Sync {
    /// Logits `(B, C)`, rows in the batch's order.
    ///
    /// # Errors
    /// A tensor operation fails (shapes that do not fit, which is a defect).
    fn forward(&self, batch: &Batch, mode: &mut Mode<'_>) -> candle_core::Result<Tensor>;
}

/// The sizes that the data decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Token ids, reserved ones included.
    pub vocabulary: usize,
    /// Classes.
    pub classes: usize,
}

type Build = fn(&ModelSpec, Dimensions, &mut Weights) -> candle_core::Result<Box<dyn Model>>;

/// Every architecture by name. Adding one is a file and a line here.
const REGISTRY: [(&str, Build); 2] =
    [("lstm", recurrent::lstm), ("lstm-attention", recurrent::lstm_attention)];

/// Builds the model that `spec` names, on new or loaded weights.
///
/// # Errors
/// An unknown architecture (a checked spec has none), or weights that do not fit.
pub fn build(
    spec: &ModelSpec,
    dimensions: Dimensions,
    weights: &mut Weights,
) -> candle_core::Result<Box<dyn Model>> {
    let entry = REGISTRY.iter().find(|(name, _)| *name == spec.architecture);
    let Some((_, build)) = entry else { candle_core::bail!("unknown architecture `{}`", spec.architecture) };
    build(spec, dimensions, weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;
    use crate::spec::ARCHITECTURES;

    #[test]
    fn the_registry_holds_what_specs_may_name() {
        assert_eq!(REGISTRY.map(|(name, _)| name), ARCHITECTURES);
    }

    fn small(architecture: &str, seed: u64) -> (Weights, Box<dyn Model>) {
        let spec = ModelSpec {
            architecture: architecture.to_owned(),
            embedding_dim: 6,
            hidden_dim: 5,
            dropout: 0.3,
        };
        let mut weights = Weights::new(SeedTree::new(seed));
        let model = build(&spec, Dimensions { vocabulary: 12, classes: 3 }, &mut weights).unwrap();
        (weights, model)
    }

    fn texts() -> Vec<Vec<u32>> {
        vec![vec![2, 3, 4], vec![5], vec![6, 7, 8, 9, 10, 11, 2], vec![3, 3, 1], vec![4, 5]]
    }

    #[test]
    fn every_trained_variable_receives_a_finite_non_zero_gradient() {
        for architecture in ARCHITECTURES {
            let (weights, model) = small(architecture, 1);
            let texts = texts();
            let batch = Batch::pack(texts.iter().map(Vec::as_slice));
            let mut rng = SeedTree::new(9).rng("dropout");
            let logits = model.forward(&batch, &mut Mode::Train(&mut rng)).unwrap();
            let target = Tensor::new(&[0_u32, 1, 2, 0, 1], logits.device()).unwrap();
            let loss = candle_nn::loss::cross_entropy(&logits, &target).unwrap();
            let gradients = loss.backward().unwrap();
            for (name, variable) in weights.trained() {
                let gradient =
                    gradients.get(variable).unwrap_or_else(|| panic!("{architecture}: {name} has none"));
                let values: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
                let norm: f32 = values.iter().map(|g| g * g).sum::<f32>().sqrt();
                assert!(norm.is_finite() && norm > 1e-6, "{architecture}: {name} has norm {norm}");
            }
        }
    }

    #[test]
    fn the_logits_of_a_text_do_not_depend_on_its_batch() {
        for architecture in ARCHITECTURES {
            let (_, model) = small(architecture, 2);
            let texts = texts();
            let logits = |texts: &[Vec<u32>]| {
                let batch = Batch::pack(texts.iter().map(Vec::as_slice));
                let rows: Vec<Vec<f32>> = model.forward(&batch, &mut Mode::Eval).unwrap().to_vec2().unwrap();
                batch.in_text_order(rows)
            };
            let together = logits(&texts);
            for (text, expected) in texts.iter().zip(&together) {
                let alone = logits(std::slice::from_ref(text)).remove(0);
                for (a, b) in alone.iter().zip(expected) {
                    assert!((a - b).abs() < 1e-5, "{architecture}: {a} and {b}");
                }
            }
        }
    }

    #[test]
    fn equal_seeds_give_equal_weights_and_others_do_not() {
        let bytes = |seed| small("lstm-attention", seed).0.to_safetensors().unwrap();
        assert_eq!(bytes(3), bytes(3));
        assert_ne!(bytes(3), bytes(4));
    }
}
