//! Texts as words.

use serde::{Deserialize, Serialize};

use super::{TokenIds, UNKNOWN, Vocabulary, ngrams, split_tokens};
use crate::text::TextSpec;

/// Texts as words, with the n-grams of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordTokenizer {
    options: TextSpec,
    vocabulary: Vocabulary,
}

impl WordTokenizer {
    /// Learns the vocabulary of `texts`.
    pub fn build<'a>(texts: impl IntoIterator<Item = &'a str>, options: &TextSpec) -> Self {
        let tokens = texts.into_iter().flat_map(|text| split_tokens(text, options));
        let vocabulary = Vocabulary::build(tokens, options.min_frequency, options.max_vocabulary);
        Self { options: options.clone(), vocabulary }
    }

    /// The ids of a text: at least one token (a text without any reads as one unknown word), at
    /// most `max_length`.
    pub fn encode(&self, text: &str) -> TokenIds {
        let mut ids = TokenIds::default();
        for token in self.split(text) {
            ids.push(self.vocabulary.id(&token), ngrams::of(&token, &self.options));
        }
        if ids.is_empty() {
            ids.push(UNKNOWN, []);
        }
        ids
    }

    /// The tokens that [`WordTokenizer::encode`] looks up, one for each of its ids. Words that the
    /// vocabulary does not have are spelt out: their n-grams are seen.
    pub fn tokens(&self, text: &str) -> Vec<String> {
        let mut tokens: Vec<String> = self.split(text).collect();
        if tokens.is_empty() {
            tokens.push(self.token(UNKNOWN).to_owned());
        }
        tokens
    }

    fn split(&self, text: &str) -> impl Iterator<Item = String> {
        split_tokens(text, &self.options).take(self.options.max_length as usize)
    }

    /// The number of ids, the two reserved ones included.
    pub fn vocabulary_size(&self) -> usize {
        self.vocabulary.len()
    }

    /// The number of n-gram ids; 0 when n-grams are not used.
    pub fn ngram_count(&self) -> usize {
        self.options.ngrams as usize
    }

    /// The token of an id.
    pub fn token(&self, id: u32) -> &str {
        self.vocabulary.token(id)
    }
}
