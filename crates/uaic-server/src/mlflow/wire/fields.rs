//! Fields of a request, each read as what it has to be.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::place::Place;
use super::{Float, Problem};

/// What is added to a complaint about a field.
const SEE: &str = "See the API docs for more information about request parameters.";

/// Where fields come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// An address: all are texts, and a list of one is that one.
    Query,
    /// JSON.
    Body,
}

/// The fields of a request, or of an object in it. A name may be written as `run_id` or `runId`; null is
/// as good as absent; what is not asked for is nobody's business.
#[derive(Clone, Copy, Debug)]
pub(in crate::mlflow) struct Fields<'a> {
    map: &'a Map<String, Value>,
    place: Place<'a>,
    source: Source,
}

impl<'a> Fields<'a> {
    /// The fields of a request.
    pub(super) fn top(map: &'a Map<String, Value>, source: Source) -> Self {
        Self { map, place: Place::default(), source }
    }

    /// The value of a field.
    fn value(&self, name: &str) -> Result<Option<&'a Value>, Problem> {
        let plain = self.map.get(name);
        let other = if name.contains('_') { self.map.get(&camel_case(name)) } else { None };
        if plain.is_some() && other.is_some() {
            let (name, other) = (self.place.of(name), camel_case(name));
            return Err(Problem::invalid(format!(
                "Parameter '{name}' is given twice, also as '{other}'. {SEE}"
            )));
        }
        Ok(plain.or(other).filter(|value| !value.is_null()))
    }

    /// That a field is wrong.
    fn wrong(&self, name: &str, value: &Value) -> Problem {
        Problem::invalid(format!(
            "Invalid value {value} for parameter '{}' supplied. {SEE}",
            self.place.of(name)
        ))
    }

    /// That a field is wrong, for a reason.
    pub(in crate::mlflow) fn refuse(&self, name: &str, why: &str) -> Problem {
        let value = self.value(name).ok().flatten().cloned().unwrap_or_default();
        let name = self.place.of(name);
        Problem::invalid(format!("Invalid value {value} for parameter '{name}' supplied: {why}. {SEE}"))
    }

    /// That a field is not there.
    pub(in crate::mlflow) fn missing(&self, name: &str) -> Problem {
        let name = self.place.of(name);
        Problem::invalid(format!("Missing value for required parameter '{name}'. {SEE}"))
    }

    /// A text.
    pub(in crate::mlflow) fn text(&self, name: &str) -> Result<Option<&'a str>, Problem> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// A text that has to be there; an empty one is not.
    pub(in crate::mlflow) fn needed_text(&self, name: &str) -> Result<&'a str, Problem> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| self.missing(name))
    }

    /// A text, `""` where there is none.
    pub(in crate::mlflow) fn text_or_empty(&self, name: &str) -> Result<&'a str, Problem> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A whole number.
    pub(in crate::mlflow) fn integer(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        if self.source == Source::Query && value.as_str() == Some("") {
            return Ok(None);
        }
        integer(value).map(Some).ok_or_else(|| self.wrong(name, value))
    }

    /// A whole number that has to be there.
    pub(in crate::mlflow) fn needed_integer(&self, name: &str) -> Result<i64, Problem> {
        self.integer(name)?.ok_or_else(|| self.missing(name))
    }

    /// A number that has to be there.
    pub(in crate::mlflow) fn needed_number(&self, name: &str) -> Result<f64, Problem> {
        let value = self.value(name)?.ok_or_else(|| self.missing(name))?;
        let number = match value {
            Value::Number(number) => number.as_f64().filter(|number| number.is_finite()),
            Value::String(text) if text.is_empty() => return Err(self.missing(name)),
            Value::String(text) => Float::parse(text),
            _ => None,
        };
        number.ok_or_else(|| self.wrong(name, value))
    }

    /// A truth.
    pub(in crate::mlflow) fn boolean(&self, name: &str) -> Result<Option<bool>, Problem> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        let truth = match value {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        truth.map(Some).ok_or_else(|| self.wrong(name, value))
    }

    /// One of several names, which may be given by its number.
    pub(in crate::mlflow) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, i64, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        let number = integer(value);
        let is_meant = |own: &str, of: i64| number.map_or(value.as_str() == Some(own), |number| number == of);
        let found = choices.iter().find(|(own, of, _)| is_meant(own, *of));
        found.map(|(_, _, choice)| Some(*choice)).ok_or_else(|| self.wrong(name, value))
    }

    /// A list; nothing where there is none.
    fn list(&self, name: &str) -> Result<&'a [Value], Problem> {
        match self.value(name)? {
            None => Ok(&[]),
            Some(Value::Array(values)) => Ok(values),
            Some(one @ Value::String(_)) if self.source == Source::Query => Ok(std::slice::from_ref(one)),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// A list of texts.
    pub(in crate::mlflow) fn texts(&self, name: &str) -> Result<Vec<&'a str>, Problem> {
        let list = self.list(name)?;
        let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
        texts.ok_or_else(|| self.wrong(name, &Value::Array(list.to_vec())))
    }

    /// An object.
    pub(in crate::mlflow) fn object<'s>(&'s self, name: &'s str) -> Result<Option<Fields<'s>>, Problem> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Object(map)) => {
                Ok(Some(Fields { map, place: self.place.member(name), source: self.source }))
            }
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// An object that has to be there.
    pub(in crate::mlflow) fn needed_object<'s>(&'s self, name: &'s str) -> Result<Fields<'s>, Problem> {
        self.object(name)?.ok_or_else(|| self.missing(name))
    }

    /// Any JSON at all.
    pub(in crate::mlflow) fn any(&self, name: &str) -> Result<Option<&'a Value>, Problem> {
        self.value(name)
    }

    /// An object of texts, whose names are data: they are as they are written.
    pub(in crate::mlflow) fn map(&self, name: &str) -> Result<BTreeMap<String, String>, Problem> {
        let map = match self.value(name)? {
            None => return Ok(BTreeMap::new()),
            Some(Value::Object(map)) => map,
            Some(other) => return Err(self.wrong(name, other)),
        };
        let pair = |(key, value): (&String, &Value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            other => Err(self.wrong(&format!("{name}.{key}"), other)),
        };
        map.iter().map(pair).collect()
    }

    /// A list of objects.
    pub(in crate::mlflow) fn objects<'s>(&'s self, name: &'s str) -> Result<Vec<Fields<'s>>, Problem> {
        let list = self.list(name)?;
        let fields = |(index, value): (usize, &'s Value)| match value {
            Value::Object(map) => {
                Ok(Fields { map, place: self.place.item(name, index), source: self.source })
            }
            other => Err(self.wrong(&format!("{name}[{index}]"), other)),
        };
        list.iter().enumerate().map(fields).collect()
    }
}

