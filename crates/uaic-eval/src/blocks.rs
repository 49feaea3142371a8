//! Scores sorted once, equal ones together, so that no figure depends on the order of rows and a
//! resample is nothing but other weights.

use std::ops::Range;

use super::Undefined;

/// Examples in order of falling score, as blocks of equal scores.
pub(super) struct Blocks {
    /// The number of each example.
    pub(super) rows: Vec<u32>,
    pub(super) blocks: Vec<Block>,
}

/// Examples of equal score, as places in [`Blocks::rows`].
pub(super) struct Block {
    pub(super) score: f64,
    pub(super) positives: Range<usize>,
    pub(super) negatives: Range<usize>,
}

/// A block's score and how many of either kind it holds under some weights.
#[derive(Clone, Copy)]
pub(super) struct Weighed {
    pub(super) score: f64,
    pub(super) positive: u64,
    pub(super) negative: u64,
}

impl Blocks {
    /// Sorts examples. NaN has no place in an order, so it is refused, as is nothing at all.
    pub(super) fn new(scores: &[f64], positive: &[bool]) -> Result<Self, Undefined> {
        if scores.is_empty() || positive.is_empty() {
            return Err(Undefined::NoExamples);
        }
        if scores.iter().any(|score| score.is_nan()) {
            return Err(Undefined::NotANumber);
        }
        // Adding 0.0 turns -0.0 into 0.0, which is its equal.
        let mut sorted: Vec<(f64, bool, u32)> = (0_u32..)
            .zip(scores.iter().zip(positive))
            .map(|(row, (&score, &positive))| (score + 0.0, positive, row))
            .collect();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
        let mut blocks = Vec::new();
        let mut start = 0;
        for tied in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let middle = start + tied.partition_point(|example| example.1);
            let end = start + tied.len();
            blocks.push(Block { score: tied[0].0, positives: start..middle, negatives: middle..end });
            start = end;
        }
        Ok(Self { rows: sorted.into_iter().map(|example| example.2).collect(), blocks })
    }

    /// The blocks from the highest score to the lowest, every example counted as often as its
    /// weight says.
    pub(super) fn weigh(&self, weights: &[u32]) -> impl DoubleEndedIterator<Item = Weighed> {
        self.blocks.iter().map(move |block| Weighed {
            score: block.score,
            positive: weight(&self.rows[block.positives.clone()], weights),
            negative: weight(&self.rows[block.negatives.clone()], weights),
        })
    }

    /// The blocks from the highest score to the lowest, every example counted once.
    pub(super) fn plain(&self) -> impl DoubleEndedIterator<Item = Weighed> {
        self.blocks.iter().map(|block| Weighed {
            score: block.score,
            positive: block.positives.len() as u64,
            negative: block.negatives.len() as u64,
        })
    }
}

impl Weighed {
    pub(super) fn all(&self) -> u64 {
        self.positive + self.negative
    }
}

/// The weight of some examples together.
pub(super) fn weight(rows: &[u32], weights: &[u32]) -> u64 {
    rows.iter().map(|&row| u64::from(weights[row as usize])).sum()
}
