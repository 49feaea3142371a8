//! Values in answers. What JSON, or a browser, cannot hold exactly is a text: `"NaN"`, `"inf"`, `"-inf"`,
//! and whole numbers beyond 2⁵³ − 1.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uaic_study::store::{ArtifactRecord, EventRecord, LatestMetric, RunRecord};
use uaic_study::trial::{ParamValue, Params};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// The largest number below which every whole number is one of a browser's.
const EXACT: u64 = (1 << 53) - 1;

/// A float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Float(pub(super) f64);

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("inf"),
            f64::NEG_INFINITY => serializer.serialize_str("-inf"),
            value => serializer.serialize_f64(value),
        }
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a number, \"NaN\", \"inf\" or \"-inf\"")]
        enum Form {
            Number(f64),
            Name(Name),
        }
        #[derive(Deserialize)]
        enum Name {
            #[serde(rename = "NaN")]
            Nan,
            #[serde(rename = "inf")]
            Infinite,
            #[serde(rename = "-inf")]
            NegativeInfinite,
        }
        Ok(Self(match Form::deserialize(deserializer)? {
            Form::Number(value) => value,
            Form::Name(Name::Nan) => f64::NAN,
            Form::Name(Name::Infinite) => f64::INFINITY,
            Form::Name(Name::NegativeInfinite) => f64::NEG_INFINITY,
        }))
    }
}

impl PartialSchema for Float {
    fn schema() -> RefOr<Schema> {
        let names = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["NaN", "inf", "-inf"]));
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let whole = OneOfBuilder::new().item(number).item(names);
        whole.description(Some("A number, or the name of one that JSON lacks")).into()
    }
}

impl ToSchema for Float {
    fn name() -> Cow<'static, str> {
        "Float".into()
    }
}

/// A whole number of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole(pub(super) i64);

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.unsigned_abs() <= EXACT {
            serializer.serialize_i64(self.0)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a whole number of 64 bits, or its digits as a text")]
        enum Form {
            Number(i64),
            Digits(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(value) => Ok(Self(value)),
            Form::Digits(digits) => {
                let digits_alone = digits.strip_prefix('-').unwrap_or(&digits);
                let is_plain = digits_alone.bytes().all(|byte| byte.is_ascii_digit());
                let value = is_plain.then(|| digits.parse().ok()).flatten();
                value.map(Self).ok_or_else(|| serde::de::Error::custom("it is no whole number of 64 bits"))
            }
        }
    }
}

impl PartialSchema for Whole {
    fn schema() -> RefOr<Schema> {
        let limit = EXACT as f64;
        let number =
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(-limit)).maximum(Some(limit));
        let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^-?[0-9]{1,19}$"));
        let whole = OneOfBuilder::new().item(number).item(digits);
        whole.description(Some("A whole number of 64 bits; beyond 2⁵³ − 1 as text")).into()
    }
}

impl ToSchema for Whole {
    fn name() -> Cow<'static, str> {
        "Whole".into()
    }
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Param(ParamValue);

impl Serialize for Param {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            ParamValue::Bool(value) => serializer.serialize_bool(*value),
            ParamValue::Int(value) => Whole(*value).serialize(serializer),
            ParamValue::Float(value) => Float(*value).serialize(serializer),
            ParamValue::Text(value) => serializer.serialize_str(value),
        }
    }
}

impl PartialSchema for Param {
    fn schema() -> RefOr<Schema> {
        let types = SchemaType::from_iter([Type::Boolean, Type::Number, Type::String]);
        let value = ObjectBuilder::new().schema_type(types);
        value.description(Some("The value of a parameter")).into()
    }
}

impl ToSchema for Param {
    fn name() -> Cow<'static, str> {
        "Param".into()
    }
}

/// Any JSON, with whole numbers as [`Whole`] has them.
pub(super) fn exact(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let is_exact = match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => value <= EXACT,
                (None, Some(value)) => value.unsigned_abs() <= EXACT,
                (None, None) => true,
            };
            if is_exact { Value::Number(number) } else { Value::String(number.to_string()) }
        }
        Value::Array(items) => items.into_iter().map(exact).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, exact(value))).collect(),
        other => other,
    }
}

/// The parameters of a run.
pub(super) fn params(params: Params) -> BTreeMap<String, Param> {
    params.into_iter().map(|(name, value)| (name, Param(value))).collect()
}

/// One value of a parameter.
pub(super) fn param(value: ParamValue) -> Param {
    Param(value)
}

