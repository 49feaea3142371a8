//! Slips of the keyboard.

use rand::RngExt;

use super::expand::pick;
use crate::rng::ChaCha8Rng;

/// Words shorter than this are typed right; a slip in one would often make another word.
const SHORTEST: usize = 4;

/// The rows of letters of an English keyboard.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Puts one slip into one word of lower-case letters, past its first letter: two letters swapped,
/// one dropped, doubled, or hit beside. A text without a long enough word stays as it is.
pub(super) fn slip(text: &str, rng: &mut ChaCha8Rng) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let candidates: Vec<usize> = (0..words.len()).filter(|index| can_slip(&words[*index])).collect();
    if let Some(&index) = pick(&candidates, rng) {
        words[index] = slip_word(&words[index], rng);
    }
    words.join(" ")
}

fn can_slip(word: &str) -> bool {
    word.len() >= SHORTEST && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// `word` is at least [`SHORTEST`] ASCII letters long.
fn slip_word(word: &str, rng: &mut ChaCha8Rng) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let last = letters.len() as u32 - 1;
    let at = rng.random_range(1..last) as usize;
    match rng.random_range(0..4_u32) {
        // Swapping equal letters would change nothing; then one is dropped.
        0 if letters[at] != letters[at + 1] => letters.swap(at, at + 1),
        0 | 1 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letters[at]),
        _ => {
            if let Some(beside) = pick(&neighbours(letters[at]), rng) {
                letters[at] = *beside;
            }
        }
    }
    letters.into_iter().collect()
}

/// The keys left and right of a letter.
fn neighbours(letter: char) -> Vec<char> {
    let Some(row) = ROWS.iter().find(|row| row.contains(letter)) else { return Vec::new() };
    let keys: Vec<char> = row.chars().collect();
    keys.windows(2)
        .filter_map(|pair| match (pair[0] == letter, pair[1] == letter) {
            (true, _) => Some(pair[1]),
            (_, true) => Some(pair[0]),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;

    #[test]
    fn a_slip_changes_exactly_one_long_word_by_about_a_letter() {
        let mut rng = SeedTree::new(1).rng("typo");
        let text = "a 737 to boston will arrive";
        for _ in 0..500 {
            let slipped = slip(text, &mut rng);
            let pairs = text.split(' ').zip(slipped.split(' '));
            let changed: Vec<_> = pairs.filter(|(before, after)| before != after).collect();
            let [(before, after)] = changed[..] else { panic!("{slipped}") };
            assert!(["boston", "will", "arrive"].contains(&before), "{slipped}");
            assert!(before.len().abs_diff(after.len()) <= 1, "{slipped}");
            assert_eq!(before.chars().next(), after.chars().next());
        }
    }

    #[test]
    fn short_words_and_numbers_are_typed_right() {
        let mut rng = SeedTree::new(1).rng("typo");
        assert_eq!(slip("is it on 11305 or b747", &mut rng), "is it on 11305 or b747");
    }

    #[test]
    fn neighbours_share_a_row() {
        assert_eq!(neighbours('q'), ['w']);
        assert_eq!(neighbours('g'), ['f', 'h']);
        assert_eq!(neighbours('m'), ['n']);
    }
}
