//! One layer of BERT: self-attention and a feed-forward part, each with dropout, a residual
//! connection and a layer norm after it.

mod back;

use super::dense::{Applied, Dense, Rate};
use super::norm::{Bits, Norm, NormTape};
use super::texts::{Asks, Texts};
use super::{At, Sizes, Streams};
use crate::model::error::WeightsError;
use crate::model::weights::Source;
use crate::model::weights::Weights;
pub(super) use back::{Transposed, Wanted};
use uaic_kernel::{AttentionScratch, PANEL, Row, SelfAttention};

#[derive(Clone, Debug)]
pub(super) struct Layer {
    number: u64,
    width: usize,
    heads: usize,
    inner: usize,
    dropout: f64,
    attention_dropout: f64,
    query: Dense,
    key: Dense,
    value: Dense,
    attended: Dense,
    attended_norm: Norm,
    intermediate: Dense,
    output: Dense,
    output_norm: Norm,
}

/// What a step keeps of a layer, for one shard. R rows are computed, of N tokens.
#[derive(Default)]
pub(super) struct LayerTape {
    /// `[⌈H/64⌉][R][64]`, the inputs of the rows that are computed; empty when all are.
    picked: Vec<Row>,
    query: Vec<Row>,
    key: Vec<Row>,
    value: Vec<Row>,
    shares: Vec<f32>,
    share_bits: Bits,
    mixed: Vec<Row>,
    attended: NormTape,
    /// `[⌈I/64⌉][R][64]`: derivatives and values of GELU.
    slopes: Vec<Row>,
    activated: Vec<Row>,
    output: NormTape,
}

/// Memory for the backward passes of all layers, for one shard.
#[derive(Default)]
pub(super) struct LayerScratch {
    attention: AttentionScratch,
    grad_output: Vec<Row>,
    grad_inner: Vec<Row>,
    grad_attended: Vec<Row>,
    grad_mixed: Vec<Row>,
    grad_inputs: Vec<Row>,
}

/// A shard on its way through a layer.
pub(super) struct Step<'a> {
    pub(super) texts: &'a Texts,
    /// `[⌈H/64⌉][N][64]`
    pub(super) inputs: &'a [Row],
    pub(super) tape: &'a mut LayerTape,
    pub(super) scratch: &'a mut LayerScratch,
    /// Of the outputs on entry and of the inputs on return; unused forward.
    pub(super) grad: &'a mut Vec<Row>,
}

impl LayerTape {
    /// The states of the rows that are computed.
    pub(super) fn outputs(&self) -> &Vec<Row> {
        &self.output.outputs
    }

    pub(super) fn outputs_mut(&mut self) -> &mut Vec<Row> {
        &mut self.output.outputs
    }

    /// The mean over the heads of what the first token of each text gives to each token.
    pub(super) fn shares(&self, texts: &Texts, asks: Asks, heads: usize) -> Vec<Vec<f32>> {
        let mut first = 0;
        (0..texts.len())
            .map(|text| {
                let tokens = texts.tokens_of(text).len();
                let columns = tokens.next_multiple_of(uaic_kernel::LANES);
                let rows = if asks == Asks::First { 1 } else { tokens };
                let mut shares = vec![0.0; tokens];
                for head in 0..heads {
                    let row = &self.shares[first + head * rows * columns..][..tokens];
                    for (sum, share) in shares.iter_mut().zip(row) {
                        *sum += share;
                    }
                }
                first += heads * rows * columns;
                for share in &mut shares {
                    *share /= heads as f32;
                }
                shares
            })
            .collect()
    }
}

impl Step<'_> {
    /// What is added to the attention's output: the inputs of the rows that are computed.
    fn residual(&self) -> &[Row] {
        if self.tape.picked.is_empty() { self.inputs } else { &self.tape.picked }
    }
}

impl Layer {
    pub(super) fn new(
        number: usize,
        sizes: &Sizes,
        rate: Rate,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let name = |part: &str| format!("bert.encoder.layer.{number}.{part}");
        let (width, inner) = (sizes.width, sizes.inner);
        let mut dense = |part: &str, sizes| Dense::new(&name(part), sizes, rate, Source::Adapted, weights);
        let query = dense("attention.self.query", (width, width))?;
        let key = dense("attention.self.key", (width, width))?;
        let value = dense("attention.self.value", (width, width))?;
        let attended = dense("attention.output.dense", (width, width))?;
        let intermediate = dense("intermediate.dense", (width, inner))?;
        let output = dense("output.dense", (inner, width))?;
        let mut norm = |part: &str| Norm::new(&name(part), width, sizes.epsilon, rate, weights);
        Ok(Self {
            number: number as u64,
            width,
            heads: sizes.heads,
            inner,
            // What is not trained is applied as it is.
            dropout: if matches!(rate, Rate::Frozen) { 0.0 } else { sizes.dropout },
            attention_dropout: if matches!(rate, Rate::Frozen) { 0.0 } else { sizes.attention_dropout },
            query,
            key,
            value,
            attended,
            attended_norm: norm("attention.output")?,
            intermediate,
            output,
            output_norm: norm("output")?,
        })
    }

