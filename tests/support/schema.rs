//! What programs read, held against the schemas of `docs/json`.
//!
//! The part of JSON Schema that these use: `type`, `properties`, `required`, `additionalProperties` and
//! `items`. One rule is stricter than the standard: a member that the schema does not name is an error,
//! so that none is added without being written down.
//!
//! `UPDATE_SCHEMAS=1 cargo test` widens the schemas to what the tests see; a review then
//! reads the difference.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

/// Verbs with verbs of their own.
const GROUPS: [&str; 6] = ["study", "data", "model", "requests", "bench", "server"];

/// The name of the schema of a command; `None` where it prints no JSON.
fn name_of(arguments: &[String]) -> Option<String> {
    if !arguments.iter().any(|argument| argument == "--json") {
        return None;
    }
    let mut words = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    let verb = if arguments.first().is_some_and(|first| first == "--store") {
        words.nth(1)?
    } else {
        words.next()?
    };
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    Some(match verb {
        _ if GROUPS.contains(&verb) => format!("{verb}-{}", words.next()?),
        "show" if has("--metric") => "show-metric".to_owned(),
        "ls" if has("--studies") => "ls-studies".to_owned(),
        "evaluate" if has("--predictions") => "evaluate-predictions".to_owned(),
        _ => verb.to_owned(),
    })
}

/// Ends the test where the JSON that a command printed is not as its schema says.
#[track_caller]
pub(crate) fn hold(arguments: &[String], said: &Value) {
    let Some(name) = name_of(arguments) else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/json/{name}.json"));
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        return update(&path, &name, said);
    }
    let schema = std::fs::read_to_string(&path);
    let schema =
        schema.unwrap_or_else(|_| panic!("`uaic {}` has no {}", arguments.join(" "), path.display()));
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let mut faults = Vec::new();
    check(&schema, said, "", &mut faults);
    assert!(faults.is_empty(), "`uaic {}` against {name}.json:\n{}", arguments.join(" "), faults.join("\n"));
}

/// Widens the schema of a file, or makes one, so that it takes a value.
fn update(path: &Path, name: &str, said: &Value) {
    static UPDATING: Mutex<()> = Mutex::new(());
    let _alone = UPDATING.lock().unwrap_or_else(PoisonError::into_inner);
    let read = std::fs::read_to_string(path).ok().map(|text| serde_json::from_str(&text).unwrap());
    let mut schema: Value = read.unwrap_or_else(|| {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": format!("uaic {} --json", name.replacen('-', " ", 1)),
        })
    });
    widen(&mut schema, said);
    std::fs::write(path, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
}

fn widen(schema: &mut Value, value: &Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    let own = json!(type_of(value));
    match schema.get_mut("type") {
        None => _ = schema.insert("type".to_owned(), own),
        Some(Value::Array(types)) if !types.contains(&own) => types.push(own),
        Some(one @ Value::String(_)) if *one != own => *one = json!([one.clone(), own]),
        Some(_) => {}
    }
    if let Value::Object(members) = value {
        if let Some(each) = schema.get_mut("additionalProperties") {
            members.values().for_each(|member| widen(each, member));
            return;
        }
        let names: Vec<Value> = members.keys().map(|name| json!(name)).collect();
        let required = schema.entry("required").or_insert_with(|| json!(names)).as_array_mut().unwrap();
        required.retain(|name| names.contains(name));
        let properties = schema.entry("properties").or_insert_with(|| json!(Map::new()));
        for (name, member) in members {
            let properties = properties.as_object_mut().unwrap();
            widen(properties.entry(name).or_insert_with(|| json!({})), member);
        }
    }
    if let Value::Array(items) = value {
        let schema = schema.entry("items").or_insert_with(|| json!(true));
        for item in items {
            if schema == &json!(true) {
                *schema = json!({});
            }
            widen(schema, item);
        }
    }
}

fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else { return };
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => vec![one.as_str().unwrap()],
    };
    if !types.contains(&type_of(value)) {
        faults.push(format!("{at} is {}, not {}", type_of(value), types.join(" or ")));
    }
    if let Value::Object(members) = value {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !members.contains_key(name.as_str().unwrap()) {
                faults.push(format!("{at} has no {name}"));
            }
        }
        for (name, member) in members {
            let named = schema.get("properties").and_then(|properties| properties.get(name));
            match named.or_else(|| schema.get("additionalProperties")) {
                Some(schema) => check(schema, member, &format!("{at}/{name}"), faults),
                None => faults.push(format!("{at} has {name:?}, which the schema does not name")),
            }
        }
    }
    if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
        for (index, item) in items.iter().enumerate() {
            check(schema, item, &format!("{at}/{index}"), faults);
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn a_schema_finds_what_is_wrong() {
    let arguments = ["study", "create", "x.toml", "--json"].map(str::to_owned);
    assert_eq!(name_of(&arguments).as_deref(), Some("study-create"));
    let schema = serde_json::json!({
        "type": "object",
        "required": ["a"],
        "properties": { "a": { "type": ["null", "number"] }, "b": { "type": "array", "items": { "type": "string" } } },
    });
    let faults = |value: Value| {
        let mut faults = Vec::new();
        check(&schema, &value, "", &mut faults);
        faults.join("; ")
    };
    assert_eq!(faults(serde_json::json!({ "a": null, "b": ["x"] })), "");
    assert_eq!(faults(serde_json::json!({ "b": [1], "c": 1 })).matches(';').count(), 2);
}
