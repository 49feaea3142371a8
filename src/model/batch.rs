//! Packed batches.

/// Texts packed for recurrent models: sorted by falling length, then laid out step by step, real
/// tokens only. Step `t` holds the `t`-th token of each text that is longer than `t`, so it is a
/// contiguous block whose rows are a prefix of the sorted texts.
///
/// Shapes: `B` texts, `T` steps (the longest text), `N` tokens in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Token ids, `(N)`.
    tokens: Vec<u32>,
    /// Where each step begins in `tokens`, `(T + 1)`.
    offsets: Vec<usize>,
    /// Length of each row, falling, `(B)`.
    lengths: Vec<usize>,
    /// The text that each row holds, as its position among the given texts, `(B)`.
    order: Vec<usize>,
}

impl Batch {
    /// Packs texts; every one must have at least one token.
    pub fn pack<'a>(texts: impl Iterator<Item = &'a [u32]>) -> Self {
        let texts: Vec<&[u32]> = texts.collect();
        let mut order: Vec<usize> = (0..texts.len()).collect();
        // Stable, so that equal lengths keep the given order.
        order.sort_by_key(|&text| std::cmp::Reverse(texts[text].len()));
        let lengths: Vec<usize> = order.iter().map(|&text| texts[text].len()).collect();
        let steps = lengths.first().copied().unwrap_or(0);
        let mut tokens = Vec::with_capacity(lengths.iter().sum());
        let mut offsets = Vec::with_capacity(steps + 1);
        offsets.push(0);
        for step in 0..steps {
            tokens.extend(order.iter().map_while(|&text| texts[text].get(step)));
            offsets.push(tokens.len());
        }
        Self { tokens, offsets, lengths, order }
    }

    /// Token ids, `(N)`.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Where each step begins among the tokens, `(T + 1)`.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Length of each row, falling, `(B)`.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The given position of each row's text, `(B)`.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no texts.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Where the last token of each row is among the tokens, `(B)`.
    pub fn last_tokens(&self) -> Vec<u32> {
        self.lengths
            .iter()
            .enumerate()
            .map(|(row, &length)| (self.offsets[length - 1] + row) as u32)
            .collect()
    }

    /// Brings one item per row back into the order in which the texts were given.
    pub fn in_text_order<T>(&self, rows: Vec<T>) -> Vec<T> {
        let mut placed: Vec<(usize, T)> = self.order.iter().copied().zip(rows).collect();
        placed.sort_unstable_by_key(|(text, _)| *text);
        placed.into_iter().map(|(_, item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_contiguous_prefixes_of_the_sorted_texts() {
        let batch = Batch::pack([&[1, 2][..], &[3, 4, 5], &[6], &[7, 8]].into_iter());
        assert_eq!(batch.lengths(), [3, 2, 2, 1]);
        assert_eq!(batch.order(), [1, 0, 3, 2]);
        assert_eq!(batch.tokens(), [3, 1, 7, 6, 4, 2, 8, 5]);
        assert_eq!(batch.offsets(), [0, 4, 7, 8]);
        let last: Vec<u32> = batch.last_tokens().iter().map(|&at| batch.tokens()[at as usize]).collect();
        assert_eq!(last, [5, 2, 8, 6]);
        assert_eq!(batch.in_text_order(vec!["b", "a", "d", "c"]), ["a", "b", "c", "d"]);
    }

    #[test]
    fn an_empty_batch_is_empty() {
        let batch = Batch::pack(std::iter::empty());
        assert!(batch.is_empty() && batch.tokens().is_empty());
        assert_eq!(batch.offsets(), [0]);
    }
}
