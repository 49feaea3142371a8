//! Texts on their way through the encoder.

use std::sync::Arc;

use super::frozen::TextStates;
use super::head::HeadTape;
use super::layer::{LayerScratch, LayerTape, Step};
use super::norm::NormTape;
use super::texts::{Asks, Texts, divide};
use super::{At, Encoder, Streams};
use crate::text::TokenIds;
use rand::Rng;
use uaic_kernel::{PANEL, Row};

/// Some texts of a batch with all that is computed of them, in memory that is reused.
#[derive(Default)]
pub(super) struct Shard {
    pub(super) texts: Texts,
    pub(super) embedding: NormTape,
    /// What the first layer that is run reads, `[⌈H/64⌉][N][64]`.
    inputs: Vec<Row>,
    /// A tape for each layer that is run, or one for all.
    tapes: Vec<LayerTape>,
    scratch: LayerScratch,
    pub(super) grad: Vec<Row>,
    pub(super) head: HeadTape,
}

/// Which tapes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Those of all layers, for a backward pass.
    All,
    /// That of the last layer.
    Last,
}

impl Shard {
    /// Divides texts into shards.
    pub(super) fn load(shards: &mut Vec<Self>, texts: &[&TokenIds], encoder: &Encoder) {
        let ranges = divide(texts.iter().map(|text| text.len()));
        shards.resize_with(ranges.len(), Self::default);
        for (shard, range) in shards.iter_mut().zip(ranges) {
            shard.texts.load(&texts[range], encoder.positions);
        }
    }

    /// Tokens to the inputs of the first layer.
    pub(super) fn embed(&mut self, at: At<'_>, encoder: &Encoder, streams: Option<&Streams>, number: u64) {
        let Self { texts, embedding, inputs, .. } = self;
        encoder.embeddings.forward(at, texts, embedding);
        std::mem::swap(inputs, &mut embedding.outputs);
        embedding.bits.draw(inputs.len() * PANEL, encoder.dropout, streams.map(|all| all.site(0, number)));
        if let Some(mask) = embedding.bits.mask(encoder.dropout) {
            at.kernels.drop_rows(inputs, mask);
        }
    }

    /// States of the frozen layers to the inputs of the next one, or to what the head reads.
    pub(super) fn recall(&mut self, states: &[Arc<TextStates>], is_pooled: bool) {
        let texts = &self.texts;
        let (to, rows) =
            if is_pooled { (&mut self.head.pooled, texts.len()) } else { (&mut self.inputs, texts.tokens()) };
        let panels = states.iter().map(|text| text.states.len()).sum::<usize>() / rows;
        to.clear();
        for panel in 0..panels {
            for text in states {
                let rows = text.states.len() / panels;
                to.extend_from_slice(&text.states[panel * rows..][..rows]);
            }
        }
    }

    /// The layer whose tape is at `number`, as one step of it.
    fn step(&mut self, number: usize) -> Step<'_> {
        if self.tapes.len() <= number {
            self.tapes.resize_with(number + 1, LayerTape::default);
        }
        let Self { texts, inputs, tapes, scratch, grad, .. } = self;
        let (before, tape) = tapes.split_at_mut(number);
        let inputs = before.last().map_or(&*inputs, LayerTape::outputs);
        Step { texts, inputs, tape: &mut tape[0], scratch, grad }
    }

    /// The states after the last of `count` layers that were run.
    pub(super) fn states(&self, count: usize, keep: Keep) -> &[Row] {
        match keep {
            Keep::All if count > 0 => self.tapes[count - 1].outputs(),
            _ => &self.inputs,
        }
    }

    /// What the first token of each text gives to each token, in the last layer that was run.
    pub(super) fn shares(&self, encoder: &Encoder, asks: Asks) -> Vec<Vec<f32>> {
        self.tapes.first().map_or_else(Vec::new, |tape| tape.shares(&self.texts, asks, encoder.heads))
    }
}

