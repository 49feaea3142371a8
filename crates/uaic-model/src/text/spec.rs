//! What decides how a text becomes token ids: the table `[text]` of a spec.

use serde::{Deserialize, Serialize};

/// `[text]`: how a text becomes token ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextSpec {
    /// What texts are cut into.
    pub tokenizer: TokenizerKind,
    /// Lower-case everything (Unicode-aware).
    pub lowercase: bool,
    /// What becomes of digits.
    pub numbers: Numbers,
    /// What becomes of punctuation.
    pub punctuation: Punctuation,
    /// Words rarer than this in the training part are unknown.
    pub min_frequency: u32,
    /// Largest vocabulary, most frequent words first; 0 for no limit.
    pub max_vocabulary: u32,
    /// Longer texts are cut after this many tokens.
    pub max_length: u32,
    /// Buckets that the character n-grams of words are hashed into; 0 for no n-grams.
    pub ngrams: u32,
    /// Characters of the shortest n-grams, the marks at both ends of a word included.
    pub ngram_min: u32,
    /// Characters of the longest n-grams.
    pub ngram_max: u32,
}

impl Default for TextSpec {
    fn default() -> Self {
        Self {
            tokenizer: TokenizerKind::Words,
            lowercase: true,
            numbers: Numbers::Keep,
            punctuation: Punctuation::Keep,
            min_frequency: 1,
            max_vocabulary: 0,
            max_length: 128,
            ngrams: 2000,
            ngram_min: 3,
            ngram_max: 5,
        }
    }
}

/// What texts are cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenizerKind {
    /// Words, as the other keys of `[text]` say.
    Words,
    /// Pieces of words (Wu et al. 2016), learnt from the training part or those of a pretrained model.
    Wordpiece,
}

/// What becomes of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// Nothing: `747` is a word of its own.
    Keep,
    /// Each digit becomes `0`: `747` and `757` are both `000`.
    Shape,
    /// Each number becomes one common token.
    Mask,
    /// As `Mask`, but times of day (`8:30`, `5pm`, `838 am`) become a token of their own.
    Time,
}

/// What becomes of punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Punctuation {
    /// It stays a part of its word: `st.` is one token, and `o'hare` too.
    Keep,
    /// Each mark is a token of its own.
    Split,
    /// It separates words and is dropped.
    Drop,
}
