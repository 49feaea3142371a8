//! What kind of values a column of texts holds.

use crate::budget::Budget;
use crate::error::Fault;
use crate::table::Values;

/// The kinds of values that all texts of a column so far can be.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    is_integer: bool,
    is_float: bool,
    is_boolean: bool,
}

impl Kind {
    pub(crate) fn any() -> Self {
        Self { is_integer: true, is_float: true, is_boolean: true }
    }

    /// Learns from a text; an empty one says nothing.
    pub(crate) fn see(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.is_integer = self.is_integer && integer(text).is_some();
            self.is_float = self.is_float && float(text).is_some();
            self.is_boolean = self.is_boolean && boolean(text).is_some();
        }
    }

    /// No values yet, of the plainest of the kinds.
    pub(crate) fn values(self) -> Values {
        match self {
            Self { is_integer: true, is_boolean: false, .. } => Values::Integers(Vec::new()),
            // Without a single value it may be anything, and is this.
            Self { is_float: true, .. } => Values::Floats(Vec::new()),
            Self { is_boolean: true, .. } => Values::Booleans(Vec::new()),
            _ => Values::Texts(Vec::new()),
        }
    }
}

/// A whole number as programs write it: one with leading zeros is a name.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.starts_with('+') && (digits.len() == 1 || !digits.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

/// A number; one with leading zeros is a name, as `007`.
fn float(text: &str) -> Option<f64> {
    let digits = text.trim_start_matches(['-', '+']).as_bytes();
    let is_name = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
    if is_name { None } else { text.parse().ok() }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Adds what a text says to values of its kind; an empty one, or one of another kind, is no value.
pub(crate) fn add(values: &mut Values, text: &str, budget: &mut Budget) -> Result<(), Fault> {
    budget.values(1)?;
    let trimmed = text.trim();
    match values {
        Values::Integers(values) => values.push(integer(trimmed)),
        Values::Floats(values) => values.push(float(trimmed)),
        Values::Booleans(values) => values.push(boolean(trimmed)),
        Values::Texts(values) => {
            budget.text(text.len())?;
            values.push((!text.is_empty()).then(|| text.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Values {
        let mut kind = Kind::any();
        for text in texts {
            kind.see(text);
        }
        let mut values = kind.values();
        for text in texts {
            add(&mut values, text, &mut Budget::new()).unwrap();
        }
        values
    }

    #[test]
    fn a_column_has_the_plainest_kind_that_holds_all_of_it() {
        assert_eq!(read(&["1", "", "-2"]), Values::Integers(vec![Some(1), None, Some(-2)]));
        assert_eq!(read(&["1", "2.5e-3"]), Values::Floats(vec![Some(1.0), Some(0.0025)]));
        assert_eq!(read(&["True", "false"]), Values::Booleans(vec![Some(true), Some(false)]));
        assert_eq!(read(&["1", "true"]), Values::Texts(vec![Some("1".to_owned()), Some("true".to_owned())]));
        assert_eq!(read(&["", ""]), Values::Floats(vec![None, None]));
        assert_eq!(read(&[]), Values::Floats(vec![]));
    }

    #[test]
    fn leading_zeros_are_part_of_a_name() {
        assert_eq!(
            read(&["007", "010"]),
            Values::Texts(vec![Some("007".to_owned()), Some("010".to_owned())])
        );
        assert_eq!(read(&["0", "0.5"]), Values::Floats(vec![Some(0.0), Some(0.5)]));
    }

    #[test]
    fn infinities_and_nan_are_numbers() {
        let Values::Floats(values) = read(&["inf", "-inf", "NaN"]) else { panic!() };
        assert!(values[2].unwrap().is_nan() && values[1] == Some(f64::NEG_INFINITY));
    }
}
