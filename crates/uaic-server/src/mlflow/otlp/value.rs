//! Values of attributes: as protobuf's JSON writes them, and as what they mean.

use serde_json::{Map, Value};

/// An object of one member.
pub(super) fn one(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

/// A float, which JSON may have no number for.
pub(super) fn float(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(
        || {
            let name = if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            Value::from(name)
        },
        Value::Number,
    )
}

/// A value as what it means: without the names of its kinds.
pub(super) fn plain(value: &Value) -> Value {
    let list = |own: &Value| own.get("values").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some((kind, own)) = value.as_object().and_then(|kinds| kinds.iter().next()) else {
        return Value::Null;
    };
    match kind.as_str() {
        "array_value" => list(own).iter().map(plain).collect(),
        "kvlist_value" => {
            let pair = |pair: &Value| {
                let key = pair.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
                (key, pair.get("value").map_or(Value::Null, plain))
            };
            Value::Object(list(own).iter().map(pair).collect())
        }
        _ => own.clone(),
    }
}

/// A value as a text: a text as it is, everything else as JSON.
pub(super) fn text(value: &Value) -> String {
    match plain(value) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_mean_what_they_hold() {
        let value = json!({"kvlist_value": {"values": [
            {"key": "a", "value": {"array_value": {"values": [{"int_value": 1}, {"bool_value": true}, {}]}}},
            {"key": "b", "value": {"string_value": "x"}},
        ]}});
        assert_eq!(plain(&value), json!({"a": [1, true, null], "b": "x"}));
        assert_eq!(text(&json!({"string_value": "x"})), "x");
        assert_eq!(text(&json!({"double_value": 0.5})), "0.5");
        assert_eq!(float(f64::NAN), json!("NaN"));
        assert_eq!(float(f64::NEG_INFINITY), json!("-Infinity"));
    }
}
