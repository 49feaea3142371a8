//! Texts as pieces of words (Wu et al. 2016), through the `tokenizers` library.
//!
//! Of a tokenizer's file only what BERT's tokenizers differ in is read, and the tokenizer is built
//! anew from it: so a file can bring nothing else along, and what is left out is refused by name.

mod file;
mod learn;

use std::fmt;

use tokenizers::models::wordpiece::WordPiece as Model;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{AddedToken, TruncationParams};

use super::TokenizerError;
use crate::text::TextSpec;

/// All that decides what a wordpiece tokenizer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordPieceSettings {
    /// The pieces by id; those inside a word begin with [`WordPieceSettings::prefix`].
    pub pieces: Vec<String>,
    /// What a piece inside a word begins with.
    pub prefix: String,
    /// The piece of words that cannot be put together.
    pub unknown: String,
    /// The piece before each text.
    pub first: String,
    /// The piece after each text.
    pub last: String,
    /// Pieces that stand for no text; they are read whole where a text spells them.
    pub special: Vec<String>,
    /// Longer words are unknown.
    pub longest_word: usize,
    /// Longer texts are cut after this many tokens, the first and the last one included.
    pub max_length: usize,
    /// Whether control characters are dropped.
    pub clean_text: bool,
    /// Whether each Chinese character is a word.
    pub split_chinese: bool,
    /// Whether accents are dropped; `None`: where the text is lower-cased.
    pub strip_accents: Option<bool>,
    /// Whether texts are lower-cased.
    pub lowercase: bool,
}

impl WordPieceSettings {
    /// What BERT does, with these pieces.
    pub fn of_bert(pieces: Vec<String>, lowercase: bool, max_length: usize) -> Self {
        let [_, unknown, first, last, _] = SPECIAL.map(str::to_owned);
        let special = SPECIAL.iter().filter(|name| pieces.iter().any(|piece| piece == *name));
        Self {
            special: special.map(|name| (*name).to_owned()).collect(),
            pieces,
            prefix: "##".to_owned(),
            unknown,
            first,
            last,
            longest_word: 100,
            max_length,
            clean_text: true,
            split_chinese: true,
            strip_accents: None,
            lowercase,
        }
    }
}

/// The special pieces of BERT: padding, unknown words, before and after a text, masked.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// A wordpiece tokenizer.
#[derive(Clone)]
pub struct WordPiece {
    settings: WordPieceSettings,
    tokenizer: tokenizers::Tokenizer,
    unknown: u32,
    first: u32,
    last: u32,
}

impl PartialEq for WordPiece {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl fmt::Debug for WordPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordPiece").field("pieces", &self.settings.pieces.len()).finish_non_exhaustive()
    }
}

impl WordPiece {
    /// A tokenizer of these settings.
    ///
    /// # Errors
    /// They contradict each other.
    pub fn new(settings: WordPieceSettings) -> Result<Self, TokenizerError> {
        let unfit = |message: String| TokenizerError::Unfit(message);
        let library = |error: tokenizers::Error| TokenizerError::Unfit(error.to_string());
        let vocabulary: std::collections::BTreeMap<String, u32> =
            settings.pieces.iter().cloned().zip(0..).collect();
        if vocabulary.len() < settings.pieces.len() {
            return Err(unfit("two of its pieces are equal".to_owned()));
        }
        let id = |piece: &String| {
            let id = vocabulary.get(piece).copied();
            id.ok_or_else(|| unfit(format!("its vocabulary lacks the piece `{piece}`")))
        };
        let [unknown, first, last] = [id(&settings.unknown)?, id(&settings.first)?, id(&settings.last)?];
        for special in &settings.special {
            id(special)?;
        }
        if settings.max_length < 3 {
            return Err(unfit("texts would be cut to nothing".to_owned()));
        }
        // Its builder wants a hash map of a crate that is not ours to name.
        let model = serde_json::json!({
            "type": "WordPiece",
            "unk_token": settings.unknown,
            "continuing_subword_prefix": settings.prefix,
            "max_input_chars_per_word": settings.longest_word,
            "vocab": vocabulary,
        });
        let model: Model = serde_json::from_str(&model.to_string())?;
        let mut tokenizer = tokenizers::Tokenizer::new(model);
        let WordPieceSettings { clean_text, split_chinese, strip_accents, lowercase, .. } = settings;
        let normalizer = BertNormalizer::new(clean_text, split_chinese, strip_accents, lowercase);
        tokenizer.with_normalizer(Some(normalizer)).map_err(library)?;
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        let (before, after) = ((settings.first.clone(), first), (settings.last.clone(), last));
        tokenizer.with_post_processor(Some(BertProcessing::new(after, before)));
        let special = settings.special.iter().map(|piece| AddedToken::from(piece.clone(), true));
        tokenizer.add_special_tokens(special).map_err(library)?;
        let cut = TruncationParams { max_length: settings.max_length, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(cut)).map_err(library)?;
        Ok(Self { settings, tokenizer, unknown, first, last })
    }

