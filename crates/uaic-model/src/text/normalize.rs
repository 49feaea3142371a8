//! Normalisation and splitting: Unicode NFC, case, digits, punctuation.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::text::{Numbers, Punctuation, TextSpec};

/// What [`Numbers::Mask`] makes of every number.
const NUMBER: &str = "<number>";

/// What [`Numbers::Time`] makes of every time of day.
const TIME: &str = "<time>";

/// Splits a text into normalised tokens.
pub fn split_tokens(text: &str, options: &TextSpec) -> impl Iterator<Item = String> {
    // Composed form first: `ü` typed as one or as two code points is the same letter.
    let mut text: String = text.nfc().collect();
    if options.lowercase {
        text = text.to_lowercase();
    }
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        match options.punctuation {
            Punctuation::Keep => tokens.push(word.to_owned()),
            Punctuation::Split => split_word(word, true, &mut tokens),
            Punctuation::Drop => split_word(word, false, &mut tokens),
        }
    }
    normalize_numbers(&mut tokens, options.numbers);
    tokens.into_iter()
}

/// Cuts a word at its punctuation marks, which become tokens of their own or vanish.
fn split_word(word: &str, keep_marks: bool, tokens: &mut Vec<String>) {
    let mut part = String::new();
    for character in word.chars() {
        if character.is_alphanumeric() || is_combining_mark(character) {
            part.push(character);
            continue;
        }
        if !part.is_empty() {
            tokens.push(std::mem::take(&mut part));
        }
        if keep_marks {
            tokens.push(character.to_string());
        }
    }
    if !part.is_empty() {
        tokens.push(part);
    }
}

fn normalize_numbers(tokens: &mut [String], numbers: Numbers) {
    for at in 0..tokens.len() {
        let token = &tokens[at];
        let normalized = match numbers {
            Numbers::Shape => token.chars().map(|c| if c.is_numeric() { '0' } else { c }).collect(),
            Numbers::Time if is_time(token, tokens.get(at + 1)) => TIME.to_owned(),
            Numbers::Mask | Numbers::Time if is_number(token) => NUMBER.to_owned(),
            Numbers::Keep | Numbers::Mask | Numbers::Time => continue,
        };
        tokens[at] = normalized;
    }
}

fn is_number(token: &str) -> bool {
    token.chars().any(char::is_numeric)
        && token.chars().all(|c| c.is_numeric() || matches!(c, '.' | ',' | ':' | '-' | '/'))
}

/// Whether a token is a time of day: `8:30`, `5pm`, or a number before `am`, `pm` or `o'clock`.
fn is_time(token: &str, next: Option<&String>) -> bool {
    let half = |word: &str| {
        let word: String = word.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        ["am", "pm", "oclock"].contains(&word.as_str())
    };
    let digits = token.trim_end_matches(|c: char| c.is_alphabetic() || c == '.');
    let rest = &token[digits.len()..];
    let is_clock = digits.split_once(':').is_some_and(|(hour, minute)| {
        (1..=2).contains(&hour.len()) && minute.len() == 2 && is_number(hour) && is_number(minute)
    });
    let is_short = digits.len() <= 5 && is_number(digits);
    (is_clock && (rest.is_empty() || half(rest)))
        || (is_short && (half(rest) || (rest.is_empty() && next.is_some_and(|next| half(next)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str, options: &TextSpec) -> Vec<String> {
        split_tokens(text, options).collect()
    }

    #[test]
    fn case_is_folded_beyond_ascii() {
        assert_eq!(tokens("ÜBER Straße ΑΘΗΝΑ", &TextSpec::default()), ["über", "straße", "αθηνα"]);
        let cased = TextSpec { lowercase: false, ..TextSpec::default() };
        assert_eq!(tokens("ÜBER", &cased), ["ÜBER"]);
    }

    #[test]
    fn digits_keep_shape_or_are_masked() {
        let with = |numbers| TextSpec { numbers, ..TextSpec::default() };
        let text = "flight 747 at 8:30 on dc10";
        assert_eq!(tokens(text, &with(Numbers::Keep)), ["flight", "747", "at", "8:30", "on", "dc10"]);
        assert_eq!(tokens(text, &with(Numbers::Shape)), ["flight", "000", "at", "0:00", "on", "dc00"]);
        assert_eq!(
            tokens(text, &with(Numbers::Mask)),
            ["flight", "<number>", "at", "<number>", "on", "dc10"]
        );
    }

    #[test]
    fn times_of_day_are_told_from_numbers() {
        let time = TextSpec { numbers: Numbers::Time, ..TextSpec::default() };
        assert_eq!(
            tokens("flight 747 at 8:30 or 838 AM or 5pm or 6 o'clock on dc10 for 2.50", &time).join(" "),
            "flight <number> at <time> or <time> am or <time> or <time> o'clock on dc10 for <number>"
        );
        assert_eq!(
            tokens("12p.m. 747sp 123456 pm :30", &time).join(" "),
            "<time> 747sp <number> pm <number>"
        );
    }

    #[test]
    fn punctuation_is_kept_split_or_dropped() {
        let with = |punctuation| TextSpec { punctuation, ..TextSpec::default() };
        let text = "St. Paul's, please?";
        assert_eq!(tokens(text, &with(Punctuation::Keep)), ["st.", "paul's,", "please?"]);
        assert_eq!(
            tokens(text, &with(Punctuation::Split)),
            ["st", ".", "paul", "'", "s", ",", "please", "?"]
        );
        assert_eq!(tokens(text, &with(Punctuation::Drop)), ["st", "paul", "s", "please"]);
        assert!(tokens("?!", &with(Punctuation::Drop)).is_empty());
    }

    #[test]
    fn combining_marks_stay_with_their_letter() {
        let split = TextSpec { punctuation: Punctuation::Split, ..TextSpec::default() };
        assert_eq!(tokens("हिन्दी", &split), ["हिन्दी"]);
    }
}
