//! Optuna's distributions, and ours as far as they say the same.

use std::collections::HashSet;

use uaic_study::space::Distribution;
use uaic_study::trial::ParamValue;

use crate::json::Json;
use crate::params;
use crate::record::SourceParam;

/// What a parameter is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Drawn {
    Float { low: f64, high: f64, step: Option<f64>, log: bool },
    Int { low: i64, high: i64, step: i64, log: bool },
    Choice(Choices),
}

/// Choices, of one type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choices {
    values: Vec<SourceParam>,
    /// What of their types did not come over.
    pub(super) doubt: Option<&'static str>,
}

impl Drawn {
    /// Reads a distribution; `None` of one that is unknown.
    pub(super) fn of(json: &[u8]) -> Option<Self> {
        Self::of_tree(&Json::parse(json).ok()?)
    }

    /// The same of a tree.
    pub(super) fn of_tree(tree: &Json) -> Option<Self> {
        let attributes = tree.get("attributes")?;
        let real = |key: &str| attributes.get(key).and_then(Json::as_f64);
        let whole = |key: &str| attributes.get(key).and_then(Json::as_i64);
        let is_log = attributes.get("log") == Some(&Json::Bool(true));
        let float = |step, log| Some(Self::Float { low: real("low")?, high: real("high")?, step, log });
        let int = |log| {
            Some(Self::Int {
                low: whole("low")?,
                high: whole("high")?,
                step: whole("step").unwrap_or(1),
                log,
            })
        };
        // Those behind the first three are of versions before 3.
        match tree.get("name")?.as_str()? {
            "FloatDistribution" => float(real("step"), is_log),
            "IntDistribution" => int(is_log),
            "CategoricalDistribution" => Some(Self::Choice(Choices::of(attributes.get("choices")?.items()))),
            "UniformDistribution" => float(None, false),
            "LogUniformDistribution" => float(None, true),
            "DiscreteUniformDistribution" => float(Some(real("q")?), false),
            "IntUniformDistribution" => int(false),
            "IntLogUniformDistribution" => int(true),
            _ => None,
        }
    }

    /// Whether Optuna would make it.
    pub(super) fn is_sound(&self) -> bool {
        match *self {
            Self::Float { low, high, step, log } => {
                let steps = step.is_none_or(|step| step > 0.0 && !log);
                low <= high && (!log || low > 0.0) && steps
            }
            Self::Int { low, high, step, log } => low <= high && step > 0 && (!log || (low > 0 && step == 1)),
            Self::Choice(ref choices) => !choices.values.is_empty(),
        }
    }

    /// The value that an internal number stands for.
    pub(super) fn value(&self, internal: f64) -> Option<SourceParam> {
        match self {
            Self::Float { .. } if internal.is_finite() => Some(ParamValue::Float(internal).into()),
            Self::Float { .. } => None,
            Self::Int { .. } => {
                crate::python::whole_of(internal.round()).map(|value| ParamValue::Int(value).into())
            }
            Self::Choice(choices) => {
                let index =
                    crate::python::whole_of(internal).and_then(|index| usize::try_from(index).ok())?;
                choices.values.get(index).cloned()
            }
        }
    }

    /// The same as one of ours.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn ours(&self) -> Result<Distribution, String> {
        let ours = match *self {
            Self::Float { low, high, step: None, log: true } => Distribution::Log { low, high },
            Self::Float { low, high, step, .. } => Distribution::Uniform { low, high, step },
            Self::Int { low, high, log: true, .. } => Distribution::IntLog { low, high },
            Self::Int { low, high, step, .. } => Distribution::Int { low, high, step },
            Self::Choice(ref choices) => {
                let values: Vec<_> = choices.values.iter().map(|choice| choice.value.clone()).collect();
                // They are of one type, so that their texts tell them apart.
                let texts: HashSet<_> = values.iter().map(ToString::to_string).collect();
                if texts.len() < values.len() {
                    return Err("two of its choices are written alike".to_owned());
                }
                Distribution::Choice(values)
            }
        };
        ours.check().map(|()| ours)
    }

    /// What of its choices did not come over.
    pub(super) fn doubt(&self) -> Option<&'static str> {
        if let Self::Choice(choices) = self { choices.doubt } else { None }
    }
}

/// What of a distribution may not differ between trials of a study, as Optuna compares it: its kind,
/// logarithms, and choices in their order.
pub(super) fn kind(tree: &Json, drawn: &Drawn) -> String {
    match drawn {
        Drawn::Float { log, .. } => format!("float{}", if *log { ", log" } else { "" }),
        Drawn::Int { log, .. } => format!("int{}", if *log { ", log" } else { "" }),
        Drawn::Choice(_) => {
            let choices = tree.get("attributes").and_then(|attributes| attributes.get("choices"));
            let compared: Vec<String> =
                choices.map(Json::items).unwrap_or_default().iter().map(compared).collect();
            format!("choice [{}]", compared.join(", "))
        }
    }
}

