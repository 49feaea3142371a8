//! JSON as Python writes it: with `NaN` and `Infinity`, and numbers that keep their text.
//!
//! A document is pulled value by value, so that a long list is never held as a tree.

use std::fmt;

/// How deep lists and maps may be nested.
const DEEPEST: usize = 64;

/// How many values a tree may have.
const MOST_VALUES: usize = 1 << 20;

/// A value as a tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// In the order of the document.
    Map(Vec<(String, Json)>),
}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no JSON at byte {at}")]
pub(crate) struct NoJson {
    /// Where.
    pub(crate) at: usize,
}

impl Json {
    /// Reads a whole document.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NoJson> {
        let mut reader = JsonReader::new(bytes);
        let value = reader.tree()?;
        reader.end()?;
        Ok(value)
    }

    /// The value of a key; the last of several.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        self.entries().iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The entries of a map; none of another value.
    pub(crate) fn entries(&self) -> &[(String, Json)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    /// The items of a list; none of another value.
    pub(crate) fn items(&self) -> &[Json] {
        if let Self::List(items) = self { items } else { &[] }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A number, infinite ones and NaN included.
    pub(crate) fn as_f64(&self) -> Option<f64> {
        if let Self::Number(text) = self { crate::python::float(text) } else { None }
    }

    /// A whole number.
    pub(crate) fn as_i64(&self) -> Option<i64> {
        if let Self::Number(text) = self { crate::python::whole(text) } else { None }
    }

    /// A number, or a boolean as 1 and 0.
    pub(crate) fn as_metric(&self) -> Option<f64> {
        if let Self::Bool(value) = self { Some(f64::from(u8::from(*value))) } else { self.as_f64() }
    }

    /// As a tag has it: texts without quotes, everything else as JSON.
    pub(crate) fn tag(&self) -> String {
        self.as_str().map_or_else(|| self.to_string(), str::to_owned)
    }
}

/// As Python's `json.dumps` writes it, but letters beyond ASCII as themselves.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => quoted(f, text),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    f.write_str(if at > 0 { ", " } else { "" })?;
                    quoted(f, key)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for letter in text.chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            letter if letter < ' ' => write!(f, "\\u{:04x}", u32::from(letter))?,
            letter => fmt::Write::write_char(f, letter)?,
        }
    }
    f.write_str("\"")
}

/// Pulls values out of a document.
pub(crate) struct JsonReader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// How many values the tree that is read may still have.
    left: usize,
}

