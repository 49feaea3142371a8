//! What is taken out of texts before they are written.

mod card;
mod digits;
mod email;
mod phone;

use std::borrow::Cow;
use std::ops::Range;

use regex::Regex;

use uaic_wording::nearest::nearest;

/// The patterns that are built in, and what they find.
pub const PATTERNS: [(&str, &str); 4] = [
    ("email", "e-mail addresses"),
    ("card", "13 to 19 digits, in groups or not, whose check digit is right (Luhn)"),
    ("phone", "7 digits or more, in groups or not, that are no date"),
    ("number", "every other number"),
];

/// What is taken out of texts: each find is replaced by the pattern's name, as in `<email>`.
///
/// ```
/// use uaic_serve::request_log::Redaction;
///
/// let redaction = Redaction::parse(["email", "ticket=UA[0-9]+"])?;
/// assert_eq!(redaction.apply("send UA77 to joe@example.com"), "send <ticket> to <email>");
/// # Ok::<(), uaic_serve::request_log::RedactionError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// In the order of application.
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
enum Pattern {
    /// A regular expression of the user's, with its name in angle brackets.
    Own {
        tag: String,
        regex: Regex,
    },
    Email,
    Card,
    Phone,
    Number,
}

/// A pattern that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
pub enum RedactionError {
    /// Neither built in nor a pattern of one's own.
    #[error("there is no pattern `{name}`{}; built in are {}, and NAME=REGEX adds one", meant(nearest.as_deref()), names())]
    Unknown {
        /// What was asked for.
        name: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
    /// A name of one's own that does not stand out in a text.
    #[error("`{name}` cannot name a pattern: use small letters, `-` and `_`")]
    Name {
        /// The refused name.
        name: String,
    },
    /// No regular expression.
    #[error("the pattern `{name}` is no regular expression: {source}")]
    Regex {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// It finds the empty text, which is everywhere.
    #[error("the pattern `{name}` finds the empty text, so it would be everywhere")]
    Empty {
        /// Its name.
        name: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

fn names() -> String {
    PATTERNS.map(|(name, _)| name).join(", ")
}

impl Redaction {
    /// From names of built-in patterns ([`PATTERNS`]) and `NAME=REGEX`. One's own are applied first,
    /// then e-mail addresses, cards, telephone numbers and other numbers, in whatever order they are
    /// named.
    ///
    /// # Errors
    /// An unknown name, or something that is no regular expression.
    pub fn parse<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, RedactionError> {
        let mut patterns: Vec<Pattern> =
            patterns.into_iter().map(|text| Pattern::parse(text.as_ref())).collect::<Result<_, _>>()?;
        patterns.sort_by_key(Pattern::order);
        Ok(Self { patterns })
    }

    /// Whether nothing is taken out.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The text without what is to be taken out.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.patterns.iter().fold(Cow::Borrowed(text), |text, pattern| match pattern.replaced(&text) {
            Some(replaced) => Cow::Owned(replaced),
            None => text,
        })
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, RedactionError> {
        if let Some((name, regex)) = text.split_once('=') {
            return Self::own(name, regex);
        }
        match text {
            "email" => Ok(Self::Email),
            "card" => Ok(Self::Card),
            "phone" => Ok(Self::Phone),
            "number" => Ok(Self::Number),
            name => Err(RedactionError::Unknown {
                name: name.to_owned(),
                nearest: nearest(name, PATTERNS.map(|(name, _)| name)).map(str::to_owned),
            }),
        }
    }

    fn own(name: &str, regex: &str) -> Result<Self, RedactionError> {
        // Without digits, so that `number` finds nothing in it.
        let is_plain = |c: char| c.is_ascii_lowercase() || c == '-' || c == '_';
        let name = name.to_owned();
        if name.is_empty() || !name.chars().all(is_plain) {
            return Err(RedactionError::Name { name });
        }
        match Regex::new(regex) {
            Err(source) => Err(RedactionError::Regex { name, source: Box::new(source) }),
            Ok(regex) if regex.is_match("") => Err(RedactionError::Empty { name }),
            Ok(regex) => Ok(Self::Own { tag: format!("<{name}>"), regex }),
        }
    }

    /// Addresses before the numbers in them, cards before telephone numbers, numbers last.
    fn order(&self) -> u8 {
        match self {
            Self::Own { .. } => 0,
            Self::Email => 1,
            Self::Card => 2,
            Self::Phone => 3,
            Self::Number => 4,
        }
    }

    fn tag(&self) -> &str {
        match self {
            Self::Own { tag, .. } => tag,
            Self::Email => "<email>",
            Self::Card => "<card>",
            Self::Phone => "<phone>",
            Self::Number => "<number>",
        }
    }

    /// The text with every find replaced; `None` when there is none.
    fn replaced(&self, text: &str) -> Option<String> {
        let finds = match self {
            Self::Own { regex, .. } => regex.find_iter(text).map(|found| found.range()).collect(),
            Self::Email => email::find(text),
            Self::Card => card::find(text),
            Self::Phone => phone::find(text),
            Self::Number => digits::numbers(text),
        };
        (!finds.is_empty()).then(|| replace(text, &finds, self.tag()))
    }
}

/// A text with these parts, in order, replaced.
fn replace(text: &str, finds: &[Range<usize>], tag: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for find in finds {
        replaced.push_str(&text[done..find.start]);
        replaced.push_str(tag);
        done = find.end;
    }
    replaced.push_str(&text[done..]);
    replaced
}

#[cfg(test)]
mod tests;
