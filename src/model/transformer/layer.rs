//! One layer of BERT: self-attention and a feed-forward part, each with dropout, a residual
//! connection and a layer norm after it.

use super::dense::{Applied, Back, Dense, Rate, Term, back};
use super::norm::{Bits, Norm, NormTape};
use super::texts::{Asks, Texts};
use super::{At, Sizes, Streams};
use crate::kernel::{AttentionScratch, PANEL, Row, SelfAttention, SelfAttentionBack, Start};
use crate::model::crew::Job;
use crate::model::gradients::Parts;
use crate::model::weights::Source;
use crate::model::{Weights, WeightsError};

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

/// The transposed weights of one layer, which the backward pass reads.
#[derive(Default)]
pub(super) struct Transposed([Vec<Row>; 6]);

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
                let columns = tokens.next_multiple_of(crate::kernel::LANES);
                let rows = if asks == Asks::First { 1 } else { tokens };
                let mut shares = vec![0.0; tokens];
                for head in 0..heads {
                    let row = &self.shares[first + head * rows * columns..][..tokens];
                    shares.iter_mut().zip(row).for_each(|(sum, share)| *sum += share);
                }
                first += heads * rows * columns;
                shares.iter_mut().for_each(|share| *share /= heads as f32);
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

    /// From gradients of the outputs to those of the inputs, if they are wanted, and of the weights.
    pub(super) fn back(
        &self,
        at: At<'_>,
        steps: &mut [Step<'_>],
        asks: Asks,
        wanted: Wanted,
        transposed: &mut Transposed,
        parts: &mut Parts<'_>,
    ) {
        self.begin_back(at, steps, wanted, transposed);
        self.feed_forward_back(at, steps, asks, transposed);
        self.attention_back(at, steps, asks, transposed);
        let mut grads: Vec<Vec<Row>> = steps.iter_mut().map(|step| std::mem::take(step.grad)).collect();
        let spare = steps.iter_mut().map(|step| std::mem::take(&mut step.scratch.grad_inputs));
        let mut all: Vec<Vec<Row>> = spare.collect();
        let mut jobs = Vec::new();
        if wanted == Wanted::Inputs {
            self.inputs_back(at, steps, asks, transposed, (&mut grads, &mut all), &mut jobs);
        }
        self.gradients(at, steps, asks, parts, &mut jobs);
        at.crew.run(jobs);
        for (step, (mut grad, mut all)) in steps.iter_mut().zip(grads.into_iter().zip(all)) {
            if asks == Asks::First && wanted == Wanted::Inputs {
                spread(step.texts, &grad, &mut all);
                std::mem::swap(&mut grad, &mut all);
            }
            (*step.grad, step.scratch.grad_inputs) = (grad, all);
        }
    }

    /// The transposed weights, and through the last norm.
    fn begin_back(&self, at: At<'_>, steps: &mut [Step<'_>], wanted: Wanted, transposed: &mut Transposed) {
        let mut jobs: Vec<Job<'_>> = Vec::new();
        let Transposed([query, key, value, attended, intermediate, output]) = transposed;
        let inner = [(&self.output, output), (&self.intermediate, intermediate), (&self.attended, attended)];
        let outer = [(&self.query, query), (&self.key, key), (&self.value, value)];
        for (dense, to) in inner.into_iter().chain(outer.into_iter().filter(|_| wanted == Wanted::Inputs)) {
            dense.transpose(at, to, &mut jobs);
        }
        for Step { tape, scratch, grad, .. } in steps {
            let (norm, dropout) = (&self.output_norm, self.dropout);
            jobs.push(Box::new(move || {
                norm_back(norm, at, &mut tape.output, dropout, grad, &mut scratch.grad_output);
            }));
        }
        at.crew.run(jobs);
    }

    /// Back to the gradients of what the attention's norm got, in `grad` and, dropped, in
    /// `grad_attended`.
    fn feed_forward_back(&self, at: At<'_>, steps: &mut [Step<'_>], asks: Asks, transposed: &Transposed) {
        let Transposed([.., intermediate, output]) = transposed;
        let mut jobs = Vec::new();
        let all = steps.iter_mut().map(|step| {
            let LayerScratch { grad_output, grad_inner, .. } = &mut *step.scratch;
            grad_inner.resize(step.tape.slopes.len(), [0.0; PANEL]);
            Back {
                rows: step.texts.rows(asks),
                terms: vec![(grad_output, output)],
                start: Start::Zero,
                grad_x: grad_inner,
                slopes: Some(&step.tape.slopes),
            }
        });
        back(at.kernels, all.collect(), &mut jobs);
        at.crew.run(jobs);
        let mut jobs = Vec::new();
        let all = steps.iter_mut().map(|step| Back {
            rows: step.texts.rows(asks),
            terms: vec![(&step.scratch.grad_inner, intermediate)],
            start: Start::Kept,
            grad_x: step.grad,
            slopes: None,
        });
        back(at.kernels, all.collect(), &mut jobs);
        at.crew.run(jobs);
        at.crew.each(steps, |Step { tape, scratch, grad, .. }| {
            let to = &mut scratch.grad_attended;
            norm_back(&self.attended_norm, at, &mut tape.attended, self.dropout, grad, to);
        });
    }

    /// Back to the gradients of queries, keys and values, in their places.
    fn attention_back(&self, at: At<'_>, steps: &mut [Step<'_>], asks: Asks, transposed: &Transposed) {
        let Transposed([_, _, _, attended, ..]) = transposed;
        let mut jobs = Vec::new();
        let all = steps.iter_mut().map(|step| {
            let LayerScratch { grad_attended, grad_mixed, .. } = &mut *step.scratch;
            grad_mixed.resize(grad_attended.len(), [0.0; PANEL]);
            Back {
                rows: step.texts.rows(asks),
                terms: vec![(grad_attended, attended)],
                start: Start::Zero,
                grad_x: grad_mixed,
                slopes: None,
            }
        });
        back(at.kernels, all.collect(), &mut jobs);
        at.crew.run(jobs);
        at.crew.each(steps, |Step { texts, tape, scratch, .. }| {
            let LayerTape { query, key, value, shares, share_bits, .. } = &mut **tape;
            let LayerScratch { attention, grad_mixed, .. } = &mut **scratch;
            at.kernels.self_attention_back(SelfAttentionBack {
                asking: texts.asking(asks, self.heads, self.width),
                mask: share_bits.mask(self.attention_dropout),
                shares,
                grad: grad_mixed,
                query,
                key,
                value,
                scratch: attention,
            });
        });
    }

    /// The gradients of the inputs: added to those of the rows that are computed, and of all when
    /// these are not.
    fn inputs_back<'a>(
        &self,
        at: At<'a>,
        steps: &'a [Step<'_>],
        asks: Asks,
        transposed: &'a Transposed,
        (grads, all): (&'a mut [Vec<Row>], &'a mut [Vec<Row>]),
        jobs: &mut Vec<Job<'a>>,
    ) {
        let Transposed([query, key, value, ..]) = transposed;
        let mut own = Vec::new();
        let mut others = Vec::new();
        for (Step { texts, tape, .. }, (grad, all)) in steps.iter().zip(grads.iter_mut().zip(all)) {
            let mut terms: Vec<(&[Row], &[Row])> = vec![(&tape.query, query)];
            let of_tokens: [(&[Row], &[Row]); 2] = [(&tape.key, key), (&tape.value, value)];
            if asks == Asks::Every {
                terms.extend(of_tokens);
            } else {
                all.resize(tape.key.len(), [0.0; PANEL]);
                let (rows, terms) = (texts.tokens(), of_tokens.to_vec());
                others.push(Back { rows, terms, start: Start::Zero, grad_x: all, slopes: None });
            }
            let rows = texts.rows(asks);
            own.push(Back { rows, terms, start: Start::Kept, grad_x: grad, slopes: None });
        }
        back(at.kernels, own, jobs);
        back(at.kernels, others, jobs);
    }

    /// The gradients of all weights.
    fn gradients<'a, 'b: 'a>(
        &self,
        at: At<'a>,
        steps: &'a [Step<'_>],
        asks: Asks,
        parts: &mut Parts<'b>,
        jobs: &mut Vec<Job<'a>>,
    ) {
        let mut add = |dense: &Dense, term: &dyn Fn(&'a Step<'_>) -> Term<'a>| {
            let terms: Vec<Term<'_>> = steps.iter().map(term).collect();
            dense.gradients(at.kernels, &terms, parts, jobs);
        };
        let rows = |step: &Step<'_>| step.texts.rows(asks);
        add(&self.output, &|step| Term {
            rows: rows(step),
            x: &step.tape.activated,
            grad: &step.scratch.grad_output,
        });
        add(&self.intermediate, &|step| Term {
            rows: rows(step),
            x: &step.tape.attended.outputs,
            grad: &step.scratch.grad_inner,
        });
        add(&self.attended, &|step| Term {
            rows: rows(step),
            x: &step.tape.mixed,
            grad: &step.scratch.grad_attended,
        });
        add(&self.query, &|step| Term { rows: rows(step), x: step.residual(), grad: &step.tape.query });
        let all = |step: &Step<'_>| step.texts.tokens();
        add(&self.key, &|step| Term { rows: all(step), x: step.inputs, grad: &step.tape.key });
        add(&self.value, &|step| Term { rows: all(step), x: step.inputs, grad: &step.tape.value });
        let tapes: Vec<&NormTape> = steps.iter().map(|step| &step.tape.attended).collect();
        self.attended_norm.gradients(at.kernels, &tapes, parts, jobs);
        let tapes: Vec<&NormTape> = steps.iter().map(|step| &step.tape.output).collect();
        self.output_norm.gradients(at.kernels, &tapes, parts, jobs);
    }
}

/// `grad`, of a norm's outputs, becomes that of its residual; `dropped` gets that of what was
/// dropped from.
fn norm_back(
    norm: &Norm,
    at: At<'_>,
    tape: &mut NormTape,
    dropout: f64,
    grad: &mut [Row],
    dropped: &mut Vec<Row>,
) {
    norm.back(at, tape, grad);
    dropped.clear();
    dropped.extend_from_slice(grad);
    if let Some(mask) = tape.bits.mask(dropout) {
        at.kernels.drop_rows(dropped, mask);
    }
}

/// Adds rows of the first tokens to those of all.
fn spread(texts: &Texts, firsts: &[Row], all: &mut [Row]) {
    let panels = firsts.chunks_exact(texts.len()).zip(all.chunks_exact_mut(texts.tokens()));
    for (firsts, all) in panels {
        for (text, first) in firsts.iter().enumerate() {
            let to = &mut all[texts.tokens_of(text).start];
            to.iter_mut().zip(first).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// Whether a layer's inputs need gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What is below is trained, too.
    Inputs,
    /// Nothing below is.
    Weights,
}