    /// Learns the pieces of `texts`; see `learn.rs`.
    ///
    /// # Errors
    /// As [`WordPiece::new`].
    pub fn learn<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        options: &TextSpec,
    ) -> Result<Self, TokenizerError> {
        let special = SPECIAL.map(str::to_owned);
        let max_length = options.max_length as usize;
        let bare = Self::new(WordPieceSettings::of_bert(special.to_vec(), options.lowercase, max_length))?;
        let mut counts = std::collections::BTreeMap::new();
        for text in texts {
            for word in bare.words(text)? {
                *counts.entry(word).or_insert(0) += 1;
            }
        }
        let learnt = learn::pieces(&counts, options);
        let pieces = special.into_iter().chain(learnt).collect();
        Self::new(WordPieceSettings { pieces, ..bare.settings })
    }

    /// The words of a text, normalised, before they are taken apart.
    fn words(&self, text: &str) -> Result<Vec<String>, TokenizerError> {
        use tokenizers::{Normalizer, OffsetReferential, OffsetType, PreTokenizer};
        let library = |error: tokenizers::Error| TokenizerError::Unfit(error.to_string());
        let mut normalized = tokenizers::NormalizedString::from(text);
        if let Some(normalizer) = self.tokenizer.get_normalizer() {
            normalizer.normalize(&mut normalized).map_err(library)?;
        }
        let mut split = tokenizers::PreTokenizedString::from(normalized);
        BertPreTokenizer.pre_tokenize(&mut split).map_err(library)?;
        let words = split.get_splits(OffsetReferential::Normalized, OffsetType::None);
        Ok(words.into_iter().map(|(word, _, _)| word.to_owned()).collect())
    }

    /// The same pieces, with texts cut after `max_length` tokens.
    ///
    /// # Errors
    /// As [`WordPiece::new`].
    pub fn cut_at(self, max_length: usize) -> Result<Self, TokenizerError> {
        Self::new(WordPieceSettings { max_length, ..self.settings })
    }

    /// The ids of a text with what frames it.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        match self.tokenizer.encode_fast(text, true) {
            Ok(encoding) => encoding.get_ids().to_vec(),
            // The parts that it is built of have no reason to fail; a text of no pieces is one too.
            Err(_) => vec![self.first, self.last],
        }
    }

    /// The piece of an id; the unknown one for an id out of range.
    pub fn token(&self, id: u32) -> String {
        self.settings.pieces.get(id as usize).unwrap_or(&self.settings.unknown).clone()
    }

    /// Whether a piece stands before or after a text, or for nothing.
    pub fn is_frame(&self, id: u32) -> bool {
        id == self.first || id == self.last
    }

    /// The id of words that cannot be put together.
    pub fn unknown(&self) -> u32 {
        self.unknown
    }

    /// The number of ids.
    pub fn vocabulary_size(&self) -> usize {
        self.settings.pieces.len()
    }

    /// What it does.
    pub fn settings(&self) -> &WordPieceSettings {
        &self.settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::TokenizerKind;

    const TEXTS: [&str; 4] = [
        "show flights from boston to denver",
        "Flights, fares and flight times: 8:30",
        "list the cheapest fares to Zürich",
        "flying from boston",
    ];

    fn options() -> TextSpec {
        TextSpec { tokenizer: TokenizerKind::Wordpiece, max_length: 12, ..TextSpec::default() }
    }

    #[test]
    fn a_text_is_framed_and_cut_and_unknown_characters_are_known_to_be() {
        let pieces = WordPiece::learn(TEXTS, &options()).unwrap();
        let said = |text: &str| -> Vec<String> {
            pieces.encode(text).into_iter().map(|id| pieces.token(id)).collect()
        };
        let framed = said("Flights to boston");
        assert_eq!((framed[0].as_str(), framed[framed.len() - 1].as_str()), ("[CLS]", "[SEP]"));
        assert_eq!(said(""), ["[CLS]", "[SEP]"]);
        assert_eq!(said("щ"), ["[CLS]", "[UNK]", "[SEP]"]);
        assert_eq!(said("zurich"), said("Zürich"), "accents are dropped with the case");
        let long = said(&TEXTS.join(" "));
        assert_eq!((long.len(), long[11].as_str()), (12, "[SEP]"));
    }

    #[test]
    fn the_file_is_stable_and_loses_nothing() {
        let pieces = WordPiece::learn(TEXTS, &options()).unwrap();
        let json = pieces.to_json().unwrap();
        let again = WordPiece::from_json(&json, None).unwrap();
        assert_eq!(again, pieces);
        assert_eq!(again.to_json().unwrap(), json);
        assert_eq!(WordPiece::learn(TEXTS, &options()).unwrap().to_json().unwrap(), json);
    }

    #[test]
    fn pieces_that_contradict_each_other_are_refused() {
        let settings = |pieces: &[&str]| {
            let pieces = pieces.iter().map(ToString::to_string).collect();
            WordPiece::new(WordPieceSettings::of_bert(pieces, true, 9)).unwrap_err().to_string()
        };
        assert!(settings(&["[UNK]", "[CLS]", "a"]).contains("`[SEP]`"));
        assert!(settings(&["[UNK]", "[CLS]", "[SEP]", "a", "a"]).contains("equal"));
    }
}
