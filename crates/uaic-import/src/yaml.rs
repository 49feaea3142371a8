//! YAML of programs, as the tree that JSON has.

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::json::Json;

/// How deep a document may be nested.
const DEEPEST: usize = 64;

/// How many values a document may have, those of aliases counted each time.
const MOST_VALUES: usize = 100_000;

/// How many bytes a document may have.
const LONGEST: usize = 8 << 20;

/// The tree of the first document. Numbers and booleans are those of YAML 1.1 as Python writes them; tags
/// are left out, so that `!!python/tuple [1, 2]` is a list.
///
/// # Errors
/// What is wrong.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    if text.len() > LONGEST {
        return Err(format!("it has {} bytes, more than {LONGEST}", text.len()));
    }
    let mut tree = Tree { parser: Parser::new_from_str(text), anchors: vec![], left: MOST_VALUES };
    loop {
        match tree.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Json::Null),
            event => return tree.node(event, 0),
        }
    }
}

struct Tree<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// What anchors stand for, by their number.
    anchors: Vec<(usize, Json)>,
    left: usize,
}

impl<'a> Tree<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(Event::StreamEnd),
        }
    }

    fn count(&mut self, values: usize) -> Result<(), String> {
        let left = self.left.checked_sub(values);
        self.left = left.ok_or_else(|| format!("it has more than {MOST_VALUES} values"))?;
        Ok(())
    }

    /// The value that begins with an event.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Json, String> {
        if depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} deep"));
        }
        self.count(1)?;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                (anchor, if is_plain { plain(&text) } else { Json::Text(text.into_owned()) })
            }
            Event::SequenceStart(anchor, _) => (anchor, self.list(depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.map(depth)?),
            Event::Alias(number) => (0, self.alias(number)?),
            _ => return Err("it ends within a value".to_owned()),
        };
        if anchor > 0 {
            self.anchors.push((anchor, value.clone()));
        }
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        let mut items = vec![];
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Json::List(items)),
                event => items.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Json, String> {
        let mut entries = vec![];
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(Json::Map(entries)),
                event => self.node(event, depth + 1)?.tag(),
            };
            let event = self.next()?;
            entries.push((key, self.node(event, depth + 1)?));
        }
    }

    /// A copy of what an anchor stands for, whose values count anew: aliases of aliases double.
    fn alias(&mut self, number: usize) -> Result<Json, String> {
        let value = self.anchors.iter().rev().find(|(anchor, _)| *anchor == number);
        let value = value.map(|(_, value)| value.clone()).ok_or("an alias stands for nothing")?;
        self.count(size(&value))?;
        Ok(value)
    }
}

fn size(value: &Json) -> usize {
    match value {
        Json::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Json::Map(entries) => 1 + entries.iter().map(|(_, value)| size(value)).sum::<usize>(),
        _ => 1,
    }
}

/// The value of a text without quotes.
fn plain(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Json::Number("NaN".to_owned()),
        ".inf" | ".Inf" | ".INF" | "+.inf" => Json::Number("Infinity".to_owned()),
        "-.inf" | "-.Inf" | "-.INF" => Json::Number("-Infinity".to_owned()),
        _ if is_number(text) => Json::Number(text.to_owned()),
        _ => Json::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    is_plain && digits.starts_with(|letter: char| letter.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn documents_of_python_are_read() {
        let text = "lr: 1.0e-05\nopt: &o\n  name: adam\n  betas:\n  - 0.9\n  - 0.999\nnone: null\n'on': true\n\
                    again: *o\nid: '007'\nlong: a text\n  that is folded\ntuple: !!python/tuple\n- 1\n- 2\n\
                    inf: .inf\nempty: {}\n";
        assert_eq!(
            parse(text).unwrap().to_string(),
            r#"{"lr": 1.0e-05, "opt": {"name": "adam", "betas": [0.9, 0.999]}, "none": null, "on": true, "again": {"name": "adam", "betas": [0.9, 0.999]}, "id": "007", "long": "a text that is folded", "tuple": [1, 2], "inf": Infinity, "empty": {}}"#
        );
        assert_eq!(parse("").unwrap(), Json::Null);
    }

    #[test]
    fn documents_that_would_not_fit_are_refused() {
        parse(&"[".repeat(10_000)).unwrap_err();
        let level = |level: usize| format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1);
        let bomb: String = std::iter::once("a0: &a0 [1, 1]\n".to_owned()).chain((1..40).map(level)).collect();
        parse(&bomb).unwrap_err();
        parse("a: *b").unwrap_err();
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_an_error(text in prop_oneof![any::<String>(), "[\\[\\]{}\"':,&*!|>a-c0-9.\n -]{0,60}"]) {
            let _ = parse(&text);
        }
    }
}
