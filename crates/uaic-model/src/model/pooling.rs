//! From the states of a text to one vector.

use super::batch::Batch;
use super::error::WeightsError;
use super::gradients::{Parts, Task};
use super::linear::{Linear, LinearTape};
use super::pass::Pass;
use super::spec::Pooling;
use super::weights::{Init, Slot, Weights};
use uaic_kernel::{Attended, Row};

/// The last state of each direction, a mean, a maximum, or what a learned query attends to.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    kind: Pooling,
    /// Values of a state.
    width: usize,
    /// Units of one direction.
    hidden: usize,
    /// `(F)`
    query: Option<Slot>,
}

/// What a step keeps of pooling.
#[derive(Default)]
pub(super) struct PoolTape {
    /// Which token had the largest value, `(B, F)`.
    largest: Vec<u32>,
    /// Weights of the tokens, `(N)`.
    shares: Vec<f32>,
    /// Scratch, `(N)`.
    slopes: Vec<f32>,
    /// Gradient of the query, `(F)`.
    grad_query: Vec<f32>,
}

impl Pool {
    pub(super) fn new(
        kind: Pooling,
        width: usize,
        hidden: usize,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let bound = 1.0 / (width as f64).sqrt();
        let learned = kind == Pooling::Attention;
        let query =
            learned.then(|| weights.plain("pooling.query", &[width], Init::Uniform(bound))).transpose()?;
        Ok(Self { kind, width, hidden, query })
    }

    /// For each direction and row, the token whose state is that direction's last one.
    fn last(
        &self,
        batch: &Batch,
        row: usize,
    ) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + use<> {
        let (hidden, tokens) = (self.hidden, batch.row(row));
        let ends = [tokens[tokens.len() - 1], tokens[0]];
        (0..self.width / hidden).map(move |number| (ends[number], number * hidden..(number + 1) * hidden))
    }

    /// Factor of the scores of a learned query.
    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// States `(N, F)` to `(B, F)`.
    pub(super) fn forward(
        &self,
        Pass { kernels, trained, batch }: Pass<'_>,
        states: &[f32],
        tape: &mut PoolTape,
        pooled: &mut Vec<f32>,
    ) {
        pooled.clear();
        pooled.resize(batch.len() * self.width, 0.0);
        tape.shares.resize(batch.tokens(), 0.0);
        tape.largest.resize(batch.len() * self.width, 0);
        for (row, pooled) in pooled.chunks_exact_mut(self.width).enumerate() {
            let tokens = batch.row(row);
            match self.kind {
                Pooling::Last => {
                    for (token, columns) in self.last(batch, row) {
                        pooled[columns.clone()].copy_from_slice(&states[token * self.width..][columns]);
                    }
                }
                Pooling::Mean => kernels.add_rows(states, tokens, 1.0 / tokens.len() as f32, pooled),
                Pooling::Max => {
                    let at = &mut tape.largest[row * self.width..][..self.width];
                    kernels.largest_rows(states, tokens, pooled, at);
                }
                Pooling::Attention => {
                    let query = self.query.as_ref().map_or(&[][..], |query| query.of(trained));
                    kernels.attend(states, tokens, query, self.scale(), &mut tape.shares, pooled);
                }
            }
        }
    }

    /// How much each token of a row had a say in what [`Pool::forward`] made of it; they sum to 1.
    ///
    /// Of a maximum it is the share of units that are largest at the token; of last states the share
    /// of units whose direction ends there.
    pub(super) fn shares(&self, batch: &Batch, row: usize, tape: &PoolTape, shares: &mut Vec<f32>) {
        let tokens = batch.row(row);
        shares.clear();
        shares.resize(tokens.len(), 0.0);
        let unit = 1.0 / self.width as f32;
        match self.kind {
            Pooling::Mean => shares.fill(1.0 / tokens.len() as f32),
            Pooling::Attention => pick(&tape.shares, tokens, shares),
            Pooling::Last => {
                for (token, units) in self.last(batch, row) {
                    let end = if token == tokens[0] { 0 } else { tokens.len() - 1 };
                    shares[end] += units.len() as f32 * unit;
                }
            }
            Pooling::Max => {
                let largest = &tape.largest[row * self.width..][..self.width];
                for (share, &token) in shares.iter_mut().zip(tokens) {
                    let units = largest.iter().filter(|&&largest| largest as usize == token).count();
                    *share = units as f32 * unit;
                }
            }
        }
    }