/// A whole number: also one written with a point, and a text of digits.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            // Up to there every whole float is one number.
            (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A name as JavaScript writes it.
pub(super) fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        whole.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        whole.push_str(letters.as_str());
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_name_may_be_written_in_both_ways_but_not_in_both_at_once() {
        let fields =
            map(json!({"runId": "a", "run_name": "b", "userId": "c", "user_id": "d", "end_time": null}));
        let fields = Fields::top(&fields, Source::Body);
        assert_eq!(fields.text("run_id").unwrap(), Some("a"));
        assert_eq!(fields.text("run_name").unwrap(), Some("b"));
        assert!(fields.text("user_id").unwrap_err().message.contains("'user_id' is given twice"));
        assert_eq!(fields.integer("end_time").unwrap(), None);
    }

    #[test]
    fn numbers_are_numbers_or_texts_of_them() {
        let fields = map(json!({"a": 1, "b": "2", "c": 3.0, "d": 4.5, "e": "x", "f": true, "g": 1e300,
            "h": "NaN", "i": "-Infinity", "j": "1e5", "k": -9_223_372_036_854_775_808_i64}));
        let fields = Fields::top(&fields, Source::Body);
        for (name, expected) in [("a", 1), ("b", 2), ("c", 3), ("k", i64::MIN)] {
            assert_eq!(fields.needed_integer(name).unwrap(), expected);
        }
        for name in ["d", "e", "f", "g", "h", "j"] {
            let told = fields.integer(name).unwrap_err().message;
            assert!(
                told.starts_with("Invalid value ") && told.contains(&format!("parameter '{name}'")),
                "{told}"
            );
        }
        assert!(fields.needed_number("h").unwrap().is_nan());
        assert_eq!(fields.needed_number("i").unwrap().to_bits(), f64::NEG_INFINITY.to_bits());
        assert_eq!(fields.needed_number("j").unwrap().to_bits(), 1e5_f64.to_bits());
        assert!(fields.needed_number("f").is_err());
        assert!(
            fields
                .needed_number("x")
                .unwrap_err()
                .message
                .starts_with("Missing value for required parameter 'x'")
        );
    }

    #[test]
    fn complaints_say_where() {
        let fields =
            map(json!({"metrics": [{"key": "a"}, {"key": {"b": 1}}], "dataset": {"tags": [{"key": 2}]}}));
        let fields = Fields::top(&fields, Source::Body);
        let metrics = fields.objects("metrics").unwrap();
        assert!(metrics[0].needed_number("value").unwrap_err().message.contains("'metrics[0].value'"));
        let told = metrics[1].text("key").unwrap_err().message;
        assert!(
            told.starts_with("Invalid value {\"b\":1} for parameter 'metrics[1].key' supplied"),
            "{told}"
        );
        let dataset = fields.needed_object("dataset").unwrap();
        let tags = dataset.objects("tags").unwrap();
        assert!(tags[0].text("key").unwrap_err().message.contains("'dataset.tags[0].key'"));
        assert!(fields.objects("dataset").is_err());
    }

    #[test]
    fn a_list_of_one_in_a_query_is_that_one() {
        let fields = map(json!({"a": "x", "b": ["x", "y"]}));
        assert_eq!(Fields::top(&fields, Source::Query).texts("a").unwrap(), ["x"]);
        assert_eq!(Fields::top(&fields, Source::Query).texts("b").unwrap(), ["x", "y"]);
        assert!(Fields::top(&fields, Source::Body).texts("a").is_err());
        let numbers = map(json!({"ids": [1]}));
        assert!(Fields::top(&numbers, Source::Body).texts("ids").is_err(), "nothing is lost quietly");
    }
}
