//! Between values and columns.

use rusqlite::Row;
use rusqlite::types::Value;

use super::Fault;
use uaic_study::store::{Id, StoreError};
use uaic_study::trial::{Direction, Goal, ParamValue};

/// A float as its two columns: SQLite turns NaN into NULL, so its kind is stored beside it.
pub(super) fn float_columns(value: f64) -> (Option<f64>, i64) {
    if value.is_nan() {
        (None, 1)
    } else if value == f64::INFINITY {
        (None, 2)
    } else if value == f64::NEG_INFINITY {
        (None, 3)
    } else {
        (Some(value), 0)
    }
}

/// The inverse of [`float_columns`].
pub(super) fn float_value(value: Option<f64>, kind: i64) -> Result<f64, StoreError> {
    match (kind, value) {
        (0, Some(value)) => Ok(value),
        (1, None) => Ok(f64::NAN),
        (2, None) => Ok(f64::INFINITY),
        (3, None) => Ok(f64::NEG_INFINITY),
        _ => Err(malformed("number", format!("value {value:?} of kind {kind}"))),
    }
}

/// A parameter as its columns: what it is compared by, how that is to be read, and the text itself where
/// it reads as a number.
pub(super) fn param_columns(value: &ParamValue) -> (Value, i64, Option<&str>) {
    match value {
        ParamValue::Bool(value) => (Value::Integer((*value).into()), 1, None),
        ParamValue::Int(value) => (Value::Integer(*value), 0, None),
        ParamValue::Float(value) if value.is_nan() => (Value::Null, 0, None),
        ParamValue::Float(value) => (Value::Real(*value), 0, None),
        ParamValue::Text(text) => match number_in(text) {
            Some(number) => (number, 2, Some(text)),
            None => (Value::Text(text.clone()), 0, None),
        },
    }
}

/// The number that a text says.
pub(super) fn number_in(text: &str) -> Option<Value> {
    // Not `inf` or `nan`, which may be names.
    let plain = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    if !text.contains(|letter: char| letter.is_ascii_digit()) || !text.chars().all(plain) {
        return None;
    }
    let real = || text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Real);
    text.parse().ok().map(Value::Integer).or_else(real)
}

/// The inverse of [`param_columns`].
pub(super) fn param_value(value: Value, kind: i64, text: Option<String>) -> Result<ParamValue, StoreError> {
    match (kind, value, text) {
        (0, Value::Integer(value), None) => Ok(ParamValue::Int(value)),
        (0, Value::Real(value), None) => Ok(ParamValue::Float(value)),
        (0, Value::Text(value), None) => Ok(ParamValue::Text(value)),
        (0, Value::Null, None) => Ok(ParamValue::Float(f64::NAN)),
        (1, Value::Integer(value @ 0..=1), None) => Ok(ParamValue::Bool(value == 1)),
        (2, _, Some(text)) => Ok(ParamValue::Text(text)),
        (kind, value, _) => Err(malformed("parameter", format!("value {value:?} of kind {kind}"))),
    }
}

/// The id in a column.
pub(super) fn id_at(row: &Row<'_>, column: &str) -> Result<Id, Fault> {
    Ok(Id(row.get(column)?))
}

/// The smallest and largest id that start with some hexadecimal digits; `None` when they are none.
pub(super) fn id_range(prefix: &str) -> Option<(Value, Value)> {
    let fill = |digit: char| {
        let text: String = prefix.chars().chain(std::iter::repeat(digit)).take(32).collect();
        Id::parse(&text).map(|id| Value::Blob(id.0.to_vec()))
    };
    Some((fill('0')?, fill('f')?)).filter(|_| prefix.len() <= 32)
}

/// What is read by name, or an error that says what was found instead.
pub(super) fn named<T>(what: &'static str, name: &str, from: fn(&str) -> Option<T>) -> Result<T, StoreError> {
    from(name).ok_or_else(|| malformed(what, format!("unknown name `{name}`")))
}

/// Something stored as JSON.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| malformed(what, error.to_string()))
}

/// The JSON of something whose keys are texts and whose numbers are finite.
pub(super) fn to_json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| malformed(what, error.to_string()))
}

/// Goals behind the first one: a list of pairs of metric and direction.
pub(super) fn goals_column(goals: &[Goal]) -> Result<String, StoreError> {
    let pairs: Vec<(&str, Direction)> =
        goals.iter().map(|goal| (goal.metric.as_str(), goal.direction)).collect();
    to_json("list of objectives", &pairs)
}

/// The inverse of [`goals_column`].
pub(super) fn goals_value(column: &str) -> Result<Vec<Goal>, StoreError> {
    let pairs: Vec<(String, Direction)> = from_json("list of objectives", column)?;
    Ok(pairs.into_iter().map(|(metric, direction)| Goal { metric, direction }).collect())
}

fn malformed(what: &'static str, detail: String) -> StoreError {
    StoreError::Malformed { what, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_float_comes_back_to_the_bit(bits: u64) {
            let value = f64::from_bits(bits);
            let (column, kind) = float_columns(value);
            let back = float_value(column, kind).unwrap();
            prop_assert!(back.to_bits() == bits || (back.is_nan() && value.is_nan()));
        }

        #[test]
        fn every_parameter_comes_back_with_its_type(number in any::<f64>(), whole: i64, text: String) {
            let values = [
                ParamValue::Float(number),
                ParamValue::Int(whole),
                ParamValue::Text(text),
                ParamValue::Text(format!("{number:e}")),
                ParamValue::Text(format!("0{whole}")),
                ParamValue::Bool(true),
            ];
            for value in values {
                let (column, kind, text) = param_columns(&value);
                prop_assert_eq!(param_value(column, kind, text.map(str::to_owned)).unwrap(), value);
            }
        }
    }

    #[test]
    fn a_prefix_spans_exactly_the_ids_that_start_with_it() {
        let (low, high) = id_range("abc").unwrap();
        let blob = |value: Value| match value {
            Value::Blob(bytes) => bytes,
            other => panic!("{other:?}"),
        };
        assert_eq!(blob(low)[..2], [0xab, 0xc0]);
        assert_eq!(blob(high)[..2], [0xab, 0xcf]);
        assert!(id_range("xyz").is_none());
        assert!(id_range(&"a".repeat(33)).is_none());
    }

    #[test]
    fn contradicting_columns_are_reported() {
        assert!(float_value(None, 0).is_err() && float_value(Some(1.0), 1).is_err());
        assert!(param_value(Value::Integer(3), 1, None).is_err());
        assert!(param_value(Value::Integer(3), 2, None).is_err());
        assert!(param_value(Value::Blob(vec![]), 0, None).is_err());
    }
}
