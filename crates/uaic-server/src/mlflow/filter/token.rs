//! Words, texts, numbers and signs of a filter.

use super::super::wire::Problem;

/// Bytes of a filter: no person and no program writes so many.
const LONGEST: usize = 1 << 20;

/// The smallest part of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// Letters without quotes; `metrics.loss` is one.
    Word(String),
    /// A name in backquotes.
    Name(String),
    /// A text in double quotes: a name or a value.
    Either(String),
    /// A text in single quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// `= != > >= < <= ( ) , .`
    Sign(&'static str),
}

/// Longest first.
const SIGNS: [&str; 11] = ["!=", "<>", ">=", "<=", "=", ">", "<", "(", ")", ",", "."];

/// Cuts a filter into its parts.
///
/// # Errors
/// It has a sign that no filter has, or a quote without its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    if text.len() > LONGEST {
        return Err(Problem::invalid(format!("the filter has more than {LONGEST} bytes")));
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(letter) = rest.chars().next() {
        let (token, behind) = match letter {
            '`' | '"' | '\'' => {
                let (quoted, behind) =
                    quoted(rest, letter).ok_or_else(|| invalid(text, "a quote has no end"))?;
                let token = match letter {
                    '`' => Token::Name(quoted),
                    '"' => Token::Either(quoted),
                    _ => Token::Text(quoted),
                };
                (token, behind)
            }
            '-' | '+' | '0'..='9' => number(rest).ok_or_else(|| invalid(text, "a number cannot be read"))?,
            letter if is_plain(letter) => {
                let end = rest.find(|letter| !is_plain(letter) && letter != '.').unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                (Token::Word(word.to_owned()), behind)
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| invalid(text, &format!("`{letter}` has no meaning")))?;
                (
                    Token::Sign(if sign == "<>" { "!=" } else { sign }),
                    rest.get(sign.len()..).unwrap_or_default(),
                )
            }
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

/// A letter of a word without quotes.
fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || "_-/:@".contains(letter)
}

/// A text in quotes, which two of them stand for inside, and what is behind.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut rest = text.get(1..)?;
    loop {
        let end = rest.find(quote)?;
        let (part, behind) = rest.split_at(end);
        inside.push_str(part);
        rest = behind.get(1..)?;
        let Some(more) = rest.strip_prefix(quote) else { return Some((inside, rest)) };
        inside.push(quote);
        rest = more;
    }
}

/// A number, or a word that begins like one.
fn number(text: &str) -> Option<(Token, &str)> {
    let is_part = |letter: char| is_plain(letter) || letter == '.' || letter == '+';
    let end = text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    let (word, behind) = text.split_at(end);
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !is_number {
        return (!word.contains('+')).then(|| (Token::Word(word.to_owned()), behind));
    }
    let number: f64 = word.parse().ok()?;
    number.is_finite().then_some((Token::Number(number), behind))
}

/// The error of a filter that cannot be read.
pub(super) fn invalid(filter: &str, why: &str) -> Problem {
    let shown: String = filter.chars().take(500).collect();
    Problem::invalid(format!("Invalid clause(s) in filter string: '{shown}'; {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_cut_where_words_end() {
        let word = |text: &str| Token::Word(text.into());
        assert_eq!(
            tokens("metrics.`a b`>=-1.5e3 AND tags.x != 'it''s' and \"k\"<>\"v\"").unwrap(),
            [
                word("metrics."),
                Token::Name("a b".into()),
                Token::Sign(">="),
                Token::Number(-1500.0),
                word("AND"),
                word("tags.x"),
                Token::Sign("!="),
                Token::Text("it's".into()),
                word("and"),
                Token::Either("k".into()),
                Token::Sign("!="),
                Token::Either("v".into()),
            ]
        );
        assert_eq!(tokens("params.2nd-layer/lr").unwrap(), [word("params.2nd-layer/lr")]);
        assert_eq!(tokens("   ").unwrap(), []);
        for text in ["a = 'b", "a = 1; DROP", "`", "a = 1e999", "a ! b", "{"] {
            let told = tokens(text).unwrap_err().message;
            assert!(told.starts_with("Invalid clause(s) in filter string"), "{text}: {told}");
        }
    }
}
