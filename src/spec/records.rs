//! The typed parts of a spec. `keys.rs` says which values of them are legal.

use serde::{Deserialize, Serialize};

use crate::trial::Direction;

/// `[experiment]`: a name that groups runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Groups studies and runs in the store.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
}

/// Everything that one training depends on besides its seed. The values of searched keys have
/// been put in by [`Spec::at`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSpec {
    /// `[data]`
    pub data: DataSpec,
    /// `[text]`
    #[serde(default)]
    pub text: TextSpec,
    /// `[model]`
    #[serde(default)]
    pub model: ModelSpec,
    /// `[train]`
    #[serde(default)]
    pub train: TrainSpec,
}

/// `[data]`: which texts, and how they are divided for validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// A name under `data/`, or the path of a folder with `train.tsv`.
    pub dataset: String,
    /// How trials are validated.
    #[serde(default)]
    pub validation: Validation,
    /// A split of texts of no intent that are trained on as such; none where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oos: Option<String>,
}

/// How a part of the training data is kept aside to judge a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Validation {
    /// Stratified k-fold cross-validation of the training split, k ≥ 2.
    Folds(u32),
    /// One stratified part of the training split, between 0 and 1.
    Fraction(f64),
    /// A split of its own, such as `dev`.
    Split(String),
}

impl Default for Validation {
    fn default() -> Self {
        Self::Folds(5)
    }
}

/// `[text]`: how a text becomes token ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextSpec {
    /// What texts are cut into.
    pub tokenizer: TokenizerKind,
    /// Lower-case everything (Unicode-aware).
    pub lowercase: bool,
    /// What becomes of digits.
    pub numbers: Numbers,
    /// What becomes of punctuation.
    pub punctuation: Punctuation,
    /// Words rarer than this in the training part are unknown.
    pub min_frequency: u32,
    /// Largest vocabulary, most frequent words first; 0 for no limit.
    pub max_vocabulary: u32,
    /// Longer texts are cut after this many tokens.
    pub max_length: u32,
    /// Buckets that the character n-grams of words are hashed into; 0 for no n-grams.
    pub ngrams: u32,
    /// Characters of the shortest n-grams, the marks at both ends of a word included.
    pub ngram_min: u32,
    /// Characters of the longest n-grams.
    pub ngram_max: u32,
}

impl Default for TextSpec {
    fn default() -> Self {
        Self {
            tokenizer: TokenizerKind::Words,
            lowercase: true,
            numbers: Numbers::Keep,
            punctuation: Punctuation::Keep,
            min_frequency: 1,
            max_vocabulary: 0,
            max_length: 128,
            ngrams: 2000,
            ngram_min: 3,
            ngram_max: 5,
        }
    }
}

/// What texts are cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenizerKind {
    /// Words, as the other keys of `[text]` say.
    Words,
    /// Pieces of words (Wu et al. 2016), learnt from the training part or those of a pretrained model.
    Wordpiece,
}

/// What becomes of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// Nothing: `747` is a word of its own.
    Keep,
    /// Each digit becomes `0`: `747` and `757` are both `000`.
    Shape,
    /// Each number becomes one common token.
    Mask,
    /// As `Mask`, but times of day (`8:30`, `5pm`, `838 am`) become a token of their own.
    Time,
}

/// What becomes of punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Punctuation {
    /// It stays a part of its word: `st.` is one token, and `o'hare` too.
    Keep,
    /// Each mark is a token of its own.
    Split,
    /// It separates words and is dropped.
    Drop,
}

/// `[model]`: an architecture with its own settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "kebab-case")]
pub enum ModelSpec {
    /// Embedding, LSTM, pooling.
    Lstm(RecurrentSpec),
    /// The same, and self-attention over the states.
    LstmAttention(RecurrentSpec),
    /// A transformer encoder (Devlin et al. 2019).
    Bert(BertSpec),
}

impl Default for ModelSpec {
    fn default() -> Self {
        Self::LstmAttention(RecurrentSpec::default())
    }
}

impl ModelSpec {
    /// An architecture with its default settings; `None` for a name of none.
    pub fn of(architecture: &str) -> Option<Self> {
        match architecture {
            "lstm" => Some(Self::Lstm(RecurrentSpec::default())),
            "lstm-attention" => Some(Self::LstmAttention(RecurrentSpec::default())),
            "bert" => Some(Self::Bert(BertSpec::default())),
            _ => None,
        }
    }

    /// The name of the architecture.
    pub fn architecture(&self) -> &'static str {
        match self {
            Self::Lstm(_) => "lstm",
            Self::LstmAttention(_) => "lstm-attention",
            Self::Bert(_) => "bert",
        }
    }

    /// The settings of a recurrent architecture; `None` for others.
    pub fn recurrent(&self) -> Option<&RecurrentSpec> {
        match self {
            Self::Lstm(spec) | Self::LstmAttention(spec) => Some(spec),
            Self::Bert(_) => None,
        }
    }

    /// The tokenizer that it is used with where a spec names none.
    pub fn default_tokenizer(&self) -> TokenizerKind {
        match self {
            Self::Lstm(_) | Self::LstmAttention(_) => TokenizerKind::Words,
            Self::Bert(_) => TokenizerKind::Wordpiece,
        }
    }
}

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

