//! Words and their n-grams as vectors.

use candle_core::{DType, Device, Result, Tensor};

use super::leaf::Leaf;
use crate::model::contract::Dimensions;
use crate::model::error::WeightsError;
use crate::model::weights::{Init, Slot, Weights};
use crate::text::TokenIds;

/// The tables of vectors with their places in some weights.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    /// Values of a vector, E.
    pub(super) width: usize,
    /// `(V, E)`
    pub(super) words: Slot,
    /// `(G, E)`
    pub(super) ngrams: Option<Slot>,
}

impl Tables {
    pub(super) fn new(
        width: usize,
        sizes: Dimensions,
        weights: &mut Weights,
    ) -> std::result::Result<Self, WeightsError> {
        let mut add = |name, rows| weights.plain(name, &[rows, width], Init::Normal(1.0));
        let words = add("embedding.weight", sizes.vocabulary)?;
        let ngrams = (sizes.ngrams > 0).then(|| add("ngrams.weight", sizes.ngrams)).transpose()?;
        Ok(Self { width, words, ngrams })
    }
}

/// The vectors of some texts, and how they lie in a padded batch.
///
/// Shapes: `B` texts, `T` steps (the longest text), `N` tokens in all, `E` values of a vector.
pub(super) struct Input {
    words: Rows,
    ngrams: Option<Ngrams>,
    /// Factors of the vectors, `(N, E)`, where some are dropped.
    pub(super) mask: Option<Tensor>,
    lengths: Vec<usize>,
}

/// The rows of a table that are looked up, each of them once.
struct Rows {
    /// Their numbers in the table, rising.
    ids: Vec<u32>,
    /// `(U, E)`
    leaf: Tensor,
    /// Which of them each use looks up.
    uses: Tensor,
}

/// The n-grams of all tokens.
struct Ngrams {
    rows: Rows,
    /// The token that each belongs to.
    tokens: Tensor,
    /// One by the number of n-grams of its token, `(M, 1)`.
    shares: Tensor,
}

impl Rows {
    fn look_up(uses: &[u32], table: &[f32], width: usize, leaf: Leaf) -> Result<Self> {
        let mut ids = uses.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let values: Vec<f32> =
            ids.iter().flat_map(|&id| &table[id as usize * width..][..width]).copied().collect();
        let leaf = leaf.tensor(&values, &[ids.len(), width])?;
        let places: Vec<u32> = uses.iter().map(|id| ids.partition_point(|own| own < id) as u32).collect();
        Ok(Self { ids, leaf, uses: Tensor::new(places, &Device::Cpu)? })
    }

    fn vectors(&self) -> Result<Tensor> {
        self.leaf.index_select(&self.uses, 0)
    }
}

impl Input {
    /// Looks up texts; `words` are those of all texts, one text after the other, as they are read.
    pub(super) fn look_up(
        tables: &Tables,
        trained: &[f32],
        texts: &[&TokenIds],
        words: &[u32],
        leaf: Leaf,
    ) -> Result<Self> {
        let look_up = |uses: &[u32], slot: &Slot| Rows::look_up(uses, slot.of(trained), tables.width, leaf);
        let (mut grams, mut tokens, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        let all = texts.iter().flat_map(|text| (0..text.len()).map(|token| text.ngrams(token)));
        for (token, own) in all.enumerate() {
            grams.extend_from_slice(own);
            tokens.extend(own.iter().map(|_| token as u32));
            shares.extend(own.iter().map(|_| 1.0 / own.len() as f32));
        }
        let ngrams = match &tables.ngrams {
            Some(table) if !grams.is_empty() => Some(Ngrams {
                rows: look_up(&grams, table)?,
                tokens: Tensor::new(tokens, &Device::Cpu)?,
                shares: Tensor::from_vec(shares, (grams.len(), 1), &Device::Cpu)?,
            }),
            _ => None,
        };
        let lengths = texts.iter().map(|text| text.len()).collect();
        Ok(Self { words: look_up(words, &tables.words)?, ngrams, mask: None, lengths })
    }

    /// Steps of the padded batch, T.
    pub(super) fn steps(&self) -> usize {
        self.lengths.iter().copied().max().unwrap_or(0)
    }

    /// `(B, E, before + T + after)`, zeros where there is no token.
    pub(super) fn vectors(&self, (before, after): (usize, usize)) -> Result<Tensor> {
        let mut vectors = self.words.vectors()?;
        if let Some(Ngrams { rows, tokens, shares }) = &self.ngrams {
            vectors = vectors.index_add(tokens, &rows.vectors()?.broadcast_mul(shares)?, 0)?;
        }
        if let Some(mask) = &self.mask {
            vectors = (vectors * mask)?;
        }
        let (tokens, width) = vectors.dims2()?;
        let padded = Tensor::cat(&[vectors, Tensor::zeros((1, width), DType::F32, &Device::Cpu)?], 0)?;
        let (steps, nothing) = (before + self.steps() + after, tokens as u32);
        let (mut places, mut first) = (Vec::with_capacity(self.lengths.len() * steps), 0);
        for &length in &self.lengths {
            let end = places.len() + steps;
            places.resize(places.len() + before, nothing);
            places.extend(first..first + length as u32);
            places.resize(end, nothing);
            first += length as u32;
        }
        let placed = padded.index_select(&Tensor::new(places, &Device::Cpu)?, 0)?;
        placed.reshape((self.lengths.len(), steps, width))?.transpose(1, 2)?.contiguous()
    }

    /// What filters found, `(B, filters, T)`, with −∞ where a text has ended.
    pub(super) fn unseen(&self, found: &Tensor) -> Result<Tensor> {
        let steps = self.steps();
        if self.lengths.iter().all(|&length| length == steps) {
            return Ok(found.clone());
        }
        let penalty = |length: usize, step: usize| if step < length { 0.0 } else { f32::NEG_INFINITY };
        let penalties: Vec<f32> = self
            .lengths
            .iter()
            .flat_map(|&length| (0..steps).map(move |step| penalty(length, step)))
            .collect();
        found.broadcast_add(&Tensor::from_vec(penalties, (self.lengths.len(), 1, steps), &Device::Cpu)?)
    }

    /// The rows of tables that were looked up: the leaf of each table, and the numbers of its rows.
    pub(super) fn words(&self) -> (&Tensor, &[u32]) {
        (&self.words.leaf, &self.words.ids)
    }

    /// As [`Input::words`].
    pub(super) fn ngrams(&self) -> Option<(&Tensor, &[u32])> {
        self.ngrams.as_ref().map(|ngrams| (&ngrams.rows.leaf, &ngrams.rows.ids[..]))
    }
}
