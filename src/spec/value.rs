//! Values as TOML has them, and where they stand.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::kind::Kind;
use super::problem::{At, Complaint};
use crate::trial::ParamValue;

/// A value and where it was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: At,
}

/// The values of a spec by key path, without defaults.
pub(super) type Given = BTreeMap<&'static str, ParamValue>;

/// The boolean, number or text that a value is.
pub(super) fn scalar(value: &DeValue<'_>) -> Result<ParamValue, Complaint> {
    match value {
        DeValue::Boolean(value) => Ok(ParamValue::Bool(*value)),
        DeValue::String(text) => Ok(ParamValue::Text(text.clone().into_owned())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(ParamValue::Int)
            .map_err(|_| Complaint::new(format!("`{number}` does not fit into 64 bits"))),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map(ParamValue::Float)
            .map_err(|_| Complaint::new(format!("`{number}` is not a number"))),
        other => Err(Complaint::new(format!("a single value is needed here, not {}", kind_of(other)))),
    }
}

/// The kind of a value, with its article.
pub(super) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// A value as TOML has it.
pub(super) fn plain(value: &DeValue<'_>) -> Option<toml::Value> {
    Some(match value {
        DeValue::Array(array) => {
            toml::Value::Array(array.iter().map(|entry| plain(entry.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let entry = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
                Some((name.get_ref().to_string(), plain(value.get_ref())?))
            };
            toml::Value::Table(table.iter().map(entry).collect::<Option<_>>()?)
        }
        DeValue::Datetime(time) => toml::Value::Datetime(*time),
        other => match scalar(other).ok()? {
            ParamValue::Bool(value) => value.into(),
            ParamValue::Int(value) => value.into(),
            ParamValue::Float(value) => value.into(),
            ParamValue::Text(value) => value.into(),
        },
    })
}

/// As [`scalar`]; a list of texts, where the kind takes one, as the text that it stands for.
pub(super) fn single(kind: Kind, value: &DeValue<'_>) -> Result<ParamValue, Complaint> {
    let between = match kind {
        Kind::Names(_) => ", ",
        Kind::Constraints => " and ",
        _ => return scalar(value),
    };
    match value {
        DeValue::Array(array) => {
            let texts: Option<Vec<&str>> = array.iter().map(|entry| entry.get_ref().as_str()).collect();
            let texts = texts.ok_or_else(|| Complaint::new("a list of texts is needed here"))?;
            Ok(ParamValue::Text(texts.join(between)))
        }
        other => scalar(other),
    }
}
