//! Packed batches.

use std::cmp::Reverse;

use crate::text::TokenIds;

/// Texts packed for recurrent models: sorted by falling length, then laid out step by step, real
/// tokens only. Step `t` holds the `t`-th token of each text that is longer than `t`, so it is a
/// contiguous block whose rows are a prefix of the sorted texts.
///
/// Shapes: `B` texts, `T` steps (the longest text), `N` tokens in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Word ids, `(N)`.
    words: Vec<u32>,
    /// N-gram ids of all tokens, one token after the other.
    ngrams: Vec<u32>,
    /// Where the n-grams of each token end, `(N)`.
    ngram_ends: Vec<usize>,
    /// Where each step begins among the tokens, `(T + 1)`.
    offsets: Vec<usize>,
    /// The text that each row holds, as its position among the given texts, `(B)`.
    order: Vec<usize>,
    /// The tokens of each row, one row after the other, `(N)`.
    row_tokens: Vec<usize>,
    /// Where the tokens of each row end in `row_tokens`, `(B)`.
    row_ends: Vec<usize>,
}

impl Default for Batch {
    /// A batch of no texts.
    fn default() -> Self {
        let (words, ngrams, ngram_ends) = (Vec::new(), Vec::new(), Vec::new());
        let (order, row_tokens, row_ends) = (Vec::new(), Vec::new(), Vec::new());
        Self { words, ngrams, ngram_ends, offsets: vec![0], order, row_tokens, row_ends }
    }
}

impl Batch {
    /// Packs texts; every one must have at least one token.
    pub fn pack(texts: &[&TokenIds]) -> Self {
        let mut batch = Self::default();
        batch.repack(texts);
        batch
    }

    /// As [`Batch::pack`], in the memory that this batch has.
    pub fn repack(&mut self, texts: &[&TokenIds]) {
        let Self { words, ngrams, ngram_ends, offsets, order, row_tokens, row_ends } = self;
        order.clear();
        order.extend(0..texts.len());
        // Stable, so that equal lengths keep the given order.
        order.sort_by_key(|&text| Reverse(texts[text].len()));
        let steps = order.first().map_or(0, |&text| texts[text].len());
        words.clear();
        ngrams.clear();
        ngram_ends.clear();
        offsets.clear();
        offsets.push(0);
        for step in 0..steps {
            for text in order.iter().map(|&text| texts[text]).take_while(|text| text.len() > step) {
                words.push(text.word(step));
                ngrams.extend_from_slice(text.ngrams(step));
                ngram_ends.push(ngrams.len());
            }
            offsets.push(words.len());
        }
        row_tokens.clear();
        row_ends.clear();
        for (row, &text) in order.iter().enumerate() {
            row_tokens.extend(offsets[..texts[text].len()].iter().map(|offset| offset + row));
            row_ends.push(row_tokens.len());
        }
    }

    /// Word ids, `(N)`.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// N-gram ids of a token.
    pub fn ngrams(&self, token: usize) -> &[u32] {
        let start = token.checked_sub(1).map_or(0, |before| self.ngram_ends[before]);
        &self.ngrams[start..self.ngram_ends[token]]
    }

    /// Where each step begins among the tokens, `(T + 1)`.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The tokens of a row, first to last.
    pub fn row(&self, row: usize) -> &[usize] {
        let start = row.checked_sub(1).map_or(0, |before| self.row_ends[before]);
        &self.row_tokens[start..self.row_ends[row]]
    }

    /// The given position of each row's text, `(B)`.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Number of texts, B.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no texts.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Number of tokens, N.
    pub fn tokens(&self) -> usize {
        self.words.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_contiguous_prefixes_of_the_sorted_texts() {
        let texts = [&[1, 2][..], &[3, 4, 5], &[6], &[7, 8]].map(TokenIds::of_words);
        let batch = Batch::pack(&texts.each_ref());
        assert_eq!(batch.order(), [1, 0, 3, 2]);
        assert_eq!(batch.words(), [3, 1, 7, 6, 4, 2, 8, 5]);
        assert_eq!(batch.offsets(), [0, 4, 7, 8]);
        let rows: Vec<&[usize]> = (0..batch.len()).map(|row| batch.row(row)).collect();
        assert_eq!(rows, [&[0, 4, 7][..], &[1, 5], &[2, 6], &[3]]);
    }

    #[test]
    fn ngrams_follow_their_words() {
        let mut texts = [TokenIds::default(), TokenIds::default()];
        texts[0].push(1, [10, 11]);
        texts[1].push(2, [20]);
        texts[1].push(3, []);
        let batch = Batch::pack(&texts.each_ref());
        assert_eq!(batch.words(), [2, 1, 3]);
        let ngrams: Vec<&[u32]> = (0..batch.tokens()).map(|token| batch.ngrams(token)).collect();
        assert_eq!(ngrams, [&[20][..], &[10, 11], &[]]);
    }

    #[test]
    fn a_batch_can_be_packed_again() {
        let texts = [&[1, 2, 3][..], &[4]].map(TokenIds::of_words);
        let mut batch = Batch::pack(&texts.each_ref());
        batch.repack(&[]);
        assert!(batch.is_empty() && batch.tokens() == 0);
        assert_eq!(batch, Batch::default());
        batch.repack(&texts.each_ref());
        assert_eq!(batch, Batch::pack(&texts.each_ref()));
    }
}
