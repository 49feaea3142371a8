//! Gradients of all trained values, and the work of summing them up.

use std::ops::Range;

use super::batch::Batch;
use super::weights::{Slot, Weights};
use uaic_kernel::{Kernels, PANEL, Row, Start};

/// The gradients of all trained values, cut into those of single tensors.
pub(super) struct Parts<'a> {
    parts: Vec<(Range<usize>, Option<&'a mut [f32]>)>,
}

impl<'a> Parts<'a> {
    pub(super) fn cut(weights: &Weights, mut gradients: &'a mut [f32]) -> Self {
        let mut ranges: Vec<Range<usize>> = weights.slots().map(|(_, slot)| slot.range()).collect();
        ranges.sort_by_key(|range| range.start);
        let mut parts = Vec::with_capacity(ranges.len());
        for range in ranges {
            let (part, rest) = gradients.split_at_mut(range.len());
            parts.push((range, Some(part)));
            gradients = rest;
        }
        Self { parts }
    }

    /// The gradients of one tensor. Each can be taken once.
    pub(super) fn take(&mut self, slot: &Slot) -> &'a mut [f32] {
        let found = self.parts.iter_mut().find(|(range, _)| *range == slot.range());
        let part = found.and_then(|(_, part)| part.take());
        debug_assert!(part.is_some(), "the gradients of a tensor are wanted twice");
        part.unwrap_or_default()
    }

    /// As [`Parts::take`], as rows of panels.
    pub(super) fn take_rows(&mut self, slot: &Slot) -> &'a mut [Row] {
        self.take(slot).as_chunks_mut().0
    }
}

/// A part of the gradients that can be summed up apart from all others.
pub(super) enum Task<'a> {
    /// A panel of a matrix, and the biases added beside it.
    Panel { terms: Vec<Term<'a>>, weight: &'a mut [Row], biases: Vec<&'a mut Row> },
    /// A table of vectors, looked up by the words of some batches.
    Words { uses: Vec<Lookup<'a>>, table: &'a mut [f32] },
    /// A table of vectors, looked up by the n-grams of some batches.
    Ngrams { uses: Vec<Lookup<'a>>, table: &'a mut [f32] },
    /// A sum of what is there already.
    Sum { terms: Vec<&'a [f32]>, sum: &'a mut [f32] },
}

/// aᵀ · b
pub(super) struct Term<'a> {
    pub(super) a: &'a [f32],
    pub(super) a_stride: usize,
    pub(super) b: &'a [Row],
}

/// Gradients of what was looked up.
pub(super) struct Lookup<'a> {
    pub(super) batch: &'a Batch,
    /// The words as they were looked up, `(N)`.
    pub(super) words: &'a [u32],
    /// `(N, E)`
    pub(super) grad: &'a [f32],
}

impl Task<'_> {
    pub(super) fn run(&mut self, kernels: Kernels) {
        match self {
            Self::Panel { terms, weight, biases } => {
                let mut bias = [0.0; PANEL];
                let mut start = Start::Zero;
                for Term { a, a_stride, b } in terms {
                    kernels.multiply_transposed((a, *a_stride), b, start, weight);
                    start = Start::Kept;
                    if !biases.is_empty() {
                        kernels.add_up(b, &mut bias);
                    }
                }
                for sum in biases {
                    **sum = bias;
                }
            }
            Self::Words { uses, table } => {
                table.fill(0.0);
                for Lookup { words, grad, .. } in uses {
                    let width = grad.len() / words.len().max(1);
                    for (&word, grad) in words.iter().zip(grad.chunks_exact(width.max(1))) {
                        kernels.add_to(&mut table[word as usize * width..][..width], 1.0, grad);
                    }
                }
            }
            Self::Ngrams { uses, table } => {
                table.fill(0.0);
                for Lookup { batch, words, grad } in uses {
                    let width = grad.len() / words.len().max(1);
                    for (token, grad) in grad.chunks_exact(width.max(1)).enumerate() {
                        let ngrams = batch.ngrams(token);
                        let share = 1.0 / ngrams.len() as f32;
                        for &ngram in ngrams {
                            kernels.add_to(&mut table[ngram as usize * width..][..width], share, grad);
                        }
                    }
                }
            }
            Self::Sum { terms, sum } => {
                sum.fill(0.0);
                for term in terms {
                    kernels.add_to(sum, 1.0, term);
                }
            }
        }
    }
}