/// All shards through some layers.
pub(super) fn run(
    at: At<'_>,
    encoder: &Encoder,
    layers: std::ops::Range<usize>,
    shards: &mut [Shard],
    streams: Option<&Streams>,
    keep: Keep,
) {
    for (number, layer) in layers.clone().zip(&encoder.layers[layers]).enumerate() {
        let (number_of_all, layer) = layer;
        let place = if keep == Keep::All { number } else { 0 };
        let mut steps: Vec<Step<'_>> = shards.iter_mut().map(|shard| shard.step(place)).collect();
        layer.forward(at, &mut steps, encoder.asks(number_of_all), streams);
        if keep == Keep::Last {
            for shard in &mut *shards {
                std::mem::swap(&mut shard.inputs, shard.tapes[0].outputs_mut());
            }
        }
    }
}

/// The steps of the layer whose tape is at `number`.
pub(super) fn steps(shards: &mut [Shard], number: usize) -> Vec<Step<'_>> {
    shards.iter_mut().map(|shard| shard.step(number)).collect()
}

/// What the frozen layers make of texts: kept ones, and new ones, which are computed and kept.
pub(super) fn frozen_states(
    at: At<'_>,
    encoder: &Encoder,
    texts: &[&TokenIds],
    shards: &mut Vec<Shard>,
) -> Vec<Arc<TextStates>> {
    let key = |text: &TokenIds| encoder.key(text);
    let mut states: Vec<Option<Arc<TextStates>>> =
        texts.iter().map(|text| encoder.kept.as_ref().and_then(|kept| kept.get(&key(text)))).collect();
    let missing: Vec<usize> = (0..texts.len()).filter(|&text| states[text].is_none()).collect();
    let new: Vec<&TokenIds> = missing.iter().map(|&text| texts[text]).collect();
    Shard::load(shards, &new, encoder);
    let mut numbered: Vec<_> = shards.iter_mut().zip(0..).collect();
    at.crew.each(&mut numbered, |(shard, number)| shard.embed(at, encoder, None, *number));
    run(at, encoder, 0..encoder.frozen, shards, None, Keep::Last);
    let mut missing = missing.into_iter();
    for shard in shards {
        for (found, text) in encoder.states_of(shard).into_iter().zip(missing.by_ref()) {
            let found = Arc::new(found);
            if let Some(kept) = &encoder.kept {
                kept.keep(key(texts[text]), &found);
            }
            states[text] = Some(found);
        }
    }
    states.into_iter().flatten().collect()
}

impl Encoder {
    /// What there is to keep of each text of a shard that went through the frozen layers.
    fn states_of(&self, shard: &mut Shard) -> Vec<TextStates> {
        if !self.is_all_frozen() {
            let (texts, rows) = (&shard.texts, shard.texts.tokens());
            let of = |text: usize| {
                let panels = shard.inputs.chunks_exact(rows);
                panels.flat_map(|panel| &panel[texts.tokens_of(text)]).copied().collect()
            };
            return (0..texts.len())
                .map(|text| TextStates { states: of(text), shares: Vec::new() })
                .collect();
        }
        let asks = self.asks(self.frozen - 1);
        let mut attention = shard.shares(self, asks);
        let Shard { texts, inputs, head: tape, .. } = shard;
        self.head.pool(texts, inputs, asks, tape);
        let of = |text: usize| tape.pooled.iter().skip(text).step_by(texts.len()).copied().collect();
        (0..texts.len())
            .map(|text| {
                let shares = match asks {
                    Asks::First => std::mem::take(&mut attention[text]),
                    Asks::Every => self.head.shares(texts, text, tape),
                };
                TextStates { states: of(text), shares }
            })
            .collect()
    }
}

impl Streams {
    /// One step's streams, drawn from the training's.
    pub(super) fn new(rng: &mut uaic_kernel::rng::ChaCha8Rng) -> Self {
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        Self { key }
    }
}