/// A run, as listings have it.
#[derive(Serialize, ToSchema)]
pub(super) struct Run {
    /// 32 hexadecimal digits.
    #[schema(example = "1f0c9a1e4b7d4d0f8a52c1b0e9d3f7a6")]
    id: String,
    /// The study that it belongs to.
    study: Option<String>,
    /// The experiment that it belongs to.
    experiment: String,
    /// What it is called, where somebody named it.
    name: Option<String>,
    /// The run that it is part of.
    parent: Option<String>,
    /// `trial`, `final`, `imported` or `free`.
    kind: &'static str,
    /// Its number in its study.
    number: Option<u32>,
    /// `RUNNING`, `COMPLETE`, `PRUNED`, `FAILED`, `INTERRUPTED` or `CRASHED`.
    state: &'static str,
    /// The values of the study's metrics, once complete.
    values: Vec<Float>,
    /// By how much constraints on its outcome are missed.
    violation: Float,
    /// Why it ended as it did.
    reason: Option<String>,
    /// When it started, milliseconds since 1970 UTC.
    started_ms: Whole,
    /// When it ended.
    ended_ms: Option<Whole>,
    /// How many times it has been started.
    attempts: u32,
    /// Whether it is hidden.
    hidden: bool,
    /// Whether it is left out of its study.
    excluded: bool,
    /// What somebody wrote about it, in Markdown.
    note: Option<String>,
    /// Its parameters.
    params: BTreeMap<String, Param>,
}

impl From<RunRecord> for Run {
    fn from(run: RunRecord) -> Self {
        Self {
            id: run.id.to_string(),
            study: run.start.home.study().map(|study| study.to_string()),
            experiment: run.experiment,
            name: run.name,
            parent: run.parent.map(|parent| parent.to_string()),
            kind: run.start.kind.name(),
            number: run.start.number,
            state: run.state.name(),
            values: run.values.into_iter().map(Float).collect(),
            violation: Float(run.violation),
            reason: run.reason,
            started_ms: Whole(run.started_ms),
            ended_ms: run.ended_ms.map(Whole),
            attempts: run.attempts,
            hidden: run.hidden,
            excluded: run.excluded,
            note: run.note,
            params: params(run.start.params),
        }
    }
}

/// The latest value of a metric, and its range.
#[derive(Serialize, ToSchema)]
pub(super) struct Metric {
    /// The metric.
    key: String,
    /// The step of the latest point.
    step: Whole,
    /// Its value.
    value: Float,
    /// The smallest value so far; null while all were NaN.
    min: Option<Float>,
    /// The largest value so far.
    max: Option<Float>,
    /// How many points.
    count: u64,
}

impl From<LatestMetric> for Metric {
    fn from(metric: LatestMetric) -> Self {
        Self {
            key: metric.key,
            step: Whole(metric.step),
            value: Float(metric.value),
            min: metric.min.map(Float),
            max: metric.max.map(Float),
            count: metric.count,
        }
    }
}

/// An artifact of a run.
#[derive(Serialize, ToSchema)]
pub(super) struct Artifact {
    /// A relative path.
    name: String,
    /// BLAKE3 of its content, in hexadecimal.
    hash: String,
    /// Bytes.
    size: u64,
}

impl From<ArtifactRecord> for Artifact {
    fn from(artifact: ArtifactRecord) -> Self {
        Self { name: artifact.name, hash: artifact.hash, size: artifact.size }
    }
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(super) struct Event {
    /// When, milliseconds since 1970 UTC.
    time_ms: Whole,
    /// `started`, `ended`, `hidden` …
    kind: String,
    /// More about it.
    detail: String,
}

impl From<EventRecord> for Event {
    fn from(event: EventRecord) -> Self {
        Self { time_ms: Whole(event.time_ms), kind: event.kind, detail: event.detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_browser_cannot_hold_is_a_text_and_reads_back() {
        assert_eq!(
            json!([Float(0.5), Float(f64::NAN), Float(f64::INFINITY), Float(f64::NEG_INFINITY)]),
            json!([0.5, "NaN", "inf", "-inf"])
        );
        assert_eq!(
            json!([Whole(7), Whole(1 << 53), Whole(i64::MIN)]),
            json!([7, "9007199254740992", "-9223372036854775808"])
        );
        for value in [0, -1, (1 << 53) - 1, 1 << 53, i64::MIN, i64::MAX] {
            let text = serde_json::to_string(&Whole(value)).unwrap();
            assert_eq!(serde_json::from_str::<Whole>(&text).unwrap(), Whole(value), "{text}");
        }
        for text in ["\"\"", "\"-\"", "\"+1\"", "\"1e3\"", "1.5", "true", "\"9223372036854775808\""] {
            assert!(serde_json::from_str::<Whole>(text).is_err(), "{text}");
        }
        for text in ["\"nan\"", "\"1\"", "null", "[]"] {
            assert!(serde_json::from_str::<Float>(text).is_err(), "{text}");
        }
        assert_eq!(
            exact(json!({ "a": [u64::MAX, 1.5, -3] })),
            json!({ "a": ["18446744073709551615", 1.5, -3] })
        );
    }
}