/// The poolings of an architecture.
pub fn poolings(architecture: &str) -> &'static [&'static str] {
    if architecture == "bert" { &["first", "mean", "max"] } else { &["last", "mean", "max", "attention"] }
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

/// `[train]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSpec {
    /// Passes over the training part.
    pub epochs: u32,
    /// Texts per step.
    pub batch_size: u32,
    /// The rule that turns gradients into steps.
    pub optimizer: Optimizer,
    /// Learning rate (its peak, under a schedule).
    pub lr: f64,
    /// L2 penalty added to the gradient (`adam`), or decoupled decay (`adamw`).
    pub weight_decay: f64,
    /// Factor of the learning rate from each layer to the one below it (Howard & Ruder 2018),
    /// 0 < d ≤ 1; only `bert` has layers that are told apart.
    pub layer_decay: f64,
    /// Largest gradient norm; 0 for no clipping.
    pub clip_norm: f64,
    /// How the learning rate changes over the training.
    pub schedule: Schedule,
    /// Share of all steps over which the rate first rises linearly from 0.
    pub warmup: f64,
    /// With `schedule = "step"`: epochs between two reductions.
    pub step_epochs: u32,
    /// With `schedule = "step"`: factor of each reduction.
    pub step_factor: f64,
    /// Probability taken from the right class and spread over all, 0 ≤ ε < 1.
    pub label_smoothing: f64,
    /// How classes are weighted in the loss.
    pub class_weights: ClassWeights,
    /// With `data.oos`: what its texts weigh together, as a share of all texts with an intent; 0 keeps
    /// them from the weights, so that only a detector learns from them.
    pub oos_weight: f64,
    /// Share that a moving average of the weights keeps of itself at each step, 0 ≤ a < 1; the
    /// average is what is validated and kept. 0: the weights of the last step. The default does
    /// better than none in cross-validation, in short trainings and in long ones.
    pub average: f64,
    /// Stop when validation loss has not improved for this many epochs; 0 for never.
    pub patience: u32,
}

impl Default for TrainSpec {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 32,
            optimizer: Optimizer::Adam,
            lr: 2e-3,
            weight_decay: 0.0,
            layer_decay: 1.0,
            clip_norm: 0.0,
            schedule: Schedule::Constant,
            warmup: 0.0,
            step_epochs: 10,
            step_factor: 0.1,
            label_smoothing: 0.0,
            class_weights: ClassWeights::None,
            oos_weight: 0.05,
            average: 0.99,
            patience: 0,
        }
    }
}

/// The rule that turns gradients into steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Kingma & Ba 2015, with weight decay as an L2 penalty (what PyTorch calls `Adam`).
    Adam,
    /// Loshchilov & Hutter 2019: weight decay apart from the gradient.
    #[serde(rename = "adamw")]
    AdamW,
}

/// How the learning rate changes over a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Not at all.
    Constant,
    /// Multiplied by `step_factor` every `step_epochs` epochs.
    Step,
    /// Half a cosine down to 0.
    Cosine,
    /// A straight line down to 0.
    Linear,
}

/// How classes are weighted in the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// All alike.
    None,
    /// Inversely to their frequency, mean 1 over the examples.
    Balanced,
    /// Inversely to the square root of their frequency, mean 1 over the examples.
    Sqrt,
}

/// `[study]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StudySpec {
    /// A registered sampler: `auto`, `gp`, `tpe` or `random`.
    pub sampler: String,
    /// How many trials there will be in all.
    pub trials: u32,
    /// How many trials may be pending at once. Part of the spec, not of the machine: it decides
    /// what each proposal may know.
    pub parallel: u32,
    /// The root of the seed tree.
    pub seed: u64,
    /// The metric to optimise; see [`METRICS`].
    pub metric: String,
    /// Which end of it is better.
    pub direction: Direction,
}

impl Default for StudySpec {
    fn default() -> Self {
        Self {
            sampler: "tpe".to_owned(),
            trials: 20,
            parallel: 4,
            seed: 42,
            metric: "val/accuracy".to_owned(),
            direction: Direction::Maximize,
        }
    }
}

/// Metrics that a study may optimise.
pub const METRICS: [&str; 4] = ["val/accuracy", "val/f1_macro", "val/f1_weighted", "val/loss"];

/// Registered architectures; `model` builds each of them.
pub const ARCHITECTURES: [&str; 3] = ["lstm", "lstm-attention", "bert"];

/// Registered samplers; `study::sampler` builds each of them.
pub const SAMPLERS: [&str; 4] = ["auto", "gp", "random", "tpe"];

/// `[final]`: retraining on all training data, then one look at the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinalSpec {
    /// Passes over all training data; 0 leaves the final stage out.
    pub epochs: u32,
}

impl Default for FinalSpec {
    fn default() -> Self {
        Self { epochs: 30 }
    }
}
