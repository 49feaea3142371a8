//! From a JSON object to a typed request: serde reads it, and what does not fit is told with its
//! place, what it has to be, and the nearest name there is.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};
use uaic_wording::nearest::nearest;

use super::problem::HttpProblem;

/// Most characters of a name that somebody made up, as messages show it.
const SHOWN: usize = 60;

/// Why a field is none that a request has.
#[derive(Debug)]
enum FieldError {
    /// It is of another type, or beyond its bounds.
    Unfit { wanted: String, found: String },
    /// It has to be there.
    Missing(&'static str),
    /// There is no such field.
    Unknown { name: String, known: &'static [&'static str] },
    /// What else serde says.
    Other(String),
}

/// Reads a request; null stands for a field that is not there.
pub(super) fn read<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, HttpProblem> {
    serde_path_to_error::deserialize(Place(object.into())).map_err(|error| {
        let pointer = pointer(error.path());
        let subject = subject(error.path());
        tell(error.into_inner(), pointer, &subject)
    })
}

fn tell(error: FieldError, pointer: String, subject: &str) -> HttpProblem {
    match error {
        FieldError::Unfit { wanted, found } => {
            HttpProblem::invalid(pointer, format!("{subject} is {wanted}, not {found}"))
        }
        FieldError::Missing(name) => {
            HttpProblem::invalid(format!("{pointer}/{name}"), format!("there is no `{name}`"))
        }
        FieldError::Unknown { name, known } => {
            let hint = match nearest(&name, known.iter().copied()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("there are {}", known.join(", ")),
            };
            let shown: String = name.chars().take(SHOWN).collect();
            HttpProblem::invalid(pointer, format!("there is no field `{shown}`; {hint}"))
        }
        FieldError::Other(message) => HttpProblem::invalid(pointer, message),
    }
}

/// A place as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let step = |segment: &Segment| match segment {
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        other => format!("/{other}"),
    };
    path.iter().map(step).map(|step| step.replace(['[', ']'], "")).collect()
}

/// What messages call a place.
fn subject(path: &Path) -> String {
    let mut last = path.iter().rev();
    match (last.next(), last.next()) {
        (Some(Segment::Map { key }), _) => format!("`{key}`"),
        (Some(Segment::Seq { index }), Some(Segment::Map { key })) => format!("`{key}[{index}]`"),
        _ => "it".to_owned(),
    }
}

/// What JSON calls a value.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// What JSON calls what serde has found.
fn kind_found(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        Unexpected::Unit | Unexpected::Option => "null",
        _ => "a string",
    }
}

/// What JSON calls what serde expects.
fn kind_wanted(wanted: &dyn Expected) -> String {
    match wanted.to_string().as_str() {
        "a sequence" => "an array".to_owned(),
        "a map" => "an object".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "f64" => "a number".to_owned(),
        "u64" => "a whole number".to_owned(),
        other => other.to_owned(),
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

impl std::error::Error for FieldError {}

impl de::Error for FieldError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::Unfit { wanted: kind_wanted(wanted), found: kind_found(found).to_owned() }
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unsigned(number) => number.to_string(),
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Float(number) => Value::from(number).to_string(),
            other => other.to_string(),
        };
        Self::Unfit { wanted: kind_wanted(wanted), found }
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::Unknown { name: name.to_owned(), known }
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

/// A value to be read, whose errors are [`FieldError`]s.
struct Place(Value);

impl IntoDeserializer<'_, FieldError> for Place {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Place {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Place))),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, Place(value)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// Without fields that are null; serde would also take an array of a struct's fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        match self.0 {
            Value::Array(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            Value::Object(mut fields) => {
                fields.retain(|name, value| !value.is_null() || !known.contains(&name.as_str()));
                Self(fields.into()).deserialize_any(visitor)
            }
            other => Self(other).deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Within<const LEAST: u64, const MOST: u64>(pub(super) u64);

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Within<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(WithinVisitor)
    }
}

struct WithinVisitor<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> Visitor<'_> for WithinVisitor<LEAST, MOST> {
    type Value = Within<LEAST, MOST>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a whole number from {LEAST} to {MOST}")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        if (LEAST..=MOST).contains(&number) {
            return Ok(Within(number));
        }
        Err(E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Err(E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, expecting = "an object")]
    struct Outer {
        text: String,
        count: Option<Within<1, 9>>,
        flag: Option<bool>,
        #[serde(default)]
        items: Vec<Inner>,
        names: Option<Vec<String>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, expecting = "an object")]
    struct Inner {
        name: String,
    }

    fn outer(json: &str) -> Result<Outer, HttpProblem> {
        read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_fits_is_read_and_null_is_nothing() {
        let json = r#"{"text": "a", "count": 9, "flag": null, "items": [{"name": "b"}], "names": ["c"]}"#;
        let outer = outer(json).unwrap();
        assert_eq!((&*outer.text, outer.count, outer.flag), ("a", Some(Within(9)), None));
        assert_eq!((&*outer.items[0].name, outer.names.unwrap().len()), ("b", 1));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        for (json, pointer, message) in [
            (r"{}", "/text", "there is no `text`"),
            (r#"{"text": 1}"#, "/text", "`text` is a string, not a number"),
            (r#"{"text": null}"#, "/text", "there is no `text`"),
            (
                r#"{"text": "a", "zzz": null}"#,
                "/zzz",
                "there is no field `zzz`; there are text, count, flag, items, names",
            ),
            (r#"{"text": "a", "names": [null]}"#, "/names/0", "`names[0]` is a string, not null"),
            (
                r#"{"text": "a", "count": 1e300}"#,
                "/count",
                "`count` is a whole number from 1 to 9, not 1e+300",
            ),
            (r#"{"text": "a", "flag": "x"}"#, "/flag", "`flag` is true or false, not a string"),
            (r#"{"text": "a", "count": 0}"#, "/count", "`count` is a whole number from 1 to 9, not 0"),
            (r#"{"text": "a", "count": -1}"#, "/count", "`count` is a whole number from 1 to 9, not -1"),
            (r#"{"text": "a", "count": 1.5}"#, "/count", "`count` is a whole number from 1 to 9, not 1.5"),
            (
                r#"{"text": "a", "count": "1"}"#,
                "/count",
                "`count` is a whole number from 1 to 9, not a string",
            ),
            (r#"{"text": "a", "items": {}}"#, "/items", "`items` is an array, not an object"),
            (r#"{"text": "a", "items": [1]}"#, "/items/0", "`items[0]` is an object, not a number"),
            (r#"{"text": "a", "items": [["b"]]}"#, "/items/0", "`items[0]` is an object, not an array"),
            (r#"{"text": "a", "items": [{}]}"#, "/items/0/name", "there is no `name`"),
            (
                r#"{"text": "a", "items": [{"nmae": 1}]}"#,
                "/items/0/nmae",
                "there is no field `nmae`; did you mean `name`?",
            ),
            (r#"{"text": "a", "names": ["b", true]}"#, "/names/1", "`names[1]` is a string, not a boolean"),
            (
                r#"{"text": "a", "a/b~c": 1}"#,
                "/a~1b~0c",
                "there is no field `a/b~c`; there are text, count, flag, items, names",
            ),
        ] {
            let problem = outer(json).unwrap_err();
            assert_eq!((problem.pointer.as_deref(), &*problem.message), (Some(pointer), message), "{json}");
            assert_eq!(problem.status, 422);
        }
    }
}
