//! The words of a query.

use super::QueryError;

/// A word of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, a keyword or a number: letters, digits and signs of names.
    Word(String),
    /// Between `'` or `"`.
    Quoted(String),
    /// Between backticks: a name.
    Name(String),
    /// `=`, `!=`, `<` …
    Sign(&'static str),
}

/// Longer queries are nobody's.
const LONGEST: usize = 100_000;

/// A text as words with their places, and its end.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, QueryError> {
    if text.len() > LONGEST {
        return Err(QueryError::new(format!("it is longer than {LONGEST} bytes"), &text[..0], 0));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = token(text, at, first)?;
        tokens.push((token, at));
        at += length;
    }
    Ok(tokens)
}

/// Longest first, as `<` begins others.
const SIGNS: [(&str, &str); 14] = [
    ("==", "="),
    ("!=", "!="),
    ("<>", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("&&", "and"),
    ("||", "or"),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("(", "("),
    (")", ")"),
    (",", ","),
    ("!", "not"),
];

/// The token that begins at a place, and its length.
fn token(text: &str, at: usize, first: char) -> Result<(Token, usize), QueryError> {
    let rest = &text[at..];
    if matches!(first, '"' | '\'' | '`') {
        return quoted(text, at, first);
    }
    if let Some((sign, meaning)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((Token::Sign(meaning), sign.len()));
    }
    let length = word_length(rest);
    if length == 0 {
        return Err(QueryError::new(format!("`{first}` means nothing here"), text, at));
    }
    // `metrics."my loss"`: the quoted name belongs to the word.
    let word = &rest[..length];
    if word.ends_with('.')
        && let Some(quote @ ('"' | '\'' | '`')) = rest[length..].chars().next()
    {
        let (Token::Quoted(name) | Token::Name(name), more) = quoted(text, at + length, quote)? else {
            return Err(QueryError::new("a name is expected", text, at + length));
        };
        return Ok((Token::Name(format!("{word}{name}")), length + more));
    }
    Ok((Token::Word(word.to_owned()), length))
}

fn word_length(text: &str) -> usize {
    let is_word = |letter: char| letter.is_alphanumeric() || "_./-:@+%".contains(letter);
    text.find(|letter: char| !is_word(letter)).unwrap_or(text.len())
}

/// A quoted text; the quote itself is written twice, or behind a backslash.
fn quoted(text: &str, at: usize, quote: char) -> Result<(Token, usize), QueryError> {
    let mut content = String::new();
    let mut letters = text[at + 1..].char_indices().peekable();
    while let Some((place, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        match letter {
            '\\' if matches!(next, Some(next) if next == quote || next == '\\') => {
                content.extend(letters.next().map(|(_, next)| next));
            }
            letter if letter == quote && next == Some(quote) => {
                letters.next();
                content.push(quote);
            }
            letter if letter == quote => {
                let token = if quote == '`' { Token::Name(content) } else { Token::Quoted(content) };
                return Ok((token, place + 2));
            }
            letter => content.push(letter),
        }
    }
    Err(QueryError::new(format!("this {quote} is not closed"), text, at))
}