/// A choice so that equal ones look alike: in Python 1 is 1.0 and `True`.
fn compared(choice: &Json) -> String {
    match choice.as_metric() {
        Some(number) => format!("{number:?}"),
        None => choice.to_string(),
    }
}

impl Choices {
    fn of(items: &[Json]) -> Self {
        let values: Vec<_> = items.iter().map(params::param).collect();
        let all = |is: fn(&Json) -> bool| items.iter().all(is);
        if all(|item| matches!(item, Json::Text(_))) || all(|item| matches!(item, Json::Bool(_))) {
            return Self { values, doubt: None };
        }
        let is_number =
            |param: &SourceParam| matches!(param.value, ParamValue::Int(_) | ParamValue::Float(_));
        if all(|item| matches!(item, Json::Number(_))) && values.iter().all(is_number) {
            let is_whole = values.iter().all(|param| matches!(param.value, ParamValue::Int(_)));
            let values = if is_whole { values } else { values.into_iter().map(as_float).collect() };
            return Self { values, doubt: None };
        }
        let doubt = if items.len() == 1 {
            "what it is always is kept as a text"
        } else {
            "its choices are of several types and are kept as texts"
        };
        Self { values: items.iter().map(as_text).collect(), doubt: Some(doubt) }
    }
}

fn as_float(param: SourceParam) -> SourceParam {
    match param.value.as_f64() {
        Some(number) => SourceParam::written(ParamValue::Float(number), &param.text()),
        None => param,
    }
}

/// A choice as Python writes it.
fn as_text(item: &Json) -> SourceParam {
    let text = match item {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        _ => item.tag(),
    };
    ParamValue::Text(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(name: &str, attributes: &str) -> Drawn {
        Drawn::of(format!(r#"{{"name": "{name}", "attributes": {attributes}}}"#).as_bytes()).unwrap()
    }

    fn shown(name: &str, attributes: &str) -> String {
        drawn(name, attributes).ours().map_or_else(|why| why, |ours| ours.to_string())
    }

    #[test]
    fn distributions_of_every_version_become_ours() {
        for (name, attributes, ours) in [
            (
                "FloatDistribution",
                r#"{"step": null, "low": 1e-05, "high": 0.1, "log": true}"#,
                "{ log = [1e-5, 0.1] }",
            ),
            (
                "FloatDistribution",
                r#"{"step": 0.1, "low": 0, "high": 0.5, "log": false}"#,
                "{ uniform = [0.0, 0.5], step = 0.1 }",
            ),
            (
                "IntDistribution",
                r#"{"log": false, "step": 16, "low": 16, "high": 64}"#,
                "{ int = [16, 64], step = 16 }",
            ),
            ("IntDistribution", r#"{"log": true, "step": 1, "low": 1, "high": 9}"#, "{ int_log = [1, 9] }"),
            ("UniformDistribution", r#"{"low": 0.0, "high": 1.0}"#, "{ uniform = [0.0, 1.0] }"),
            ("LogUniformDistribution", r#"{"low": 0.1, "high": 1.0}"#, "{ log = [0.1, 1.0] }"),
            (
                "DiscreteUniformDistribution",
                r#"{"low": 0.0, "high": 1.0, "q": 0.5}"#,
                "{ uniform = [0.0, 1.0], step = 0.5 }",
            ),
            ("IntUniformDistribution", r#"{"low": 1, "high": 3, "step": 1}"#, "{ int = [1, 3] }"),
            ("IntLogUniformDistribution", r#"{"low": 1, "high": 3, "step": 1}"#, "{ int_log = [1, 3] }"),
            ("CategoricalDistribution", r#"{"choices": ["a", "b"]}"#, r#"{ choice = ["a", "b"] }"#),
            ("CategoricalDistribution", r#"{"choices": [1, 2.5]}"#, "{ choice = [1.0, 2.5] }"),
            ("CategoricalDistribution", r#"{"choices": [true, false]}"#, "{ choice = [true, false] }"),
            (
                "CategoricalDistribution",
                r#"{"choices": ["a", null, true, 1]}"#,
                r#"{ choice = ["a", "None", "True", "1"] }"#,
            ),
            (
                "CategoricalDistribution",
                r#"{"choices": ["None", null]}"#,
                "two of its choices are written alike",
            ),
        ] {
            assert_eq!(shown(name, attributes), ours, "{attributes}");
        }
        assert_eq!(Drawn::of(b"{\"name\": \"Other\", \"attributes\": {}}"), None);
    }

    #[test]
    fn internal_numbers_are_values() {
        let mixed = drawn("CategoricalDistribution", r#"{"choices": ["a", null, 1]}"#);
        assert_eq!(mixed.value(1.0).unwrap().value, "None".into());
        assert_eq!(mixed.value(3.0), None);
        assert_eq!(mixed.value(-1.0), None);
        assert!(mixed.doubt().is_some());
        let int = drawn("IntDistribution", r#"{"low": 0, "high": 9, "step": 1, "log": false}"#);
        assert_eq!(int.value(3.0).unwrap().value, ParamValue::Int(3));
        assert_eq!(int.value(f64::NAN), None);
    }
}
