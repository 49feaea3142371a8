//! Keys that mean something only beside certain values of another key: those of one architecture, or
//! of one tokenizer. Given elsewhere they would be ignored in silence, so they are refused.

use super::keys::{ARCHITECTURE, Condition, KEYS, Key, POOLING, PRETRAINED, TOKENIZER, find};
use super::kind::one_of;
use super::problem::{At, Complaint, Problem};
use super::read::Reading;
use super::value::Given;
use uaic_model::model::{BertSpec, ModelSpec, poolings};
use uaic_study::space::{Distribution, Space};

use crate::trial::ParamValue;

/// What the architectures and tokenizers of a spec may be, given its values and its search.
pub(super) struct Choices {
    architectures: Vec<String>,
    tokenizers: Vec<String>,
}

impl Choices {
    pub(super) fn of<'a>(given: &Given, searched: impl Fn(&str) -> Option<&'a Distribution>) -> Self {
        let values = |path: &'static str| named(path, given, &searched);
        let architectures =
            values(ARCHITECTURE).unwrap_or_else(|| vec![ModelSpec::default().architecture().to_owned()]);
        let tokenizers = values(TOKENIZER).unwrap_or_else(|| {
            let usual = |architecture: &String| find(TOKENIZER)?.default_in(architecture);
            architectures.iter().filter_map(usual).map(|tokenizer| tokenizer.to_string()).collect()
        });
        Self { architectures, tokenizers }
    }

    /// The architectures in which a key means something.
    pub(super) fn architectures_with<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a str> {
        self.architectures.iter().map(String::as_str).filter(|architecture| has(architecture, key))
    }

    /// Whether a key means something in some trial.
    pub(super) fn admit(&self, key: &Key) -> bool {
        let Some(Condition { path, names }) = &key.condition else { return true };
        let values = if *path == ARCHITECTURE { &self.architectures } else { &self.tokenizers };
        values.iter().any(|value| names.contains(&value.as_str()))
    }
}

/// Whether an architecture has a key.
pub(super) fn has(architecture: &str, key: &Key) -> bool {
    match &key.condition {
        Some(Condition { path: ARCHITECTURE, names }) => names.contains(&architecture),
        _ => true,
    }
}

/// The names that a key may have in some trial; `None` where only its default says.
fn named<'a>(
    path: &'static str,
    given: &Given,
    searched: impl Fn(&str) -> Option<&'a Distribution>,
) -> Option<Vec<String>> {
    match (searched(path), given.get(path)) {
        (Some(Distribution::Choice(values)), _) => Some(values.iter().map(ToString::to_string).collect()),
        (_, Some(value)) => Some(vec![value.to_string()]),
        _ => None,
    }
}

/// Lets keys of some architectures or tokenizers exist only in trials that have one of these, where
/// that is searched.
pub(super) fn among_searched(mut space: Space) -> Space {
    for key in &KEYS {
        let Some(Condition { path, names }) = &key.condition else { continue };
        if let (Some(_), Some(Distribution::Choice(values))) = (space.get(key.path), space.get(path)) {
            let own = |value: &&ParamValue| names.contains(&value.to_string().as_str());
            let values: Vec<ParamValue> = values.iter().filter(own).cloned().collect();
            space = space.when(key.path, path, values);
        }
    }
    space
}

/// All that contradicts an architecture or a tokenizer.
pub(super) fn problems(reading: &Reading) -> Vec<Problem> {
    let given: Given = reading.values.iter().map(|(path, located)| (*path, located.value.clone())).collect();
    let searched = |path: &str| reading.search.get(path).map(|located| &located.value);
    let choices = Choices::of(&given, searched);
    let mut found = Vec::new();
    for key in &KEYS {
        let set = reading.values.get(key.path).map(|located| &located.at);
        let Some(at) = set.or_else(|| reading.search.get(key.path).map(|located| &located.at)) else {
            continue;
        };
        if !choices.admit(key) {
            found.push(misplaced(key, &choices).at(at.clone()));
        } else if key.path == POOLING {
            let values = named(POOLING, &given, searched).unwrap_or_default();
            found.extend(pooling(&values, &choices).map(|complaint| complaint.at(at.clone())));
        }
    }
    if choices.architectures.iter().any(|architecture| architecture == "bert") {
        found.extend(sizes(reading, &given));
    }
    found.extend(tokenizer(&choices, &given).map(|complaint| {
        let place = |path| reading.values.get(path).map(|located| located.at.clone());
        complaint.at(place(TOKENIZER).or_else(|| place(ARCHITECTURE)).unwrap_or(At::Start))
    }));
    found
}

