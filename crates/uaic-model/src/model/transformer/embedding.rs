//! From tokens to the first states: word + position + type, normalised.

use super::dense::{DEVIATION, Rate};
use super::norm::{Norm, NormTape};
use super::texts::Texts;
use super::{At, Sizes};
use crate::model::crew::Job;
use crate::model::error::WeightsError;
use crate::model::gradients::Parts;
use crate::model::weights::Weights;
use crate::model::weights::{Init, Parameter, Source, Wanted};
use uaic_kernel::{Kernels, PANEL, Row};

#[derive(Clone, Debug)]
pub(super) struct Embeddings {
    width: usize,
    /// `(V, H)`
    words: Parameter,
    /// `(P, H)`
    positions: Parameter,
    /// `(types, H)`, of which the first is used.
    types: Parameter,
    norm: Norm,
}

/// The embeddings of a shard, as they were applied and with the gradients of their sums.
#[derive(Clone, Copy)]
pub(super) struct Embedded<'a> {
    pub(super) texts: &'a Texts,
    pub(super) tape: &'a NormTape,
    /// `[⌈H/64⌉][N][64]`
    pub(super) grad: &'a [Row],
}

impl Embeddings {
    pub(super) fn new(sizes: &Sizes, rate: Rate, weights: &mut Weights) -> Result<Self, WeightsError> {
        let width = sizes.width;
        let mut table = |part: &str, rows: usize, training| {
            weights.parameter(&Wanted {
                name: &format!("bert.embeddings.{part}_embeddings.weight"),
                shape: &[rows, width],
                columns: None,
                init: Init::Normal(DEVIATION),
                training,
                source: Source::Adapted,
            })
        };
        Ok(Self {
            width,
            words: table("word", sizes.vocabulary, rate.table())?,
            positions: table("position", sizes.positions, rate.table())?,
            types: table("token_type", sizes.types, rate.table())?,
            norm: Norm::new("bert.embeddings", width, sizes.epsilon, rate, weights)?,
        })
    }

    /// Says which rows of the tables have gradients from now on.
    pub(super) fn activate<'a>(&self, texts: impl Iterator<Item = &'a Texts> + Clone, weights: &mut Weights) {
        let mut add = |table: &Parameter, rows: &mut dyn Iterator<Item = u32>| {
            if let Some(slot) = table.trained() {
                weights.activate(slot, rows);
            }
        };
        add(&self.words, &mut texts.clone().flat_map(|texts| texts.words.iter().copied()));
        add(&self.positions, &mut texts.flat_map(|texts| texts.positions.iter().copied()));
        add(&self.types, &mut std::iter::once(0));
    }

    /// The sums, normalised, in `tape.outputs`.
    pub(super) fn forward(&self, at: At<'_>, texts: &Texts, tape: &mut NormTape) {
        let tables = [&self.words, &self.positions].map(|table| table.of(at.weights));
        let types = &self.types.of(at.weights)[..self.width];
        let rows = texts.tokens();
        tape.values.resize(self.width.div_ceil(PANEL) * rows, [0.0; PANEL]);
        let places = texts.words.iter().zip(&texts.positions).enumerate();
        for (row, (&word, &position)) in places {
            let [word, position] = [(0, word), (1, position)]
                .map(|(table, at)| &tables[table][at as usize * self.width..][..self.width]);
            let parts = word.chunks(PANEL).zip(position.chunks(PANEL)).zip(types.chunks(PANEL));
            for (panel, ((word, position), kind)) in parts.enumerate() {
                let to = &mut tape.values[panel * rows + row];
                for (lane, to) in to.iter_mut().take(word.len()).enumerate() {
                    *to = word[lane] + position[lane] + kind[lane];
                }
                to[word.len()..].fill(0.0);
            }
        }
        self.norm.forward(at, rows, None, 0.0, tape);
    }

    /// `grad`, the gradients of the outputs, becomes that of the sums.
    pub(super) fn back(&self, at: At<'_>, tape: &mut NormTape, grad: &mut [Row]) {
        self.norm.back(at, tape, grad);
    }

    /// The gradients of the tables, whose rows that ever had some are overwritten, and of the norm.
    pub(super) fn gradients<'a, 'b: 'a>(
        &self,
        kernels: Kernels,
        weights: &'a Weights,
        shards: &[Embedded<'a>],
        parts: &mut Parts<'b>,
        jobs: &mut Vec<Job<'a>>,
    ) {
        let width = self.width;
        let mut add = |table: &Parameter, row_of: fn(&Texts, usize) -> usize| {
            let Some(slot) = table.trained() else { return };
            let (sums, active) = (parts.take(slot), weights.active(slot));
            let shards = shards.to_vec();
            jobs.push(Box::new(move || {
                for &row in active {
                    sums[row as usize * width..][..width].fill(0.0);
                }
                for Embedded { texts, grad, .. } in &shards {
                    let rows = texts.tokens();
                    for row in 0..rows {
                        let sum = &mut sums[row_of(texts, row) * width..][..width];
                        for (panel, sum) in sum.chunks_mut(PANEL).enumerate() {
                            kernels.add_to(sum, 1.0, &grad[panel * rows + row]);
                        }
                    }
                }
            }));
        };
        add(&self.words, |texts, row| texts.words[row] as usize);
        add(&self.positions, |texts, row| texts.positions[row] as usize);
        add(&self.types, |_, _| 0);
        let tapes: Vec<&NormTape> = shards.iter().map(|shard| shard.tape).collect();
        self.norm.gradients(kernels, &tapes, parts, jobs);
    }
}