    /// All shards through the layer; outputs are in their tapes. Dropout needs streams to draw
    /// from.
    pub(super) fn forward(&self, at: At<'_>, steps: &mut [Step<'_>], asks: Asks, streams: Option<&Streams>) {
        at.crew.each(steps, |step| self.prepare(step, asks));
        self.project(at, steps);
        let mut numbered: Vec<_> = steps.iter_mut().zip(0_u64..).collect();
        at.crew.each(&mut numbered, |(step, shard)| {
            let site = |part| streams.map(|streams| streams.site(self.number * 3 + part, *shard));
            let asking = step.texts.asking(asks, self.heads, self.width);
            let LayerTape { query, key, value, shares, share_bits, mixed, attended, output, .. } = step.tape;
            let values = query.len() * PANEL;
            share_bits.draw(shares.len(), self.attention_dropout, site(1));
            attended.bits.draw(values, self.dropout, site(2));
            output.bits.draw(values, self.dropout, site(3));
            at.kernels.self_attention(SelfAttention {
                asking,
                query,
                key,
                value,
                mask: share_bits.mask(self.attention_dropout),
                shares,
                mixed,
                scratch: &mut step.scratch.attention,
            });
        });
        let mut jobs = Vec::new();
        let applied = steps.iter_mut().map(|step| Applied {
            rows: step.texts.rows(asks),
            x: &step.tape.mixed,
            y: &mut step.tape.attended.values,
            activated: None,
        });
        self.attended.forward(at, applied.collect(), &mut jobs);
        at.crew.run(jobs);
        at.crew.each(steps, |step| {
            // The tape lends its norm and its inputs at once.
            let mut tape = std::mem::take(&mut step.tape.attended);
            let (rows, residual) = (step.texts.rows(asks), step.residual());
            self.attended_norm.forward(at, rows, Some(residual), self.dropout, &mut tape);
            step.tape.attended = tape;
        });
        self.feed_forward(at, steps, asks);
    }

    fn feed_forward(&self, at: At<'_>, steps: &mut [Step<'_>], asks: Asks) {
        let mut jobs = Vec::new();
        let applied = steps.iter_mut().map(|step| {
            let LayerTape { attended, slopes, activated, .. } = &mut *step.tape;
            let (x, activated) = (&attended.outputs, Some(&mut activated[..]));
            Applied { rows: step.texts.rows(asks), x, y: slopes, activated }
        });
        self.intermediate.forward(at, applied.collect(), &mut jobs);
        at.crew.run(jobs);
        let mut jobs = Vec::new();
        let applied = steps.iter_mut().map(|step| {
            let LayerTape { activated, output, .. } = &mut *step.tape;
            Applied { rows: step.texts.rows(asks), x: activated, y: &mut output.values, activated: None }
        });
        self.output.forward(at, applied.collect(), &mut jobs);
        at.crew.run(jobs);
        at.crew.each(steps, |step| {
            let LayerTape { attended, output, .. } = &mut *step.tape;
            let rows = step.texts.rows(asks);
            self.output_norm.forward(at, rows, Some(&attended.outputs), self.dropout, output);
        });
    }

    /// Gives all buffers their sizes, and picks the rows that are computed when not all are.
    fn prepare(&self, step: &mut Step<'_>, asks: Asks) {
        let (texts, inputs, tape) = (step.texts, step.inputs, &mut *step.tape);
        let (rows, tokens) = (texts.rows(asks), texts.tokens());
        let panels = self.width.div_ceil(PANEL);
        for buffer in [&mut tape.key, &mut tape.value] {
            buffer.resize(panels * tokens, [0.0; PANEL]);
        }
        let LayerTape { picked, query, mixed, attended, output, .. } = tape;
        for buffer in [query, mixed, &mut attended.values, &mut output.values] {
            buffer.resize(panels * rows, [0.0; PANEL]);
        }
        for buffer in [&mut tape.slopes, &mut tape.activated] {
            buffer.resize(self.inner.div_ceil(PANEL) * rows, [0.0; PANEL]);
        }
        tape.shares.resize(texts.asking(asks, self.heads, self.width).shares(), 0.0);
        picked.clear();
        if asks == Asks::First {
            for panel in inputs.chunks_exact(tokens) {
                picked.extend((0..texts.len()).map(|text| panel[texts.tokens_of(text).start]));
            }
        }
    }

    /// Queries of the rows that are computed, keys and values of all.
    fn project(&self, at: At<'_>, steps: &mut [Step<'_>]) {
        let (mut queries, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for Step { texts, inputs, tape, .. } in steps {
            let LayerTape { picked, query, key, value, .. } = &mut **tape;
            let (rows, x) =
                if picked.is_empty() { (texts.tokens(), *inputs) } else { (texts.len(), &picked[..]) };
            queries.push(Applied { rows, x, y: query, activated: None });
            let rows = texts.tokens();
            keys.push(Applied { rows, x: inputs, y: key, activated: None });
            values.push(Applied { rows, x: inputs, y: value, activated: None });
        }
        let mut jobs = Vec::new();
        self.query.forward(at, queries, &mut jobs);
        self.key.forward(at, keys, &mut jobs);
        self.value.forward(at, values, &mut jobs);
        at.crew.run(jobs);
    }
}