fn misplaced(key: &Key, choices: &Choices) -> Complaint {
    let Some(Condition { path, names }) = &key.condition else {
        return Complaint::new(String::new());
    };
    let values = if *path == ARCHITECTURE { &choices.architectures } else { &choices.tokenizers };
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let name = find(path).map_or(*path, Key::name);
    let message = format!("`{}` is a key of {name} {}, not of {}", key.path, one_of(names), one_of(&values));
    Complaint::new(message).help(format!("leave it out, or set `{path} = \"{}\"`", names[0]))
}

/// A pooling that one of the architectures does not have.
fn pooling(values: &[String], choices: &Choices) -> Option<Complaint> {
    let misfit = |architecture: &String| {
        let legal = poolings(architecture);
        let value = values.iter().find(|value| !legal.contains(&value.as_str()))?;
        Some(
            Complaint::new(format!(
                "`{POOLING}` of {architecture} must be {}, not \"{value}\"",
                one_of(legal)
            ))
            .help("leave it out for the usual one"),
        )
    };
    choices.architectures.iter().find_map(misfit)
}

/// The transformer reads wordpieces alone: words have no token that stands for the whole text.
fn tokenizer(choices: &Choices, given: &Given) -> Option<Complaint> {
    let reads_words = choices.tokenizers.iter().any(|tokenizer| tokenizer == "words");
    let is_set = given.contains_key(TOKENIZER) || choices.architectures.len() == 1;
    let has_transformer = choices.architectures.iter().any(|architecture| architecture == "bert");
    (reads_words && is_set && has_transformer).then(|| {
        Complaint::new("architecture `bert` reads wordpieces, not words")
            .help(format!("leave `{TOKENIZER}` out, or write `{TOKENIZER} = \"wordpiece\"`"))
    })
}

/// Sizes of a transformer that do not fit each other.
fn sizes(reading: &Reading, given: &Given) -> Vec<Problem> {
    let place = |path: &str| {
        let set = reading.values.get(path).map(|located| &located.at);
        set.or_else(|| reading.search.get(path).map(|located| &located.at)).cloned()
    };
    // What is searched is known only in a trial, which fails with its reason.
    let number = |path: &str| match given.get(path) {
        _ if reading.search.get(path).is_some() => None,
        Some(value) => value.as_f64(),
        None => find(path)?.default_in("bert")?.as_f64(),
    };
    let mut found = Vec::new();
    if given.get(PRETRAINED).is_some_and(|folder| !folder.to_string().is_empty()) {
        for path in ["model.hidden_dim", "model.layers", HEADS, "model.intermediate_dim"] {
            let message = format!("`{path}` is decided by the folder that `{PRETRAINED}` names");
            found.extend(place(path).map(|at| Complaint::new(message).help("leave it out").at(at)));
        }
        return found;
    }
    if let (Some(width), Some(heads)) = (number("model.hidden_dim"), number(HEADS))
        && width % heads > 0.0
    {
        let message =
            format!("`{HEADS}` must divide `model.hidden_dim`, but {heads} does not divide {width}");
        let at = place(HEADS).or_else(|| place("model.hidden_dim")).unwrap_or(At::Start);
        found.push(Complaint::new(message).help("heads of 32 or 64 values are usual").at(at));
    }
    let positions = f64::from(BertSpec::default().positions);
    if let Some(length) = number(MAX_LENGTH).filter(|length| !(3.0..=positions).contains(length)) {
        let message = format!("`{MAX_LENGTH}` must be from 3 to {positions} for bert, not {length}");
        found.push(
            Complaint::new(message)
                .help("512 is the length of BERT")
                .at(place(MAX_LENGTH).unwrap_or(At::Start)),
        );
    }
    found
}

const HEADS: &str = "model.heads";
const MAX_LENGTH: &str = "text.max_length";

#[cfg(test)]
mod tests {
    use super::*;
    use uaic_model::model::ARCHITECTURES;

    #[test]
    fn every_condition_names_a_key_and_values_that_it_takes() {
        for key in &KEYS {
            let Some(Condition { path, names }) = &key.condition else { continue };
            for name in *names {
                let value = ParamValue::Text((*name).to_owned());
                assert!(find(path).unwrap().kind.check(path, &value).is_ok(), "{}", key.path);
            }
        }
    }

    #[test]
    fn an_architecture_has_the_keys_that_have_a_default_in_it() {
        for key in KEYS.iter().filter(|key| key.section() == "model") {
            for architecture in ARCHITECTURES {
                assert_eq!(has(architecture, key), key.default_in(architecture).is_some(), "{}", key.path);
            }
        }
    }
}
