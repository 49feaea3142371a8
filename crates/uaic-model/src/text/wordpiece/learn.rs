//! Learning pieces from words: byte-pair merges (Sennrich et al. 2016) over characters, with pieces
//! inside a word marked, as BERT has them. Ties are broken by the pieces themselves, so the same
//! words always give the same pieces.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::SPECIAL;
use crate::text::TextSpec;

/// Two pieces beside each other, by number.
type Pair = (usize, usize);

/// Pieces in the order of their ids: the characters sorted, then what was merged, in its order.
///
/// Merging ends when there are `max_vocabulary` pieces (0: no limit), or when no pair occurs
/// `min_frequency` times, and more than once.
pub(super) fn pieces(counts: &BTreeMap<String, u64>, options: &TextSpec) -> Vec<String> {
    let mut merges = Merges::new(counts);
    let limit = match options.max_vocabulary as usize {
        0 => usize::MAX,
        limit => limit.saturating_sub(SPECIAL.len()),
    };
    let fewest = u64::from(options.min_frequency.max(2));
    while merges.pieces.len() < limit {
        let Some(pair) = merges.most_frequent(fewest) else { break };
        merges.merge(pair);
    }
    merges.pieces
}

struct Merges {
    /// The pieces so far, by number.
    pieces: Vec<String>,
    numbers: BTreeMap<String, usize>,
    /// Each word as pieces, and how often it occurs.
    words: Vec<(Vec<usize>, u64)>,
    /// How often each pair occurs.
    pairs: BTreeMap<Pair, u64>,
    /// The words that a pair is, or was, in.
    places: BTreeMap<Pair, BTreeSet<usize>>,
}

impl Merges {
    fn new(counts: &BTreeMap<String, u64>) -> Self {
        let characters = |word: &str| -> Vec<String> {
            let marked = |(at, character): (usize, char)| match at {
                0 => character.to_string(),
                _ => format!("##{character}"),
            };
            word.chars().enumerate().map(marked).collect()
        };
        let alphabet: BTreeSet<String> = counts.keys().flat_map(|word| characters(word)).collect();
        let numbers: BTreeMap<String, usize> = alphabet.iter().cloned().zip(0..).collect();
        let mut merges = Self {
            pieces: alphabet.into_iter().collect(),
            words: counts
                .iter()
                .map(|(word, count)| (characters(word).iter().map(|piece| numbers[piece]).collect(), *count))
                .collect(),
            numbers,
            pairs: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        for word in 0..merges.words.len() {
            merges.count(word);
        }
        merges
    }

    /// Adds the pairs of a word.
    fn count(&mut self, word: usize) {
        let (pieces, count) = &self.words[word];
        for pair in pieces.windows(2).map(|pair| (pair[0], pair[1])) {
            *self.pairs.entry(pair).or_default() += count;
            self.places.entry(pair).or_default().insert(word);
        }
    }

    /// Takes the pairs of a word away.
    fn discount(&mut self, word: usize) {
        let (pieces, count) = &self.words[word];
        for pair in pieces.windows(2).map(|pair| (pair[0], pair[1])) {
            if let Some(total) = self.pairs.get_mut(&pair) {
                *total -= count;
                if *total == 0 {
                    self.pairs.remove(&pair);
                }
            }
        }
    }

    /// The pair that occurs most often; of equals the one whose pieces come first.
    fn most_frequent(&self, fewest: u64) -> Option<Pair> {
        let name = |pair: &Pair| (&self.pieces[pair.0], &self.pieces[pair.1]);
        let best = self.pairs.iter().max_by_key(|(pair, count)| (**count, Reverse(name(pair))));
        best.filter(|(_, count)| **count >= fewest).map(|(pair, _)| *pair)
    }

    fn merge(&mut self, pair: Pair) {
        let second = &self.pieces[pair.1];
        let merged = format!("{}{}", self.pieces[pair.0], second.strip_prefix("##").unwrap_or(second));
        let next = self.pieces.len();
        // The same piece may come about in two ways.
        let number = *self.numbers.entry(merged.clone()).or_insert(next);
        if number == next {
            self.pieces.push(merged);
        }
        for word in self.places.remove(&pair).unwrap_or_default() {
            self.discount(word);
            let (pieces, _) = &mut self.words[word];
            let mut at = 0;
            while at + 1 < pieces.len() {
                if (pieces[at], pieces[at + 1]) == pair {
                    pieces[at] = number;
                    pieces.remove(at + 1);
                }
                at += 1;
            }
            self.count(word);
        }
        self.pairs.remove(&pair);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(words: &[(&str, u64)], options: &TextSpec) -> Vec<String> {
        pieces(&words.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect(), options)
    }

    #[test]
    fn frequent_neighbours_grow_together() {
        let words = [("flight", 5), ("flights", 3), ("fly", 2), ("f", 1)];
        let learnt = learnt(&words, &TextSpec::default());
        let alphabet = ["##g", "##h", "##i", "##l", "##s", "##t", "##y", "f"];
        assert_eq!(learnt[..8], alphabet);
        // fl occurs 10 times; then ##gh, ##ght and ##ight 8 times; the rest follows.
        assert_eq!(learnt[8..], ["fl", "##gh", "##ght", "##ight", "flight", "flights", "fly"]);
    }

    #[test]
    fn a_limit_and_rare_pairs_end_it() {
        let words = [("abab", 4), ("cd", 1)];
        let limited = TextSpec { max_vocabulary: 5 + 5, ..TextSpec::default() };
        assert_eq!(learnt(&words, &limited).len(), 5);
        let all = learnt(&words, &TextSpec::default());
        assert!(all.contains(&"abab".to_owned()) && !all.contains(&"cd".to_owned()), "{all:?}");
        let frequent = TextSpec { min_frequency: 5, ..TextSpec::default() };
        assert!(learnt(&words, &frequent).iter().all(|piece| piece.trim_start_matches('#').len() == 1));
    }
}