    /// Adds to the gradients of the states.
    pub(super) fn back(
        &self,
        Pass { kernels, trained, batch }: Pass<'_>,
        states: &[f32],
        tape: &mut PoolTape,
        grad: &[f32],
        grad_states: &mut [f32],
    ) {
        let PoolTape { largest, shares, slopes, grad_query } = tape;
        slopes.resize(batch.tokens(), 0.0);
        grad_query.clear();
        grad_query.resize(self.width, 0.0);
        for (row, grad) in grad.chunks_exact(self.width).enumerate() {
            let tokens = batch.row(row);
            match self.kind {
                Pooling::Last => {
                    for (token, columns) in self.last(batch, row) {
                        let to = &mut grad_states[token * self.width..][columns.clone()];
                        kernels.add_to(to, 1.0, &grad[columns]);
                    }
                }
                Pooling::Mean => kernels.spread_row(grad, tokens, 1.0 / tokens.len() as f32, grad_states),
                Pooling::Max => {
                    let at = &largest[row * self.width..][..self.width];
                    for (column, (grad, token)) in grad.iter().zip(at).enumerate() {
                        grad_states[*token as usize * self.width + column] += grad;
                    }
                }
                Pooling::Attention => {
                    let query = self.query.as_ref().map_or(&[][..], |query| query.of(trained));
                    let of = Attended { states, tokens, query, scale: self.scale(), shares, grad };
                    kernels.attend_back(of, slopes, grad_states, grad_query);
                }
            }
        }
    }

    pub(super) fn tasks<'a>(
        &self,
        tapes: impl Iterator<Item = &'a PoolTape>,
        parts: &mut Parts<'a>,
        tasks: &mut Vec<Task<'a>>,
    ) {
        let Some(query) = &self.query else { return };
        let terms = tapes.map(|tape| &tape.grad_query[..]).collect();
        tasks.push(Task::Sum { terms, sum: parts.take(query) });
    }
}

/// Single-head scaled dot-product self-attention, read by one query per text.
///
/// Of q·kᵀ and the mix of v only one row per text is used, so the projections of all positions
/// fold away: with u = q·Wk the scores are u·xᵀ, and Wv may be applied after the mix. A bias of k
/// adds the same to every score, which softmax cancels, and one of v is removed by the batch norm
/// that follows; neither would ever receive a gradient, so neither exists.
#[derive(Clone, Debug)]
pub(super) struct SelfAttention {
    width: usize,
    query: Linear,
    /// Wkᵀ: from a query to what is compared with the states.
    query_to_key: Linear,
    value: Linear,
}

/// What a step keeps of self-attention.
#[derive(Default)]
pub(super) struct AttentionTape {
    /// `(B, F)` each: what asks, q, u, and the mix.
    pub(super) asking: Vec<f32>,
    /// Gradients of what asks.
    pub(super) grad_asking: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    mixed: Vec<f32>,
    shares: Vec<f32>,
    slopes: Vec<f32>,
    grad_mixed: Vec<f32>,
    grad_key: Vec<f32>,
    grad_query: Vec<f32>,
    linear: [LinearTape; 3],
}

/// The transposed weights, which the backward pass reads.
#[derive(Default)]
pub(super) struct AttentionTransposed([Vec<Row>; 3]);

impl AttentionTape {
    /// The weights of a row's tokens, which sum to 1.
    pub(super) fn shares(&self, batch: &Batch, row: usize, shares: &mut Vec<f32>) {
        pick(&self.shares, batch.row(row), shares);
    }
}

