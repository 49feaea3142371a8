//! The JSON Schema of specs, for editors.

use serde_json::{Map, Value, json};

use super::distribution::WHEN;
use super::keys::{KEYS, Key, OBJECTIVE, SEARCH, SECTIONS, VALIDATION};
use super::kind::{Kind, Range};

/// A JSON Schema (draft 2020-12) of specs: every key with its description, default and legal
/// values. Text rules, and that a range must not be empty, are left to `uaic check`.
pub fn json_schema() -> Value {
    let described = |section: &str, doc: &str, mut schema: Map<String, Value>| {
        schema.insert("description".to_owned(), json!(doc));
        (section.to_owned(), Value::from(schema))
    };
    let (mut training, mut program) = (Map::new(), Map::new());
    for (section, doc) in SECTIONS.iter().filter(|(section, _)| !section.contains('.')) {
        match *section {
            OBJECTIVE => program.extend([described(section, doc, objective())]),
            SEARCH => {
                training.extend([described(section, doc, search())]);
                // The parameters of a program have names of its own.
                let any = object(json!({ "type": "object" }));
                program.extend([described(section, "Parameters, and over which values", any)]);
            }
            "experiment" | "study" | "pruner" => {
                let schema = object_of(section);
                training.extend([described(section, doc, schema.clone())]);
                program.extend([described(section, doc, schema)]);
            }
            _ => training.extend([described(section, doc, object_of(section))]),
        }
    }
    let spec = |sections: Map<String, Value>, required: [&str; 2]| {
        let mut schema = closed(sections);
        schema.insert("required".to_owned(), json!(required));
        schema
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "uaic experiment spec",
        "oneOf": [spec(training, ["experiment", "data"]), spec(program, ["experiment", OBJECTIVE])],
    })
}

/// A section as an object.
fn object_of(section: &str) -> Map<String, Value> {
    let keys = KEYS.iter().filter(|key| key.section() == section);
    let mut properties: Map<_, _> = keys.clone().map(|key| (key.name().to_owned(), of_key(key))).collect();
    if VALIDATION.starts_with(&format!("{section}.")) {
        let mut validation = object_of(VALIDATION);
        // Exactly one way of validation.
        validation.insert("minProperties".to_owned(), json!(1));
        validation.insert("maxProperties".to_owned(), json!(1));
        properties.insert("validation".to_owned(), validation.into());
    }
    let required: Vec<_> = keys.filter(|key| key.is_required()).map(Key::name).collect();
    let mut object = closed(properties);
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    object
}

fn closed(properties: Map<String, Value>) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("object"));
    object.insert("properties".to_owned(), properties.into());
    object.insert("additionalProperties".to_owned(), json!(false));
    object
}

fn of_key(key: &Key) -> Value {
    let mut schema = of_kind(key.kind);
    schema.insert("description".to_owned(), json!(key.doc));
    if let Some(default) = key.default() {
        schema.insert("default".to_owned(), json!(default));
    }
    schema.into()
}

fn of_kind(kind: Kind) -> Map<String, Value> {
    let schema = match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Int { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Float(range) => return of_range(range),
        Kind::Name(names) => json!({ "type": "string", "enum": names }),
        Kind::Text(_) => json!({ "type": "string" }),
        Kind::Names(_) | Kind::Constraints => one_or_several(&json!({ "type": "string" })),
        Kind::Time => one_of(&["string", "integer"]),
        Kind::Any => one_of(&["boolean", "number", "string"]),
    };
    object(schema)
}

fn of_range(range: Range) -> Map<String, Value> {
    let mut schema = object(json!({ "type": "number" }));
    let mut bound = |value: f64, included: bool, names: [&str; 2]| {
        if value.is_finite() {
            schema.insert(names[usize::from(!included)].to_owned(), json!(value));
        }
    };
    bound(range.min, range.min_included, ["minimum", "exclusiveMinimum"]);
    bound(range.max, range.max_included, ["maximum", "exclusiveMaximum"]);
    schema
}

/// A value of one of several types.
fn one_of(types: &[&str]) -> Value {
    let each: Vec<Value> = types.iter().map(|name| json!({ "type": name })).collect();
    json!({ "oneOf": each })
}

/// A value, or a list of such.
fn one_or_several(value: &Value) -> Value {
    json!({ "oneOf": [value, { "type": "array", "items": value, "minItems": 1 }] })
}

/// The map of an object literal.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// `[objective]`: a command, or that points are asked for.
fn objective() -> Map<String, Value> {
    let text = json!({ "type": "string" });
    object(json!({
        "type": "object",
        "properties": {
            "command": { "type": "array", "items": text, "minItems": 1 },
            "ask": { "type": "boolean" },
        },
        "oneOf": [{ "required": ["command"] }, { "required": ["ask"] }],
    }))
}

/// `[search]`: key paths, quoted or dotted (which makes them nested tables).
fn search() -> Map<String, Value> {
    let mut properties = Map::new();
    let mut nested: Map<String, Value> = Map::new();
    for key in KEYS.iter().filter(|key| key.is_searchable()) {
        let schema = distributions(key);
        properties.insert(key.path.to_owned(), schema.clone());
        let section = nested.entry(key.section()).or_insert_with(|| closed(Map::new()).into());
        section["properties"][key.name()] = schema;
    }
    properties.append(&mut nested);
    let texts = json!({ "type": ["array", "string"], "items": { "type": "string" } });
    properties.insert("constraints".to_owned(), texts);
    closed(properties)
}

/// When a parameter exists: other parameters, and a value or several of each.
fn when() -> Value {
    json!({ "type": "object", "minProperties": 1 })
}

/// The distributions that suit a key.
fn distributions(key: &Key) -> Value {
    let value = of_kind(key.kind);
    let mut one_of = Vec::new();
    let mut range = |form: &str, step: Option<Value>, positive: bool| {
        let mut end = value.clone();
        if positive && end.get("minimum").and_then(Value::as_f64).is_some_and(|min| min <= 0.0) {
            end.remove("minimum");
            end.insert("exclusiveMinimum".to_owned(), json!(0));
        }
        let mut properties = Map::new();
        properties
            .insert(form.to_owned(), json!({ "type": "array", "items": end, "minItems": 2, "maxItems": 2 }));
        if let Some(step) = step {
            properties.insert("step".to_owned(), step);
        }
        properties.insert(WHEN.to_owned(), when());
        let mut schema = closed(properties);
        schema.insert("required".to_owned(), json!([form]));
        one_of.push(Value::from(schema));
    };
    match key.kind {
        Kind::Int { .. } => {
            range("int", Some(json!({ "type": "integer", "minimum": 1 })), false);
            range("int_log", None, true);
        }
        Kind::Float(_) => {
            range("uniform", Some(json!({ "type": "number", "exclusiveMinimum": 0 })), false);
            range("log", None, true);
        }
        _ => {}
    }
    let choice = json!({ "type": "array", "items": value, "minItems": 1, "uniqueItems": true });
    let mut properties = Map::new();
    properties.insert("choice".to_owned(), choice);
    properties.insert(WHEN.to_owned(), when());
    let mut schema = closed(properties);
    schema.insert("required".to_owned(), json!(["choice"]));
    one_of.push(schema.into());
    json!({ "description": key.doc, "oneOf": one_of })
}
