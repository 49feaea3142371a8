//! JSON lines: an object a line.

use std::io::{BufRead, BufReader, Read, SeekFrom};

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::error::Fault;
use crate::input::Input;
use crate::table::Values;

/// Most bytes of one line.
const LONGEST_LINE: u64 = 1 << 26;

/// Lines whose keys are taken for the names of columns.
const LOOKED_AT: usize = 1000;

/// The names of the columns: the keys of the first lines, in the order in which they occur, and how
/// many numbers a row of each holds.
pub(crate) fn names(input: &mut dyn Input) -> Result<Vec<(String, usize)>, Fault> {
    let (mut names, mut seen) = (Vec::new(), 0);
    lines(input, |_, row| {
        for (key, value) in row {
            let width = value.as_array().map_or(1, Vec::len).max(1);
            match names.iter_mut().find(|(name, _)| *name == key) {
                Some((_, known)) => *known = width.max(*known),
                None => names.push((key, width)),
            }
        }
        seen += 1;
        Ok(seen < LOOKED_AT && names.len() < 100_000)
    })?;
    Ok(names)
}

/// What all values of a column so far have in common.
#[derive(Clone, Copy)]
struct Kind {
    width: usize,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Unknown,
    Integer,
    Float,
    Boolean,
    Text,
}

/// The columns of these names, of so many numbers each, and the line of each row.
pub(crate) fn read(
    input: &mut dyn Input,
    wanted: &[(&str, usize)],
) -> Result<(Vec<Values>, Vec<u32>), Fault> {
    let mut kinds: Vec<Kind> =
        wanted.iter().map(|(_, width)| Kind { width: *width, shape: Shape::Unknown }).collect();
    lines(input, |line, row| {
        for (kind, (name, _)) in kinds.iter_mut().zip(wanted) {
            kind.see(row.get(*name).unwrap_or(&Value::Null), name).map_err(|what| Fault::at(line, what))?;
        }
        Ok(true)
    })?;
    let (mut budget, mut numbers) = (Budget::new(), Vec::new());
    let mut values: Vec<Values> = kinds.iter().map(|kind| kind.values()).collect();
    lines(input, |line, row| {
        numbers.push(u32::try_from(line).unwrap_or(u32::MAX));
        for ((values, kind), (name, _)) in values.iter_mut().zip(&kinds).zip(wanted) {
            budget.values(kind.width)?;
            match row.get(*name).unwrap_or(&Value::Null) {
                Value::Array(parts) => {
                    parts.iter().take(kind.width).try_for_each(|part| add(values, part, &mut budget))?;
                }
                one => (0..kind.width).try_for_each(|_| add(values, one, &mut budget))?,
            }
        }
        Ok(true)
    })?;
    Ok((values, numbers))
}

impl Kind {
    fn see(&mut self, value: &Value, name: &str) -> Result<(), String> {
        match value {
            Value::Array(parts) if parts.len() != self.width => {
                Err(format!("`{name}` has {} numbers, where others have {}", parts.len(), self.width))
            }
            Value::Array(parts) => parts.iter().try_for_each(|part| self.see_one(part, name)),
            Value::Null => Ok(()),
            _ if self.width > 1 => Err(format!("`{name}` is not a list of {} numbers", self.width)),
            one => self.see_one(one, name),
        }
    }

    fn see_one(&mut self, value: &Value, name: &str) -> Result<(), String> {
        let own = match value {
            Value::Null => return Ok(()),
            Value::Number(number) if number.is_i64() => Shape::Integer,
            Value::Number(_) => Shape::Float,
            Value::Bool(_) => Shape::Boolean,
            Value::String(_) => Shape::Text,
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("`{name}` is neither a number nor a text"));
            }
        };
        self.shape = match (self.shape, own) {
            (Shape::Unknown, own) => own,
            (before, own) if before == own => own,
            (Shape::Integer | Shape::Float, Shape::Integer | Shape::Float) => Shape::Float,
            _ => Shape::Text,
        };
        Ok(())
    }

    fn values(self) -> Values {
        match self.shape {
            Shape::Integer => Values::Integers(Vec::new()),
            Shape::Unknown | Shape::Float => Values::Floats(Vec::new()),
            Shape::Boolean => Values::Booleans(Vec::new()),
            Shape::Text => Values::Texts(Vec::new()),
        }
    }
}

fn add(values: &mut Values, value: &Value, budget: &mut Budget) -> Result<(), Fault> {
    match values {
        Values::Integers(values) => values.push(value.as_i64()),
        Values::Floats(values) => values.push(value.as_f64()),
        Values::Booleans(values) => values.push(value.as_bool()),
        Values::Texts(values) => {
            let text = match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            budget.text(text.as_ref().map_or(0, String::len))?;
            values.push(text);
        }
    }
    Ok(())
}

/// Hands over every line with its number, until one is enough; empty lines are none.
fn lines(
    input: &mut dyn Input,
    mut each: impl FnMut(usize, Map<String, Value>) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    input.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 16, input);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.len() as u64 == LONGEST_LINE {
            return Err(Fault::at(number, "a line of more than 64 MiB"));
        }
        let text = line.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&line).trim_ascii();
        if text.is_empty() {
            continue;
        }
        let row: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| Fault::at(number, format!("not a JSON object: {}", short(&error))))?;
        if !each(number, row)? {
            break;
        }
    }
    Ok(())
}

/// What is wrong, without the line that the parser counts by itself.
fn short(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).map_or(text.clone(), |what| format!("{what} at column {}", error.column()))
}
