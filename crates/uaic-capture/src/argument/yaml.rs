//! YAML as a value of JSON, with limits on depth and on what aliases make of a small text.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

use super::value;
use uaic_study::trial::ParamValue;

/// Deeper values are refused.
const DEEPEST: usize = 64;

/// More values than this, those of aliases included, are refused.
const MOST: usize = 100_000;

/// Reads the first document of a text.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.take(event)?;
    }
    Ok(builder.root.unwrap_or(Value::Null))
}

/// A list or table that is not complete.
enum Open {
    List(Vec<Value>),
    /// With the key whose value comes next.
    Table(Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct Builder {
    root: Option<Value>,
    open: Vec<(Open, usize)>,
    anchors: HashMap<usize, Value>,
    count: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, _) => self.add(scalar(&text, style), anchor),
            Event::SequenceStart(anchor, _) => self.begin(Open::List(vec![]), anchor),
            Event::MappingStart(anchor, _) => self.begin(Open::Table(Map::new(), None), anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((open, anchor)) = self.open.pop() else { return Ok(()) };
                let value = match open {
                    Open::List(list) => Value::Array(list),
                    Open::Table(table, _) => Value::Object(table),
                };
                self.add(value, anchor)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().ok_or("an alias without its anchor")?;
                self.count += size(&value);
                self.add(value, 0)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: Open, anchor: usize) -> Result<(), String> {
        if self.open.len() >= DEEPEST {
            return Err(format!("it is more than {DEEPEST} levels deep"));
        }
        self.open.push((open, anchor));
        Ok(())
    }

    fn add(&mut self, value: Value, anchor: usize) -> Result<(), String> {
        self.count += 1;
        if self.count > MOST {
            return Err(format!("it has more than {MOST} values"));
        }
        if anchor > 0 {
            self.count += size(&value);
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some((Open::List(list), _)) => list.push(value),
            Some((Open::Table(table, key), _)) => match key.take() {
                None => *key = Some(as_key(&value)),
                // `<<: *base` takes over what is not given.
                Some(merged) if merged == "<<" => {
                    if let Value::Object(base) = value {
                        for (name, value) in base {
                            table.entry(name).or_insert(value);
                        }
                    }
                }
                Some(name) => drop(table.insert(name, value)),
            },
        }
        Ok(())
    }
}

fn as_key(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How many values a value has.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(size).sum::<usize>(),
        Value::Object(table) => 1 + table.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// A plain scalar is what it looks like; one in quotes is a text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        _ => match value::read(text) {
            ParamValue::Bool(value) => Value::Bool(value),
            ParamValue::Int(value) => value.into(),
            ParamValue::Float(value) => {
                Number::from_f64(value).map_or_else(|| Value::String(text.to_owned()), Value::Number)
            }
            ParamValue::Text(text) => Value::String(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_yaml_is_read() {
        let text =
            "a: 1e-3\nb: [x, \"1\", null]\nc: &c {d: yes, e: 'f'}\ng:\n  <<: *c\n  e: 2\n1: on\n---\nz: 1\n";
        let expected =
            r#"{"a":0.001,"b":["x","1",null],"c":{"d":"yes","e":"f"},"g":{"d":"yes","e":2},"1":"on"}"#;
        assert_eq!(read(text).unwrap().to_string(), expected);
        assert_eq!(read("").unwrap(), Value::Null);
        assert!(read("a: [").is_err());
    }

    #[test]
    fn aliases_and_depth_have_limits() {
        let line = |i: usize| {
            let before = vec![if i == 0 { "x".to_owned() } else { format!("*a{}", i - 1) }; 10].join(", ");
            format!("a{i}: &a{i} [{before}]\n")
        };
        let bomb: Vec<String> = (0..12).map(line).collect();
        let bomb = bomb.concat();
        assert!(read(&bomb).unwrap_err().contains("more than 100000 values"));
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read(&"- ".repeat(10_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange(text in r#"[a-c&*<>!|:,\[\]{}'"\n \-#%@~0-9.]{0,80}"#) {
            let _ = read(&text);
        }
    }
}
