//! A line as words, numbers and what is between them.

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// Letters first: `val/acc@1`, `training's`.
    Word(&'a str),
    /// A number by itself.
    Number(Number),
    /// What has digits and is no number: `12:30`, `3ms/step`, `1.2.3`, `2026-11-29`.
    Junk,
    /// `:` or `=`, and whether a blank follows.
    Mark {
        /// Which.
        mark: char,
        /// Whether a blank follows.
        is_loose: bool,
    },
    /// Anything else that is no blank.
    Other(char),
}

/// A number as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    /// The number, where it is whole and written so.
    pub(super) whole: Option<i64>,
    pub(super) is_percent: bool,
}

/// Longer lines have more parts than a line of metrics.
const MOST: usize = 256;

/// The parts of a line; `None` where there are too many.
pub(super) fn split(line: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::with_capacity(32);
    let mut rest = line;
    // Whether a number may begin here: not within a word.
    while let Some(first) = rest.chars().next() {
        let (token, length) = next(rest, first, tokens.last());
        if let Some(token) = token {
            if tokens.len() >= MOST {
                return None;
            }
            tokens.push(token);
        }
        rest = &rest[length..];
    }
    Some(tokens)
}

/// The part at the beginning of a text, and its length in bytes.
fn next<'a>(text: &'a str, first: char, before: Option<&Token<'_>>) -> (Option<Token<'a>>, usize) {
    let second = text[first.len_utf8()..].chars().next();
    match first {
        _ if first.is_whitespace() => (None, first.len_utf8()),
        ':' | '=' => {
            let is_loose = second.is_none_or(char::is_whitespace);
            (Some(Token::Mark { mark: first, is_loose }), 1)
        }
        '0'..='9' => number(text),
        '.' if second.is_some_and(|next| next.is_ascii_digit()) => number(text),
        '+' | '-' if is_number(&text[1..]) && !matches!(before, Some(Token::Number(_) | Token::Junk)) => {
            number(text)
        }
        _ if first.is_alphabetic() || first == '_' => {
            let length = word_length(text);
            match special(&text[..length]) {
                Some(value) => {
                    (Some(Token::Number(Number { value, whole: None, is_percent: false })), length)
                }
                None => (Some(Token::Word(&text[..length])), length),
            }
        }
        _ => (Some(Token::Other(first)), first.len_utf8()),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('.').unwrap_or(text);
    digits.starts_with(|letter: char| letter.is_ascii_digit())
        || special(&text[..word_length(text)]).is_some()
}

fn special(word: &str) -> Option<f64> {
    match word.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "infinity" => Some(f64::INFINITY),
        _ => None,
    }
}

/// Letters, digits and `_`, and between them one of `./@-`; an `'s` at the end.
fn word_length(text: &str) -> usize {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut length = 0;
    for (at, letter) in text.char_indices() {
        let after = || text[at + letter.len_utf8()..].chars().next();
        let is_inner = at > 0 && "./@-".contains(letter) && after().is_some_and(is_letter);
        if !is_letter(letter) && !is_inner {
            break;
        }
        length = at + letter.len_utf8();
    }
    if text[length..].starts_with("'s") && length > 0 { length + 2 } else { length }
}

/// A number, or what begins like one.
fn number<'a>(text: &str) -> (Option<Token<'a>>, usize) {
    let length = number_length(text);
    let written = &text[..length];
    let after = &text[length..];
    let (is_percent, length) = if after.starts_with('%') { (true, length + 1) } else { (false, length) };
    let mut rest = text[length..].chars();
    let (next, second) = (rest.next(), rest.next());
    let is_digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
    let goes_on = match next {
        Some('.' | ',' | ':' | '-') => is_digit(second),
        Some(letter) => letter.is_alphanumeric() || letter == '_',
        None => false,
    };
    match number_value(written) {
        Some(value) if !goes_on => {
            let whole = written.parse().ok().filter(|_| !is_percent);
            (Some(Token::Number(Number { value, whole, is_percent })), length)
        }
        _ => (Some(Token::Junk), length + junk_length(&text[length..])),
    }
}

fn number_value(written: &str) -> Option<f64> {
    let (sign, size) = match written.strip_prefix('-') {
        Some(size) => (-1.0, size),
        None => (1.0, written.strip_prefix('+').unwrap_or(written)),
    };
    special(size).map(|value| sign * value).or_else(|| written.parse().ok())
}

/// Sign, digits with one point, exponent; or a sign and a word for a number.
fn number_length(text: &str) -> usize {
    let sign = usize::from(text.starts_with(['+', '-']));
    let digits =
        |from: usize| text.get(from..).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    if text[sign..].starts_with(char::is_alphabetic) {
        return sign + word_length(&text[sign..]);
    }
    let mut length = sign + digits(sign);
    if text[length..].starts_with('.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    } else if text[length..].starts_with(". ") || &text[length..] == "." {
        // The point at the end of a sentence.
        return length;
    } else if text[length..].starts_with('.') && !text[length + 1..].starts_with(char::is_alphanumeric) {
        length += 1;
    }
    if text[length..].starts_with(['e', 'E']) {
        let signed = length + 1 + usize::from(text[length + 1..].starts_with(['+', '-']));
        if digits(signed) > 0 {
            length = signed + digits(signed);
        }
    }
    length
}

fn junk_length(text: &str) -> usize {
    let is_end = |letter: char| letter.is_whitespace() || "|[](){}".contains(letter);
    let length = text.find(is_end).unwrap_or(text.len());
    // A comma after it is not part of it.
    text[..length].trim_end_matches(',').len()
}
