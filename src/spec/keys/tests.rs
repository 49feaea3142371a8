use std::collections::BTreeSet;
use std::path::Path;

use toml::{Table, Value};

use super::nested::table_of;
use super::*;
use crate::spec::kind::{Kind, TextRule};
use crate::spec::{FinalSpec, ModelSpec, Spec, StudySpec, TextSpec, TrainSpec, TrainingSpec, Validation};
use crate::trial::ParamValue;

const MINIMAL: &str = "[experiment]\nname = \"a\"\n[data]\ndataset = \"b\"\n";

fn with(path: &str, value: &ParamValue) -> Spec {
    // As wide as can be, so that each end may be moved alone.
    let wide = match path.rsplit_once('_') {
        Some(("text.ngram", _)) => &[("text.ngram_min", "1"), ("text.ngram_max", "20")][..],
        Some(("model.width", _)) => &[("model.width_min", "1"), ("model.width_max", "64")],
        _ => &[],
    };
    let mut overrides: Vec<(String, String)> =
        wide.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    overrides.extend(needed(path, value));
    overrides.push((path.to_owned(), value.to_toml()));
    Spec::parse(MINIMAL, Path::new("x.toml"), &overrides).unwrap()
}

/// What other keys must be for this one to be legal.
fn needed(path: &str, value: &ParamValue) -> Vec<(String, String)> {
    let set = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let condition = find(path).unwrap().condition.as_ref();
    let mut needed: Vec<_> = condition.map(|of| set(of.path, of.names[0])).into_iter().collect();
    if *value == ParamValue::Text("first".to_owned()) {
        needed.push(set(ARCHITECTURE, "bert"));
    }
    if *value == ParamValue::Text("threshold".to_owned()) {
        needed.push(set("pruner.lower", "0.0"));
    }
    if path == "model.heads" {
        needed.push(set("model.hidden_dim", "4096"));
    }
    needed
}

/// Legal values of a key, its extremes among them.
fn samples(key: &Key) -> Vec<ParamValue> {
    match key.kind {
        Kind::Bool => [true, false].map(ParamValue::Bool).to_vec(),
        Kind::Int { min, max } => [min, max].map(ParamValue::Int).to_vec(),
        Kind::Float(_) => [0.25, 1e-7].map(ParamValue::Float).to_vec(),
        Kind::Name(names) => names.iter().map(|name| ParamValue::Text((*name).to_owned())).collect(),
        Kind::Names(names) => vec![ParamValue::Text(names[names.len() - 1].to_owned())],
        Kind::Constraints => vec![ParamValue::Text("val/loss < 2 and `a b` > 1".to_owned())],
        Kind::Time => ["", "1h30m"].map(ParamValue::from).to_vec(),
        Kind::Any => vec![],
        Kind::Text(TextRule::OutOfScope) => vec![ParamValue::Text("ood_train".to_owned())],
        Kind::Text(_) => vec![ParamValue::Text("a \"quoted\" näme = 1".to_owned())],
    }
}

#[test]
fn every_legal_value_of_every_key_fits_its_struct_and_comes_back() {
    for key in &KEYS {
        for value in samples(key) {
            assert_eq!(with(key.path, &value).value_of(key.path), Some(value), "{}", key.path);
        }
    }
}

fn training_of(spec: &Spec) -> &TrainingSpec {
    spec.training().unwrap()
}

/// The structs of a spec as tables.
fn keys_of(spec: &Spec) -> Table {
    let mut table = table_of(training_of(spec));
    table.insert("experiment".to_owned(), table_of(&spec.experiment).into());
    let (study, pruner) = crate::spec::written::with_all_keys();
    table.insert("study".to_owned(), table_of(&study).into());
    table.insert("pruner".to_owned(), table_of(&pruner).into());
    table.insert("final".to_owned(), table_of(spec.final_stage().unwrap()).into());
    table
}

#[test]
fn every_field_of_the_structs_has_a_key() {
    fn leaves(table: &Table, above: &str, found: &mut BTreeSet<String>) {
        for (name, value) in table {
            match value {
                Value::Table(inner) => leaves(inner, &format!("{above}{name}."), found),
                _ => {
                    found.insert(format!("{above}{name}"));
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    let varied = |key: &&Key| key.section() == VALIDATION || key.path == ARCHITECTURE;
    for key in KEYS.iter().filter(varied) {
        for value in samples(key) {
            leaves(&keys_of(&with(key.path, &value)), "", &mut found);
        }
    }
    // It is left out where it is not given.
    leaves(&keys_of(&with("data.oos", &ParamValue::Text("ood".to_owned()))), "", &mut found);
    let keys: BTreeSet<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    assert_eq!(found, keys);
}

#[test]
fn a_minimal_spec_has_the_defaults_of_the_structs() {
    let spec = Spec::parse(MINIMAL, Path::new("x.toml"), &[]).unwrap();
    assert_eq!(training_of(&spec).data.validation, Validation::default());
    assert_eq!(training_of(&spec).text, TextSpec::default());
    assert_eq!(training_of(&spec).model, ModelSpec::default());
    assert_eq!(training_of(&spec).train, TrainSpec::default());
    assert_eq!(spec.study, StudySpec::default());
    assert_eq!(spec.final_stage(), Some(&FinalSpec::default()));
    assert!(spec.search.is_empty());
}

#[test]
fn every_default_is_legal() {
    for key in &KEYS {
        if let Some(default) = key.default() {
            assert_eq!(key.kind.check(key.path, &default).as_ref(), Ok(&default), "{}", key.path);
        }
    }
}

#[test]
fn keys_are_distinct_in_known_sections_and_no_alias_hides_one() {
    let paths: BTreeSet<_> = KEYS.iter().map(|key| key.path).collect();
    assert_eq!(paths.len(), KEYS.len());
    for key in &KEYS {
        assert!(is_section(key.section()), "{}", key.path);
        for alias in key.aliases {
            let hidden = format!("{}.{alias}", key.section());
            assert!(find(&hidden).is_none(), "{} and {hidden}", key.path);
        }
    }
}
