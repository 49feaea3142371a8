//! How a model is trained: the table `[train]` of a spec.

use serde::{Deserialize, Serialize};

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
