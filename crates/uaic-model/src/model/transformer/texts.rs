//! The texts of a shard, one after the other.

use std::ops::Range;

use crate::text::TokenIds;
use uaic_kernel::Asking;

/// Tokens per shard, unless one text alone has more: enough rows for a product, and few enough for
/// the shards of a batch of short texts to occupy some threads.
const TOKENS: usize = 64;

/// The tokens of some texts, one text after the other.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// `(N)`
    pub(super) words: Vec<u32>,
    /// `(N)`
    pub(super) positions: Vec<u32>,
    /// Where each text begins, and the end of the last, `(B + 1)`.
    offsets: Vec<usize>,
    /// 0 to B, `(B + 1)`.
    numbers: Vec<usize>,
}

/// Which rows of a text a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Every token's.
    Every,
    /// The first token's: nobody reads the others.
    First,
}

impl Texts {
    /// Takes in texts, each with at least one token, and counts positions up to the last of
    /// `positions`.
    pub(super) fn load(&mut self, texts: &[&TokenIds], positions: u32) {
        let Self { words, positions: places, offsets, numbers } = self;
        words.clear();
        places.clear();
        offsets.clear();
        offsets.push(0);
        for text in texts {
            words.extend_from_slice(text.words());
            places.extend((0..text.len() as u32).map(|place| place.min(positions - 1)));
            offsets.push(words.len());
        }
        numbers.clear();
        numbers.extend(0..=texts.len());
    }

    /// Number of texts.
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of tokens.
    pub(super) fn tokens(&self) -> usize {
        self.words.len()
    }

    /// The tokens of a text.
    pub(super) fn tokens_of(&self, text: usize) -> Range<usize> {
        self.offsets[text]..self.offsets[text + 1]
    }

    /// How many rows there are when so many of each text are computed.
    pub(super) fn rows(&self, asks: Asks) -> usize {
        match asks {
            Asks::Every => self.tokens(),
            Asks::First => self.len(),
        }
    }

    pub(super) fn asking(&self, asks: Asks, heads: usize, width: usize) -> Asking<'_> {
        let rows = match asks {
            Asks::Every => &self.offsets,
            Asks::First => &self.numbers,
        };
        Asking { tokens: &self.offsets, rows, heads, width }
    }
}

/// Divides texts, given by their lengths, into shards of neighbours.
pub(super) fn divide(lengths: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut shards: Vec<Range<usize>> = Vec::new();
    let mut tokens = 0;
    for (text, length) in lengths.enumerate() {
        match shards.last_mut() {
            Some(shard) if tokens + length <= TOKENS => {
                shard.end = text + 1;
                tokens += length;
            }
            _ => {
                shards.push(text..text + 1);
                tokens = length;
            }
        }
    }
    shards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_hold_whole_texts_and_a_long_one_is_alone() {
        let lengths = [30, 30, 10, 200, 1, 63, 1];
        assert_eq!(divide(lengths.into_iter()), [0..2, 2..3, 3..4, 4..6, 6..7]);
        assert!(divide([].into_iter()).is_empty());
    }

    #[test]
    fn positions_begin_anew_with_each_text_and_end_with_the_table() {
        let given = [&[7, 8, 9][..], &[5]].map(TokenIds::of_words);
        let mut texts = Texts::default();
        texts.load(&given.each_ref(), 2);
        assert_eq!((&texts.words[..], &texts.positions[..]), (&[7, 8, 9, 5][..], &[0, 1, 1, 0][..]));
        assert_eq!((texts.len(), texts.tokens(), texts.tokens_of(1)), (2, 4, 3..4));
        assert_eq!((texts.rows(Asks::Every), texts.rows(Asks::First)), (4, 2));
    }
}
