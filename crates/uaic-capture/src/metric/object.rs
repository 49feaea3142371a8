//! Lines that are objects: of JSON, or as Python prints them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Said, words};
use crate::json_line;

/// Objects within objects that are looked at.
const DEEPEST: usize = 4;

/// What an object says, if it is one of metrics: all that it holds are numbers, or it names a step, or
/// something that is measured.
pub(super) fn read(line: &str) -> Option<Said<'static>> {
    let object = parse(line)?;
    let mut found = Found::default();
    found.look(&object, "", 0);
    let step = found.take_step();
    let is_said =
        found.others == 0 || step.is_some() || found.values.iter().any(|(key, _)| words::is_measured(key));
    if found.others > 0 {
        found.values.retain(|(key, _)| !words::is_never(key));
    }
    let is_said = is_said && !found.values.is_empty();
    is_said.then(|| Said {
        step,
        values: found.values.into_iter().map(|(key, value)| (Cow::Owned(key), value)).collect(),
    })
}

fn parse(line: &str) -> Option<Map<String, Value>> {
    let read = match json_line::parse(line) {
        Err(_) if line.starts_with("{'") && !line.contains('"') => json_line::parse(&from_python(line)),
        read => read,
    };
    match read.ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// JSON in place of what Python prints for a `dict` of numbers.
fn from_python(line: &str) -> String {
    let quoted = line.replace('\'', "\"");
    let words = [(": None", ": null"), (": True", ": true"), (": False", ": false")];
    words.iter().fold(quoted, |text, (python, json)| text.replace(python, json))
}

#[derive(Default)]
struct Found {
    values: Vec<(String, f64)>,
    /// Whole numbers that may be the step: fineness, place among the values, step.
    steps: Vec<(usize, usize, i64)>,
    /// Values that are neither numbers nor nothing.
    others: usize,
}

impl Found {
    fn look(&mut self, object: &Map<String, Value>, before: &str, depth: usize) {
        for (name, value) in object {
            let key = if before.is_empty() { name.clone() } else { format!("{before}/{name}") };
            match value {
                Value::Object(inner) if depth < DEEPEST => self.look(inner, &key, depth + 1),
                Value::Null => {}
                _ => match json_line::number(value) {
                    Some(number) if !name.is_empty() => self.add(key, value, number),
                    _ => self.others += 1,
                },
            }
        }
    }

    fn add(&mut self, key: String, value: &Value, number: f64) {
        if let (Some(fineness), Some(step)) = (words::fineness(&key), whole(value)) {
            self.steps.push((fineness, self.values.len(), step));
        }
        self.values.push((key, number));
    }

    /// The finest step; it is no value any more.
    fn take_step(&mut self) -> Option<i64> {
        let (_, at, step) = self.steps.iter().min().copied()?;
        self.values.remove(at);
        Some(step)
    }
}

/// A whole number, also one that is written as a float.
fn whole(value: &Value) -> Option<i64> {
    let is_whole = |x: &f64| x.fract() == 0.0 && x.abs() < 9_223_372_036_854_775_808.0;
    value.as_i64().or_else(|| value.as_f64().filter(is_whole).map(|x| x as i64))
}
