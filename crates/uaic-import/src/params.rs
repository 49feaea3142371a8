//! Parameters out of a tree of settings.

use std::collections::BTreeMap;

use uaic_study::trial::ParamValue;

use crate::json::Json;
use crate::python;
use crate::record::SourceParam;

/// The leaves of a map, their names joined with points; lists are texts. An empty map is one, too.
pub(crate) fn of(tree: &Json) -> BTreeMap<String, SourceParam> {
    let mut params = BTreeMap::new();
    add(tree, "", &mut params);
    params
}

fn add(tree: &Json, prefix: &str, params: &mut BTreeMap<String, SourceParam>) {
    for (key, value) in tree.entries() {
        let name = format!("{prefix}{key}");
        if value.entries().is_empty() {
            params.insert(name, param(value));
        } else {
            add(value, &format!("{name}."), params);
        }
    }
}

/// The leaves of a map as tags.
pub(crate) fn tags(tree: &Json, prefix: &str, tags: &mut BTreeMap<String, String>) {
    for (key, value) in tree.entries() {
        let name = format!("{prefix}{key}");
        if value.entries().is_empty() {
            tags.insert(name, value.tag());
        } else {
            self::tags(value, &format!("{name}."), tags);
        }
    }
}

/// A leaf; nothing is Python's `None`.
pub(crate) fn param(value: &Json) -> SourceParam {
    match value {
        Json::Null => ParamValue::from("None").into(),
        Json::Bool(value) => ParamValue::Bool(*value).into(),
        Json::Number(text) => python::param(text),
        Json::Text(text) => ParamValue::from(text.as_str()).into(),
        Json::List(_) | Json::Map(_) => ParamValue::Text(value.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_settings_become_names_with_points() {
        let tree = Json::parse(br#"{"lr": 1e-05, "opt": {"name": "adam", "betas": [0.9, 1]}, "on": true, "n": "3", "x": null, "e": {}}"#);
        let texts: Vec<_> =
            of(&tree.unwrap()).iter().map(|(name, param)| format!("{name}={}", param.text())).collect();
        assert_eq!(
            texts,
            ["e={}", "lr=1e-05", "n=3", "on=true", "opt.betas=[0.9, 1]", "opt.name=adam", "x=None"]
        );
    }
}
