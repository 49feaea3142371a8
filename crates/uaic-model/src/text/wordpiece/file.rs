//! The file of a wordpiece tokenizer, in the form of Hugging Face's `tokenizers`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{WordPiece, WordPieceSettings};
use crate::text::TokenizerError;

/// What is read of the file; what has no field here has no say.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Vec<Added>,
    normalizer: Option<Normalizer>,
    pre_tokenizer: Option<Typed>,
    post_processor: Option<PostProcessor>,
    model: Model,
    truncation: Option<Truncation>,
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Normalizer {
    BertNormalizer {
        clean_text: bool,
        handle_chinese_chars: bool,
        strip_accents: Option<bool>,
        lowercase: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum PostProcessor {
    BertProcessing {
        sep: (String, u32),
        cls: (String, u32),
    },
    TemplateProcessing {
        single: Vec<Piece>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
enum Piece {
    SpecialToken { id: String },
    Sequence {},
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    max_input_chars_per_word: Option<usize>,
    vocab: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
struct Truncation {
    max_length: usize,
}

impl WordPiece {
    /// The tokenizer of a `tokenizer.json`; its texts are cut after `max_length` tokens where that
    /// is given, else as the file says.
    ///
    /// # Errors
    /// The file is no JSON, or the tokenizer is not BERT's.
    pub fn from_json(bytes: &[u8], max_length: Option<usize>) -> Result<Self, TokenizerError> {
        let file: File = serde_json::from_slice(bytes)?;
        let unfit = |message: &str| Err(TokenizerError::Unfit(message.to_owned()));
        if file.model.kind.as_deref().is_some_and(|kind| kind != "WordPiece") {
            return unfit("its model is not WordPiece");
        }
        let Some(Normalizer::BertNormalizer {
            clean_text,
            handle_chinese_chars: split_chinese,
            strip_accents,
            lowercase,
        }) = file.normalizer
        else {
            return unfit("its normalizer is not BertNormalizer");
        };
        if file.pre_tokenizer.is_none_or(|split| split.kind != "BertPreTokenizer") {
            return unfit("its pre_tokenizer is not BertPreTokenizer");
        }
        let Some((first, last)) = file.post_processor.and_then(frame) else {
            return unfit("its post_processor does not put one token before and one after a text");
        };
        let added = file.added_tokens.iter();
        let special = added.clone().filter(|token| token.special).map(|token| token.content.clone());
        let special = special.collect();
        let vocabulary = file
            .model
            .vocab
            .into_iter()
            .chain(file.added_tokens.into_iter().map(|token| (token.content, token.id)));
        let file_length = file.truncation.map(|truncation| truncation.max_length);
        Self::new(WordPieceSettings {
            pieces: in_order(vocabulary.collect())?,
            prefix: file.model.continuing_subword_prefix.unwrap_or_else(|| "##".to_owned()),
            unknown: file.model.unk_token.unwrap_or_else(|| "[UNK]".to_owned()),
            first,
            last,
            special,
            longest_word: file.model.max_input_chars_per_word.unwrap_or(100),
            max_length: max_length.or(file_length).unwrap_or(512),
            clean_text,
            split_chinese,
            strip_accents,
            lowercase,
        })
    }

    /// As a `tokenizer.json`.
    ///
    /// # Errors
    /// None for a tokenizer that was built or read here.
    pub fn to_json(&self) -> Result<Vec<u8>, TokenizerError> {
        let json = self.tokenizer.to_string(true);
        json.map(String::into_bytes).map_err(|error| TokenizerError::Unfit(error.to_string()))
    }
}

/// The pieces before and after a text.
fn frame(processor: PostProcessor) -> Option<(String, String)> {
    match processor {
        PostProcessor::BertProcessing { sep, cls } => Some((cls.0, sep.0)),
        PostProcessor::TemplateProcessing { single } => match <[Piece; 3]>::try_from(single).ok()? {
            [Piece::SpecialToken { id: first }, Piece::Sequence {}, Piece::SpecialToken { id: last }] => {
                Some((first, last))
            }
            _ => None,
        },
        PostProcessor::Other => None,
    }
}

/// Pieces by id, which must be the numbers from 0 on.
fn in_order(vocabulary: BTreeMap<String, u32>) -> Result<Vec<String>, TokenizerError> {
    let mut pieces: Vec<(u32, String)> = vocabulary.into_iter().map(|(piece, id)| (id, piece)).collect();
    pieces.sort_unstable();
    if pieces.iter().zip(0..).any(|((id, _), place)| *id != place) {
        return Err(TokenizerError::Unfit("the ids of its pieces are not 0, 1, 2 …".to_owned()));
    }
    Ok(pieces.into_iter().map(|(_, piece)| piece).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn bert() -> Value {
        json!({
            "version": "1.0",
            "truncation": { "max_length": 6, "strategy": "LongestFirst", "stride": 0 },
            "padding": { "strategy": { "Fixed": 128 } },
            "added_tokens": [{ "id": 0, "content": "[UNK]", "special": true }],
            "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                            "strip_accents": null, "lowercase": true },
            "pre_tokenizer": { "type": "BertPreTokenizer" },
            "post_processor": { "type": "TemplateProcessing", "single": [
                { "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } },
                { "SpecialToken": { "id": "[SEP]", "type_id": 0 } } ] },
            "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                       "max_input_chars_per_word": 100,
                       "vocab": { "[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "un": 3, "##able": 4, "run": 5 } }
        })
    }

    fn read(file: &Value) -> Result<WordPiece, TokenizerError> {
        WordPiece::from_json(file.to_string().as_bytes(), None)
    }

    #[test]
    fn a_file_of_another_program_is_read_without_its_padding() {
        let pieces = read(&bert()).unwrap();
        assert_eq!(pieces.encode("Unable run"), [1, 3, 4, 5, 2]);
        assert_eq!(pieces.encode("run run run run run run"), [1, 5, 5, 5, 5, 2]);
        let short = WordPiece::from_json(bert().to_string().as_bytes(), Some(3)).unwrap();
        assert_eq!(short.encode("run run"), [1, 5, 2]);
    }

    #[test]
    fn what_is_not_berts_is_refused_by_name() {
        let cases = [
            ("/model/type", json!("BPE"), "model"),
            ("/normalizer", json!({ "type": "Precompiled", "precompiled_charsmap": "AAAA" }), "normalizer"),
            ("/normalizer", Value::Null, "normalizer"),
            ("/pre_tokenizer/type", json!("ByteLevel"), "pre_tokenizer"),
            ("/post_processor/single", json!([]), "post_processor"),
            ("/model/vocab/run", json!(9), "ids"),
            ("/model/vocab/run", json!(4), "ids"),
            ("/truncation/max_length", json!(1), "cut to nothing"),
        ];
        for (place, value, said) in cases {
            let mut file = bert();
            *file.pointer_mut(place).unwrap() = value;
            let error = read(&file).unwrap_err().to_string();
            assert!(error.contains(said), "{place}: {error}");
        }
        assert!(matches!(WordPiece::from_json(b"{}", None), Err(TokenizerError::Malformed(_))));
    }
}
