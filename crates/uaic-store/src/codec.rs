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

/// Kind, exact text and comparable number of a parameter.
pub(super) fn param_columns(value: &ParamValue) -> (&'static str, String, Option<f64>) {
    let kind = match value {
        ParamValue::Bool(_) => "bool",
        ParamValue::Int(_) => "int",
        ParamValue::Float(_) => "float",
        ParamValue::Text(_) => "text",
    };
    (kind, value.to_string(), value.as_f64())
}

/// The inverse of [`param_columns`].
pub(super) fn param_value(kind: &str, text: String) -> Result<ParamValue, StoreError> {
    let value = match kind {
        "bool" => text.parse().ok().map(ParamValue::Bool),
        "int" => text.parse().ok().map(ParamValue::Int),
        "float" => text.parse().ok().map(ParamValue::Float),
        "text" => return Ok(ParamValue::Text(text)),
        _ => None,
    };
    value.ok_or_else(|| malformed("parameter", format!("`{text}` is no {kind}")))
}

/// A step as SQLite's largest integer: those above 2^63 − 1 become it.
pub(super) fn step_column(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
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
            let values =
                [ParamValue::Float(number), ParamValue::Int(whole), ParamValue::Text(text), ParamValue::Bool(true)];
            for value in values {
                let (kind, column, _) = param_columns(&value);
                prop_assert_eq!(param_value(kind, column).unwrap(), value);
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
        assert!(param_value("int", "3.0".into()).is_err() && param_value("odd", "3".into()).is_err());
    }
}
