//! Texts as ids.

/// The tokens of one text: the id of each word, and those of its n-grams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenIds {
    words: Vec<u32>,
    ngrams: Vec<u32>,
    /// Where the n-grams of each token end.
    ngram_ends: Vec<u32>,
}

impl TokenIds {
    /// Words without n-grams.
    pub fn of_words(words: &[u32]) -> Self {
        Self { words: words.to_vec(), ngrams: Vec::new(), ngram_ends: vec![0; words.len()] }
    }

    /// Adds a token.
    pub fn push(&mut self, word: u32, ngrams: impl IntoIterator<Item = u32>) {
        self.words.push(word);
        self.ngrams.extend(ngrams);
        self.ngram_ends.push(self.ngrams.len() as u32);
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The ids of all words.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The id of one token's word.
    pub fn word(&self, token: usize) -> u32 {
        self.words[token]
    }

    /// The ids of one token's n-grams.
    pub fn ngrams(&self, token: usize) -> &[u32] {
        let start = token.checked_sub(1).map_or(0, |before| self.ngram_ends[before]);
        &self.ngrams[start as usize..self.ngram_ends[token] as usize]
    }
}
