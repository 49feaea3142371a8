//! Training the convolutional network through candle's autograd.

use std::cmp::Reverse;

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor};
use rand::SeedableRng;

use super::input::Input;
use super::leaf::Leaf;
use super::network::{Cnn, Filters};
use crate::model::contract::Learner;
use crate::model::crew::Crew;
use crate::model::dropout::draw_mask;
use crate::model::error::ModelError;
use crate::model::gradients::Parts;
use crate::model::head::{HeadPass, HeadTape, Which};
use crate::model::weights::Weights;
use crate::text::{TokenIds, UNKNOWN};
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{Kernels, Row, Targets};

/// Texts per shard.
const SHARD: usize = 16;

pub(super) struct CnnLearner {
    network: Cnn,
    kernels: Kernels,
    crew: Crew,
    head: HeadTape,
    /// The last layer's weight.
    transposed: Vec<Row>,
}

/// Some texts of a batch, on their way through the network and back.
struct Shard<'a> {
    texts: Vec<&'a TokenIds>,
    rng: ChaCha8Rng,
    /// Gradients of the features, `(B, F)`.
    grad: Vec<f32>,
    passed: Result<Option<Passed>>,
    gradients: Result<Option<GradStore>>,
}

/// What a shard's forward pass leaves behind.
struct Passed {
    input: Input,
    /// `(B, F)`
    features: Tensor,
}

impl CnnLearner {
    pub(super) fn new(network: Cnn, kernels: Kernels, crew: Crew) -> Self {
        Self { network, kernels, crew, head: HeadTape::default(), transposed: Vec::new() }
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
        let Self { network, kernels, crew, head, transposed } = self;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&text| Reverse(texts[text].len()));
        let gold: Vec<usize> = order.iter().map(|&text| targets.gold[text]).collect();
        let mut shards: Vec<Shard<'_>> = order
            .chunks(SHARD)
            .map(|order| Shard::new(order.iter().map(|&text| texts[text]).collect(), rng))
            .collect();
        let filters = network.filters(weights.trained(), Leaf::Variable)?;
        crew.each(&mut shards, |shard| shard.forward(network, &filters, weights.trained()));
        let features = shards.iter_mut().map(Shard::features).collect::<Result<Vec<_>>>()?;
        head.take_features(features.iter().map(Vec::as_slice));
        network.head.transpose(weights.trained(), transposed);
        let targets = Targets { gold: &gold, ..targets };
        let pass = HeadPass { kernels: *kernels, which: Which::First, targets, transposed };
        let loss = network.head.learn(&pass, weights, rng, head);
        let mut grad = &head.grad[..];
        for (shard, features) in shards.iter_mut().zip(&features) {
            let (own, rest) = grad.split_at(features.len());
            shard.grad = own.to_vec();
            grad = rest;
        }
        crew.each(&mut shards, Shard::back);
        let mut parts = Parts::cut(weights, gradients);
        let mut tasks = Vec::new();
        network.head.tasks(head, &mut parts, &mut tasks);
        crew.each(&mut tasks, |task| task.run(*kernels));
        network.add_up(&filters, shards, &mut parts)?;
        Ok(loss)
    }
}

impl<'a> Shard<'a> {
    fn new(texts: Vec<&'a TokenIds>, rng: &mut ChaCha8Rng) -> Self {
        let rng = ChaCha8Rng::from_rng(rng);
        Self { texts, rng, grad: Vec::new(), passed: Ok(None), gradients: Ok(None) }
    }

    fn forward(&mut self, network: &Cnn, filters: &Filters, trained: &[f32]) {
        self.passed = self.run(network, filters, trained).map(Some);
    }

    fn run(&mut self, network: &Cnn, filters: &Filters, trained: &[f32]) -> Result<Passed> {
        let mut words: Vec<u32> = self.texts.iter().flat_map(|text| text.words()).copied().collect();
        if let Some(kept) = self.mask(network.word_dropout, words.len()) {
            for (word, kept) in words.iter_mut().zip(kept) {
                *word = if kept > 0.0 { *word } else { UNKNOWN };
            }
        }
        let mut input = Input::look_up(&network.tables, trained, &self.texts, &words, Leaf::Variable)?;
        input.mask = self.mask_of(network.dropout, (words.len(), network.tables.width))?;
        let features = network.forward(filters, &input)?.features;
        Ok(Passed { input, features })
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

    /// `(B · F)`; a failed forward pass fails here.
    fn features(&mut self) -> Result<Vec<f32>> {
        match std::mem::replace(&mut self.passed, Ok(None))? {
            None => Ok(Vec::new()),
            Some(passed) => {
                let features = passed.features.flatten_all()?.to_vec1();
                self.passed = Ok(Some(passed));
                features
            }
        }
    }

    /// From the gradients of the features to those of all leaves.
    fn back(&mut self) {
        let Ok(Some(Passed { features, .. })) = &self.passed else { return };
        let back = || {
            let grad = Tensor::from_slice(&self.grad, features.shape(), &Device::Cpu)?;
            (features * grad)?.sum_all()?.backward()
        };
        self.gradients = back().map(Some);
    }
}

impl Cnn {
    /// Adds up the gradients of all shards, in their order.
    fn add_up(&self, filters: &Filters, shards: Vec<Shard<'_>>, parts: &mut Parts<'_>) -> Result<()> {
        let mut back = Vec::with_capacity(shards.len());
        for shard in shards {
            back.extend(shard.passed?.zip(shard.gradients?));
        }
        for (slot, leaf) in filters.leaves(self) {
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
