//! What the parts of Optuna's records mean to us: the same whether they are read from a database or
//! come from a program that runs.

use uaic_study::store::{OptunaDistribution, OptunaMeaning, OptunaParam, OptunaScope};
use uaic_study::trial::{Direction, Goal, Goals};

use super::distribution::{Drawn, kind};
use crate::json::Json;

/// The longest attribute that becomes a tag.
pub(super) const LONGEST_TAG: usize = 64 << 10;

/// What Optuna calls the metrics of a study that nobody has named.
pub const METRIC_NAMES: &str = "study:metric_names";

/// Under which Optuna says why a trial failed.
pub(super) const FAIL_REASON: &str = "fail_reason";

/// What an attribute is to us, of its JSON.
pub fn meaning(scope: OptunaScope, key: &str, json: &str) -> OptunaMeaning {
    if json.len() > LONGEST_TAG {
        return OptunaMeaning::default();
    }
    let value = Json::parse(json.as_bytes()).unwrap_or_else(|_| Json::Text(json.to_owned()));
    let is_system = scope == OptunaScope::System;
    let missed = if is_system { missed(key, &value) } else { None };
    if is_system && key == FAIL_REASON {
        return OptunaMeaning { tag: None, missed, reason: Some(value.tag()) };
    }
    let tag = tag_name(scope, key).map(|name| (name, value.tag()));
    OptunaMeaning { tag, missed, reason: None }
}

/// The tag that an attribute becomes: those of users as they are, Optuna's own behind a prefix.
pub(super) fn tag_name(scope: OptunaScope, key: &str) -> Option<String> {
    match scope {
        OptunaScope::User => Some(key.to_owned()),
        OptunaScope::System if key == METRIC_NAMES => None,
        OptunaScope::System => Some(format!("optuna.{key}")),
    }
}

/// By how much the constraints are missed that an attribute of Optuna's has the values of, in the form of
/// old versions and of new ones; `None` of another attribute.
pub(super) fn missed(key: &str, value: &Json) -> Option<f64> {
    let values = match key {
        "constraints" => value.items(),
        key if key.starts_with("constraints:") => std::slice::from_ref(value),
        _ => return None,
    };
    let mut missed = None;
    for value in values.iter().filter_map(Json::as_f64) {
        // What is no number is missed by nobody knows how much.
        let by = if value.is_nan() { f64::INFINITY } else { value.max(0.0) };
        missed = Some(missed.unwrap_or_default() + by);
    }
    missed
}

/// What a study optimises, of its directions and of the attribute that names its metrics, where there is
/// one. Unnamed metrics are called as in Optuna's tables.
pub fn goals(directions: &[Direction], names: Option<&str>) -> Goals {
    let names = names.and_then(|json| Json::parse(json.as_bytes()).ok());
    goals_of(directions, names.as_ref())
}

pub(super) fn goals_of(directions: &[Direction], names: Option<&Json>) -> Goals {
    let names = names.map(Json::items).unwrap_or_default();
    let name = |at: usize| match names.get(at).and_then(Json::as_str) {
        Some(name) => name.to_owned(),
        None if directions.len() == 1 => "value".to_owned(),
        None => format!("values_{at}"),
    };
    let goals = directions.iter().enumerate().map(|(at, direction)| Goal::new(name(at), *direction));
    Goals::new(goals).unwrap_or_else(|| Goal::new("value", Direction::Minimize).into())
}

