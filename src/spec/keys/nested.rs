//! Values by key path in nested tables.

use serde::Serialize;
use toml::{Table, Value};

use crate::trial::ParamValue;

/// A part of a spec as a table. Structs of plain fields always have one, so nothing is lost by
/// the empty table in place of an error.
pub(crate) fn table_of(part: &impl Serialize) -> Table {
    Table::try_from(part).unwrap_or_default()
}

/// The boolean, number or text at a key path of nested tables.
pub(crate) fn value_at(root: &Table, path: &str) -> Option<ParamValue> {
    let mut names = path.split('.');
    let mut value = root.get(names.next()?)?;
    for name in names {
        value = value.get(name)?;
    }
    match value {
        Value::Boolean(value) => Some(ParamValue::Bool(*value)),
        Value::Integer(value) => Some(ParamValue::Int(*value)),
        Value::Float(value) => Some(ParamValue::Float(*value)),
        Value::String(value) => Some(ParamValue::Text(value.clone())),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// Puts a value at a key path, with the tables above it.
pub(crate) fn put_at(root: &mut Table, path: &str, value: &ParamValue) {
    let value = match value {
        ParamValue::Bool(value) => Value::Boolean(*value),
        ParamValue::Int(value) => Value::Integer(*value),
        ParamValue::Float(value) => Value::Float(*value),
        ParamValue::Text(value) => Value::String(value.clone()),
    };
    let (sections, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut table = root;
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        let inner = table.entry(section.to_owned()).or_insert_with(|| Table::new().into());
        match inner {
            Value::Table(inner) => table = inner,
            // No key path leads through a value that is not a table.
            _ => return,
        }
    }
    table.insert(name.to_owned(), value);
}