impl<'a> JsonReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0, left: MOST_VALUES }
    }

    fn wrong<T>(&self) -> Result<T, NoJson> {
        Err(NoJson { at: self.at })
    }

    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn is_next(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), NoJson> {
        if self.is_next(byte) { Ok(()) } else { self.wrong() }
    }

    /// Nothing but blanks may follow.
    pub(crate) fn end(&mut self) -> Result<(), NoJson> {
        if self.peek().is_none() { Ok(()) } else { self.wrong() }
    }

    /// Whether a list is next.
    pub(crate) fn is_list(&mut self) -> bool {
        self.peek() == Some(b'[')
    }

    /// Walks a map: `entry` reads, or skips, the value of each key.
    pub(crate) fn map<E: From<NoJson>>(
        &mut self,
        mut entry: impl FnMut(&mut Self, String) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'{')?;
        let mut is_first = true;
        while !self.is_next(b'}') {
            if !is_first {
                self.expect(b',')?;
            }
            is_first = false;
            self.peek();
            let key = self.text()?;
            self.expect(b':')?;
            entry(self, key)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Walks a list: `item` reads, or skips, each value.
    pub(crate) fn list<E: From<NoJson>>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'[')?;
        let mut is_first = true;
        while !self.is_next(b']') {
            if !is_first {
                self.expect(b',')?;
            }
            is_first = false;
            item(self)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn enter(&mut self, bracket: u8) -> Result<(), NoJson> {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > DEEPEST { self.wrong() } else { Ok(()) }
    }

    /// The next value as a tree of its own.
    pub(crate) fn tree(&mut self) -> Result<Json, NoJson> {
        self.left = MOST_VALUES;
        self.value()
    }

    fn value(&mut self) -> Result<Json, NoJson> {
        let Some(left) = self.left.checked_sub(1) else { return self.wrong() };
        self.left = left;
        match self.peek() {
            Some(b'{') => {
                let mut entries = vec![];
                self.map::<NoJson>(|reader, key| {
                    entries.push((key, reader.value()?));
                    Ok(())
                })?;
                Ok(Json::Map(entries))
            }
            Some(b'[') => {
                let mut items = vec![];
                self.list::<NoJson>(|reader| {
                    items.push(reader.value()?);
                    Ok(())
                })?;
                Ok(Json::List(items))
            }
            Some(b'"') => self.text().map(Json::Text),
            _ => self.scalar(),
        }
    }

    /// Passes over the next value.
    pub(crate) fn skip(&mut self) -> Result<(), NoJson> {
        match self.peek() {
            Some(b'{') => self.map(|reader, _| reader.skip()),
            Some(b'[') => self.list(Self::skip),
            Some(b'"') => self.text().map(drop),
            _ => self.scalar().map(drop),
        }
    }

    /// A word or a number.
    fn scalar(&mut self) -> Result<Json, NoJson> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        // Longer than any number of a program.
        let Some(Ok(word)) = rest.get(..length).filter(|_| length <= 4096).map(str::from_utf8) else {
            return self.wrong();
        };
        let value = match word {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            "NaN" | "Infinity" | "-Infinity" => Json::Number(word.to_owned()),
            _ if is_number(word) => Json::Number(word.to_owned()),
            _ => return self.wrong(),
        };
        self.at += length;
        Ok(value)
    }

    /// A quoted text.
    fn text(&mut self) -> Result<String, NoJson> {
        self.expect(b'"')?;
        let mut text = vec![];
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                return self.wrong();
            };
            let (plain, rest) = rest.split_at_checked(length).unwrap_or_default();
            text.extend_from_slice(plain);
            self.at += length + 1;
            if rest.first() == Some(&b'"') {
                return String::from_utf8(text).or_else(|_| self.wrong());
            }
            self.escape(&mut text)?;
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), NoJson> {
        let Some(&byte) = self.bytes.get(self.at) else { return self.wrong() };
        self.at += 1;
        let letter = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return self.wrong(),
        };
        text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// Four hexadecimal digits, or twice four; half of a pair is replaced.
    fn unicode(&mut self) -> Result<char, NoJson> {
        let first = self.hex()?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if (0xd800..0xdc00).contains(&first) && rest.starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, NoJson> {
        let digits = self.bytes.get(self.at..self.at + 4).and_then(|digits| str::from_utf8(digits).ok());
        let Some(code) = digits
            .filter(|digits| !digits.starts_with('+'))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        else {
            return self.wrong();
        };
        self.at += 4;
        Ok(code)
    }
}

/// `-1.5e+3`; laxer than the standard about zeros in front.
fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let is_plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    is_plain && digits.starts_with(|letter: char| letter.is_ascii_digit()) && word.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_of_python_are_read_and_written_as_they_are() {
        let text = r#"{"a": [1, 1e-05, -0.5, NaN, Infinity, -Infinity], "b": {"c": null, "d": true}, "e": "ä\n\"\\"}"#;
        assert_eq!(Json::parse(text.as_bytes()).unwrap().to_string(), text);
        let value = Json::parse(br#" {"a":1,"a":2.0,"t":"\u00e4\ud83d\ude00\ud83d"} "#).unwrap();
        assert_eq!(value.get("a").unwrap().as_i64(), Some(2));
        assert_eq!(value.get("t").unwrap().as_str(), Some("ä😀\u{fffd}"));
        assert!(value.get("b").is_none());
    }

    #[test]
    fn what_is_no_json_says_where() {
        for text in
            ["", "{", "[1,]", "{\"a\" 1}", "nul", "\"a", "1 2", "[1 2]", "{1: 2}", "\"\\x\"", "--1", "+1"]
        {
            Json::parse(text.as_bytes()).unwrap_err();
        }
        assert_eq!(Json::parse(b"[1, x]").unwrap_err().to_string(), "it is no JSON at byte 4");
        assert!(Json::parse("[".repeat(100_000).as_bytes()).is_err(), "depth is bounded");
        assert!(
            Json::parse(format!("[{}0]", "0,".repeat(MOST_VALUES)).as_bytes()).is_err(),
            "size is bounded"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..64),
            "[\\[\\]{}\",:\\\\0-9a-fu. -]{0,40}".prop_map(String::into_bytes),
        ]) {
            if let Ok(value) = Json::parse(&bytes) {
                prop_assert_eq!(Json::parse(value.to_string().as_bytes()).unwrap(), value);
            }
        }
    }
}