/// The values of some tokens.
fn pick(values: &[f32], tokens: &[usize], picked: &mut Vec<f32>) {
    picked.clear();
    picked.extend(tokens.iter().map(|&token| values[token]));
}

impl SelfAttention {
    pub(super) fn new(width: usize, weights: &mut Weights) -> Result<Self, WeightsError> {
        Ok(Self {
            width,
            query: Linear::new("attention.query", width, width, weights)?,
            query_to_key: Linear::without_bias("attention.query_to_key", width, width, weights)?,
            value: Linear::without_bias("attention.value", width, width, weights)?,
        })
    }

    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// States `(N, F)` and `tape.asking` `(B, F)` to features `(B, F)`.
    pub(super) fn forward(
        &self,
        Pass { kernels, trained, batch }: Pass<'_>,
        states: &[f32],
        tape: &mut AttentionTape,
        features: &mut Vec<f32>,
    ) {
        let AttentionTape { asking, query, key, mixed, shares, .. } = tape;
        self.query.forward(kernels, trained, asking, query);
        self.query_to_key.forward(kernels, trained, query, key);
        mixed.resize(batch.len() * self.width, 0.0);
        shares.resize(batch.tokens(), 0.0);
        let rows = key.chunks_exact(self.width).zip(mixed.chunks_exact_mut(self.width));
        for (row, (key, mixed)) in rows.enumerate() {
            kernels.attend(states, batch.row(row), key, self.scale(), shares, mixed);
        }
        self.value.forward(kernels, trained, mixed, features);
    }

    pub(super) fn transpose(&self, trained: &[f32], transposed: &mut AttentionTransposed) {
        for (linear, transposed) in self.linears().into_iter().zip(&mut transposed.0) {
            linear.transpose(trained, transposed);
        }
    }

    /// Adds to the gradients of the states; those of what asked are in the tape afterwards.
    pub(super) fn back(
        &self,
        Pass { kernels, batch, .. }: Pass<'_>,
        transposed: &AttentionTransposed,
        states: &[f32],
        tape: &mut AttentionTape,
        grad: &[f32],
        grad_states: &mut [f32],
    ) {
        let AttentionTape {
            key, shares, slopes, grad_mixed, grad_key, grad_query, grad_asking, linear, ..
        } = tape;
        let [of_query, of_key, of_value] = linear;
        for grad in [&mut *grad_mixed, grad_key, grad_query, grad_asking] {
            grad.clear();
            grad.resize(batch.len() * self.width, 0.0);
        }
        slopes.resize(batch.tokens(), 0.0);
        self.value.back(kernels, &transposed.0[2], grad, of_value, grad_mixed);
        let rows = key.chunks_exact(self.width).zip(grad_key.chunks_exact_mut(self.width));
        for (row, (query, grad_query)) in rows.enumerate() {
            let grad = &grad_mixed[row * self.width..][..self.width];
            let tokens = batch.row(row);
            let of = Attended { states, tokens, query, scale: self.scale(), shares, grad };
            kernels.attend_back(of, slopes, grad_states, grad_query);
        }
        self.query_to_key.back(kernels, &transposed.0[1], grad_key, of_key, grad_query);
        self.query.back(kernels, &transposed.0[0], grad_query, of_query, grad_asking);
    }

    pub(super) fn tasks<'a>(
        &self,
        tapes: &[&'a AttentionTape],
        parts: &mut Parts<'a>,
        tasks: &mut Vec<Task<'a>>,
    ) {
        for (number, linear) in self.linears().into_iter().enumerate() {
            let applied = tapes.iter().map(|tape| {
                let inputs = [&tape.asking, &tape.query, &tape.mixed][number];
                (&inputs[..], &tape.linear[number])
            });
            linear.tasks(&applied.collect::<Vec<_>>(), parts, tasks);
        }
    }

    fn linears(&self) -> [&Linear; 3] {
        [&self.query, &self.query_to_key, &self.value]
    }
}
