//! The JSON Schema, held against what `check` says.

use std::path::Path;

use serde_json::{Value, json};

use super::verbs::{stdout, uaic};
use super::{complaints, parse, shipped, spec_with};

const EXPERIMENTS: [&str; 4] = ["attention", "lstm", "random", "atis"];

/// What `schema` refuses in `value`: a validator of the keywords that the schema uses; any other
/// keyword is a mistake.
fn refusals(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let number = value.as_f64();
    let size = value.as_array().map(Vec::len).or(value.as_object().map(serde_json::Map::len));
    for (keyword, rule) in schema.as_object().unwrap() {
        let bound = rule.as_f64();
        let is_fine = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" => true,
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64(),
                "number" => value.is_number(),
                other => panic!("type {other}"),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => number.is_none_or(|x| x >= bound.unwrap()),
            "maximum" => number.is_none_or(|x| x <= bound.unwrap()),
            "exclusiveMinimum" => number.is_none_or(|x| x > bound.unwrap()),
            "exclusiveMaximum" => number.is_none_or(|x| x < bound.unwrap()),
            "minItems" | "minProperties" => size.is_none_or(|n| n as f64 >= bound.unwrap()),
            "maxItems" | "maxProperties" => size.is_none_or(|n| n as f64 <= bound.unwrap()),
            "uniqueItems" => value
                .as_array()
                .is_none_or(|items| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))),
            "required" => {
                let names = rule.as_array().unwrap();
                names.iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                assert_eq!(rule, &json!(false));
                let known = &schema["properties"];
                value.as_object().is_none_or(|object| object.keys().all(|name| known.get(name).is_some()))
            }
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if let Some(schema) = rule.get(name) {
                        found.extend(refusals(schema, inner, &format!("{at}/{name}")));
                    }
                }
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    found.extend(refusals(rule, item, at));
                }
                true
            }
            "oneOf" => {
                let fits = rule.as_array().unwrap().iter().filter(|one| refusals(one, value, at).is_empty());
                fits.count() == 1
            }
            other => panic!("the keyword {other}"),
        };
        if !is_fine {
            found.push(format!("{at}: {keyword}"));
        }
    }
    found
}

fn schema_refusals(text: &str) -> Vec<String> {
    let value: Value = toml::from_str(text).unwrap();
    refusals(&uaic::spec::json_schema(), &value, "")
}

#[test]
fn the_schema_accepts_every_shipped_spec_and_the_template() {
    for name in EXPERIMENTS {
        assert_eq!(schema_refusals(&shipped(name)), [""; 0], "{name}");
        assert_eq!(schema_refusals(&parse(&shipped(name), &[]).unwrap().effective_toml()), [""; 0], "{name}");
    }
    assert_eq!(schema_refusals(&uaic::spec::commented()), [""; 0]);
}

#[test]
fn the_schema_refuses_what_check_refuses() {
    for lines in [
        "[train]\nlr = 0",
        "[train]\nlearning_rate = 0.1",
        "[train]\nepochs = 1.5",
        "[train]\noptimizer = \"sgd\"",
        "[model]\ndropout = 1",
        "[data.validation]\nfolds = 5\nfraction = 0.5",
        "[data.validation]",
        "[trian]",
        "[search]\n\"train.lr\" = { log = [0, 1] }",
        "[search]\ntrain.lr = { log = [0.1, 1, 2] }",
        "[search]\n\"train.epochs\" = { uniform = [1, 2] }",
        "[search]\n\"study.seed\" = { int = [1, 2] }",
        "[search]\n\"train.epochs\" = { int = [1, 2], choice = [1] }",
        "[search]\n\"train.optimizer\" = { choice = [] }",
        "[search]\n\"train.patience\" = { int_log = [0, 2] }",
    ] {
        let text = spec_with(lines);
        assert_ne!(schema_refusals(&text), [""; 0], "{lines}");
        assert_ne!(complaints(&text), [""; 0], "{lines}");
    }
}

#[test]
fn the_schema_command_prints_it() {
    let output = uaic(Path::new("."), &["schema"]);
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(printed, uaic::spec::json_schema());
    assert_eq!(printed["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let lr = &printed["oneOf"][0]["properties"]["train"]["properties"]["lr"];
    assert_eq!(lr["default"], json!(0.002));
    assert_eq!(lr["exclusiveMinimum"], json!(0.0));
    assert_eq!(lr["description"], "Learning rate (its peak, under a schedule)");
}
