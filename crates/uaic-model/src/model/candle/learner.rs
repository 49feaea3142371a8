//! Training the convolutional network through candle's autograd.

use std::cmp::Reverse;

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;

use super::input::Input;
use super::leaf::Leaf;
use super::network::{Cnn, Layers};
use crate::model::contract::Learner;
use crate::model::crew::Crew;
use crate::model::dropout::draw_mask;
use crate::model::error::ModelError;
use crate::model::gradients::Parts;
use crate::model::weights::Weights;
use crate::text::{TokenIds, UNKNOWN};
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{Kernels, Targets};

/// Texts per shard.
const SHARD: usize = 16;

pub(super) struct CnnLearner {
    network: Cnn,
    kernels: Kernels,
    crew: Crew,
}

/// Some texts of a batch, on their way through the network and back.
struct Shard<'a> {
    texts: Vec<&'a TokenIds>,
    rng: ChaCha8Rng,
    /// Gradients of the logits, `(B, C)`.
    grad: Vec<f32>,
    passed: Result<Option<Passed>>,
    gradients: Result<Option<GradStore>>,
}

/// What a shard's forward pass leaves behind.
struct Passed {
    input: Input,
    logits: Tensor,
}

impl CnnLearner {
    pub(super) fn new(network: Cnn, kernels: Kernels, crew: Crew) -> Self {
        Self { network, kernels, crew }
    }
}

impl Learner for CnnLearner {
    fn learn(
        &mut self,
        weights: &mut Weights,
        texts: &[&TokenIds],
        targets: Targets<'_>,
        rng: &mut ChaCha8Rng,
        gradients: &mut [f32],
    ) -> std::result::Result<f64, ModelError> {
        let Self { network, kernels, crew } = self;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&text| Reverse(texts[text].len()));
        let gold: Vec<usize> = order.iter().map(|&text| targets.gold[text]).collect();
        let mut shards: Vec<Shard<'_>> = order
            .chunks(SHARD)
            .map(|order| Shard::new(order.iter().map(|&text| texts[text]).collect(), rng))
            .collect();
        let layers = network.layers(weights.trained(), Leaf::Variable)?;
        crew.each(&mut shards, |shard| shard.forward(network, &layers, weights.trained()));
        let mut logits = Vec::with_capacity(texts.len() * network.classes);
        for shard in &mut shards {
            logits.extend(shard.logits()?);
        }
        let loss = kernels.cross_entropy(&mut logits, Targets { gold: &gold, ..targets });
        let mut grad = logits.chunks(SHARD * network.classes);
        for shard in &mut shards {
            shard.grad = grad.next().unwrap_or_default().to_vec();
        }
        crew.each(&mut shards, Shard::back);
        let mut parts = Parts::cut(weights, gradients);
        network.add_up(&layers, shards, &mut parts)?;
        Ok(loss)
    }
}

impl<'a> Shard<'a> {
    fn new(texts: Vec<&'a TokenIds>, rng: &mut ChaCha8Rng) -> Self {
        let rng = ChaCha8Rng::from_rng(rng);
        Self { texts, rng, grad: Vec::new(), passed: Ok(None), gradients: Ok(None) }
    }

    fn forward(&mut self, network: &Cnn, layers: &Layers, trained: &[f32]) {
        self.passed = self.run(network, layers, trained).map(Some);
    }

    fn run(&mut self, network: &Cnn, layers: &Layers, trained: &[f32]) -> Result<Passed> {
        let mut words: Vec<u32> = self.texts.iter().flat_map(|text| text.words()).copied().collect();
        if let Some(kept) = self.mask(network.word_dropout, words.len()) {
            for (word, kept) in words.iter_mut().zip(kept) {
                *word = if kept > 0.0 { *word } else { UNKNOWN };
            }
        }
        let mut input = Input::look_up(&network.tables, trained, &self.texts, &words, Leaf::Variable)?;
        input.mask = self.mask_of(network.dropout, (words.len(), network.tables.width))?;
        let mask = self.mask_of(network.head_dropout, (self.texts.len(), network.width()))?;
        let found = network.forward(layers, &input, mask.as_ref())?;
        Ok(Passed { input, logits: found.logits })
    }

    /// Factors that drop a share of some values; `None` where none are dropped.
    fn mask(&mut self, share: f64, count: usize) -> Option<Vec<f32>> {
        let mut mask = Vec::new();
        (share > 0.0).then(|| {
            draw_mask(share, count, &mut self.rng, &mut mask);
            mask
        })
    }

    fn mask_of(&mut self, share: f64, shape: (usize, usize)) -> Result<Option<Tensor>> {
        let mask = self.mask(share, shape.0 * shape.1);
        mask.map(|mask| Tensor::from_vec(mask, shape, &Device::Cpu)).transpose()
    }

    /// `(B · C)`; a failed forward pass fails here.
    fn logits(&mut self) -> Result<Vec<f32>> {
        match std::mem::replace(&mut self.passed, Ok(None))? {
            None => Ok(Vec::new()),
            Some(passed) => {
                let logits = passed.logits.flatten_all()?.to_vec1();
                self.passed = Ok(Some(passed));
                logits
            }
        }
    }

    /// From the gradients of the logits to those of all leaves.
    fn back(&mut self) {
        let Ok(Some(Passed { logits, .. })) = &self.passed else { return };
        let back = || {
            let grad = Tensor::from_slice(&self.grad, logits.shape(), &Device::Cpu)?;
            (logits * grad)?.sum_all()?.backward()
        };
        self.gradients = back().map(Some);
    }
}

impl Cnn {
    /// Adds up the gradients of all shards, in their order.
    fn add_up(&self, layers: &Layers, shards: Vec<Shard<'_>>, parts: &mut Parts<'_>) -> Result<()> {
        let mut back = Vec::with_capacity(shards.len());
        for shard in shards {
            back.extend(shard.passed?.zip(shard.gradients?));
        }
        for (slot, leaf) in layers.leaves(self) {
            let sum = parts.take(slot);
            sum.fill(0.0);
            for gradient in back.iter().filter_map(|(_, gradients)| gradients.get(leaf)) {
                add(sum, &gradient.flatten_all()?.to_vec1::<f32>()?);
            }
        }
        add_rows(parts.take(&self.tables.words), back.iter().map(|(own, of)| (Some(own.input.words()), of)))?;
        if let Some(table) = &self.tables.ngrams {
            add_rows(parts.take(table), back.iter().map(|(own, of)| (own.input.ngrams(), of)))?;
        }
        Ok(())
    }
}

/// Adds up the gradients of a table, of the rows that each shard has looked up.
fn add_rows<'a>(
    sum: &mut [f32],
    shards: impl Iterator<Item = (Option<(&'a Tensor, &'a [u32])>, &'a GradStore)>,
) -> Result<()> {
    sum.fill(0.0);
    for (looked_up, gradients) in shards {
        let Some((leaf, rows)) = looked_up else { continue };
        let Some(gradient) = gradients.get(leaf) else { continue };
        let width = gradient.dim(1)?;
        let values: Vec<f32> = gradient.flatten_all()?.to_vec1()?;
        for (&row, values) in rows.iter().zip(values.chunks_exact(width)) {
            add(&mut sum[row as usize * width..][..width], values);
        }
    }
    Ok(())
}

fn add(sum: &mut [f32], values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}
