//! What a training is given, and what it gives.

use super::Example;
use super::scores::Scores;
use super::spec::TrainSpec;
use crate::model::{Classifier, ModelSpec, Pretrained};
use crate::text::TextSpec;
use uaic_kernel::rng::SeedTree;

/// One training: on what, how, from which seeds.
pub struct Task<'a> {
    /// How texts become ids.
    pub text: &'a TextSpec,
    /// What is trained.
    pub model: &'a ModelSpec,
    /// What its weights begin with, where the spec names a pretrained model.
    pub pretrained: Option<&'a Pretrained>,
    /// How.
    pub train: &'a TrainSpec,
    /// Passes over the training part (`train.epochs`, or `final.epochs`).
    pub epochs: u32,
    /// What is learned from: vocabulary, labels and weights.
    pub examples: &'a [&'a Example],
    /// Texts of no intent, which the weights learn from as well: neither vocabulary nor labels do.
    pub outside: &'a [&'a Example],
    /// What it is judged by after each epoch; may be empty.
    pub validation: &'a [&'a Example],
    /// Where weights, batches and dropout are drawn from.
    pub seeds: SeedTree,
    /// How many threads may share a step; they have no say in what comes out.
    pub threads: usize,
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochReport {
    /// From 1.
    pub epoch: u32,
    /// How many there will be at most.
    pub epochs: u32,
    /// Mean training loss over the epoch's examples.
    pub loss: f64,
    /// Learning rate of its last step.
    pub lr: f64,
    /// On the validation part, when there is one.
    pub validation: Option<Scores>,
}

/// What a watcher wants after an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next epoch.
    Continue,
    /// The end: somebody asked for it.
    Cancel,
}

/// A finished training.
pub struct Fitted {
    /// The trained classifier; after early stopping, as it was in its best epoch.
    pub classifier: Classifier,
    /// What `classifier` scores on the validation part, when there is one.
    pub validation: Option<Scores>,
}