/// A parameter of its internal number and the JSON of its distribution; `None` where Optuna could not read
/// them back: the distribution is of no known kind or empty, or a number is none of a whole one or a choice.
pub fn param(name: &str, internal: f64, json: &str) -> Option<OptunaParam> {
    let tree = Json::parse(json.as_bytes()).ok()?;
    let drawn = Drawn::of_tree(&tree).filter(Drawn::is_sound)?;
    let ours = drawn.value(internal).map(|param| param.value);
    if ours.is_none() && !matches!(drawn, Drawn::Float { .. }) {
        return None;
    }
    Some(OptunaParam {
        name: name.to_owned(),
        internal,
        ours,
        distribution: OptunaDistribution {
            json: json.to_owned(),
            kind: kind(&tree, &drawn),
            ours: drawn.ours().ok(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uaic_study::space::Distribution;
    use uaic_study::trial::ParamValue;

    #[test]
    fn an_attribute_is_a_tag_a_reason_or_says_what_constraints_miss() {
        use OptunaScope::{System, User};
        let of = meaning;
        let tag = |name: &str, text: &str| Some((name.to_owned(), text.to_owned()));
        assert_eq!(of(User, "note", "\"a \\u00e4\"").tag, tag("note", "a ä"));
        assert_eq!(of(User, "x", "{\"a\": [NaN, null]}").tag, tag("x", "{\"a\": [NaN, null]}"));
        assert_eq!(of(System, "grid_id", "3").tag, tag("optuna.grid_id", "3"));
        assert_eq!(of(System, METRIC_NAMES, "[\"a\"]").tag, None);
        assert_eq!(of(System, "fail_reason", "\"boom\"").reason.as_deref(), Some("boom"));
        assert_eq!(of(User, "fail_reason", "\"boom\"").tag, tag("fail_reason", "boom"));
        assert_eq!(of(System, "constraints", "[-1.0, 0.5, 2]").missed, Some(2.5));
        assert_eq!(of(System, "constraints:size", "NaN").missed, Some(f64::INFINITY));
        assert_eq!(of(User, "constraints", "[1.0]").missed, None);
        assert_eq!(of(User, "broken", "{").tag, tag("broken", "{"));
        assert_eq!(of(User, "long", &format!("\"{}\"", "x".repeat(LONGEST_TAG))), OptunaMeaning::default());
    }

    #[test]
    fn metrics_are_named_by_their_study_or_by_their_place() {
        use Direction::{Maximize, Minimize};
        assert_eq!(goals(&[Maximize], None).metrics(), ["value"]);
        assert_eq!(goals(&[Maximize, Minimize], None).metrics(), ["values_0", "values_1"]);
        assert_eq!(goals(&[Maximize, Minimize], Some("[\"f1\", \"size\"]")).metrics(), ["f1", "size"]);
        assert_eq!(goals(&[Minimize], Some("no json")).metrics(), ["value"]);
        assert_eq!(goals(&[], None).directions(), [Minimize]);
    }

    #[test]
    fn the_kind_of_a_distribution_is_what_may_not_change() {
        let kind = |json: &str| param("x", 0.0, json).unwrap().distribution.kind;
        let float = |low: f64, log: bool| {
            format!(
                "{{\"name\": \"FloatDistribution\", \"attributes\": {{\"step\": null, \"low\": {low}, \"high\": 9.0, \"log\": {log}}}}}"
            )
        };
        assert_eq!(kind(&float(0.5, false)), kind(&float(1.0, false)), "ranges may change");
        assert_ne!(kind(&float(0.5, false)), kind(&float(0.5, true)));
        let choices = |of: &str| {
            format!("{{\"name\": \"CategoricalDistribution\", \"attributes\": {{\"choices\": [{of}]}}}}")
        };
        assert_ne!(kind(&choices("\"a\", \"b\"")), kind(&choices("\"b\", \"a\"")));
        assert_ne!(kind(&choices("\"a\"")), kind(&choices("\"a\", \"b\"")));
        assert_ne!(kind(&choices("\"1\"")), kind(&choices("1")));
        assert_eq!(kind(&choices("1, 2.0")), kind(&choices("true, 2")), "as Python compares them");
        assert!(param("x", 0.0, "{\"name\": \"Other\", \"attributes\": {}}").is_none());
        assert!(param("x", 0.0, "").is_none());
    }

    #[test]
    fn what_optuna_could_not_read_back_is_no_parameter() {
        let json = "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [\"a\", null]}}";
        let known = param("x", 1.0, json).unwrap();
        assert_eq!(known.ours, Some(ParamValue::from("None")));
        assert_eq!(known.distribution.ours, Some(Distribution::Choice(vec!["a".into(), "None".into()])));
        for other in [2.0, -1.0, 0.5, f64::NAN] {
            assert_eq!(param("x", other, json), None);
        }
        let float = |low: &str, step: &str, log: bool| {
            format!(
                "{{\"name\": \"FloatDistribution\", \"attributes\": {{\"step\": {step}, \"low\": {low}, \"high\": 9.0, \"log\": {log}}}}}"
            )
        };
        assert_eq!(param("x", f64::NAN, &float("0.0", "null", false)).unwrap().ours, None);
        assert!(param("x", 99.0, &float("9.0", "null", false)).is_some(), "its range is not asked");
        for (low, step, log) in [
            ("9.5", "null", false),
            ("NaN", "null", false),
            ("0.0", "null", true),
            ("1.0", "0.0", false),
            ("1.0", "0.5", true),
        ] {
            assert_eq!(param("x", 1.0, &float(low, step, log)), None, "{low} {step} {log}");
        }
        let empty = "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": []}}";
        assert_eq!(param("x", 0.0, empty), None);
    }
}
