//! The vocabulary: token ↔ id in a stable order.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The id that fills the space after a text's end. No token has it.
pub const PAD: u32 = 0;

/// The id of every word outside the vocabulary.
pub const UNKNOWN: u32 = 1;

const RESERVED: [&str; 2] = ["<pad>", "<unk>"];

/// Tokens by id: the reserved ones, then by falling frequency, ties in code-point order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    /// Counts tokens; leaves out those rarer than `min_frequency` and keeps at most `max_size`
    /// (0: all), the most frequent first.
    pub fn build(tokens: impl Iterator<Item = String>, min_frequency: u32, max_size: u32) -> Self {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for token in tokens {
            *counts.entry(token).or_default() += 1;
        }
        // A word of the data may look like a reserved one; it stays unknown.
        for reserved in RESERVED {
            counts.remove(reserved);
        }
        let mut kept: Vec<_> =
            counts.into_iter().filter(|(_, count)| *count >= min_frequency.max(1)).collect();
        kept.sort_unstable_by(|(a, count_a), (b, count_b)| count_b.cmp(count_a).then_with(|| a.cmp(b)));
        if max_size > 0 {
            kept.truncate(max_size as usize);
        }
        let reserved = RESERVED.iter().map(ToString::to_string);
        reserved.chain(kept.into_iter().map(|(token, _)| token)).collect::<Vec<_>>().into()
    }

    /// The id of a token; [`UNKNOWN`] when there is none.
    pub fn id(&self, token: &str) -> u32 {
        self.ids.get(token).copied().unwrap_or(UNKNOWN)
    }

    /// The token of an id; the unknown token for an id out of range.
    pub fn token(&self, id: u32) -> &str {
        self.tokens.get(id as usize).map_or(RESERVED[UNKNOWN as usize], String::as_str)
    }

    /// The number of ids, the two reserved ones included.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether only the reserved ids are there.
    pub fn is_empty(&self) -> bool {
        self.tokens.len() <= RESERVED.len()
    }
}

impl From<Vec<String>> for Vocabulary {
    fn from(tokens: Vec<String>) -> Self {
        let numbered = tokens.iter().enumerate().skip(RESERVED.len());
        let ids = numbered.map(|(id, token)| (token.clone(), id as u32)).collect();
        Self { tokens, ids }
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> impl Iterator<Item = String> + '_ {
        text.split(' ').map(str::to_owned)
    }

    #[test]
    fn order_is_by_frequency_then_name() {
        let vocabulary = Vocabulary::build(words("b a c b d a b"), 1, 0);
        assert_eq!(Vec::from(vocabulary), ["<pad>", "<unk>", "b", "a", "c", "d"]);
    }

    #[test]
    fn rare_words_and_words_past_the_limit_are_unknown() {
        let vocabulary = Vocabulary::build(words("a a a b b c"), 2, 0);
        assert_eq!(vocabulary.id("c"), UNKNOWN);
        assert_eq!(vocabulary.len(), 4);
        let vocabulary = Vocabulary::build(words("a a a b b c"), 1, 1);
        assert_eq!((vocabulary.id("a"), vocabulary.id("b")), (2, UNKNOWN));
    }

    #[test]
    fn reserved_names_in_the_data_do_not_alias_reserved_ids() {
        let vocabulary = Vocabulary::build(words("<pad> <unk> a"), 1, 0);
        assert_eq!(vocabulary.id("<pad>"), UNKNOWN);
        assert_eq!(vocabulary.len(), 3);
    }
}
