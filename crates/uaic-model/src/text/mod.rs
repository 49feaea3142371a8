//! From texts to token ids: normalisation, splitting, vocabulary.

mod ngrams;
mod normalize;
mod spec;
mod token_ids;
mod vocabulary;
mod wordpiece;
mod words;

pub use normalize::split_tokens;
pub use spec::{Numbers, Punctuation, TextSpec, TokenizerKind};
pub use token_ids::TokenIds;
pub use vocabulary::{PAD, UNKNOWN, Vocabulary};
pub use wordpiece::{WordPiece, WordPieceSettings};
pub use words::WordTokenizer;

/// Turns texts into token ids. Built from the training part of a fold only, or taken from a
/// pretrained model.
///
/// ```
/// use uaic_model::text::TextSpec;
/// use uaic_model::text::{Tokenizer, UNKNOWN};
///
/// let tokenizer = Tokenizer::build(["flights to boston", "fares to denver"], &TextSpec::default())?;
/// let ids = tokenizer.encode("Flights to Oslo");
/// assert_eq!(ids.word(2), UNKNOWN);
/// assert_eq!(tokenizer.token(ids.word(0)), "flights");
/// # Ok::<(), uaic_model::text::TokenizerError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Tokenizer {
    /// Words and their n-grams.
    Words(WordTokenizer),
    /// Pieces of words between a token that begins the text and one that ends it.
    WordPiece(Box<WordPiece>),
}

/// Why a tokenizer cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// Not the JSON of a tokenizer.
    #[error("not a tokenizer: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A tokenizer of another kind than those here, or one that contradicts itself.
    #[error("not a tokenizer that uaic can use: {0}")]
    Unfit(String),
}

impl Tokenizer {
    /// Learns the vocabulary of `texts`.
    ///
    /// # Errors
    /// None for texts that can be read; the wordpiece library may have reasons of its own.
    pub fn build<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        options: &TextSpec,
    ) -> Result<Self, TokenizerError> {
        Ok(match options.tokenizer {
            TokenizerKind::Words => Self::Words(WordTokenizer::build(texts, options)),
            TokenizerKind::Wordpiece => Self::WordPiece(Box::new(WordPiece::learn(texts, options)?)),
        })
    }

    /// The ids of a text: at least one token, at most `max_length`.
    pub fn encode(&self, text: &str) -> TokenIds {
        match self {
            Self::Words(words) => words.encode(text),
            Self::WordPiece(pieces) => TokenIds::of_words(&pieces.encode(text)),
        }
    }

    /// The tokens that [`Tokenizer::encode`] looks up, one for each of its ids. Words that the
    /// vocabulary does not have are spelt out where their n-grams are seen.
    pub fn tokens(&self, text: &str) -> Vec<String> {
        match self {
            Self::Words(words) => words.tokens(text),
            Self::WordPiece(pieces) => pieces.encode(text).iter().map(|&id| pieces.token(id)).collect(),
        }
    }

    /// How many of a text's tokens stand for something in it, and how many of these are unknown.
    pub fn count(&self, ids: &TokenIds) -> (usize, usize) {
        let unknown = |wanted: u32| ids.words().iter().filter(|&&id| id == wanted).count();
        match self {
            Self::Words(_) => (ids.len(), unknown(UNKNOWN)),
            Self::WordPiece(pieces) => {
                let own = ids.words().iter().filter(|&&id| !pieces.is_frame(id)).count();
                (own, unknown(pieces.unknown()))
            }
        }
    }

    /// The number of ids, reserved ones included.
    pub fn vocabulary_size(&self) -> usize {
        match self {
            Self::Words(words) => words.vocabulary_size(),
            Self::WordPiece(pieces) => pieces.vocabulary_size(),
        }
    }

    /// The number of n-gram ids; 0 when n-grams are not used.
    pub fn ngram_count(&self) -> usize {
        match self {
            Self::Words(words) => words.ngram_count(),
            Self::WordPiece(_) => 0,
        }
    }

    /// The token of an id.
    pub fn token(&self, id: u32) -> String {
        match self {
            Self::Words(words) => words.token(id).to_owned(),
            Self::WordPiece(pieces) => pieces.token(id),
        }
    }

    /// As JSON; wordpieces in the form that Hugging Face's `tokenizers` reads. Equal tokenizers give
    /// equal bytes.
    ///
    /// # Errors
    /// None for a tokenizer that was built or read here.
    pub fn to_json(&self) -> Result<Vec<u8>, TokenizerError> {
        match self {
            Self::Words(words) => Ok(serde_json::to_vec_pretty(words)?),
            Self::WordPiece(pieces) => pieces.to_json(),
        }
    }

    /// The inverse of [`Tokenizer::to_json`].
    ///
    /// # Errors
    /// The bytes are no tokenizer, or one that is not known here.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        #[derive(serde::Deserialize)]
        struct Outline {
            model: Option<serde::de::IgnoredAny>,
        }
        let outline: Outline = serde_json::from_slice(bytes)?;
        Ok(match outline.model {
            Some(_) => Self::WordPiece(Box::new(WordPiece::from_json(bytes, None)?)),
            None => Self::Words(serde_json::from_slice(bytes)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_and_unknown_are_different_ids() {
        let tokenizer = Tokenizer::build(["a b"], &TextSpec::default()).unwrap();
        assert_ne!(PAD, UNKNOWN);
        assert_eq!(tokenizer.encode("zzz").words(), [UNKNOWN]);
        assert!(!tokenizer.encode("a b").words().contains(&PAD));
    }

    #[test]
    fn a_text_without_tokens_is_one_unknown_word() {
        let tokenizer = Tokenizer::build(["a"], &TextSpec::default()).unwrap();
        assert_eq!(tokenizer.encode(" \t ").words(), [UNKNOWN]);
        assert_eq!(tokenizer.tokens(" \t "), ["<unk>"]);
    }

    #[test]
    fn long_texts_are_cut() {
        let options = TextSpec { max_length: 3, ..TextSpec::default() };
        let tokenizer = Tokenizer::build(["a b c d e"], &options).unwrap();
        assert_eq!(tokenizer.encode("a b c d e").len(), 3);
        assert_eq!(tokenizer.tokens("E d C b a"), ["e", "d", "c"]);
    }

    #[test]
    fn saving_is_stable_and_loses_nothing() {
        let texts = ["show flights", "flights to boston", "zürich flights"];
        let tokenizer = Tokenizer::build(texts, &TextSpec::default()).unwrap();
        let json = tokenizer.to_json().unwrap();
        let again = Tokenizer::from_json(&json).unwrap();
        assert_eq!(again, tokenizer);
        assert_eq!(again.to_json().unwrap(), json);
        assert_eq!(again.encode("Zürich flights"), tokenizer.encode("zu\u{308}rich flights"));
    }
}
