//! From texts to token ids: normalisation, splitting, vocabulary.

mod ngrams;
mod normalize;
mod token_ids;
mod vocabulary;

use serde::{Deserialize, Serialize};

pub use normalize::split_tokens;
pub use token_ids::TokenIds;
pub use vocabulary::{PAD, UNKNOWN, Vocabulary};

use crate::spec::TextSpec;

/// Turns texts into token ids. Built from the training part of a fold only.
///
/// ```
/// use uaic::spec::TextSpec;
/// use uaic::text::{Tokenizer, UNKNOWN};
///
/// let tokenizer = Tokenizer::build(["flights to boston", "fares to denver"], &TextSpec::default());
/// let ids = tokenizer.encode("Flights to Oslo");
/// assert_eq!(ids.word(2), UNKNOWN);
/// assert_eq!(tokenizer.token(ids.word(0)), "flights");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokenizer {
    options: TextSpec,
    vocabulary: Vocabulary,
}

impl Tokenizer {
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

    /// The tokens that [`Tokenizer::encode`] looks up, one for each of its ids. Words that the
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_and_unknown_are_different_ids() {
        let tokenizer = Tokenizer::build(["a b"], &TextSpec::default());
        assert_ne!(PAD, UNKNOWN);
        assert_eq!(tokenizer.encode("zzz").words(), [UNKNOWN]);
        assert!(!tokenizer.encode("a b").words().contains(&PAD));
    }

    #[test]
    fn a_text_without_tokens_is_one_unknown_word() {
        let tokenizer = Tokenizer::build(["a"], &TextSpec::default());
        assert_eq!(tokenizer.encode(" \t ").words(), [UNKNOWN]);
        assert_eq!(tokenizer.tokens(" \t "), ["<unk>"]);
    }

    #[test]
    fn long_texts_are_cut() {
        let options = TextSpec { max_length: 3, ..TextSpec::default() };
        let tokenizer = Tokenizer::build(["a b c d e"], &options);
        assert_eq!(tokenizer.encode("a b c d e").len(), 3);
        assert_eq!(tokenizer.tokens("E d C b a"), ["e", "d", "c"]);
    }

    #[test]
    fn saving_is_stable_and_loses_nothing() {
        let texts = ["show flights", "flights to boston", "zürich flights"];
        let tokenizer = Tokenizer::build(texts, &TextSpec::default());
        let json = serde_json::to_string(&tokenizer).unwrap();
        let again: Tokenizer = serde_json::from_str(&json).unwrap();
        assert_eq!(again, tokenizer);
        assert_eq!(serde_json::to_string(&again).unwrap(), json);
        assert_eq!(again.encode("Zürich flights"), tokenizer.encode("zu\u{308}rich flights"));
    }
}
