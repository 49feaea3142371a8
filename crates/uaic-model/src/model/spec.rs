//! The settings of each architecture: the keys of `[model]` in a spec.

use serde::{Deserialize, Serialize};

/// `[model]` of the recurrent architectures. The defaults are what cross-validation of small sets of
/// short texts found best; `experiments/README.md` has the figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecurrentSpec {
    /// Width of the word vectors.
    pub embedding_dim: u32,
    /// Width of the recurrent state.
    pub hidden_dim: u32,
    /// Recurrent layers on top of each other.
    pub layers: u32,
    /// Read each text from its end as well.
    pub bidirectional: bool,
    /// How the states of a text become one vector: its features, or what asks for attention.
    pub pooling: Pooling,
    /// Share of words read as unknown in training, 0 ≤ p < 1; their n-grams stay.
    pub word_dropout: f64,
    /// Share of the values dropped in training before each recurrent layer, 0 ≤ p < 1.
    pub dropout: f64,
    /// Share of the features dropped in training before the last layer, 0 ≤ p < 1.
    pub head_dropout: f64,
    /// How far the word vectors of each text are moved against the model in training (adversarial
    /// training, Miyato et al. 2017), which doubles the time; 0: not at all.
    pub adversarial: f64,
}

impl Default for RecurrentSpec {
    fn default() -> Self {
        Self {
            embedding_dim: 64,
            hidden_dim: 64,
            layers: 1,
            bidirectional: true,
            pooling: Pooling::Max,
            word_dropout: 0.05,
            dropout: 0.4,
            head_dropout: 0.0,
            adversarial: 1.0,
        }
    }
}

/// `[model]` of architecture `cnn` (Kim 2014): filters over neighbouring words, each of which gives the
/// largest value that it finds in a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CnnSpec {
    /// Width of the word vectors.
    pub embedding_dim: u32,
    /// Filters of each width.
    pub filters: u32,
    /// Neighbouring words that the narrowest filters look at.
    pub width_min: u32,
    /// Neighbouring words that the widest filters look at; there are filters of every width between.
    pub width_max: u32,
    /// Share of words read as unknown in training, 0 ≤ p < 1; their n-grams stay.
    pub word_dropout: f64,
    /// Share of the values of word vectors dropped in training, 0 ≤ p < 1.
    pub dropout: f64,
    /// Share of the features dropped in training before the last layer, 0 ≤ p < 1.
    pub head_dropout: f64,
}

impl Default for CnnSpec {
    fn default() -> Self {
        Self {
            embedding_dim: 64,
            filters: 64,
            width_min: 1,
            width_max: 3,
            word_dropout: 0.05,
            dropout: 0.2,
            head_dropout: 0.5,
        }
    }
}

/// `[model]` of architecture `bert` (Devlin et al. 2019).
///
/// With a pretrained folder the sizes are the folder's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BertSpec {
    /// The folder of a Hugging Face model to begin with; empty: random weights.
    pub pretrained: String,
    /// Width of the states, H.
    pub hidden_dim: u32,
    /// Transformer layers on top of each other.
    pub layers: u32,
    /// Attention heads of a layer; they divide its width.
    pub heads: u32,
    /// Width inside the feed-forward part of a layer.
    pub intermediate_dim: u32,
    /// How the states of a text become one vector, its features.
    pub pooling: BertPooling,
    /// Share of the values dropped in training after the embeddings, the attention and the
    /// feed-forward part, 0 ≤ p < 1.
    pub dropout: f64,
    /// Share of the attention weights dropped in training, 0 ≤ p < 1.
    pub attention_dropout: f64,
    /// Share of the features dropped in training before the last layer, 0 ≤ p < 1.
    pub head_dropout: f64,
    /// Whether the embeddings stay as they are.
    pub frozen_embeddings: bool,
    /// How many of the lowest layers, and the embeddings with them, stay as they are.
    pub frozen_layers: u32,
    /// Rows of the position table: the longest text.
    #[serde(skip_serializing_if = "is_usual_positions")]
    pub positions: u32,
    /// Rows of the type table; every token here is of the first type.
    #[serde(skip_serializing_if = "is_usual_types")]
    pub token_types: u32,
    /// What keeps a layer norm from dividing by 0.
    #[serde(skip_serializing_if = "is_usual_epsilon")]
    pub layer_norm_epsilon: f64,
}

impl Default for BertSpec {
    fn default() -> Self {
        Self {
            pretrained: String::new(),
            hidden_dim: 128,
            layers: 2,
            heads: 4,
            intermediate_dim: 512,
            pooling: BertPooling::First,
            dropout: 0.1,
            attention_dropout: 0.1,
            head_dropout: 0.1,
            frozen_embeddings: false,
            frozen_layers: 0,
            positions: USUAL_POSITIONS,
            token_types: USUAL_TYPES,
            layer_norm_epsilon: USUAL_EPSILON,
        }
    }
}

// No keys of a spec: a folder may say otherwise, and only then are they written down.
const USUAL_POSITIONS: u32 = 512;
const USUAL_TYPES: u32 = 2;
const USUAL_EPSILON: f64 = 1e-12;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
fn is_usual_positions(positions: &u32) -> bool {
    *positions == USUAL_POSITIONS
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
fn is_usual_types(types: &u32) -> bool {
    *types == USUAL_TYPES
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
fn is_usual_epsilon(epsilon: &f64) -> bool {
    epsilon.to_bits() == USUAL_EPSILON.to_bits()
}

/// How the states of a text become one vector in `bert`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BertPooling {
    /// The state of the first token (`[CLS]`), through a layer with tanh.
    First,
    /// The mean of the states.
    Mean,
    /// The largest value of each feature.
    Max,
}

/// How the states of a text become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The last state; that of a reverse direction is at the first word.
    Last,
    /// The mean.
    Mean,
    /// The largest value of each feature.
    Max,
    /// A mean weighted by how well each state answers a learned query.
    Attention,
}
